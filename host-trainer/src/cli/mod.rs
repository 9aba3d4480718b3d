//! The command line: one file a command, which parses, calls the library and prints.

mod arguments;
mod calibration;
mod compare;
mod completions;
mod console;
mod convert;
mod demo;
mod derive;
mod digits;
mod embed;
mod enroll;
mod enroll_all;
mod enroll_arguments;
mod enroll_person;
mod enroll_windows;
mod error_rate;
mod evaluate;
mod export;
mod failure;
mod gallery;
mod hints;
mod identify;
mod import;
mod inspect;
mod interrupt;
mod label_file;
mod man;
mod manual;
mod names;
mod output;
mod parcels;
mod persons;
mod progress;
mod recipe;
mod record;
mod runtime;
mod scans;
mod secret;
mod secret_file;
mod synth;
mod token;
mod train;
mod trained;
mod verify;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::escape::Escaped;
use console::Console;
use failure::Failure;

/// Turns brain-response recordings into keys: trains, exports, enrols, verifies and derives.
#[derive(Parser)]
#[command(name = "neural-vault", version, arg_required_else_help = true, after_help = manual::exit_codes())]
struct Arguments {
    /// Print one JSON document instead of text, an error too; docs/schemas describes the document of each command.
    #[arg(long, global = true, display_order = LAST)]
    json: bool,
    /// Print results only: no progress, no notes.
    #[arg(long, short, global = true, display_order = LAST)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

/// Where help lists what all commands take: after their own options, before `--help`.
const LAST: usize = 900;

#[derive(Subcommand)]
enum Command {
    Synth(synth::Arguments),
    Convert(convert::Arguments),
    Train(train::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Inspect(inspect::Arguments),
    Embed(embed::Arguments),
    Enroll(enroll_arguments::Arguments),
    Verify(verify::Arguments),
    Gallery(gallery::Arguments),
    Identify(identify::Arguments),
    Derive(derive::Arguments),
    Secret(secret::Arguments),
    // Boxed because it is much larger than the others.
    Evaluate(Box<evaluate::Arguments>),
    Compare(compare::Arguments),
    Token(token::Arguments),
    Runtime(runtime::Arguments),
    Demo(demo::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the command that `arguments` name, the program's name first; the exit code says how it ended.
///
/// What cannot be parsed, `--help` and `--version` are answered on standard error or output, without ending the process.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let named = named_command(&arguments);
    let (console, ended) = match parse(&arguments) {
        Ok(parsed) => {
            let console = Console::new(parsed.json, parsed.quiet, named);
            end_by_interrupt(&console);
            let ended = run_command(parsed.command, &console);
            (console, ended)
        }
        Err(answer) => {
            let console = Console::new(asks_for_json(&arguments), false, named);
            let ended = tell(answer, &arguments, &console);
            (console, ended)
        }
    };
    ended.unwrap_or_else(|failure| {
        console.error(&failure);
        failure.code
    })
}

/// The commands and options that [`run`] takes.
#[must_use]
pub fn command() -> clap::Command {
    manual::with_examples(with_negative_numbers(Arguments::command()), "")
}

fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    Arguments::from_arg_matches(&command().try_get_matches_from(arguments)?)
}

/// The command and its subcommand that the arguments name, as in `token-info`; none when they name none.
///
/// It is looked for without parsing, because a command line that cannot be parsed may name one too. No option stands before
/// it that takes a value.
fn named_command(arguments: &[OsString]) -> Option<String> {
    let mut command = Arguments::command();
    let mut names: Vec<String> = Vec::new();
    for argument in arguments.iter().skip(1).map(|argument| argument.to_string_lossy()) {
        if argument.starts_with('-') {
            continue;
        }
        let Some(found) = command.find_subcommand(&*argument).cloned() else { break };
        names.push(found.get_name().to_owned());
        command = found;
    }
    (!names.is_empty()).then(|| names.join("-"))
}

/// Whether `--json` is among arguments that cannot be parsed.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// Lets Ctrl-C end the command as a failure, unless it stops by itself.
fn end_by_interrupt(console: &Console) {
    let console = console.clone();
    interrupt::handle(move || {
        console.error(&Failure::new(failure::INTERRUPTED, "stopped by Ctrl-C"));
        std::process::exit(failure::INTERRUPTED.into());
    });
}

/// Lets every option take a negative number, so that one out of range is refused for its value and not as an option.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let takes_option = |arg: &clap::Arg| arg.get_action().takes_values() && !arg.is_positional();
    command
        .mut_args(|arg| if takes_option(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(with_negative_numbers)
}

/// Prints the help, the version or what is wrong with the arguments; returns the exit code.
fn tell(answer: clap::Error, arguments: &[OsString], console: &Console) -> Result<u8, Failure> {
    let code = answer.exit_code() as u8;
    if !answer.use_stderr() {
        return console::print(|_| answer.print()).map(|()| code);
    }
    // The message quotes the arguments, and its colours are control characters too: it is made again of escaped ones.
    let escaped = arguments.iter().map(|argument| Escaped(&argument.to_string_lossy()).to_string().into());
    let answer = parse(&escaped.collect::<Vec<_>>()).err().unwrap_or(answer);
    // An error of writing to stderr cannot be reported.
    let _ = answer.print();
    let text = answer.render().to_string();
    console.error_document(code, text.strip_prefix("error: ").unwrap_or(&text).trim_end());
    Ok(code)
}

fn run_command(command: Command, console: &Console) -> Result<u8, Failure> {
    let done = |result: Result<(), Failure>| result.map(|()| 0);
    match command {
        Command::Synth(arguments) => done(synth::run(&arguments, console)),
        Command::Convert(arguments) => done(convert::run(&arguments, console)),
        Command::Train(arguments) => done(train::run(&arguments, console)),
        Command::Import(arguments) => done(import::run(&arguments, console)),
        Command::Export(arguments) => done(export::run(&arguments, console)),
        Command::Inspect(arguments) => done(inspect::run(&arguments, console)),
        Command::Embed(arguments) => done(embed::run(&arguments, console)),
        Command::Enroll(arguments) => enroll::run(&arguments, console),
        Command::Verify(arguments) => verify::run(&arguments, console),
        Command::Gallery(arguments) => done(gallery::run(&arguments, console)),
        Command::Identify(arguments) => identify::run(&arguments, console),
        Command::Derive(arguments) => done(derive::run(&arguments, console)),
        Command::Secret(arguments) => done(secret::run(&arguments, console)),
        Command::Evaluate(arguments) => done(evaluate::run(&arguments, console)),
        Command::Compare(arguments) => done(compare::run(&arguments, console)),
        Command::Token(arguments) => token::run(&arguments, console),
        Command::Runtime(arguments) => done(runtime::run(&arguments, console)),
        Command::Demo(arguments) => done(demo::run(&arguments, console)),
        Command::Completions(arguments) => done(completions::run(&arguments, console)),
        Command::Man(arguments) => done(man::run(&arguments, console)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gets_the_exit_code_of_a_command_and_of_arguments_that_are_none() {
        assert_eq!(run(["neural-vault", "--version"]), 0);
        assert_eq!(run(["neural-vault", "fetch"]), failure::USAGE);
        assert_eq!(run(["neural-vault", "inspect", "absent.csv"]), failure::DATA);
    }
}
