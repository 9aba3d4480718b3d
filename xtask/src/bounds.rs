//! The unsafe loops' tests under AddressSanitizer, which ends a program at a read or write out of bounds.

use std::process::Command;

use crate::steps::Failure;
use crate::workspace::{cargo, target};

/// The processor and system whose unsafe loops are many, and for which the compiler brings the sanitizer along.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The command that runs them; none on another kind of machine, which has no loops but core's safe ones.
pub fn tests() -> Result<Option<Command>, Failure> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        return Ok(None);
    }
    // Not the test `dead_stack`, which reads memory out of bounds on purpose.
    let mut tests = cargo(&["test", "--release", "--package", "neural-vault-kernels", "--lib", "--test", "embedding"]);
    tests.args(["--target", TARGET, "--target-dir"]).arg(target()?.join("bounds"));
    // A flag of the compiler's that is not stable; that it is asked for by no other step keeps the rest stable.
    tests.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address").env_remove("CARGO_ENCODED_RUSTFLAGS");
    Ok(Some(tests))
}
