//! Where the ONNX Runtime library is looked for.
//!
//! Names and folders alone are read: a Python is never run, as starting one takes long and runs what its user installed.
//! In order, and the first that holds a library recent enough is taken:
//!
//! | place | holds the library |
//! |---|---|
//! | a variable of [`VARIABLES`] | at its path, or in the folder it names; nothing else is looked at once it is set |
//! | the folders of [`install()`](super::install()) | CUDA's first, as it serves both devices |
//! | the environment of the Python that runs the library, given to [`set_python`](super::set_python) | in its Python packages |
//! | the virtual environment of `VIRTUAL_ENV`, then of `CONDA_PREFIX` | in its Python packages, where `pip install onnxruntime` puts it |
//! | the environment of the first `python3` on the `PATH` | likewise, where its `bin` folder lies and where a link to it, or pyenv's script, leads |
//! | the packages of `pip install --user` | likewise |

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Flavour, VARIABLES, folder_with};

/// A place where the library is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What names it.
    pub source: Source,
    /// The value of a variable, an install folder, or the folder of a Python environment.
    pub path: PathBuf,
    /// The newest library there.
    pub library: Option<Library>,
}

/// What names a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable, which names the library or its folder.
    Variable(&'static str),
    /// A folder of this program.
    Install,
    /// A Python environment, by what leads to it.
    Python(&'static str),
}

/// A library file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// Its version, where the name of the file says it; on Windows it does not.
    pub version: Option<Version>,
}

/// A version of ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The least whose functions this program can call.
    pub const LEAST: Self = Self(1, 17, 0);
}

impl Place {
    /// Whether the library is there, and not known to be too old.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.library.as_ref().is_some_and(|library| library.version.is_none_or(|version| version >= Version::LEAST))
    }
}

/// All places in order; only that of a variable if one is set. `running` is the environment of the Python that runs the library.
pub(super) fn places(running: Option<&Path>, get: impl Fn(&str) -> Option<OsString>) -> Vec<Place> {
    let set = |variable: &str| get(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    for variable in VARIABLES {
        if let Some(path) = set(variable) {
            // The loader would look for a name without a folder among the system's libraries.
            let path = std::path::absolute(&path).unwrap_or(path);
            return vec![Place { source: Source::Variable(variable), library: library_at(&path), path }];
        }
    }
    let mut places = Vec::new();
    for flavour in [Flavour::Cuda, Flavour::Cpu] {
        if let Ok(path) = folder_with(flavour, &get) {
            places.push(Place { source: Source::Install, library: library_in(&path), path });
        }
    }
    let mut python = |by: &'static str, path: PathBuf| {
        if places.iter().all(|place| place.path != path) {
            places.push(Place { source: Source::Python(by), library: library_of_python(&path), path });
        }
    };
    if let Some(path) = running {
        python("the running Python", path.to_owned());
    }
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(path) = set(variable) {
            python(variable, path);
        }
    }
    for path in environments_of_python(&get) {
        python("python3 on the PATH", path);
    }
    if let Some(home) = set("HOME") {
        python("pip install --user", home.join(".local"));
    }
    places
}

/// The library at `path`: the file itself, or the newest in this folder.
fn library_at(path: &Path) -> Option<Library> {
    let version = || version(&path.file_name()?.to_string_lossy());
    if path.is_file() { Some(Library { path: path.to_owned(), version: version() }) } else { library_in(path) }
}

/// The newest library in a folder; one whose name says no version only if no other is there.
fn library_in(folder: &Path) -> Option<Library> {
    let plain = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let libraries = files.filter_map(|path| {
        let name = path.file_name()?.to_string_lossy();
        let version = version(&name);
        let is_library = (version.is_some() || name == plain) && path.is_file();
        is_library.then(|| Library { version, path: path.clone() })
    });
    libraries.max_by_key(|library| library.version)
}

/// The version in `libonnxruntime.so.1.31.1` or `libonnxruntime.1.31.1.dylib`.
pub(super) fn version(name: &str) -> Option<Version> {
    let rest = name.strip_prefix("libonnxruntime.")?;
    parsed(rest.strip_prefix("so.").or_else(|| rest.strip_suffix(".dylib"))?)
}

/// The version that these numbers give, as in `1.31.1`.
fn parsed(numbers: &str) -> Option<Version> {
    let mut numbers = numbers.split('.').map(|number| number.parse().ok());
    let version = Version(numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

/// The newest library in the packages of a Python environment.
fn library_of_python(environment: &Path) -> Option<Library> {
    let folders = ["lib", "lib64"].map(|name| environment.join(name)).into_iter();
    let versions = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let versions = versions.filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"));
    let mut packages: Vec<PathBuf> = versions
        .flat_map(|entry| ["site-packages", "dist-packages"].map(|name| entry.path().join(name)))
        .chain([environment.join("Lib/site-packages")])
        .collect();
    // The order of a folder's entries is that of the file system. Of equals the last is taken: `lib`, to which `lib64` may be
    // a link.
    packages.sort();
    packages
        .iter()
        .rev()
        .filter_map(|folder| library_in(&folder.join("onnxruntime/capi")))
        .max_by_key(|library| library.version)
}

/// The environments of the first `python3` on the `PATH`: where it lies, and where it leads.
fn environments_of_python(get: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let names = ["python3", "python"].map(|name| format!("{name}{EXE_SUFFIX}"));
    // A Windows environment keeps its Python beside `Lib`, all others in `bin`.
    let environment = |file: &Path| {
        let folder = file.parent()?;
        let is_bin = folder.ends_with("bin") || folder.ends_with("Scripts");
        Some(if is_bin { folder.parent()?.to_owned() } else { folder.to_owned() })
    };
    let path = get("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).flat_map(|folder| names.clone().map(|name| folder.join(name)));
    let Some(file) = files.find(|file| file.is_file()) else {
        return Vec::new();
    };
    if let Some(pyenv) = file.parent().filter(|folder| folder.ends_with("shims")).and_then(Path::parent) {
        // A script that runs the Python of the version that the variable or this file names.
        let name = get("PYENV_VERSION").map(|name| name.to_string_lossy().into_owned());
        let name = name.or_else(|| std::fs::read_to_string(pyenv.join("version")).ok()).unwrap_or_default();
        return name.split([':', '\n']).take(1).map(|name| pyenv.join("versions").join(name.trim())).collect();
    }
    let mut found: Vec<_> = environment(&file).into_iter().collect();
    found.extend(std::fs::canonicalize(&file).ok().and_then(|file| environment(&file)));
    // Where Debian's pip installs for the system's Python.
    if found.iter().any(|path| path == Path::new("/usr")) {
        found.push(PathBuf::from("/usr/local"));
    }
    found
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Variable(name) | Self::Python(name) => name,
            Self::Install => "runtime install",
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
