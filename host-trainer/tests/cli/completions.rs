//! Completions in real shells: bash, zsh and fish say what they complete a line to. `cargo xtask test` installs all three.
//!
//! The scripts for Elvish and PowerShell are not tried in theirs.

use std::process::Command;

use super::folder::Folder;

const PROGRAM: &str = "neural-vault";
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// A folder with the scripts of all shells, a file `scan.csv` and a folder `scans`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.does(&["completions", "-o", "scripts"]);
    folder.write("scan.csv", "");
    std::fs::create_dir(folder.path("scans")).unwrap();
    folder
}

/// What a shell completes the last of `words`, after the program's name, to.
fn completed(folder: &Folder, shell: &str, words: &[&str]) -> Vec<String> {
    let here = |name: &str| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/shells/").to_owned() + name;
    let line = [&[PROGRAM], words].concat().join(" ");
    let mut command = Command::new(shell);
    match shell {
        "bash" => command.args(["--norc", &here("bash.sh"), "scripts/neural-vault.bash", PROGRAM]).args(words),
        "zsh" => command.args(["-f", &here("zsh.zsh"), "scripts/_neural-vault", &line, "candidates"]),
        "fish" => {
            let script = "source scripts/neural-vault.fish; complete -C $argv[1]";
            command.args(["--no-config", "-c", script, "--", &line])
        }
        other => panic!("no shell {other}"),
    };
    let output = command.current_dir(folder).env("TERM", "dumb").output();
    let output = output.unwrap_or_else(|error| panic!("{shell}: {error}; `apt-get install zsh fish` installs them"));
    let text = String::from_utf8_lossy(&output.stdout);
    // fish describes a candidate after a tab.
    text.lines().map(|line| line.split('\t').next().unwrap().trim().to_owned()).collect()
}

/// Asserts that every shell offers `expected` and nothing of `absent`.
fn offers(folder: &Folder, words: &[&str], expected: &[&str], absent: &[&str]) {
    for shell in SHELLS {
        let found = completed(folder, shell, words);
        let has = |word: &&str| found.iter().any(|found| found.trim_end_matches('/') == *word);
        assert!(expected.iter().all(has), "{shell}: {words:?}: {expected:?} is not all of {found:?}");
        assert!(!absent.iter().any(has), "{shell}: {words:?}: one of {absent:?} is in {found:?}");
    }
}

#[test]
fn commands_and_subcommands_are_completed() {
    let folder = folder();
    offers(&folder, &["tr"], &["train"], &["verify"]);
    offers(&folder, &["--json", "tr"], &["train"], &["verify"]);
    offers(&folder, &["token", "e"], &["enroll", "export-key"], &["wipe", "train"]);
    offers(&folder, &["man", "tra"], &["train"], &["scan.csv"]);
}

#[test]
fn options_of_a_command_are_completed_also_after_a_global_option_and_a_file() {
    let folder = folder();
    for before in
        [&["train"][..], &["--json", "train"], &["train", "scan.csv"], &["-q", "train", "scan.csv", "--force"]]
    {
        offers(&folder, &[before, &["--re"]].concat(), &["--recipe", "--resume"], &["--enrolment", "--report"]);
    }
    offers(&folder, &["token", "enroll", "--ad"], &["--admin-key"], &["--address"]);
    offers(&folder, &["token", "set-policy", "--al"], &["--allow-export"], &[]);
}

#[test]
fn values_of_an_option_are_completed() {
    let folder = folder();
    let recipes = ["whitened", "linear", "connectome", "reference"];
    offers(&folder, &["train", "scan.csv", "--recipe", ""], &recipes, &["scan.csv", "--force"]);
    offers(&folder, &["export", "model", "--weights", "i"], &["i16", "i8", "i8i16"], &["f32"]);
    offers(&folder, &["completions", "f"], &["fish"], &["zsh"]);
}

#[test]
fn files_are_completed_as_arguments_and_as_values() {
    let folder = folder();
    for words in [&["train", "sca"][..], &["train", ""], &["verify", "scan.csv", "--model", "sca"], &["gallery", ""]] {
        offers(&folder, words, &["scan.csv", "scans"], &["--force"]);
    }
}
