# Prints what zsh completes a command line to, a candidate a line: in an interactive shell on a terminal of its own, where
# Tab is pressed after the line.
# Usage: zsh -f zsh.zsh SCRIPT LINE OUTPUT

if [[ -o interactive ]]; then
    # In that shell: $1 is the script, $2 the output.
    candidates=$2
    autoload -Uz compinit && compinit -u -D
    source $1
    # Without this, Tab inserts itself when more keys wait behind it.
    zstyle ':completion:*' insert-tab false
    compadd() {
        # A call that only asks which words match is answered; of any other the words are kept.
        if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
            builtin compadd "$@"
            return
        fi
        local -a words
        builtin compadd -A words "$@"
        print -rl -- "${(@)words}" >> $candidates
    }
    zle -C offer complete-word _main_complete
    finish() { print END >> $candidates }
    zle -N finish
    bindkey '^I' offer
    bindkey '^X' finish
    print READY > $candidates
    return
fi

wait_for() {
    for wait in {1..400}; do
        [[ -e $2 && $(tail -n 1 $2) == $1 ]] && return
        sleep 0.05
    done
    print "no $1 within 20 seconds" >&2
    exit 1
}

zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${(q)0} ${(q)1} ${(q)3}"
wait_for READY $3
zpty -w -n shell $2$'\t\x18'
wait_for END $3
zpty -d shell
grep -v -e '^$' -e '^READY$' -e '^END$' $3
