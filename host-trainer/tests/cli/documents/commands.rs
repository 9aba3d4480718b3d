//! The commands and options in the pages: the program takes each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use neural_vault::cli::command;

use super::page::{Block, Page, ROOT};

/// Options of cargo and rustc that the pages name without the program.
const FOREIGN: [&str; 6] = ["--cfg", "--config", "--no-default-features", "--package", "--release", "--workspace"];

#[test]
fn every_command_in_a_block_is_taken_as_it_stands() {
    let (mut wrong, mut found) = (Vec::new(), 0);
    for page in Page::all() {
        for line in page.blocks.iter().flat_map(commands) {
            found += 1;
            if let Err(error) = parse(&words(&line)) {
                wrong.push(format!("{}: {line}\n{error}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 25, "{found}");
}

#[test]
fn every_option_within_text_exists() {
    let (mut wrong, mut found) = (Vec::new(), 0);
    let options = options(&command());
    for page in Page::all() {
        for code in page.code.iter().filter(|code| !code.contains("cargo ") && !code.starts_with("pip ")) {
            let words = words(code);
            let Some((name, rest)) = words.split_first() else { continue };
            let result = if name == "neural-vault" {
                mention(&words)
            } else if !rest.is_empty() && command().find_subcommand(name).is_some() {
                mention(&[&["neural-vault".to_owned()], &*words].concat())
            } else {
                let named = words.iter().filter(|word| word.starts_with("--") && word.len() > 2);
                let mut names = named.map(|word| word.split('=').next().unwrap()).peekable();
                if names.peek().is_none() {
                    continue;
                }
                let unknown = names.find(|name| !options.contains(*name) && !FOREIGN.contains(name));
                unknown.map_or(Ok(()), |name| Err(format!("no command has the option {name}")))
            };
            found += 1;
            if let Err(error) = result {
                wrong.push(format!("{}: {code}\n{error}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 50, "{found}");
}

#[test]
fn every_task_in_the_pages_exists() {
    let tasks = fs::read_to_string(Path::new(ROOT).join("xtask/src/main.rs")).unwrap();
    let tasks: BTreeSet<&str> = tasks.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let mut found = 0;
    for page in Page::all() {
        let lines = page.blocks.iter().flat_map(|block| block.text.lines());
        for line in page.code.iter().map(String::as_str).chain(lines) {
            if let Some(task) = line.strip_prefix("cargo xtask ").and_then(|rest| rest.split([' ', '\n']).next()) {
                found += 1;
                assert!(tasks.contains(task), "{}: {line}", page.name);
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// The command lines of the program in a block of any language, without prompts and comments.
fn commands(block: &Block) -> Vec<String> {
    let text = block.text.replace("\\\n", " ");
    let lines = text.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
    let parts = lines.flat_map(|line| line.split(" #").next().unwrap_or_default().split(['|', ';', '&']));
    let is_shell = ["sh", "console"].contains(&block.info.as_str());
    let program = |part: &str| {
        let part = part.trim().replace("cargo run --release --", "neural-vault");
        let (before, rest) = part.split_once("neural-vault ")?;
        // The program may be in a folder, or after a variable; in output and in other languages it is a word of a sentence.
        let begins = if is_shell { before.is_empty() || before.ends_with([' ', '/']) } else { before.is_empty() };
        (begins && !before.starts_with('#') && rest != "...").then(|| format!("neural-vault {rest}"))
    };
    parts.filter_map(program).collect()
}

/// Parses a command line that must be complete.
fn parse(words: &[String]) -> Result<(), clap::Error> {
    match command().try_get_matches_from(words) {
        Err(error) if error.use_stderr() => Err(error),
        _ => Ok(()),
    }
}

/// Parses a command that text mentions: what is missing at its end may be missing, and a value may be a name in capitals.
fn mention(words: &[String]) -> Result<(), String> {
    let Err(error) = parse(words) else { return Ok(()) };
    let value = error.get(ContextKind::InvalidValue).or(error.get(ContextKind::InvalidSubcommand));
    let placeholder = match value {
        Some(ContextValue::String(value)) => value.chars().all(|c| c.is_ascii_uppercase()),
        _ => true,
    };
    match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::TooFewValues
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidSubcommand if placeholder => Ok(()),
        _ => Err(error.to_string()),
    }
}

/// The words of a command line up to a redirection; quotes hold a word together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        let word = words.last_mut().unwrap();
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (' ', None) if word.is_empty() => {}
            (' ', None) => words.push(String::new()),
            ('>' | '<', None) => break,
            (c, _) => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The long options of a command and of all commands below it.
fn options(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_long()).map(|name| format!("--{name}"));
    own.chain(command.get_subcommands().flat_map(options))
        .chain(["--help".to_owned(), "--version".to_owned()])
        .collect()
}

#[test]
fn a_wrong_option_or_command_is_found() {
    let block = |text: &str| Block { info: "sh".to_owned(), text: text.to_owned() };
    let taken = |text: &str| commands(&block(text)).iter().all(|line| parse(&words(line)).is_ok());
    assert!(taken("$ neural-vault train a.csv \\\n    --out m   # made\nnote: this is output\n"));
    assert!(taken("cat a.csv | neural-vault inspect - && neural-vault runtime status > log"));
    assert!(!taken("neural-vault train a.csv --outdir m"));
    assert!(!taken("neural-vault train a.csv"));
    assert!(!taken("echo; neural-vault fetch"));
    assert!(!taken("NO_COLOR=1 target/release/neural-vault inspect --al data.csv"));
    assert!(!taken("cargo run --release -- demo --stepps 3"));

    assert!(mention(&words("neural-vault verify --derive")).is_ok());
    assert!(mention(&words("neural-vault train DATA --recipe NAME")).is_ok());
    assert!(mention(&words("neural-vault train DATA --recipe whitend")).is_err());
    assert!(mention(&words("neural-vault verify --derived")).is_err());
}
