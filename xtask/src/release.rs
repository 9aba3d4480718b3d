//! What a release consists of: an archive of the program with its manual, completions and licences, the Python package's
//! wheel, and a file of checksums.
//!
//! Equal inputs give an archive of equal bytes: entries are sorted, belong to nobody and have one time, that of
//! `SOURCE_DATE_EPOCH` or of the commit. Nothing is published.

mod licences;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use crate::package::version;
use crate::python;
use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command, root, target};

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

/// Builds the program and writes its archive for this machine, with checksums, to `archives` below the target folder.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    steps.run("Program", &mut cargo(&["build", "--release", "--locked", "--package", "neural-vault"]))?;
    let program = target()?.join("release").join(format!("neural-vault{}", std::env::consts::EXE_SUFFIX));
    let name = format!("neural-vault-{}-{}", version()?, host(&mut steps)?);

    let mut entries = Entries::new();
    let mut add = |path: &str, bytes: Vec<u8>| {
        entries.insert(format!("{name}/{path}"), Entry { bytes, is_program: false });
    };
    for (file, path) in FILES {
        add(path, read(&root().join(file))?);
    }
    add("LICENSE-THIRD-PARTY.txt", licences::texts(&mut steps, "neural-vault")?.into_bytes());
    for (shell, file) in SHELLS {
        let script = output(&program, &["completions", shell])?;
        add(&format!("completions/{file}"), script.into_bytes());
    }
    manual(&program, &mut add)?;
    let file = format!("{name}/neural-vault{}", std::env::consts::EXE_SUFFIX);
    entries.insert(file, Entry { bytes: read(&program)?, is_program: true });

    let folder = target()?.join("archives");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let bytes = archive(&entries, time()?).map_err(Failure::at(&folder))?;
    let file = format!("{name}.tar.gz");
    write(&folder.join(&file), &bytes)?;
    let wheel = wheel(&mut steps)?;
    let package = wheel.file_name().unwrap_or_default().to_string_lossy();
    let package_bytes = read(&wheel)?;
    write(&folder.join(&*package), &package_bytes)?;
    let sums = format!("{}  {file}\n{}  {package}\n", digest(&bytes), digest(&package_bytes));
    write(&folder.join("SHA256SUMS"), sums.as_bytes())?;
    steps.summary();
    println!("\n{} ({} files, {} bytes)\n{sums}", folder.join(file).display(), entries.len(), bytes.len());
    Ok(())
}

/// The Python package's wheel, with the licences of what is compiled into it.
fn wheel(steps: &mut Steps) -> Result<PathBuf, Failure> {
    // For the build alone: its manifest takes all licences that lie beside it.
    let file = root().join("python/LICENSE-THIRD-PARTY.txt");
    write(&file, licences::texts(steps, "neural-vault-python")?.as_bytes())?;
    let wheel = python::wheel(steps);
    fs::remove_file(&file).map_err(Failure::at(&file))?;
    wheel
}

/// Adds the manual pages of all commands.
fn manual(program: &Path, add: &mut impl FnMut(&str, Vec<u8>)) -> Result<(), Failure> {
    let folder = target()?.join("archives/man");
    output(program, &["man", "--force", "-o", &folder.to_string_lossy()])?;
    for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
        let path = entry.map_err(Failure::at(&folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        add(&format!("man/man1/{name}"), read(&path)?);
    }
    fs::remove_dir_all(&folder).map_err(Failure::at(&folder))
}

/// A compressed archive, the same for the same entries and time.
fn archive(entries: &Entries, time: u64) -> std::io::Result<Vec<u8>> {
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

/// Seconds since 1970 of the archive's files.
fn time() -> Result<u64, Failure> {
    let said = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(said) => said,
        Err(_) => {
            let log = command("git").args(["log", "-1", "--format=%ct"]).output();
            log.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
        }
    };
    let unknown =
        || Failure::new("no commit to take the time from: set SOURCE_DATE_EPOCH to seconds since 1970".to_owned());
    said.trim().parse().map_err(|_| unknown())
}

/// The target triple of this machine.
pub fn host(steps: &mut Steps) -> Result<String, Failure> {
    let said = steps.output("Compiler", command("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc names no host".to_owned()))
}

fn output(program: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = command(&program.to_string_lossy()).args(arguments).output().map_err(Failure::at(program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{} {}: {said}", program.display(), arguments.join(" "))))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(Failure::at(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::File::create(path).and_then(|mut file| file.write_all(bytes)).map_err(Failure::at(path))
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
        let bytes = archive(&entries, 1_700_000_000).unwrap();
        assert!(bytes == archive(&entries, 1_700_000_000).unwrap());
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
