//! What a release consists of: an archive of the program with its manual, completions and licences, the Python package's
//! wheel, the token's images, a bill of materials for each, a manifest of how they were made, and checksums.
//!
//! Equal inputs give equal bytes, in every folder and of every user. The time of the program's archive is that of
//! `SOURCE_DATE_EPOCH` or of the commit. Nothing is published.

mod audit;
mod bom;
mod licences;
mod manifest;
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::compiler::repeatable;
use crate::package::version;
use crate::steps::{Failure, Steps};
use crate::thumb::{TARGET, Toolchain};
use crate::workspace::{command, root, target};
use crate::{firmware, python};
use bom::Selection;

/// The parts of a release, in the order in which they are made.
pub const PARTS: [&str; 3] = ["images", "program", "wheel"];

/// The files of a release by their names.
type Artefacts = BTreeMap<String, Vec<u8>>;

/// Makes these parts, or all if none is given, and writes them to `archives` below the target folder.
pub fn run(parts: &[String]) -> Result<(), Failure> {
    known(parts)?;
    let has = |part: &str| parts.is_empty() || parts.iter().any(|chosen| chosen == part);
    let mut steps = Steps::new();
    let (version, time) = (version()?, time()?);
    let mut artefacts = Artefacts::new();
    let mut toolchain = None;
    if has("images") {
        toolchain = Some(images(&mut steps, &version, &mut artefacts)?);
    }
    if has("program") {
        program(&mut steps, &version, time, &mut artefacts)?;
    }
    if has("wheel") {
        wheel(&mut steps, &mut artefacts)?;
    }
    let manifest = manifest::document(&mut steps, &artefacts, toolchain.as_ref(), time, &version)?;
    artefacts.insert("build.json".to_owned(), manifest.into_bytes());
    let sums: String = artefacts.iter().map(|(file, bytes)| format!("{}  {file}\n", digest(bytes))).collect();
    artefacts.insert("SHA256SUMS".to_owned(), sums.clone().into_bytes());

    let folder = folder()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    for (file, bytes) in &artefacts {
        let file = folder.join(file);
        fs::write(&file, bytes).map_err(Failure::at(&file))?;
    }
    steps.summary();
    println!("\n{}\n{sums}", folder.display());
    Ok(())
}

/// Refuses parts that a release does not have.
pub fn known(parts: &[String]) -> Result<(), Failure> {
    match parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        Some(part) => Err(Failure { message: format!("no part {part}; there are {}", PARTS.join(", ")), status: 2 }),
        None => Ok(()),
    }
}

/// The folder of a release.
fn folder() -> Result<PathBuf, Failure> {
    Ok(target()?.join("archives"))
}

/// The token's images, each with its bill of materials.
fn images(steps: &mut Steps, version: &str, artefacts: &mut Artefacts) -> Result<Toolchain, Failure> {
    let (toolchain, images) = firmware::released(steps)?;
    for image in images {
        let selection = Selection {
            manifest: "firmware-example/Cargo.toml",
            package: &image.package,
            features: &image.features,
            target: TARGET,
        };
        let packages = selection.packages(steps)?;
        let name = format!("neural-vault-token-{version}-{}", image.name);
        let bill = selection.bill(&packages, &name, "firmware", &digest(&image.bytes))?;
        artefacts.insert(format!("{name}.elf"), image.bytes);
        artefacts.insert(format!("{name}.cdx.json"), bill.into_bytes());
    }
    Ok(toolchain)
}

/// The archive of the program for this machine, with the bill of materials of the program.
fn program(steps: &mut Steps, version: &str, time: u64, artefacts: &mut Artefacts) -> Result<(), Failure> {
    let host = host(steps)?;
    let program = program::build(steps)?;
    let bytes = read(&program)?;
    let selection = Selection { manifest: "Cargo.toml", package: "neural-vault", features: &[], target: &host };
    let packages = selection.packages(steps)?;
    let listed = audit::compare(&bytes, &packages)?;
    eprintln!("{} components; the program lists {listed} packages", packages.others.len());
    let name = format!("neural-vault-{version}-{host}");
    let bill = selection.bill(&packages, "neural-vault", "application", &digest(&bytes))?;
    artefacts.insert(format!("{name}.cdx.json"), bill.into_bytes());
    artefacts.insert(format!("{name}.tar.gz"), program::archive(steps, &program, &name, time)?);
    Ok(())
}

/// The Python package's wheel, with the licences of what is compiled into it, and its bill of materials.
fn wheel(steps: &mut Steps, artefacts: &mut Artefacts) -> Result<(), Failure> {
    // For the build alone: its manifest takes all licences that lie beside it.
    let file = root().join("python/LICENSE-THIRD-PARTY.txt");
    let texts = licences::texts(steps, "neural-vault-python")?;
    fs::write(&file, texts).map_err(Failure::at(&file))?;
    let wheel = python::wheel_by(steps, |maturin| {
        maturin.env("CARGO_TARGET_DIR", program::folder()?);
        repeatable(maturin).map(drop)
    });
    fs::remove_file(&file).map_err(Failure::at(&file))?;
    let wheel = wheel?;
    let (bytes, name) = (read(&wheel)?, wheel.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let host = host(steps)?;
    let selection = Selection { manifest: "Cargo.toml", package: "neural-vault-python", features: &[], target: &host };
    let packages = selection.packages(steps)?;
    let bill = selection.bill(&packages, "neural_vault", "library", &digest(&bytes))?;
    artefacts.insert(format!("{}.cdx.json", name.trim_end_matches(".whl")), bill.into_bytes());
    artefacts.insert(name, bytes);
    Ok(())
}

/// Seconds since 1970 of the files of an archive.
pub fn time() -> Result<u64, Failure> {
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

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(Failure::at(path))
}
