//! `man`: the manual pages.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::completions::write_all;
use super::console::Console;
use super::failure::{Failure, OUTPUT, USAGE};
use super::manual;
use super::output::Force;

/// Print the manual page of the program or of one command, or write those of all commands.
#[derive(Args)]
pub struct Arguments {
    /// The command and its subcommand: `man token enroll`.
    command: Vec<String>,
    /// Write the pages of all commands into this folder.
    #[arg(long, short, value_name = "DIR", conflicts_with = "command")]
    output: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &arguments.output {
        let mut pages = Vec::new();
        add_pages(&command, "", &mut pages)?;
        return write_all("neural-vault/man/1", folder, &pages, arguments.force, console);
    }
    for name in &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| Failure::new(USAGE, format!("there is no command {name}")))?;
    }
    let name = arguments.command.join(" ");
    let page = page(&command, &name)?;
    let examples: Vec<Value> = manual::of(&name)
        .into_iter()
        .flat_map(|manual| manual.examples)
        .map(|example| json!({ "what": example.what, "line": example.line }))
        .collect();
    let command = (!name.is_empty()).then_some(name);
    console.result("neural-vault/man/1", &page, json!({ "command": command, "page": page, "examples": examples }))
}

/// The pages of a command and its subcommands, with the names of their files.
fn add_pages(command: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) -> Result<(), Failure> {
    pages.push((manual::file_name(name), page(command, name)?));
    for subcommand in command.get_subcommands() {
        add_pages(subcommand, format!("{name} {}", subcommand.get_name()).trim_start(), pages)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str) -> Result<String, Failure> {
    manual::page(command, name).map_err(|error| Failure::new(OUTPUT, error))
}
