//! `completions`: scripts by which shells complete commands, options, values and files.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::{Generator, Shell, generate};
use serde_json::json;

use super::console::Console;
use super::failure::Failure;
use super::manual;
use super::output::{Force, Outputs};
use crate::files::{self, Readers};

/// Print the completion script of a shell, or write those of all shells.
#[derive(Args)]
pub struct Arguments {
    /// The shell.
    #[arg(required_unless_present = "output")]
    shell: Option<Shell>,
    /// Write the scripts of all shells into this folder, under the names by which the shells find them.
    #[arg(long, short, value_name = "DIR", conflicts_with = "shell")]
    output: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

const PROGRAM: &str = "neural-vault";

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(folder) = &arguments.output {
        let scripts = Shell::value_variants().iter().map(|shell| (shell.file_name(PROGRAM), script(*shell)));
        return write_all("neural-vault/completions/1", folder, &scripts.collect::<Vec<_>>(), arguments.force, console);
    }
    let Some(shell) = arguments.shell else { return Ok(()) };
    let script = script(shell);
    console.result("neural-vault/completions/1", &script, json!({ "shell": shell.to_string(), "script": script }))
}

/// Writes files of these names and texts into a folder, and prints their paths.
pub fn write_all(
    schema: &str,
    folder: &Path,
    texts: &[(String, String)],
    force: Force,
    console: &Console,
) -> Result<(), Failure> {
    let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    Outputs::new(force, None::<PathBuf>).folder(folder, &names)?;
    files::create_folder(folder).map_err(|error| Failure::unwritten(&error))?;
    let texts: Vec<_> = texts.iter().map(|(name, text)| (folder.join(name), text.clone().into_bytes())).collect();
    files::write_together(&texts, Readers::All, force.existing()).map_err(|error| Failure::unwritten(&error))?;
    let files: Vec<String> = texts.iter().map(|(path, _)| path.display().to_string()).collect();
    console.result(schema, &(files.join("\n") + "\n"), json!({ "files": files }))
}

fn script(shell: Shell) -> String {
    let pages = PossibleValuesParser::new(manual::names());
    let command = with_hints(super::command());
    let mut command = command.mut_subcommand("man", |man| man.mut_arg("command", |arg| arg.value_parser(pages)));
    let mut script = Vec::new();
    generate(shell, &mut command, PROGRAM, &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => for_bash(&script),
        Shell::Fish => script + &for_fish(&command),
        // Of arguments that may be repeated: with two colons zsh completes no option behind the first of them.
        Shell::Zsh => script.replace("'*::", "'*:"),
        _ => script,
    }
}

/// Says of each option with a path that it is a file or a folder: bash then goes on into folders.
fn with_hints(command: clap::Command) -> clap::Command {
    let is_named_so = |arg: &clap::Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| ["DATA", "FILE"].contains(&name.as_str()))
    };
    let is_path = |arg: &clap::Arg| {
        !arg.is_positional()
            && match arg.get_value_hint() {
                ValueHint::AnyPath => true,
                // Recordings and tables, whose values are more than a path.
                ValueHint::Unknown => is_named_so(arg),
                _ => false,
            }
    };
    command
        .mut_args(|arg| if is_path(&arg) { arg.value_hint(ValueHint::FilePath) } else { arg })
        .mut_subcommands(with_hints)
}

/// Corrects the script for bash.
fn for_bash(script: &str) -> String {
    script
        // Where a script looks a command up, clap_complete 4.6 writes the dash of the program's name in another way than
        // where it finds it, so that no command had options.
        .replace("neural__subcmd__vault", "neural__vault")
        // It offers options before a dash is typed, where commands and files belong.
        .replace("    opts=\"\"\n", "    opts=\"\"\n    local hidden=\"\"\n    [[ -n \"${cur}\" ]] || hidden=\"-*\"\n")
        .replace("compgen -W \"${opts}\" --", "compgen -W \"${opts}\" -X \"${hidden}\" --")
}

/// What the script for fish lacks: the values of arguments that are no options.
fn for_fish(command: &clap::Command) -> String {
    let mut lines = String::new();
    for subcommand in command.get_subcommands() {
        let values = subcommand.get_positionals().flat_map(clap::Arg::get_possible_values);
        let values: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        if !values.is_empty() {
            let (name, values) = (subcommand.get_name(), values.join(" "));
            lines += &format!(
                "complete -c {PROGRAM} -n \"__fish_neural_vault_using_subcommand {name}\" -f -a \"{values}\"\n"
            );
        }
    }
    lines
}
