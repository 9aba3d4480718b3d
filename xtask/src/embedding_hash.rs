//! Whether an embedding has the same bits however the encoder is compiled.

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, target};

/// Processors to compile for. On x86-64 the vector width differs: 128, 256, and whatever this machine has.
const PROCESSORS: &[&str] =
    if cfg!(target_arch = "x86_64") { &["x86-64", "x86-64-v3", "native"] } else { &["generic", "native"] };

/// Builds and runs core's `embedding_hash` example for each processor, and compares what they print.
pub fn run() -> Result<(), Failure> {
    let bits = target()?.join("bits");
    let mut steps = Steps::new();
    let mut hashes = Vec::new();
    for processor in PROCESSORS {
        let mut command = cargo(&["run", "--release", "--package", "neural-vault-core", "--features", "std"]);
        command.args(["--example", "embedding_hash", "--target-dir"]).arg(bits.join(processor));
        command.env("RUSTFLAGS", format!("-C target-cpu={processor}"));
        command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        let mut lines = Vec::new();
        steps.run_reading(&format!("Embeddings on {processor}"), &mut command, |line| lines.push(line.to_owned()))?;
        hashes.push(lines);
    }
    steps.summary();
    println!();
    for (processor, lines) in PROCESSORS.iter().zip(&hashes) {
        for line in lines {
            println!("{processor:<10} {line}");
        }
    }
    verdict(&hashes)
}

/// Takes what each build printed, line by line.
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
