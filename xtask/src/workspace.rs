//! Where things are, and how cargo is called from inside cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::Failure;

/// The workspace's root, in which every command runs.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The folder cargo builds into, whatever set it: this program lies in it as `release/xtask`.
pub fn target() -> Result<PathBuf, Failure> {
    let own =
        std::env::current_exe().map_err(|error| Failure::new(format!("where am I: {error}")))?;
    let target = own.parent().and_then(Path::parent).map(Path::to_path_buf);
    target.ok_or_else(|| Failure::new("run this as `cargo xtask`".to_owned()))
}

/// A command in the workspace's root, in the environment a person would run it in.
///
/// `cargo run` adds to the environment of what it runs. Handed on, that would pin the toolchain, lead another
/// compiler to this one's libraries, and have build scripts run again.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (variable, _) in std::env::vars_os() {
        let Some(name) = variable.to_str() else {
            continue;
        };
        let by_cargo = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ];
        let exact = [
            "CARGO",
            "LD_LIBRARY_PATH",
            "DYLD_FALLBACK_LIBRARY_PATH",
            "RUSTUP_TOOLCHAIN",
            "RUST_RECURSION_COUNT",
        ];
        if exact.contains(&name) || by_cargo.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo` with these arguments, by the toolchain that the workspace pins.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = command("cargo");
    command.args(arguments);
    command
}
