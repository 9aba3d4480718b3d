//! Builds, checks, measures and runs the token's firmware.

mod boards;
mod token;

use std::fs;
use std::path::{Path, PathBuf};

use crate::firmware_size as size;
use crate::panics::Panics;
use crate::steps::{Failure, Steps};
use crate::thumb::{self, Toolchain};
use crate::workspace::{cargo, root, target};
use boards::{Board, read};
use token::{Token, files};

/// The list of panics that boards may link.
const PANICS: &str = "firmware-example/panics.txt";

/// The feature of a board with an image for connectome models, and the folder of that image's files.
const CONNECTOME: &str = "connectome";

/// The package of `firmware-example/hal-example`, which only has to compile.
const HAL_EXAMPLE: &str = "nrf52840-by-hal";

/// Runs `cargo xtask firmware` with these arguments.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut steps = Steps::new();
    match arguments[..] {
        ["run"] => serve(&mut steps, None),
        ["run", board] => serve(&mut steps, Some(board)),
        ["test"] => {
            test(&mut steps)?;
            steps.summary();
            Ok(())
        }
        ["size"] => {
            for token in build(&mut steps, &mut listed()?)? {
                print!("{}", size::table(&token.measure(&mut steps)?));
            }
            Ok(())
        }
        ["size", "--json"] => {
            for token in build(&mut steps, &mut listed()?)? {
                print!("{}", token.measure(&mut steps)?);
            }
            Ok(())
        }
        ["size", "--write"] => {
            for token in build(&mut steps, &mut listed()?)? {
                let found = token.measure(&mut steps)?;
                size::within_limits(&found)?;
                write(&token.file("size.json"), &found)?;
                write(&token.file("golden.txt"), &token.story(&mut steps)?)?;
                for (file, found) in token.programs(&mut steps)? {
                    write(&file, &found)?;
                }
            }
            Ok(())
        }
        _ => Err(Failure {
            message: "give: firmware run [BOARD] | test | size [--json | --write] | core [--json]".to_owned(),
            status: 2,
        }),
    }
}

/// Decides each conditional branch of a token's release wrongly, in QEMU; prints the counts, or writes them to the
/// committed file. Fails if a wrong branch released anything. Takes half an hour.
pub fn branch_skip(is_written: bool) -> Result<(), Failure> {
    let mut steps = Steps::new();
    for token in build(&mut steps, &mut listed()?)?.iter().filter(|token| token.variant.is_none()) {
        let found = token.drive(&mut steps, "Token in QEMU, every branch decided wrongly", "skip")?;
        if is_written {
            write(&token.board.file("branch-skip.json"), &found)?;
        } else {
            print!("{found}");
        }
    }
    Ok(())
}

/// All checks of the firmware.
pub fn test(steps: &mut Steps) -> Result<(), Failure> {
    let folder = target()?.join("firmware");
    // Not `--workspace`: boards compile for a token only.
    let mut host = |heading, arguments: &[&str], more: &[&str]| {
        let mut command = cargo(arguments);
        command.args(["--manifest-path", "firmware-example/Cargo.toml", "--target-dir"]).arg(&folder).args(more);
        command.env_remove("RUSTFLAGS").env("RUSTDOCFLAGS", "-D warnings");
        steps.run(heading, &mut command)
    };
    let mut format = cargo(&["fmt", "--all", "--check", "--manifest-path", "firmware-example/Cargo.toml"]);
    let lints = ["clippy", "--release", "--locked", "--all-targets"];
    let float = ["--no-default-features", "--features", "weights-f32"];
    let connectome = ["--no-default-features", "--features", CONNECTOME];
    let deny = ["--", "-D", "warnings"];
    host("Token, lints", &lints, &deny)?;
    host("Token for float32 models, lints", &lints, &[&float[..], &deny].concat())?;
    host("Token, docs", &["doc", "--release", "--locked", "--no-deps", "--lib"], &[])?;
    host("Token for connectome models, lints", &lints, &[&connectome[..], &deny].concat())?;
    host("Token, tests on the host", &["test", "--release", "--locked"], &[])?;
    let tests = ["test", "--release", "--locked", "--lib", "--test", "connectome"];
    host("Token for connectome models, tests on the host", &tests, &connectome)?;
    steps.run("Token, formatting", &mut format)?;

    let toolchain = thumb::provide_with_machine(steps)?;
    let boards = Board::all()?;
    lint(steps, &toolchain, &boards)?;
    // Built before the images that run in QEMU: the next build of a board overwrites its last one.
    let mut panics = listed()?;
    for board in &boards {
        if board.has_image("weights-f32")? {
            link(steps, &toolchain, board, Some("weights-f32"), &mut panics)?;
        }
    }
    let tokens = build(steps, &mut panics)?;
    panics.finish()?;
    let mut example = toolchain.firmware()?;
    steps.run("Example of a board by a HAL", example.args(["--package", HAL_EXAMPLE]))?;
    for token in tokens {
        let golden = token.file("golden.txt");
        same_lines(&token.story(steps)?, &read(&golden)?, &golden)?;
        if token.variant.is_none() {
            eprint!("{}", token.drive(steps, "Token in QEMU, RAM searched for secrets", "ram")?);
        }
        for (file, found) in token.programs(steps)? {
            same_lines(&found, &read(&file)?, &file)?;
        }
        let found = token.measure(steps)?;
        eprint!("{}", size::table(&found));
        size::within_limits(&found)?;
        size::like(&found, &read(&token.file("size.json"))?)?;
    }
    Ok(())
}

/// Lints what compiles for a token only: the boards, what they share, and the images of the core.
fn lint(steps: &mut Steps, toolchain: &Toolchain, boards: &[Board]) -> Result<(), Failure> {
    // Not the folder of the images: checks and builds would each compile Rust's core library again.
    let folder = target()?.join("firmware-lints");
    let mut clippy = toolchain.firmware_lints(steps, &folder)?;
    clippy.args(["--package", "neural-vault-board-support", "--package", HAL_EXAMPLE]);
    for board in boards {
        clippy.args(["--package", &board.name]);
    }
    steps.run("Boards, lints", clippy.args(["--", "-D", "warnings"]))?;
    let mut clippy = toolchain.firmware_lints(steps, &folder)?;
    clippy.args(["--package", "neural-vault-core-images", "--features", "every-format,session,semihosting"]);
    steps.run("Core images, lints", clippy.args(["--", "-D", "warnings"]))
}

/// Builds and checks the firmware of every board, with its default weights, and that for connectome models where there is
/// one; returns those that QEMU runs.
fn build(steps: &mut Steps, panics: &mut Panics) -> Result<Vec<Token>, Failure> {
    let toolchain = thumb::provide_with_machine(steps)?;
    let mut tokens = Vec::new();
    for board in Board::all()? {
        if board.has_image(CONNECTOME)? {
            let linked = link(steps, &toolchain, &board, Some(CONNECTOME), panics)?;
            // The next build of the board overwrites it.
            let elf = linked.with_file_name(format!("{}-{CONNECTOME}", board.name));
            fs::copy(&linked, &elf).map_err(|error| Failure::new(format!("{}: {error}", elf.display())))?;
            if board.runs_in_qemu() {
                tokens.push(Token { board: board.clone(), variant: Some(CONNECTOME), elf });
            }
        }
        let elf = link(steps, &toolchain, &board, None, panics)?;
        if board.runs_in_qemu() {
            tokens.push(Token { board, variant: None, elf });
        }
    }
    Ok(tokens)
}

/// Builds a board's firmware, with its default weights unless others are given, and checks what it links.
fn link(
    steps: &mut Steps,
    toolchain: &Toolchain,
    board: &Board,
    weights: Option<&str>,
    panics: &mut Panics,
) -> Result<PathBuf, Failure> {
    let name = &board.name;
    let mut build = toolchain.firmware()?;
    build.args(["--package", name, "--bin", name]).args(features(weights));
    steps.run(&format!("Token for {name}, {}", weights.unwrap_or("default weights")), &mut build)?;
    let elf = thumb::images()?.join(name);
    panics.check(&elf, "neural_vault_token")?;
    Ok(elf)
}

/// An image that builders of a token flash.
pub struct Released {
    /// The board, and what sets the image apart from its default one.
    pub name: String,
    pub bytes: Vec<u8>,
    /// The package, and the arguments by which cargo builds it.
    pub package: String,
    pub features: Vec<String>,
}

/// Builds and checks the images of every board: for each format of models, and the checks of the board.
pub fn released(steps: &mut Steps) -> Result<(Toolchain, Vec<Released>), Failure> {
    let toolchain = thumb::provide_with_machine(steps)?;
    let mut panics = listed()?;
    let mut images = Vec::new();
    for board in Board::all()? {
        for variant in [Some("weights-f32"), Some(CONNECTOME), None] {
            if let Some(feature) = variant
                && !board.has_image(feature)?
            {
                continue;
            }
            let elf = link(steps, &toolchain, &board, variant, &mut panics)?;
            let name = variant.map_or_else(|| board.name.clone(), |variant| format!("{}-{variant}", board.name));
            images.push(Released {
                name,
                bytes: fs::read(&elf).map_err(Failure::at(&elf))?,
                package: board.name.clone(),
                features: features(variant),
            });
        }
        let name = format!("{}-conformance", board.name);
        let mut build = toolchain.firmware()?;
        steps.run(&format!("Program {name}"), build.args(["--package", &board.name, "--bin", &name]))?;
        let elf = thumb::images()?.join(&name);
        let bytes = fs::read(&elf).map_err(Failure::at(&elf))?;
        images.push(Released { name, bytes, package: board.name, features: features(None) });
    }
    panics.finish()?;
    Ok((toolchain, images))
}

/// Cargo's arguments for an image with default weights, or for another one.
fn features(variant: Option<&str>) -> Vec<String> {
    let chosen = variant.map(|variant| ["--no-default-features", "--features", variant].map(str::to_owned));
    chosen.into_iter().flatten().collect()
}

fn listed() -> Result<Panics, Failure> {
    Panics::read(&root().join(PANICS))
}

/// Runs a token in the foreground until it is interrupted. The board must be given if QEMU runs several.
fn serve(steps: &mut Steps, name: Option<&str>) -> Result<(), Failure> {
    let boards: Vec<_> = Board::all()?.into_iter().filter(Board::runs_in_qemu).collect();
    let named: Vec<_> = boards.iter().filter(|board| name.is_none_or(|name| board.name == name)).collect();
    let [board] = named[..] else {
        let names: Vec<_> = boards.iter().map(|board| board.name.as_str()).collect();
        let message = format!("give one of the boards that QEMU runs: {}", names.join(", "));
        return Err(Failure { message, status: 2 });
    };
    let toolchain = thumb::provide_with_machine(steps)?;
    let elf = link(steps, &toolchain, board, None, &mut listed()?)?;
    let (folder, model) = (files("token")?, root().join("models/haxby-demo/model.i8i16.nvb"));
    let socket = folder.join("token.sock");
    eprintln!("\nThe token's link is unix:{}", socket.display());
    eprintln!("Its flash and secret are kept in {}; remove them for a blank token.", folder.display());
    let mut qemu = board.qemu(&elf, &model, &format!("unix:{},server=on,wait=off", socket.display()))?;
    steps.run(&format!("Token in QEMU, {}", board.name), qemu.current_dir(folder))
}

fn same_lines(found: &str, expected: &str, file: &Path) -> Result<(), Failure> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (found, expected) = (lines(found), lines(expected));
    let first = (0..found.len().max(expected.len())).find(|&line| found.get(line) != expected.get(line));
    let Some(line) = first else {
        return Ok(());
    };
    let show = |lines: &[String]| lines.get(line).cloned().unwrap_or_else(|| "the end".to_owned());
    Err(Failure::new(format!(
        "the token's run differs from {} in line {}:\n  expected {}\n  found    {}",
        file.display(),
        line + 1,
        show(&expected),
        show(&found)
    )))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_differs_is_reported_with_its_line() {
        let file = Path::new("golden.txt");
        assert!(same_lines("a\nb\n", "a\nb", file).is_ok());
        let message = same_lines("a\nb\n", "a\nc\n", file).err().map(|failure| failure.message).unwrap_or_default();
        assert!(message.contains("line 2") && message.contains("expected c"), "{message}");
        assert!(same_lines("a\n", "a\nb\n", file).is_err());
    }
}
