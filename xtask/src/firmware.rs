//! The token's firmware: built, checked, measured, run in QEMU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::firmware_size as size;
use crate::image::Image;
use crate::panics::Panics;
use crate::steps::{Failure, Steps};
use crate::thumb::{self, TARGET, Toolchain};
use crate::workspace::{cargo, root, target};

/// The board that QEMU has.
const QEMU_BOARD: &str = "mps2-an386";

/// The development kit.
const KIT: &str = "nrf52840";

/// The panics that boards link.
const PANICS: &str = "firmware-example/panics.txt";

/// Runs `cargo xtask firmware` with these arguments.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut steps = Steps::new();
    match arguments[..] {
        ["run"] => serve(&mut steps),
        ["test"] => {
            test(&mut steps)?;
            steps.summary();
            Ok(())
        }
        ["size"] => {
            let firmware = Firmware::build(&mut steps, &mut listed()?)?;
            print!("{}", size::table(&firmware.measure(&mut steps)?));
            Ok(())
        }
        ["size", "--json"] => {
            let firmware = Firmware::build(&mut steps, &mut listed()?)?;
            print!("{}", firmware.measure(&mut steps)?);
            Ok(())
        }
        ["size", "--write"] => {
            let firmware = Firmware::build(&mut steps, &mut listed()?)?;
            let found = firmware.measure(&mut steps)?;
            size::within_limits(&found)?;
            write(&committed("size.json"), &found)?;
            write(&committed("golden.txt"), &firmware.story(&mut steps)?)
        }
        _ => Err(Failure {
            message: "give: firmware run | test | size [--json | --write] | core [--json]".to_owned(),
            status: 2,
        }),
    }
}

/// All checks of the firmware.
pub fn test(steps: &mut Steps) -> Result<(), Failure> {
    let folder = target()?.join("firmware");
    let mut host = |heading, arguments: &[&str], more: &[&str]| {
        let mut command = cargo(arguments);
        command.args(["--manifest-path", "firmware-example/Cargo.toml", "--target-dir"]).arg(&folder).args(more);
        command.env_remove("RUSTFLAGS").env("RUSTDOCFLAGS", "-D warnings");
        steps.run(heading, &mut command)
    };
    let mut format = cargo(&["fmt", "--all", "--check", "--manifest-path", "firmware-example/Cargo.toml"]);
    let lints = ["clippy", "--release", "--locked", "--workspace", "--all-targets"];
    let float = ["--no-default-features", "--features", "weights-f32"];
    let deny = ["--", "-D", "warnings"];
    host("Token, lints", &lints, &deny)?;
    host("Token for float32 models, lints", &lints, &[&float[..], &deny].concat())?;
    host("Token, docs", &["doc", "--release", "--locked", "--no-deps", "--lib"], &[])?;
    host("Token, tests on the host", &["test", "--release", "--locked", "--workspace"], &[])?;
    steps.run("Token, formatting", &mut format)?;

    // Before the image that is run: a board's next build takes the place of its last.
    let toolchain = thumb::provide_with_machine(steps)?;
    let mut panics = listed()?;
    link(steps, &toolchain, QEMU_BOARD, "weights-f32", &mut panics)?;
    let firmware = Firmware::build(steps, &mut panics)?;
    panics.finish()?;
    same_lines(&firmware.story(steps)?, &read(&committed("golden.txt"))?)?;
    let found = firmware.measure(steps)?;
    eprint!("{}", size::table(&found));
    size::within_limits(&found)?;
    size::like(&found, &read(&committed("size.json"))?)
}

/// Every board's firmware, built and free of what may not be linked.
struct Firmware {
    /// QEMU's.
    elf: PathBuf,
    /// Where machines keep their files.
    folder: PathBuf,
}

impl Firmware {
    fn build(steps: &mut Steps, panics: &mut Panics) -> Result<Self, Failure> {
        let toolchain = thumb::provide_with_machine(steps)?;
        let elf = link(steps, &toolchain, QEMU_BOARD, "weights-int8", panics)?;
        link(steps, &toolchain, KIT, "weights-int8", panics)?;
        let folder = target()?.join("token");
        fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        Ok(Self { elf, folder })
    }

    /// Drives a token in QEMU; returns what that prints.
    fn drive(&self, steps: &mut Steps, heading: &str, what: &str) -> Result<String, Failure> {
        let mut drive = cargo(&["run", "--release", "--locked", "--quiet", "--example", "qemu"]);
        drive.args(["--manifest-path", "firmware-example/Cargo.toml", "--target-dir"]);
        drive.arg(target()?.join("firmware")).env_remove("RUSTFLAGS");
        drive.args(["--", what]).arg(&self.elf).arg(&self.folder);
        steps.output(heading, &mut drive)
    }

    fn story(&self, steps: &mut Steps) -> Result<String, Failure> {
        self.drive(steps, "Token in QEMU, blank to wiped", "story")
    }

    /// Sizes and counts as a JSON document.
    fn measure(&self, steps: &mut Steps) -> Result<String, Failure> {
        let verifications = self.drive(steps, "Token in QEMU, instructions", "measure")?;
        Ok(size::document(QEMU_BOARD, &Image::read(&self.elf)?, &verifications))
    }
}

/// Builds a board's firmware for models with these weights, and checks what it links.
fn link(
    steps: &mut Steps,
    toolchain: &Toolchain,
    board: &str,
    weights: &str,
    panics: &mut Panics,
) -> Result<PathBuf, Failure> {
    let out = target()?.join("firmware");
    let mut build = toolchain.firmware(&out);
    build.args(["--no-default-features", "--features", &format!("{board},{weights}"), "--bin", board]);
    steps.run(&format!("Token for {board}, {weights}"), &mut build)?;
    let elf = out.join(TARGET).join("firmware").join(board);
    panics.check(&elf, "neural_vault_token")?;
    Ok(elf)
}

fn listed() -> Result<Panics, Failure> {
    Panics::read(&root().join(PANICS))
}

/// Runs a token in the foreground until it is interrupted.
fn serve(steps: &mut Steps) -> Result<(), Failure> {
    let firmware = Firmware::build(steps, &mut listed()?)?;
    let model = root().join("models/haxby-demo/model.i8i16.nvb");
    let socket = firmware.folder.join("token.sock");
    eprintln!("\nThe token's link is unix:{}", socket.display());
    eprintln!("Its flash and secret are kept in {}; remove them for a blank token.", firmware.folder.display());
    steps.run("Token in QEMU", &mut qemu(&firmware, &model, &socket))
}

fn qemu(firmware: &Firmware, model: &Path, socket: &Path) -> Command {
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-machine", QEMU_BOARD, "-display", "none", "-monitor", "none"]);
    qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(&firmware.elf);
    qemu.arg("-device").arg(format!("loader,file={},addr=0x21000000,force-raw=on", model.display()));
    qemu.arg("-serial").arg(format!("unix:{},server=on,wait=off", socket.display()));
    qemu.current_dir(&firmware.folder);
    qemu
}

fn same_lines(found: &str, expected: &str) -> Result<(), Failure> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (found, expected) = (lines(found), lines(expected));
    let first = (0..found.len().max(expected.len())).find(|&line| found.get(line) != expected.get(line));
    let Some(line) = first else {
        return Ok(());
    };
    let show = |lines: &[String]| lines.get(line).cloned().unwrap_or_else(|| "the end".to_owned());
    Err(Failure::new(format!(
        "the token's run differs from {} in line {}:\n  expected {}\n  found    {}",
        committed("golden.txt").display(),
        line + 1,
        show(&expected),
        show(&found)
    )))
}

fn committed(name: &str) -> PathBuf {
    root().join("firmware-example/boards").join(QEMU_BOARD).join(name)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_differs_is_said_by_its_line() {
        assert!(same_lines("a\nb\n", "a\nb").is_ok());
        let said = same_lines("a\nb\n", "a\nc\n").err().map(|failure| failure.message).unwrap_or_default();
        assert!(said.contains("line 2") && said.contains("expected c"), "{said}");
        assert!(same_lines("a\n", "a\nb\n").is_err());
    }
}
