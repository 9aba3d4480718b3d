//! Builds for the token's processor, by a toolchain that has the target or can be installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::compiler::repeatable;
use crate::steps::{Failure, Steps, as_typed};
use crate::workspace::{cargo, command, root, target};

/// The token's processor: Cortex-M4F.
pub const TARGET: &str = "thumbv7em-none-eabihf";

/// Debian's packages with a compiler and the sources of its core library, which must be compiled for the target first.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Debian's package with the linter of that compiler.
const CLIPPY_PACKAGE: &str = "rust-web-clippy";

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
/// By its path: `cargo clippy` would look for it in rustup's folder first.
const CLIPPY: &str = "/usr/bin/cargo-clippy";

/// Whose compiler for the target is used.
pub enum Toolchain {
    Rustup,
    Debian,
}

/// Builds the core as the token uses it: the trusted core alone, and with the default features.
///
/// If there is no compiler for the target, installs Debian's by apt-get on Debian as root, and rustup's elsewhere.
pub fn run(steps: &mut Steps) -> Result<(), Failure> {
    let toolchain = provide(steps)?;
    let folder = target()?.join("thumb");
    for (heading, features) in
        [("Token, trusted core", &["--no-default-features"][..]), ("Token, default features", &[])]
    {
        let mut build = toolchain.build(&folder);
        build.args(["--release", "--locked", "--package", "neural-vault-core", "--lib"]).args(features);
        steps.run(heading, &mut build)?;
    }
    Ok(())
}

impl Toolchain {
    /// `cargo build` for the target into `folder`.
    pub fn build(&self, folder: &Path) -> Command {
        let build = match self {
            Self::Rustup => cargo(&["build"]),
            Self::Debian => debian(CARGO, "build"),
        };
        for_target(build, folder)
    }

    /// `cargo build` of the token's workspace into the folder of images, by its profile `firmware`: what is tested has the
    /// bytes of what is released.
    pub fn firmware(&self) -> Result<Command, Failure> {
        let mut build = in_firmware(self.build(&image_target()?));
        if matches!(self, Self::Debian) {
            build.env("CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER", "ld.lld");
        }
        repeatable(&mut build)?;
        Ok(build)
    }

    /// The versions of compiler and linker, by line.
    pub fn versions(&self) -> Vec<String> {
        let (rustc, packages) = match self {
            Self::Rustup => ("rustc", vec![]),
            Self::Debian => (RUSTC, vec!["rustc-web", "rust-web-src", "lld"]),
        };
        let said = line_of(command(rustc).arg("-vV")).unwrap_or_default();
        let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
        for package in packages {
            let query = ["--show", "--showformat", "${Package} ${Version} (Debian)", package];
            lines.extend(line_of(command("dpkg-query").args(query)));
        }
        lines
    }

    /// `cargo clippy` of the token's workspace for the target; installs Debian's if it is missing.
    pub fn firmware_lints(&self, steps: &mut Steps, folder: &Path) -> Result<Command, Failure> {
        let clippy = match self {
            Self::Rustup => cargo(&["clippy"]),
            Self::Debian => {
                install(steps, "Debian's linter", &[CLIPPY_PACKAGE], || is_there(CLIPPY))?;
                let mut clippy = debian(CLIPPY, "clippy");
                clippy.env("CARGO", CARGO);
                clippy
            }
        };
        Ok(in_firmware(for_target(clippy, folder)))
    }
}

/// The folder of images, with those of the last build of each package.
pub fn images() -> Result<PathBuf, Failure> {
    Ok(image_target()?.join(TARGET).join("firmware"))
}

fn image_target() -> Result<PathBuf, Failure> {
    Ok(target()?.join("images"))
}

/// Like [`provide`], with a linker for firmware and QEMU to run it.
pub fn provide_with_machine(steps: &mut Steps) -> Result<Toolchain, Failure> {
    let toolchain = provide(steps)?;
    let mut packages = vec!["qemu-system-arm"];
    if matches!(toolchain, Toolchain::Debian) {
        packages.push("lld");
    }
    let tools = || {
        let linker = matches!(toolchain, Toolchain::Rustup) || is_there("ld.lld");
        linker && is_there("qemu-system-arm")
    };
    install(steps, "QEMU and linker", &packages, tools)?;
    Ok(toolchain)
}

/// Installs Debian's packages unless `there` finds what they contain.
pub fn install(steps: &mut Steps, heading: &str, packages: &[&str], there: impl Fn() -> bool) -> Result<(), Failure> {
    if there() {
        return Ok(());
    }
    let (mut update, mut install) = (apt_get(&["update"]), apt_get(&["install", "--yes", "--no-install-recommends"]));
    install.args(packages);
    if is_debian() && is_root() {
        steps.run("Package lists", &mut update)?;
        steps.run(heading, &mut install)?;
    }
    if there() {
        return Ok(());
    }
    let (update, install) = (as_typed(&update), as_typed(&install));
    Err(Failure::new(format!("{heading} is not there; on Debian as root, run\n  {update} && {install}")))
}

/// Whether a program can be run.
pub fn is_there(program: &str) -> bool {
    command(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A compiler for the target, installed if there is neither rustup's nor Debian's.
fn provide(steps: &mut Steps) -> Result<Toolchain, Failure> {
    if rustup_has_target() {
        return Ok(Toolchain::Rustup);
    }
    if debian_can_build() {
        return Ok(Toolchain::Debian);
    }
    let mut add = command("rustup");
    add.args(["target", "add", TARGET]);
    // The distribution's packages come first: build machines reach them more often than rustup's server.
    if !(is_debian() && is_root()) && steps.run("Token target by rustup", &mut add).is_ok() && rustup_has_target() {
        return Ok(Toolchain::Rustup);
    }
    match install(steps, "Debian's compiler", &PACKAGES, debian_can_build) {
        Ok(()) => Ok(Toolchain::Debian),
        Err(failure) => {
            let add = as_typed(&add);
            Err(Failure::new(format!("there is no compiler for {TARGET}; run\n  {add}\nor: {}", failure.message)))
        }
    }
}

/// `apt-get` without questions. Its lists are updated first: an old list can offer a compiler that is too old.
fn apt_get(arguments: &[&str]) -> Command {
    let mut apt = command("apt-get");
    apt.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn rustup_has_target() -> bool {
    let mut rustc = command("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    line_of(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
}

/// Whether Debian's compiler and library sources are installed, and new enough for the core.
fn debian_can_build() -> bool {
    let version = line_of(command(RUSTC).arg("--version"));
    let sysroot = line_of(command(RUSTC).args(["--print", "sysroot"]));
    let manifest = std::fs::read_to_string(root().join("core/Cargo.toml")).unwrap_or_default();
    let sources = |sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/core/Cargo.toml").is_file();
    Path::new(CARGO).is_file()
        && sysroot.is_some_and(sources)
        && version.is_some_and(|version| minor(&version) >= minor(wanted(&manifest)))
}

/// Debian's cargo has no library compiled for the target: it compiles core from its sources, an unstable feature.
fn debian(program: &str, subcommand: &str) -> Command {
    let mut cargo = command(program);
    cargo.args([subcommand, "-Z", "build-std=core"]).env("RUSTC_BOOTSTRAP", "1").env("RUSTC", RUSTC);
    cargo
}

fn for_target(mut cargo: Command, folder: &Path) -> Command {
    cargo.args(["--target", TARGET, "--target-dir"]).arg(folder);
    // Flags for this machine's processor do not apply to the token's.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo
}

fn in_firmware(mut cargo: Command) -> Command {
    // Cargo reads the configuration of the folder it starts in. Not `--locked`, so that cargo adds a new board to the
    // lock file.
    cargo.current_dir(root().join("firmware-example")).args(["--profile", "firmware"]);
    cargo
}

/// The line of a manifest after `rust-version = `, or an empty string.
fn wanted(manifest: &str) -> &str {
    manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap_or_default()
}

/// The minor number of the first Rust version in `text`: 88 of `rustc 1.88.0 (...)`.
fn minor(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn line_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn is_debian() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=debian")
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The folder of a process in /proc belongs to its effective user.
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_minor_number() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"), Some(96));
        assert_eq!(minor(wanted("name = \"a\"\nrust-version = \"1.88\"\n")), Some(88));
        assert_eq!(minor("nonsense"), None);
    }

    #[test]
    fn the_core_states_the_version_it_needs() {
        let manifest = std::fs::read_to_string(root().join("core/Cargo.toml")).unwrap_or_default();
        assert!(minor(wanted(&manifest)).is_some());
    }
}
