//! Fetches the ONNX Runtime library from its PyPI wheel with pip.
//!
//! pip fetches the pinned wheel under any Python and unpacks it, whatever machine it is for. It checks the SHA-256 of the
//! wheel; this module checks that of the library inside, after fetching and whenever it finds an installed one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::wheels::{Machine, Wheel, wheel_for};
use super::{Flavour, RuntimeError, VERSION};

/// Installed with the library because its licence requires it.
const LICENCES: [&str; 2] = ["LICENSE", "ThirdPartyNotices.txt"];

/// What pip prints on standard error, in English in every locale, when it cannot reach the index.
const NETWORK_TROUBLE: [&str; 3] = ["connection broken by", "Max retries exceeded", "timed out"];

/// Installs ONNX Runtime [`VERSION`] into `folder` and returns the path of the library.
///
/// Returns at once when an intact one is there. Everything is fetched and checked in a temporary folder inside
/// `folder` and moved into place by renaming, the library last; other files in `folder` stay as they are. `note` is
/// called with a line for each step.
///
/// # Errors
///
/// [`RuntimeError`], each naming what to do next; nothing is left behind then.
pub fn install(flavour: Flavour, folder: &Path, note: &mut dyn FnMut(&str)) -> Result<PathBuf, RuntimeError> {
    let python = if cfg!(windows) { "python" } else { "python3" };
    install_wheel(wheel_for(flavour, Machine::HERE)?, folder, &[python], note)
}

fn install_wheel(
    wheel: &Wheel,
    folder: &Path,
    python: &[&str],
    note: &mut dyn FnMut(&str),
) -> Result<PathBuf, RuntimeError> {
    let library = folder.join(wheel.library());
    if is_intact(wheel, folder) {
        note(&format!("{} is installed and intact", library.display()));
        return Ok(library);
    }
    let made = !folder.exists();
    fs::create_dir_all(folder).map_err(failed("create", folder))?;
    note(&format!("fetching {} {VERSION} by pip ({} MB)", wheel.package, wheel.megabytes));
    let outcome = fetch_into(wheel, folder, python);
    if outcome.is_err() && made {
        // Removes an empty folder only; the earlier error is the one to report.
        let _ = fs::remove_dir(folder);
    }
    outcome?;
    note(&format!("installed {}", library.display()));
    Ok(library)
}

fn is_intact(wheel: &Wheel, folder: &Path) -> bool {
    wheel.libraries.iter().all(|(name, sha256)| digest(&folder.join(name)).is_ok_and(|found| found == *sha256))
}

fn fetch_into(wheel: &Wheel, folder: &Path, python: &[&str]) -> Result<(), RuntimeError> {
    let staging =
        tempfile::Builder::new().prefix(".install-").tempdir_in(folder).map_err(failed("write in", folder))?;
    let unpacked = pip(wheel, staging.path(), python)?.join("onnxruntime");
    for (name, sha256) in wheel.libraries {
        let file = unpacked.join("capi").join(name);
        if digest(&file).map_err(failed("read", &file))? != *sha256 {
            return Err(RuntimeError::WrongDigest { what: format!("{name} in {}", wheel.package) });
        }
    }
    let licences = LICENCES.map(|name| (unpacked.join(name), name));
    let libraries = wheel.libraries.iter().map(|(name, _)| (unpacked.join("capi").join(name), *name));
    for (from, name) in licences.into_iter().chain(libraries) {
        let to = folder.join(name);
        fs::rename(from, &to).map_err(failed("write", &to))?;
    }
    Ok(())
}

/// Has pip unpack the wheel below `staging`; returns the folder it unpacked into.
fn pip(wheel: &Wheel, staging: &Path, python: &[&str]) -> Result<PathBuf, RuntimeError> {
    let requirements = staging.join("requirements.txt");
    let pinned = format!("{}=={VERSION} --hash=sha256:{}\n", wheel.package, wheel.sha256);
    fs::write(&requirements, pinned).map_err(failed("write", &requirements))?;
    let target = staging.join("wheel");
    let (program, before) = python.split_first().ok_or(RuntimeError::NoPython)?;
    let output = Command::new(program)
        .args(before)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"])
        .args(["--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform", wheel.platform])
        .args([OsStr::new("--target"), target.as_os_str()])
        .args([OsStr::new("-r"), requirements.as_os_str()])
        // The unpacked wheel may not fit into a small /tmp.
        .env("TMPDIR", staging)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => RuntimeError::NoPython,
            _ => RuntimeError::Io { action: "run", path: program.into(), source },
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(target)
    } else if said.contains("No space left on device") {
        Err(failed("write in", staging.parent().unwrap_or(staging))(io::ErrorKind::StorageFull.into()))
    } else {
        Err(explain(wheel.package, &said))
    }
}

/// The error for pip's message. Network errors are checked first: they also end in "no matching distribution".
fn explain(package: &'static str, said: &str) -> RuntimeError {
    let last = || {
        let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join("; ")
    };
    if said.contains("No module named pip") {
        RuntimeError::NoPip
    } else if said.contains("DO NOT MATCH THE HASHES") {
        RuntimeError::WrongDigest { what: format!("the wheel of {package} {VERSION}") }
    } else if let Some(line) = said.lines().find(|line| NETWORK_TROUBLE.iter().any(|trouble| line.contains(trouble))) {
        RuntimeError::NoNetwork { said: line.trim().to_owned() }
    } else if said.contains("No matching distribution found") {
        RuntimeError::NoWheel { package }
    } else {
        RuntimeError::Pip { package, said: last() }
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    loop {
        let read = reader.fill_buf()?;
        if read.is_empty() {
            break;
        }
        hasher.update(read);
        let length = read.len();
        reader.consume(length);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RuntimeError {
    let path = path.to_path_buf();
    move |source| RuntimeError::Io { action, path, source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
