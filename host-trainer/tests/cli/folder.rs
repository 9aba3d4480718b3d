//! The folder that the command runs in, one for each test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::schemas;

/// The working folder of the commands of one test; deleted at its end.
pub struct Folder(TempDir);

/// The exit code and the output of a command.
pub struct Run {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The command, to be run in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neural-vault"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::new(&mut self.command(arguments))
    }

    /// Runs the command with one environment variable set.
    pub fn run_with(&self, variable: &str, value: impl AsRef<OsStr>, arguments: &[&str]) -> Run {
        Run::new(self.command(arguments).env(variable, value))
    }

    /// Runs the command with these environment variables set.
    pub fn run_in(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
        Run::new(self.command(arguments).envs(environment.iter().copied()))
    }

    /// Runs the command where no file may grow beyond `blocks` of 512 bytes: every write past that fails, as on a full
    /// disk.
    pub fn run_on_full_disk(&self, blocks: u32, arguments: &[&str]) -> Run {
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_neural-vault")]);
        Run::new(shell.args(arguments).current_dir(self.0.path()))
    }

    /// Runs the command as somebody who may read this folder and all in it, and write nothing there.
    ///
    /// What root may do no mode restricts, so root gives up its rights and leaves the program where all may run it.
    #[cfg(unix)]
    pub fn run_read_only(&self, arguments: &[&str]) -> Run {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        use std::os::unix::process::CommandExt;
        const NOBODY: u32 = 65534;
        let change = |file: u32, folder: u32| {
            let mut paths: Vec<PathBuf> = self.contents().into_keys().map(|name| self.0.path().join(name)).collect();
            paths.push(self.0.path().to_owned());
            for path in paths {
                let mode = if path.is_dir() { folder } else { file };
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
        };
        let program = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_neural-vault"));
        if fs::metadata(self.0.path()).unwrap().uid() == 0 {
            let copy = program.path().join("neural-vault");
            // Copied by another process: a thread that starts a command meanwhile would keep the copy open for writing.
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_neural-vault")).arg(&copy).status();
            assert!(copied.unwrap().success());
            fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
            command = Command::new(copy);
            command.uid(NOBODY).gid(NOBODY);
        }
        change(0o444, 0o555);
        let output = command.args(arguments).current_dir(self.0.path()).output();
        change(0o644, 0o755);
        Run::from(output.unwrap())
    }

    /// Runs a command that must succeed.
    pub fn does(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run
    }

    /// Runs a command that must fail with `code`, print each of `says` and leave the folder unchanged.
    pub fn refuses(&self, arguments: &[&str], code: i32, says: &[&str]) {
        let before = self.contents();
        let run = self.run(arguments);
        run.failed(code, says);
        assert_eq!(run.stdout.is_empty(), !arguments.contains(&"--json"), "{arguments:?}: {}", run.stdout);
        assert!(self.contents() == before, "{arguments:?} left {:?}", self.names());
    }

    /// Every file and folder with its bytes, by its path in this folder.
    pub fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.0.path()).unwrap().to_owned();
                found.insert(name, path.is_file().then(|| fs::read(&path).unwrap()));
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found
    }

    /// The paths of [`Folder::contents`].
    pub fn names(&self) -> Vec<String> {
        self.contents().into_keys().map(|path| path.display().to_string()).collect()
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self.0.path()
    }
}

impl From<Output> for Run {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let run = Self { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) };
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }
}

impl Run {
    pub fn new(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// Asserts that the command failed with `code`, printed no result and printed each of `says` as an error.
    ///
    /// Under `--json` the error is a document too.
    pub fn failed(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        if !self.stdout.is_empty() {
            assert_eq!(self.document()["schema"], "neural-vault/error/1", "a command that fails has no result");
        }
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{}", self.stderr);
        for part in says {
            assert!(self.stderr.contains(part), "`{part}` is not in: {}", self.stderr);
        }
    }

    /// The document of a command that succeeded.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.document()
    }

    /// The one JSON document on standard output, which follows its schema.
    pub fn document(&self) -> Value {
        let document = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout));
        schemas::check(&document);
        document
    }
}
