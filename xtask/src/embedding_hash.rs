//! Compares the bits of embeddings between builds of the encoder, and between this machine and a token.

use crate::core_images::{Images, expected};
use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{cargo, target};

/// Processors to compile for. On x86-64 they differ in vector width: 128, 256, and that of this machine.
const PROCESSORS: &[&str] =
    if cfg!(target_arch = "x86_64") { &["x86-64", "x86-64-v3", "native"] } else { &["generic", "native"] };

/// Further optimisation levels to compile for the first processor with.
const LEVELS: [&str; 2] = ["0", "s"];

/// Optimisation levels of the core on a token; `None` is the token's own.
const TOKEN_LEVELS: [Option<&str>; 3] = [None, Some("\"z\""), Some("3")];

/// Runs core's `embedding_hash` example for each processor and level and compares the hashes, then embeds the same scans
/// in QEMU.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    let first = PROCESSORS.iter().map(|processor| (*processor, "3"));
    let builds: Vec<_> = first.chain(LEVELS.map(|level| (PROCESSORS[0], level))).collect();
    let mut hashes = Vec::new();
    for (processor, level) in &builds {
        hashes.push(on_this_machine(&mut steps, processor, level)?);
    }
    let words = on_a_token(&mut steps)?;
    steps.summary();
    println!();
    for ((processor, level), lines) in builds.iter().zip(&hashes) {
        for line in lines {
            println!("{processor:<10} {level} {line}");
        }
    }
    verdict(&hashes)?;
    println!("on a Cortex-M4 in QEMU {words} words of embeddings were compared: none differs");
    Ok(())
}

fn on_this_machine(steps: &mut Steps, processor: &str, level: &str) -> Result<Vec<String>, Failure> {
    let mut command = cargo(&["run", "--release", "--package", "neural-vault-core", "--features", "std"]);
    command
        .args(["--example", "embedding_hash", "--target-dir"])
        .arg(target()?.join("bits").join(processor).join(level));
    command.env("RUSTFLAGS", format!("-C target-cpu={processor}")).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
    command.env_remove("CARGO_ENCODED_RUSTFLAGS");
    let mut lines = Vec::new();
    let heading = format!("Embeddings on {processor}, optimised by {level}");
    steps.run_reading(&heading, &mut command, |line| lines.push(line.to_owned()))?;
    Ok(lines)
}

/// Compares embeddings in QEMU with this machine's; returns the number of words compared.
fn on_a_token(steps: &mut Steps) -> Result<usize, Failure> {
    let toolchain = thumb::provide_with_machine(steps)?;
    let expected = expected(steps)?;
    let mut words = 0;
    for level in TOKEN_LEVELS {
        let images = Images::build(steps, &toolchain, "every-format,semihosting", level)?;
        for scans in &expected {
            let found = images.embed(steps, &scans.model, scans.window, scans.scans, false)?;
            if found.hash != scans.hash {
                let (name, window) = (scans.model.display(), scans.window);
                return Err(Failure::new(format!(
                    "{name}, windows of {window}: QEMU's embeddings differ from this machine's"
                )));
            }
            words += scans.scans * scans.latent;
        }
    }
    if words == 0 {
        return Err(Failure::new("nothing was embedded in QEMU".to_owned()));
    }
    Ok(words)
}

/// Fails unless all builds printed the same lines.
fn verdict(hashes: &[Vec<String>]) -> Result<(), Failure> {
    if hashes.iter().any(Vec::is_empty) {
        return Err(Failure::new("a build printed no hash".to_owned()));
    }
    if hashes.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(Failure::new("the embeddings differ between builds".to_owned()));
    }
    println!("the same on all {} builds", hashes.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict_on(builds: &[&[&str]]) -> Result<(), Failure> {
        let lines = |build: &&[&str]| build.iter().map(ToString::to_string).collect();
        verdict(&builds.iter().map(lines).collect::<Vec<_>>())
    }

    #[test]
    fn only_equal_hashes_pass() {
        assert!(verdict_on(&[&["ab", "cd"], &["ab", "cd"]]).is_ok());
        assert!(verdict_on(&[&["ab", "cd"], &["ab", "cd"], &["ab", "ce"]]).is_err());
        assert!(verdict_on(&[&["ab", "cd"], &["ab"]]).is_err());
        assert!(verdict_on(&[&[], &[]]).is_err());
    }
}
