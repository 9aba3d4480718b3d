//! Folders of the workspace, and commands that run in it.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::Failure;

/// The workspace's root, in which every command runs.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The path of this program, even where a build of the workspace has replaced the file since it was started.
pub fn own() -> Result<PathBuf, Failure> {
    Ok(target()?.join(format!("release/xtask{EXE_SUFFIX}")))
}

/// The folder that cargo builds into, however it was set: this program is in it as `release/xtask`.
pub fn target() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::new(format!("the path of this program: {error}")))?;
    let target = own.parent().and_then(Path::parent).map(Path::to_path_buf);
    target.ok_or_else(|| Failure::new("run this as `cargo xtask`".to_owned()))
}

/// The manifests of all workspaces of the repository, from its root: those with a lock file beside them.
pub fn manifests() -> Result<Vec<String>, Failure> {
    let mut manifests = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root().join(&folder);
        for entry in std::fs::read_dir(&path).map_err(Failure::at(&path))? {
            let entry = entry.map_err(Failure::at(&path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // What cargo builds is marked as something that no backup needs; other tools hide theirs.
            let is_made = name.starts_with('.') || name == "target" || entry.path().join("CACHEDIR.TAG").exists();
            if name == "Cargo.lock" {
                let manifest = folder.join("Cargo.toml");
                manifests.push(manifest.to_string_lossy().replace('\\', "/"));
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_made {
                folders.push(folder.join(name));
            }
        }
    }
    manifests.sort();
    Ok(manifests)
}

/// The command line that cargo builds.
pub fn program() -> Result<PathBuf, Failure> {
    Ok(target()?.join(format!("release/neural-vault{EXE_SUFFIX}")))
}

/// A command in the workspace's root, in the environment of the user.
///
/// `cargo run` and rustup set variables about this package and its toolchain, which child processes would inherit. They
/// would pin the toolchain of another cargo and make build scripts run again.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let inherited = ["CARGO", "RUSTUP_TOOLCHAIN", "RUST_RECURSION_COUNT"].contains(&&*name)
            || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix));
        if inherited {
            command.env_remove(&variable);
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
