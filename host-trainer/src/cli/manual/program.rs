//! The program itself, its completions and its manual.

use super::{Manual, example, file};

pub const MANUALS: &[Manual] = &[
    Manual {
        command: "",
        examples: &[
            example("Everything once, on real fMRI", "neural-vault demo"),
            example(
                "Train a model",
                "neural-vault train recordings.csv.gz --sessions run00,run01,run02,run03 --out model",
            ),
            example(
                "Enrol every label",
                "neural-vault enroll recordings.csv.gz --model model --all --sessions run04 -o enrolled",
            ),
            example("The help of a command, with examples", "neural-vault enroll --help"),
        ],
        files: &[],
    },
    Manual {
        command: "completions",
        examples: &[
            example("For bash: append this to ~/.bashrc as `source <(...)`", "neural-vault completions bash"),
            example("The scripts of all shells, for a package", "neural-vault completions -o completions"),
        ],
        files: &[
            file("neural-vault.bash", "For bash: /usr/share/bash-completion/completions/neural-vault"),
            file("_neural-vault", "For zsh: in a folder of its $fpath"),
            file("neural-vault.fish", "For fish: ~/.config/fish/completions/neural-vault.fish"),
            file("neural-vault.elv, _neural-vault.ps1", "For Elvish and PowerShell, where they were never tried"),
        ],
    },
    Manual {
        command: "man",
        examples: &[
            example("Pipe this to `man -l -` to read it", "neural-vault man train"),
            example("The page of a subcommand", "neural-vault man token enroll"),
            example("The pages of all commands, for a package", "neural-vault man -o man1"),
        ],
        files: &[file("neural-vault.1, neural-vault-COMMAND.1", "The pages, which belong in share/man/man1")],
    },
];
