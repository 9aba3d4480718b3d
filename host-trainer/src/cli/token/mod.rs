//! `token`: a verification token over a serial port, a TCP connection or a Unix socket.

mod admin;
mod challenge_key;
mod connection;
mod enroll;
mod key_file;
mod look;
mod own_prototype;
mod pin;
mod probe;

use clap::{Args, Subcommand};

use super::console::Console;
use super::failure::Failure;

/// Use a verification token over a serial port, TCP or a Unix socket.
///
/// `provision` makes a blank token that of an administrator, with one model, and writes its public key; `pin` writes that of a
/// token that is provisioned already. `enroll` puts an enrolment into a slot. Then the token answers `verify`, `challenge` and,
/// where its policy allows it, `export-key`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the serial ports of this machine; nothing is sent to them.
    List,
    Info(look::InfoArguments),
    SelfTest(look::SelfTestArguments),
    Pin(pin::Arguments),
    Provision(admin::ProvisionArguments),
    Enroll(enroll::Arguments),
    Verify(probe::VerifyArguments),
    Challenge(probe::ChallengeArguments),
    ExportKey(probe::ExportArguments),
    Rotate(admin::RotateArguments),
    ResetAttempts(admin::ResetArguments),
    SetPolicy(admin::PolicyArguments),
    Revoke(admin::RevokeArguments),
    Wipe(admin::WipeArguments),
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let done = |result: Result<(), Failure>| result.map(|()| 0);
    match &arguments.command {
        Command::List => done(look::list(console)),
        Command::Info(arguments) => done(look::info(arguments, console)),
        Command::SelfTest(arguments) => done(look::self_test(arguments, console)),
        Command::Pin(arguments) => done(pin::run(arguments, console)),
        Command::Provision(arguments) => done(admin::provision(arguments, console)),
        Command::Enroll(arguments) => done(enroll::run(arguments, console)),
        Command::Verify(arguments) => probe::verify(arguments, console),
        Command::Challenge(arguments) => probe::challenge(arguments, console),
        Command::ExportKey(arguments) => probe::export_key(arguments, console),
        Command::Rotate(arguments) => done(admin::rotate(arguments, console)),
        Command::ResetAttempts(arguments) => done(admin::reset_attempts(arguments, console)),
        Command::SetPolicy(arguments) => done(admin::set_policy(arguments, console)),
        Command::Revoke(arguments) => done(admin::revoke(arguments, console)),
        Command::Wipe(arguments) => done(admin::wipe(arguments, console)),
    }
}
