# Prints what bash completes the last word of a command line to, a candidate a line.
# Usage: bash bash.sh SCRIPT PROGRAM [WORD]...
source "$1" || exit
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
# Only in effect while bash itself completes.
compopt() { :; }
# As bash does with `complete -F`: the function, and where it offers nothing, files (`-o default`).
specification=$(complete -p "$1") || exit
[[ $specification =~ \ -F\ ([^ ]+) ]] || exit
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
if [[ ${#COMPREPLY[@]} -eq 0 && $specification == *"-o default"* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
fi
printf '%s\n' "${COMPREPLY[@]}"
