//! Finds the ONNX Runtime library, and installs it where it is missing.
//!
//! ONNX Runtime is loaded at run time, never linked, so that Neural Vault builds and runs without it. [`locate`] looks
//! where the user may have put the library; [`install()`] fetches the one release that all tests run on.

mod install;
mod places;
mod wheels;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

pub use install::install;
pub use places::{Library, Place, Source, Version};

/// The release of ONNX Runtime that [`install()`] fetches and the tests run on.
pub const VERSION: &str = "1.31.1";

/// The environment variables that name the library or its folder; the first one that is set is used.
pub const VARIABLES: [&str; 2] = ["NEURAL_VAULT_ONNXRUNTIME", "ORT_DYLIB_PATH"];

/// The environment of the Python that runs the library.
static PYTHON: OnceLock<PathBuf> = OnceLock::new();

/// The build of ONNX Runtime: for the processor alone, or with the CUDA provider as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Runs on the processor; about 29 MB on disk.
    Cpu,
    /// Adds NVIDIA GPUs through CUDA 13 and cuDNN, which it expects on the machine; about 310 MB on disk.
    Cuda,
}

/// Why ONNX Runtime was not found or could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// No variable is set and no place holds the library.
    #[error(
        "ONNX Runtime was not found: {} and {} are not set, and it is in none of {}",
        VARIABLES[0], VARIABLES[1], list(.looked)
    )]
    NotFound {
        /// The folders that were looked in, in order.
        looked: Vec<PathBuf>,
    },
    /// The library is older than this program needs.
    #[error("{}: ONNX Runtime {version} is too old; {} or later is needed", .path.display(), Version::LEAST)]
    TooOld {
        /// The library file.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// A variable is set, but does not lead to the library.
    #[error(
        "{variable} is set to {}, which is neither the ONNX Runtime library nor a folder that holds it",
        .path.display()
    )]
    BadVariable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// No variable gives the folder of the user's data.
    #[error(
        "no install folder for ONNX Runtime: neither XDG_DATA_HOME nor {} is set",
        if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" }
    )]
    NoHome,
    /// There is no pinned wheel for this machine.
    #[error(
        "there is no ready-made ONNX Runtime {VERSION} ({flavour:?}) for {machine}; \
         get or build the library yourself and set {} to it",
        VARIABLES[0]
    )]
    NoBuild {
        /// The requested build.
        flavour: Flavour,
        /// Architecture and operating system.
        machine: String,
    },
    /// `python3` is not on the path.
    #[error(
        "installing ONNX Runtime needs python3 and pip, and there is no python3 on the PATH; \
         install both (on Debian: `apt-get install python3-pip`) and run the command again"
    )]
    NoPython,
    /// `python3` has no pip module.
    #[error(
        "installing ONNX Runtime needs pip, and this python3 has none; \
         install it (on Debian: `apt-get install python3-pip`) and run the command again"
    )]
    NoPip,
    /// A fetched file does not have the pinned digest.
    #[error(
        "{what} does not have the pinned SHA-256, so nothing was installed: the package index or a proxy gave out \
         something else; find out why before trying again"
    )]
    WrongDigest {
        /// The package or file.
        what: String,
    },
    /// The package index answered, but has no such wheel.
    #[error(
        "pip's package index has no {package} {VERSION} for this machine; \
         see `python3 -m pip config list` for the index in use, and try another"
    )]
    NoWheel {
        /// The package.
        package: &'static str,
    },
    /// The package index could not be reached.
    #[error(
        "pip could not reach its package index; connect, or install on another machine and copy the folder \
         here; pip said: {said}"
    )]
    NoNetwork {
        /// pip's message.
        said: String,
    },
    /// pip failed in some other way.
    #[error("pip could not fetch {package} {VERSION}: {said}")]
    Pip {
        /// The package.
        package: &'static str,
        /// pip's message.
        said: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}; make room or allow writing there, or choose another folder", .path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Finds the ONNX Runtime library in the first of [`places()`] with one that is recent enough.
///
/// # Errors
///
/// [`RuntimeError::BadVariable`] when a variable does not lead to the library (a wrong setting is never ignored),
/// [`RuntimeError::TooOld`] when there are only older ones, [`RuntimeError::NotFound`] when there is none.
pub fn locate() -> Result<PathBuf, RuntimeError> {
    locate_in(&places())
}

/// Where [`locate`] looks, in order: the variable that is set, or else the install folders and Python's packages.
#[must_use]
pub fn places() -> Vec<Place> {
    places::places(PYTHON.get().map(PathBuf::as_path), |variable| std::env::var_os(variable))
}

/// Has [`locate`] look in the environment of the Python that runs the library, before other environments.
///
/// It need not be active: a notebook's is not. The first call counts.
pub fn set_python(environment: PathBuf) {
    PYTHON.get_or_init(|| environment);
}

/// The default folder for [`install()`]: `neural-vault/onnxruntime-VERSION[-cuda]` in the user's data.
///
/// # Errors
///
/// [`RuntimeError::NoHome`] when no variable gives the folder of the user's data.
pub fn default_folder(flavour: Flavour) -> Result<PathBuf, RuntimeError> {
    folder_with(flavour, |variable| std::env::var_os(variable))
}

fn locate_in(places: &[Place]) -> Result<PathBuf, RuntimeError> {
    if let Some(Library { path, .. }) =
        places.iter().find(|place| place.is_usable()).and_then(|place| place.library.as_ref())
    {
        return Ok(path.clone());
    }
    if let Some((path, version)) = places.iter().find_map(|place| {
        let library = place.library.as_ref()?;
        Some((library.path.clone(), library.version?.to_string()))
    }) {
        return Err(RuntimeError::TooOld { path, version });
    }
    match places {
        [Place { source: Source::Variable(variable), path, .. }] => {
            Err(RuntimeError::BadVariable { variable, path: path.clone() })
        }
        _ => Err(RuntimeError::NotFound { looked: places.iter().map(|place| place.path.clone()).collect() }),
    }
}

/// Follows the XDG Base Directory Specification, where a relative `XDG_DATA_HOME` is to be ignored; on Windows, which has
/// another, the folder of programs' own data.
fn folder_with(flavour: Flavour, get: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, RuntimeError> {
    let absolute = |variable| get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("LOCALAPPDATA").filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .ok_or(RuntimeError::NoHome)?;
    let suffix = match flavour {
        Flavour::Cpu => "",
        Flavour::Cuda => "-cuda",
    };
    Ok(data.join(format!("neural-vault/onnxruntime-{VERSION}{suffix}")))
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_relative_data_home_is_ignored_and_no_home_is_an_error() {
        let set = [("XDG_DATA_HOME", "data"), ("HOME", "/home/a")];
        let get = |set: &[(&str, &str)]| {
            let set: Vec<_> = set.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
            move |variable: &str| set.iter().find(|(name, _)| name == variable).map(|(_, value)| value.clone())
        };
        let folder = folder_with(Flavour::Cuda, get(&set)).unwrap();
        assert_eq!(folder, Path::new("/home/a/.local/share/neural-vault/onnxruntime-1.31.1-cuda"));
        let error = folder_with(Flavour::Cpu, get(&set[..1])).unwrap_err();
        assert!(matches!(error, RuntimeError::NoHome));
    }
}
