//! The tests of the unsafe loops under AddressSanitizer, which ends a program at an access out of bounds.

use std::process::Command;

use crate::steps::Failure;
use crate::workspace::{cargo, target};

/// The target with most of the unsafe loops, and whose compiler comes with the sanitizer.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The command that runs them; `None` on other machines, where only the safe loops of core run.
pub fn tests() -> Result<Option<Command>, Failure> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        return Ok(None);
    }
    // Not the test `dead_stack`, which reads memory out of bounds on purpose.
    let mut tests = cargo(&["test", "--release", "--package", "neural-vault-kernels", "--lib", "--test", "embedding"]);
    tests.args(["--target", TARGET, "--target-dir"]).arg(target()?.join("bounds"));
    // The flag is unstable. It is set for this step only, so that all others use stable features.
    tests.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address").env_remove("CARGO_ENCODED_RUSTFLAGS");
    Ok(Some(tests))
}
