//! Fetches the ONNX Runtime library from its PyPI wheel with pip.
//!
//! The wheels for the different CPython releases carry the same library, so one wheel for each machine is pinned (that
//! for CPython 3.11) and pip fetches it under any Python. pip checks the SHA-256 of the wheel; this module checks that
//! of the library inside, after fetching and whenever it finds an installed one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::{Flavour, RuntimeError, VERSION};

/// The wheel for one flavour and machine, with the SHA-256 of the wheel and of each library in it.
struct Wheel {
    package: &'static str,
    flavour: Flavour,
    /// Architecture, as both Rust and the wheel's platform tag spell it.
    arch: &'static str,
    sha256: &'static str,
    megabytes: u32,
    /// Files of the wheel's `onnxruntime/capi` to install; the library is last, so that it appears last.
    libraries: &'static [(&'static str, &'static str)],
}

const WHEELS: [Wheel; 3] = [
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        arch: "x86_64",
        sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        megabytes: 24,
        libraries: &[("libonnxruntime.so.1.31.1", "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3")],
    },
    Wheel {
        package: "onnxruntime",
        flavour: Flavour::Cpu,
        arch: "aarch64",
        sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        megabytes: 21,
        libraries: &[("libonnxruntime.so.1.31.1", "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467")],
    },
    Wheel {
        package: "onnxruntime-gpu",
        flavour: Flavour::Cuda,
        arch: "x86_64",
        sha256: "e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6",
        megabytes: 256,
        libraries: &[
            ("libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"),
            ("libonnxruntime_providers_cuda.so", "d5290158115fa5569a3fe8f1f4037ee9b0e86658a96e52f852bbb7039aa88137"),
            ("libonnxruntime.so.1.31.1", "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
        ],
    },
];

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
    let system = if cfg!(all(target_os = "linux", target_env = "gnu")) { "linux-gnu" } else { std::env::consts::OS };
    let wheel = wheel_for(flavour, std::env::consts::ARCH, system)?;
    install_wheel(wheel, folder, &["python3"], note)
}

/// The wheels are manylinux ones: they need Linux with the GNU C library, 2.28 or later.
fn wheel_for(flavour: Flavour, arch: &str, system: &str) -> Result<&'static Wheel, RuntimeError> {
    WHEELS
        .iter()
        .find(|wheel| wheel.flavour == flavour && wheel.arch == arch && system == "linux-gnu")
        .ok_or_else(|| RuntimeError::NoBuild { flavour, machine: format!("{arch}-{system}") })
}

fn install_wheel(
    wheel: &Wheel,
    folder: &Path,
    python: &[&str],
    note: &mut dyn FnMut(&str),
) -> Result<PathBuf, RuntimeError> {
    let library = folder.join(format!("libonnxruntime.so.{VERSION}"));
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
    let platform = format!("manylinux_2_28_{}", wheel.arch);
    let (program, before) = python.split_first().ok_or(RuntimeError::NoPython)?;
    let output = Command::new(program)
        .args(before)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"])
        .args(["--implementation=cp", "--python-version=3.11", "--abi=cp311", "--platform", &platform])
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
    if output.status.success() {
        Ok(target)
    } else {
        Err(explain(wheel.package, &String::from_utf8_lossy(&output.stderr)))
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
