//! Each test has an environment of its own, because all threads share that of the process.

use std::fs;

use super::super::{RuntimeError, VERSION, locate_in};
use super::*;

struct Machine {
    folder: tempfile::TempDir,
    set: Vec<(&'static str, PathBuf)>,
    running: Option<PathBuf>,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), set: Vec::new(), running: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"library").unwrap();
        path
    }

    /// A library of this version, as its file is called on this system.
    fn library(&self, folder: &str, version: &str) -> PathBuf {
        let name = match DLL_SUFFIX {
            ".dylib" => format!("libonnxruntime.{version}.dylib"),
            ".dll" => "onnxruntime.dll".to_owned(),
            _ => format!("libonnxruntime.so.{version}"),
        };
        self.file(&format!("{folder}/{name}"))
    }

    fn set(mut self, name: &'static str, value: PathBuf) -> Self {
        self.set.push((name, value));
        self
    }

    fn places(&self) -> Vec<Place> {
        let get = |variable: &str| self.set.iter().find(|(name, _)| *name == variable).map(|(_, path)| path.into());
        places(self.running.as_deref(), get)
    }

    fn locate(&self) -> Result<PathBuf, RuntimeError> {
        locate_in(&self.places())
    }

    fn refusal(&self) -> String {
        self.locate().unwrap_err().to_string()
    }
}

#[test]
fn a_variable_may_name_the_file_or_its_folder() {
    for variable in VARIABLES {
        let machine = Machine::new();
        let file = machine.library("a", VERSION);
        let folder = machine.path("a");
        let machine = machine.set(variable, file.clone());
        assert_eq!(machine.locate().unwrap(), file);
        let machine = Machine { set: vec![(variable, folder)], ..machine };
        assert_eq!(machine.locate().unwrap(), file);
    }
}

#[test]
fn our_variable_takes_precedence_over_that_of_ort() {
    let machine = Machine::new();
    let (ours, theirs) = (machine.library("ours", VERSION), machine.library("theirs", VERSION));
    let machine = machine.set(VARIABLES[1], theirs).set(VARIABLES[0], ours.clone());
    assert_eq!(machine.locate().unwrap(), ours);
}

#[test]
fn a_wrong_variable_is_an_error_even_when_the_library_is_installed() {
    let machine = Machine::new();
    machine.library(&format!("data/neural-vault/onnxruntime-{VERSION}"), VERSION);
    let (data, empty) = (machine.path("data"), machine.path("empty"));
    let machine = machine.set("XDG_DATA_HOME", data).set(VARIABLES[0], empty.clone());
    let error = machine.refusal();
    assert!(error.contains("NEURAL_VAULT_ONNXRUNTIME") && error.contains(&empty.display().to_string()), "{error}");
}

#[test]
fn the_cuda_build_takes_precedence_over_the_cpu_build_and_both_over_pip() {
    let machine = Machine::new();
    machine.library("venv/lib/python3.12/site-packages/onnxruntime/capi", "1.99.0");
    let cpu = machine.library(&format!("neural-vault/onnxruntime-{VERSION}"), VERSION);
    let (data, venv) = (machine.path(""), machine.path("venv"));
    let machine = machine.set("XDG_DATA_HOME", data).set("VIRTUAL_ENV", venv);
    assert_eq!(machine.locate().unwrap(), cpu);
    let cuda = machine.library(&format!("neural-vault/onnxruntime-{VERSION}-cuda"), VERSION);
    assert_eq!(machine.locate().unwrap(), cuda);
}

#[test]
fn an_error_for_a_missing_library_names_the_places_searched() {
    let machine = Machine::new();
    let (home, venv) = (machine.path("home"), machine.path("venv"));
    let machine = machine.set("HOME", home.clone()).set(VARIABLES[0], PathBuf::new()).set("VIRTUAL_ENV", venv.clone());
    let error = machine.refusal();
    for place in [&home.join(".local/share/neural-vault/onnxruntime-1.31.1"), &venv] {
        assert!(error.contains(&place.display().to_string()), "{error}");
    }
    assert!(error.contains("ORT_DYLIB_PATH"), "{error}");
}

#[test]
fn a_library_that_pip_installed_is_found_in_the_virtual_environment() {
    for packages in ["lib/python3.11/site-packages", "lib64/python3.9/site-packages", "Lib/site-packages"] {
        for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            let machine = Machine::new();
            let file = machine.library(&format!("venv/{packages}/onnxruntime/capi"), "1.22.1");
            let venv = machine.path("venv");
            assert_eq!(machine.set(variable, venv).locate().unwrap(), file);
        }
    }
}

#[test]
fn the_environment_of_the_python_that_runs_takes_precedence_over_an_active_one() {
    let machine = Machine::new();
    let own = machine.library("own/lib/python3.11/site-packages/onnxruntime/capi", "1.22.1");
    let active = machine.library("active/lib/python3.11/site-packages/onnxruntime/capi", "1.22.1");
    let (running, venv) = (machine.path("own"), machine.path("active"));
    let machine = machine.set("VIRTUAL_ENV", venv);
    assert_eq!(machine.locate().unwrap(), active);
    assert_eq!(Machine { running: Some(running), ..machine }.locate().unwrap(), own);
}

#[test]
fn a_library_that_pip_installed_is_found_beside_the_first_python_on_the_path() {
    let machine = Machine::new();
    machine.file(&format!("first/bin/python3{EXE_SUFFIX}"));
    machine.file(&format!("second/bin/python3{EXE_SUFFIX}"));
    machine.library("second/lib/python3.12/site-packages/onnxruntime/capi", "1.23.0");
    let path = std::env::join_paths(["none/bin", "first/bin", "second/bin"].map(|name| machine.path(name))).unwrap();
    let machine = machine.set("PATH", path.into());
    assert!(machine.locate().is_err());
    let file = machine.library("first/lib/python3.10/dist-packages/onnxruntime/capi", "1.20.1");
    assert_eq!(machine.locate().unwrap(), file);
}

#[cfg(unix)]
#[test]
fn a_python_that_is_a_link_is_followed() {
    let machine = Machine::new();
    let python = machine.file("opt/python3.12/bin/python3.12");
    let file = machine.library("opt/python3.12/lib/python3.12/site-packages/onnxruntime/capi", "1.22.1");
    fs::create_dir_all(machine.path("bin")).unwrap();
    std::os::unix::fs::symlink(python, machine.path("bin/python3")).unwrap();
    let path = machine.path("bin");
    assert_eq!(machine.set("PATH", path).locate().unwrap(), fs::canonicalize(file).unwrap());
}

#[test]
fn the_version_of_python_that_pyenv_would_run_is_found() {
    let machine = Machine::new();
    machine.file(&format!("pyenv/shims/python3{EXE_SUFFIX}"));
    fs::write(machine.path("pyenv/version"), "3.11.7\n").unwrap();
    let library = |version: &str| {
        machine.library(&format!("pyenv/versions/{version}/lib/python3.11/site-packages/onnxruntime/capi"), "1.22.1")
    };
    let (file, other) = (library("3.11.7"), library("3.11.2"));
    let path = machine.path("pyenv/shims");
    let machine = machine.set("PATH", path);
    assert_eq!(machine.locate().unwrap(), file);
    assert_eq!(machine.set("PYENV_VERSION", "3.11.2".into()).locate().unwrap(), other);
}

#[test]
fn a_library_that_pip_installed_for_the_user_is_found() {
    let machine = Machine::new();
    let file = machine.library("home/.local/lib/python3.12/site-packages/onnxruntime/capi", "1.22.1");
    let home = machine.path("home");
    assert_eq!(machine.set("HOME", home).locate().unwrap(), file);
}

#[test]
fn the_newest_library_of_a_folder_is_taken() {
    let machine = Machine::new();
    machine.file(&format!("a/{DLL_PREFIX}onnxruntime{DLL_SUFFIX}"));
    machine.library("a", "1.9.0");
    machine.file("a/libonnxruntime_providers_shared.so");
    let newest = machine.library("a", "1.22.1");
    let folder = machine.path("a");
    assert_eq!(machine.set(VARIABLES[0], folder).locate().unwrap(), newest);
}

#[cfg(not(windows))]
#[test]
fn an_old_library_is_passed_over_where_nobody_named_it_and_refused_where_it_is_all() {
    let machine = Machine::new();
    let old = machine.library("old/lib/python3.10/site-packages/onnxruntime/capi", "1.16.3");
    let (venv, conda) = (machine.path("old"), machine.path("new"));
    let machine = machine.set("VIRTUAL_ENV", venv).set("CONDA_PREFIX", conda);
    let error = machine.refusal();
    assert!(error.contains(&old.display().to_string()) && error.contains("1.16.3 is too old; 1.17.0"), "{error}");
    let new = machine.library("new/lib/python3.10/site-packages/onnxruntime/capi", "1.17.0");
    assert_eq!(machine.locate().unwrap(), new);
    assert!(machine.set(VARIABLES[0], old).refusal().contains("too old"));
}

#[test]
fn the_name_of_a_library_says_its_version() {
    assert_eq!(version("libonnxruntime.so.1.31.1"), Some(Version(1, 31, 1)));
    assert_eq!(version("libonnxruntime.1.17.0.dylib"), Some(Version::LEAST));
    for name in ["libonnxruntime.so", "libonnxruntime.so.1", "onnxruntime.dll", "libonnxruntime_providers_cuda.so"] {
        assert_eq!(version(name), None, "{name}");
    }
}
