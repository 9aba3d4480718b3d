//! The program and its archive: manual, completions, licences.
//!
//! Equal inputs give an archive of equal bytes: entries are sorted, belong to nobody and have one time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

use super::{licences, read};
use crate::compiler::repeatable;
use crate::crates_io;
use crate::steps::{Failure, Steps};
use crate::workspace::{command, root, target};

/// The version of cargo-auditable.
const AUDITABLE: &str = "0.7.7";

/// Files of the repository that a user of the program needs, and their names in the archive.
const FILES: [(&str, &str); 5] = [
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    // The program holds the demo's recordings.
    ("models/data/haxby/ATTRIBUTION.md", "LICENSE-DEMO-DATA.md"),
];

/// Shells, and the names by which they look for completions of the program.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "neural-vault.bash"),
    ("elvish", "neural-vault.elv"),
    ("fish", "neural-vault.fish"),
    ("powershell", "_neural-vault.ps1"),
    ("zsh", "_neural-vault"),
];

/// A file of the archive.
struct Entry {
    bytes: Vec<u8>,
    is_program: bool,
}

/// The files of an archive by their path in it.
type Entries = BTreeMap<String, Entry>;

/// The folder of builds that can be repeated.
pub fn folder() -> Result<PathBuf, Failure> {
    Ok(target()?.join("repeatable"))
}

/// Builds the program with the list of its packages in it; returns its path.
pub fn build(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let auditable = crates_io::install(steps, "cargo-auditable", AUDITABLE, &[])?;
    let mut build = command(&auditable.to_string_lossy());
    build.args(["auditable", "build", "--release", "--locked", "--package", "neural-vault", "--target-dir"]);
    steps.run("Program", repeatable(build.arg(folder()?))?)?;
    Ok(folder()?.join("release").join(format!("neural-vault{}", std::env::consts::EXE_SUFFIX)))
}

/// The archive of the program, whose name is the folder in it.
pub fn archive(steps: &mut Steps, program: &Path, name: &str, time: u64) -> Result<Vec<u8>, Failure> {
    let mut entries = Entries::new();
    let mut add = |path: &str, bytes: Vec<u8>| {
        entries.insert(format!("{name}/{path}"), Entry { bytes, is_program: false });
    };
    for (file, path) in FILES {
        add(path, read(&root().join(file))?);
    }
    add("LICENSE-THIRD-PARTY.txt", licences::texts(steps, "neural-vault")?.into_bytes());
    for (shell, file) in SHELLS {
        let script = output(program, &["completions", shell])?;
        add(&format!("completions/{file}"), script.into_bytes());
    }
    manual(program, &mut add)?;
    let file = format!("{name}/neural-vault{}", std::env::consts::EXE_SUFFIX);
    entries.insert(file, Entry { bytes: read(program)?, is_program: true });
    packed(&entries, time).map_err(Failure::at(program))
}

/// Adds the manual pages of all commands.
fn manual(program: &Path, add: &mut impl FnMut(&str, Vec<u8>)) -> Result<(), Failure> {
    let folder = folder()?.join("man");
    output(program, &["man", "--force", "-o", &folder.to_string_lossy()])?;
    for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
        let path = entry.map_err(Failure::at(&folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        add(&format!("man/man1/{name}"), read(&path)?);
    }
    fs::remove_dir_all(&folder).map_err(Failure::at(&folder))
}

/// A compressed archive, the same for the same entries and time.
fn packed(entries: &Entries, time: u64) -> std::io::Result<Vec<u8>> {
    let mut builder = Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    for (path, Entry { bytes, is_program }) in entries {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if *is_program { 0o755 } else { 0o644 });
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        builder.append_data(&mut header, path, &bytes[..])?;
    }
    builder.into_inner()?.finish()
}

fn output(program: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = command(&program.to_string_lossy()).args(arguments).output().map_err(Failure::at(program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{} {}: {said}", program.display(), arguments.join(" "))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    #[test]
    fn an_archive_is_the_same_for_the_same_files_and_time() {
        let entry = |text: &str, is_program| Entry { bytes: text.as_bytes().to_vec(), is_program };
        let entries = Entries::from([("a/z".to_owned(), entry("1", true)), ("a/b".to_owned(), entry("22", false))]);
        let bytes = packed(&entries, 1_700_000_000).unwrap();
        assert!(bytes == packed(&entries, 1_700_000_000).unwrap());
        let mut archive = tar::Archive::new(GzDecoder::new(&bytes[..]));
        let listed = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let numbers =
                (header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap(), header.size().unwrap());
            (entry.path().unwrap().display().to_string(), numbers)
        });
        let expected =
            [("a/b".to_owned(), (0o644, 1_700_000_000, 0, 2)), ("a/z".to_owned(), (0o755, 1_700_000_000, 0, 1))];
        assert!(listed.eq(expected));
    }
}
