//! What the manual pages add to the help of the commands: examples, files and exit codes.
//!
//! `--help` ends with the examples, a manual page has all of it, and `man --json` lists the examples. A test parses each.

mod enrolments;
mod exit_codes;
mod figures;
mod models;
mod page;
mod program;
mod recordings;
mod token;

use std::collections::BTreeSet;

pub use exit_codes::exit_codes;
pub use page::{file_name, page};

/// What the manual says about one command.
pub struct Manual {
    /// The command and its subcommand, `token enroll`; empty for the program itself.
    pub command: &'static str,
    pub examples: &'static [Example],
    pub files: &'static [File],
}

/// A command line, after what it does.
pub struct Example {
    pub what: &'static str,
    pub line: &'static str,
}

/// A file that a command reads or writes by a name that is not given to it.
#[derive(Clone, Copy)]
pub struct File {
    pub name: &'static str,
    pub what: &'static str,
}

/// The manual by subject.
const MANUALS: [&[Manual]; 6] =
    [program::MANUALS, recordings::MANUALS, models::MANUALS, enrolments::MANUALS, figures::MANUALS, token::MANUALS];

/// What the manual says about a command, by its names separated by a space.
pub fn of(command: &str) -> Option<&'static Manual> {
    MANUALS.into_iter().flatten().find(|manual| manual.command == command)
}

/// The names of all commands and subcommands, each once.
pub fn names() -> BTreeSet<&'static str> {
    let last_words = MANUALS.into_iter().flatten().filter_map(|manual| manual.command.split(' ').next_back());
    last_words.filter(|name| !name.is_empty()).collect()
}

/// The command with its examples at the end of `--help`, and its subcommands with theirs; `name` is what [`of`] takes.
pub fn with_examples(command: clap::Command, name: &str) -> clap::Command {
    let examples = of(name).map(|manual| manual.examples).unwrap_or_default();
    let mut text: String = examples.iter().map(|Example { what, line }| format!("  {what}:\n    $ {line}\n")).collect();
    if !text.is_empty() {
        text.insert_str(0, "Examples:\n");
    }
    if name.is_empty() {
        text += &format!("\n{}", exit_codes());
    }
    let command = command.mut_subcommands(|subcommand| {
        let name = format!("{name} {}", subcommand.get_name());
        with_examples(subcommand, name.trim_start())
    });
    if text.is_empty() { command } else { command.after_long_help(text.trim_end().to_owned()) }
}

const fn example(what: &'static str, line: &'static str) -> Example {
    Example { what, line }
}

const fn file(name: &'static str, what: &'static str) -> File {
    File { name, what }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The names of all commands and subcommands, as [`of`] takes them.
    fn commands(command: &clap::Command, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        for subcommand in command.get_subcommands() {
            names.extend(commands(subcommand, format!("{name} {}", subcommand.get_name()).trim_start()));
        }
        names
    }

    #[test]
    fn every_command_has_an_example_and_each_entry_is_a_command() {
        let names = commands(&crate::cli::command(), "");
        for name in &names {
            assert!(of(name).is_some_and(|manual| !manual.examples.is_empty()), "`{name}` has no example");
        }
        for manual in MANUALS.into_iter().flatten() {
            assert!(names.iter().any(|name| name == manual.command), "there is no command `{}`", manual.command);
        }
    }

    #[test]
    fn every_example_parses_and_is_one_of_its_command() {
        for manual in MANUALS.into_iter().flatten() {
            for Example { line, .. } in manual.examples {
                assert!(line.starts_with(format!("neural-vault {}", manual.command).trim_end()), "{line}");
                assert!(line.len() <= 140 && !line.contains(['"', '\'', '\\']), "{line}");
                let words = line.split_whitespace();
                // `--help` is answered as an error that is none.
                let error = crate::cli::command().try_get_matches_from(words).err().filter(clap::Error::use_stderr);
                assert!(error.is_none(), "{line}\n{error:?}");
            }
        }
    }

    #[test]
    fn the_options_of_a_command_itself_have_no_heading_of_shared_ones() {
        let command = crate::cli::command();
        for (name, own, shared) in [
            ("enroll", "label", "label_column"),
            ("verify", "enrolment", "tr"),
            ("train", "engine", "steps"),
            ("evaluate", "report", "recipe"),
        ] {
            let command = command.find_subcommand(name).unwrap();
            let heading = |id: &str| command.get_arguments().find(|arg| arg.get_id() == id).unwrap().get_help_heading();
            assert!(heading(own).is_none() && heading(shared).is_some(), "{name}");
        }
    }

    #[test]
    fn the_long_help_ends_with_the_examples_and_the_short_one_has_none() {
        let mut command = crate::cli::command();
        let train = command.find_subcommand_mut("train").unwrap();
        let (long, short) = (train.render_long_help().to_string(), train.render_help().to_string());
        let line = of("train").unwrap().examples.last().unwrap().line;
        assert!(long.trim_end().ends_with(line), "{long}");
        assert!(!short.contains("Examples:"), "{short}");
        let whole = command.render_long_help().to_string();
        assert!(whole.contains("Examples:") && whole.contains("7 a result could not be written"), "{whole}");
    }
}
