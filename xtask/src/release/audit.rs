//! The list of packages that cargo-auditable puts into a program, read back from it.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;
use object::{Object, ObjectSection};
use serde_json::Value;

use super::bom::Packages;
use crate::steps::Failure;

/// The section that holds the list, compressed.
const SECTION: &str = ".dep-v0";

/// Checks that the list in a program has all of its bill of materials; returns how many packages it has beside the
/// program's own.
///
/// It has more: what cargo's metadata names for features of packages that are off.
pub fn compare(program: &[u8], packages: &Packages) -> Result<usize, Failure> {
    let listed = listed(program)?;
    let billed = packages.others.iter().map(|(package, part)| (format!("{} {}", package.name, package.version), *part));
    let is_listed = |package: &str, is_part: bool| listed.get(package).is_some_and(|listed| *listed || !is_part);
    let missing = billed.filter(|(package, is_part)| !is_listed(package, *is_part)).map(|(package, _)| package);
    let missing: Vec<String> = missing.collect();
    if missing.is_empty() {
        return Ok(listed.len());
    }
    Err(Failure::new(format!("the program does not list {}", missing.join(", "))))
}

/// The packages of the list as `NAME VERSION`, and whether each is part of the program.
fn listed(program: &[u8]) -> Result<BTreeMap<String, bool>, Failure> {
    let unread = |error: &dyn std::fmt::Display| Failure::new(format!("the program's list of packages: {error}"));
    let file = object::File::parse(program).map_err(|error| unread(&error))?;
    let section = file.section_by_name(SECTION).ok_or_else(|| unread(&"there is none"))?;
    let mut text = String::new();
    let compressed = section.data().map_err(|error| unread(&error))?;
    ZlibDecoder::new(compressed).read_to_string(&mut text).map_err(|error| unread(&error))?;
    let list: Value = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    let packages = list["packages"].as_array().ok_or_else(|| unread(&"it names no packages"))?;
    let others = packages.iter().filter(|package| package["root"] != true);
    let read = |package: &Value| {
        let name = format!("{} {}", package["name"].as_str()?, package["version"].as_str()?);
        Some((name, package["kind"] != "build"))
    };
    others.map(|package| read(package).ok_or_else(|| unread(&package))).collect()
}
