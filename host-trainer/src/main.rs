//! The `neural-vault` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(neural_vault::cli::run(std::env::args_os()))
}
