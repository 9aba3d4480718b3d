//! A token in QEMU: driven through its life, measured, and its board's further programs.

use std::fs;
use std::path::PathBuf;

use super::boards::Board;
use crate::firmware_size as size;
use crate::image::Image;
use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{cargo, root, target};

/// The firmware of a board that QEMU runs.
pub struct Token {
    pub board: Board,
    /// The feature of an image that is not the board's default one, which is also the folder of its files.
    pub variant: Option<&'static str>,
    pub elf: PathBuf,
}

impl Token {
    /// A file of its board's folder, or of its own folder there.
    pub fn file(&self, name: &str) -> PathBuf {
        self.variant.map_or_else(|| self.board.file(name), |variant| self.board.file(variant).join(name))
    }

    /// The board, and the image where it is not the default one.
    fn name(&self) -> String {
        self.variant.map_or_else(|| self.board.name.clone(), |variant| format!("{}, {variant}", self.board.name))
    }

    /// Drives the token from blank to wiped; returns the output.
    pub fn story(&self, steps: &mut Steps) -> Result<String, Failure> {
        self.drive(steps, "Token in QEMU, blank to wiped", "story")
    }

    /// Sizes and counts as a JSON document.
    pub fn measure(&self, steps: &mut Steps) -> Result<String, Failure> {
        let verifications = self.drive(steps, "Token in QEMU, instructions", "measure")?;
        Ok(size::document(&self.name(), &Image::read(&self.elf)?, &verifications))
    }

    /// Builds and runs the board's further programs; returns what each prints, and the file that says what it must print.
    pub fn programs(&self, steps: &mut Steps) -> Result<Vec<(PathBuf, String)>, Failure> {
        let toolchain = thumb::provide_with_machine(steps)?;
        let model = root().join("models/haxby-demo/model.i8i16.nvb");
        let mut printed = Vec::new();
        // They are the same with any image.
        if self.variant.is_some() {
            return Ok(printed);
        }
        for program in self.board.programs()? {
            let name = format!("{}-{program}", self.board.name);
            let mut build = toolchain.firmware()?;
            build.args(["--package", &self.board.name, "--bin", &name]);
            steps.run(&format!("Program {name}"), &mut build)?;
            let folder = target()?.join("token-programs").join(&name);
            // A folder of its own, empty, for the files that the program leaves; on its link come the bytes 0 to 255.
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
            let bytes = folder.join("link.bytes");
            fs::write(&bytes, (0..=255).collect::<Vec<u8>>())
                .map_err(|error| Failure::new(format!("{}: {error}", bytes.display())))?;
            let elf = thumb::images()?.join(&name);
            let mut qemu = self.board.qemu(&elf, &model, "stdio")?;
            let found = steps.output_for(&format!("{name} in QEMU"), qemu.current_dir(folder), Some(&bytes))?;
            // A serial link ends its lines with a carriage return as well.
            printed.push((self.board.file(&format!("{program}.txt")), found.replace('\r', "")));
        }
        Ok(printed)
    }

    pub fn drive(&self, steps: &mut Steps, heading: &str, what: &str) -> Result<String, Failure> {
        let what = self.variant.map_or_else(|| what.to_owned(), |variant| format!("{variant}-{what}"));
        let mut drive = cargo(&["run", "--release", "--locked", "--quiet", "--example", "qemu"]);
        drive.args(["--manifest-path", "firmware-example/Cargo.toml", "--target-dir"]);
        drive.arg(target()?.join("firmware")).env_remove("RUSTFLAGS");
        drive.args(["--", &what]).arg(self.board.qemu_arguments()).arg(&self.elf);
        drive.arg(files(&format!("token-{what}"))?);
        steps.output(&format!("{heading}, {}", self.name()), &mut drive)
    }
}

/// The folder where a token in QEMU keeps its files; one for each use, so that no test changes the token of `firmware run`.
pub fn files(name: &str) -> Result<PathBuf, Failure> {
    let folder = target()?.join(name);
    fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}
