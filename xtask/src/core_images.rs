//! Builds, measures and runs the images of the core and of the session alone for a Cortex-M4.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::image::Image;
use crate::panics::Panics;
use crate::steps::{Failure, Steps};
use crate::thumb::{Toolchain, images};
use crate::workspace::{cargo, command, root, target};

/// The folder of the images; the next build overwrites them.
pub struct Images(PathBuf);

/// What an image in QEMU printed about a model.
pub struct Embedded {
    pub hash: String,
    /// Instructions of the last scan, if they were counted.
    pub instructions: u64,
    /// Bytes of the encoder's scratch memory.
    pub scratch: u64,
    /// Bytes of stack that the largest step took.
    pub stack: u64,
}

/// A model that the core's example wrote, and the hash of its embeddings of random scans.
pub struct Expected {
    pub model: PathBuf,
    pub window: usize,
    pub scans: usize,
    /// Components of an embedding.
    pub latent: usize,
    pub hash: String,
}

/// Writes models with every weight format, and embeds on this machine the scans that QEMU will embed.
pub fn expected(steps: &mut Steps) -> Result<Vec<Expected>, Failure> {
    let folder = target()?.join("models");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let mut command = cargo(&["run", "--release", "--package", "neural-vault-core", "--features", "std"]);
    command.args(["--example", "embedding_hash", "--"]).arg(&folder);
    let lines = steps.output("Models, and their embeddings on this machine", &mut command)?;
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let model = folder.join(words.next()?);
        let mut number = || words.next()?.parse().ok();
        let (window, scans, latent) = (number()?, number()?, number()?);
        Some(Expected { model, window, scans, latent, hash: words.next()?.to_owned() })
    };
    lines.lines().map(|line| read(line).ok_or_else(|| unread(line))).collect()
}

impl Images {
    /// Builds the images with these features; `level` is the core's optimisation level if it differs from the token's.
    pub fn build(
        steps: &mut Steps,
        toolchain: &Toolchain,
        features: &str,
        level: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut build = toolchain.firmware()?;
        build.args(["--package", "neural-vault-core-images", "--features", features]);
        for package in ["neural-vault-core", "neural-vault-token-kernel", "sha2"] {
            if let Some(level) = level {
                build.args(["--config", &format!("profile.firmware.package.{package}.opt-level={level}")]);
            }
        }
        steps.run("Core alone for a Cortex-M4", &mut build)?;
        Ok(Self(images()?))
    }

    /// Bytes of code and constants of an image of `package` without its startup code; fails if it allocates or links
    /// other panics.
    pub fn bytes(&self, image: &str, package: &str, panics: &mut Panics) -> Result<u64, Failure> {
        panics.check(&self.0.join(image), package)?;
        let size = |image| Ok::<u64, Failure>(Image::read(&self.0.join(image))?.size(&[".text", ".rodata"]));
        let (whole, startup) = (size(image)?, size("nothing")?);
        whole.checked_sub(startup).ok_or_else(|| Failure::new(format!("{image} is smaller than its startup code")))
    }

    /// Embeds random scans of a model in QEMU, and counts instructions on request.
    pub fn embed(
        &self,
        steps: &mut Steps,
        model: &Path,
        window: usize,
        scans: usize,
        count: bool,
    ) -> Result<Embedded, Failure> {
        let mut qemu = self.machine(model, window, scans);
        if count {
            qemu.args(["-icount", "shift=0"]);
        }
        let name = model.file_name().unwrap_or_default().to_string_lossy();
        let line = steps.output(&format!("{scans} scans of {window} frames, {name}, in QEMU"), &mut qemu)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [hash, instructions, scratch, stack] = words[..] else {
            return Err(unread(&line));
        };
        let number = |word: &str| word.parse().map_err(|_| unread(&line));
        Ok(Embedded {
            hash: hash.to_owned(),
            instructions: number(instructions)?,
            scratch: number(scratch)?,
            stack: number(stack)?,
        })
    }

    /// Runs the token's side of a session of each pattern in QEMU: NX, then NK.
    ///
    /// For each, instructions and bytes of stack of the handshake, of opening a request and of sealing an answer.
    pub fn sessions(&self, steps: &mut Steps) -> Result<Vec<[u64; 6]>, Failure> {
        let mut qemu = self.qemu("session-cost");
        let text = steps.output("Sessions in QEMU", qemu.args(["-icount", "shift=0"]))?;
        let read = |line: &str| {
            let numbers: Option<Vec<u64>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
            numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| unread(line))
        };
        text.lines().map(read).collect()
    }

    fn machine(&self, model: &Path, window: usize, scans: usize) -> Command {
        let mut qemu = self.qemu("embedding");
        let shown = model.strip_prefix(root()).unwrap_or(model).display();
        qemu.arg("-device").arg(format!("loader,file={shown},addr=0x21000000,force-raw=on"));
        for (place, word) in [("0x21fffff8", window), ("0x21fffffc", scans)] {
            qemu.arg("-device").arg(format!("loader,addr={place},data={word},data-len=4"));
        }
        qemu
    }

    fn qemu(&self, image: &str) -> Command {
        let mut qemu = command("qemu-system-arm");
        qemu.args(["-machine", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"]);
        qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(self.0.join(image));
        qemu
    }
}

fn unread(line: &str) -> Failure {
    Failure::new(format!("unexpected output: {line}"))
}
