//! Finds the ONNX Runtime library, and installs it where it is missing.
//!
//! ONNX Runtime is loaded at run time, never linked, so that Neural Vault builds and runs without it. [`locate`] looks
//! where the user may have put the library; [`install()`] fetches the one release this program is tested with.

mod install;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use install::install;

/// The release of ONNX Runtime that [`install()`] fetches and the tests run on.
pub const VERSION: &str = "1.31.1";

/// The environment variables that name the library or its folder; the first one that is set is used.
pub const VARIABLES: [&str; 2] = ["NEURAL_VAULT_ONNXRUNTIME", "ORT_DYLIB_PATH"];

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
    /// No variable is set and no install folder holds the library.
    #[error(
        "ONNX Runtime {VERSION} was not found: {} and {} are not set, and there is no {}",
        VARIABLES[0], VARIABLES[1], list(.looked)
    )]
    NotFound {
        /// The files that were looked for, in order.
        looked: Vec<PathBuf>,
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
    /// Neither `XDG_DATA_HOME` nor `HOME` gives the folder of the user's data.
    #[error("no install folder for ONNX Runtime: neither XDG_DATA_HOME nor HOME is set")]
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

/// Finds the ONNX Runtime library: by [`VARIABLES`], then in the install folders (CUDA first, as it serves both).
///
/// # Errors
///
/// [`RuntimeError::BadVariable`] when a variable does not lead to the library (a wrong setting is never ignored),
/// [`RuntimeError::NotFound`] when none is set and nothing is installed.
pub fn locate() -> Result<PathBuf, RuntimeError> {
    locate_with(|variable| std::env::var_os(variable))
}

/// The default folder for [`install()`]: `neural-vault/onnxruntime-VERSION[-cuda]` in the user's data.
///
/// # Errors
///
/// [`RuntimeError::NoHome`] when neither `XDG_DATA_HOME` nor `HOME` is an absolute path.
pub fn default_folder(flavour: Flavour) -> Result<PathBuf, RuntimeError> {
    folder_with(flavour, |variable| std::env::var_os(variable))
}

fn locate_with(get: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, RuntimeError> {
    for variable in VARIABLES {
        let Some(value) = get(variable).filter(|value| !value.is_empty()) else {
            continue;
        };
        let path = PathBuf::from(value);
        return library_at(&path).ok_or(RuntimeError::BadVariable { variable, path });
    }
    let mut looked = Vec::new();
    for flavour in [Flavour::Cuda, Flavour::Cpu] {
        let file = folder_with(flavour, &get)?.join(library_name());
        if file.is_file() {
            return Ok(file);
        }
        looked.push(file);
    }
    Err(RuntimeError::NotFound { looked })
}

/// The library at `path`, which is either the file or a folder holding it under its versioned or its plain name.
fn library_at(path: &Path) -> Option<PathBuf> {
    let plain = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    [path.to_path_buf(), path.join(library_name()), path.join(plain)].into_iter().find(|file| file.is_file())
}

fn library_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}.{VERSION}")
}

/// Follows the XDG Base Directory Specification, where a relative `XDG_DATA_HOME` is to be ignored.
fn folder_with(flavour: Flavour, get: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, RuntimeError> {
    let absolute = |variable| get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME")
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
    paths.join(" or ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use std::fs;

    /// A separate environment for each test, because all threads share that of the process.
    fn environment<'a>(set: &'a [(&str, &Path)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |variable| set.iter().find(|(name, _)| *name == variable).map(|(_, path)| path.into())
    }

    fn write_library(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let file = folder.join(library_name());
        fs::write(&file, b"library").unwrap();
        file
    }

    #[test]
    fn a_variable_may_name_the_file_or_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = write_library(folder.path());
        for value in [file.as_path(), folder.path()] {
            for variable in VARIABLES {
                assert_eq!(locate_with(environment(&[(variable, value)])).unwrap(), file);
            }
        }
    }

    #[test]
    fn our_variable_takes_precedence_over_that_of_ort() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = write_library(ours.path());
        write_library(theirs.path());
        let set = [(VARIABLES[1], theirs.path()), (VARIABLES[0], ours.path())];
        assert_eq!(locate_with(environment(&set)).unwrap(), file);
    }

    #[test]
    fn a_wrong_variable_is_an_error_even_when_the_library_is_installed() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        write_library(&data.join(format!("neural-vault/onnxruntime-{VERSION}")));
        let set = [("XDG_DATA_HOME", data.as_path()), (VARIABLES[0], home.path())];
        let error = locate_with(environment(&set)).unwrap_err().to_string();
        assert!(error.contains("NEURAL_VAULT_ONNXRUNTIME"), "{error}");
        assert!(error.contains(&home.path().display().to_string()), "{error}");
    }

    #[test]
    fn the_cuda_build_takes_precedence_over_the_cpu_build() {
        let data = tempfile::tempdir().unwrap();
        let set = [("XDG_DATA_HOME", data.path())];
        let cpu = write_library(&folder_with(Flavour::Cpu, environment(&set)).unwrap());
        assert_eq!(locate_with(environment(&set)).unwrap(), cpu);
        let cuda = write_library(&folder_with(Flavour::Cuda, environment(&set)).unwrap());
        assert_eq!(locate_with(environment(&set)).unwrap(), cuda);
    }

    #[test]
    fn an_error_for_a_missing_library_names_the_places_searched() {
        let home = tempfile::tempdir().unwrap();
        let set = [("HOME", home.path()), (VARIABLES[0], Path::new(""))];
        let error = locate_with(environment(&set)).unwrap_err().to_string();
        let place = home.path().join(".local/share/neural-vault/onnxruntime-1.31.1");
        assert!(error.contains(&place.join(library_name()).display().to_string()), "{error}");
        assert!(error.contains("ORT_DYLIB_PATH"), "{error}");
    }

    #[test]
    fn a_relative_data_home_is_ignored_and_no_home_is_an_error() {
        let set = [("XDG_DATA_HOME", Path::new("data")), ("HOME", Path::new("/home/a"))];
        let folder = folder_with(Flavour::Cuda, environment(&set)).unwrap();
        assert_eq!(folder, Path::new("/home/a/.local/share/neural-vault/onnxruntime-1.31.1-cuda"));
        let error = folder_with(Flavour::Cpu, environment(&set[..1])).unwrap_err();
        assert!(matches!(error, RuntimeError::NoHome));
    }
}
