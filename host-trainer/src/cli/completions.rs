//! `completions` and `man`: completion scripts and manual pages.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::console::Console;
use super::failure::{Failure, OUTPUT, USAGE};

/// Print the completion script of a shell.
#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

/// Print the manual page of the program, or of one command.
#[derive(Args)]
pub struct ManArguments {
    /// The command and its subcommand: `man token enroll`.
    command: Vec<String>,
}

pub fn completions(arguments: &CompletionsArguments, console: &Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "neural-vault", &mut script);
    let script = String::from_utf8_lossy(&script);
    console.result(
        "neural-vault/completions/1",
        &script,
        json!({ "shell": arguments.shell.to_string(), "script": script }),
    )
}

pub fn man(arguments: &ManArguments, console: &Console) -> Result<(), Failure> {
    let mut command = super::Arguments::command();
    command.build();
    for name in &arguments.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| Failure::new(USAGE, format!("there is no command {name}")))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|e| Failure::new(OUTPUT, e))?;
    let page = String::from_utf8_lossy(&page);
    console.result(
        "neural-vault/man/1",
        &page,
        json!({ "command": (!arguments.command.is_empty()).then(|| arguments.command.join(" ")), "page": page }),
    )
}
