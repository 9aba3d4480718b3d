//! The reports of memcheck: which line of which file each is about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A branch or an address that depends on a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file: below the project's root, or the name of a dependency and the path in it.
    pub file: String,
    pub line: usize,
    /// The line itself.
    pub text: String,
    /// The function.
    pub function: String,
}

/// The places of all reports, each once: the innermost frame that is not the standard library's.
///
/// # Errors
/// A report has no such frame.
pub fn places(log: &str, root: &Path) -> Result<BTreeSet<Place>, String> {
    let mut places = BTreeSet::new();
    let mut is_found = true;
    for line in log.lines() {
        let text = line.split_once("== ").map_or("", |(_, text)| text);
        if text.starts_with("Conditional jump")
            || text.starts_with("Use of uninit")
            || text.starts_with("Syscall param")
        {
            if !is_found {
                break;
            }
            is_found = false;
        } else if !is_found && let Some(place) = place(text, root) {
            places.insert(place);
            is_found = true;
        }
    }
    if is_found { Ok(places) } else { Err("memcheck reports something of which no line is known".to_owned()) }
}

/// The place of a frame, as `at 0x1234: function (/path/file.rs:12)`.
fn place(frame: &str, root: &Path) -> Option<Place> {
    let (_, named) = frame.trim_start().split_once(": ")?;
    let (function, at) = named.rsplit_once(" (")?;
    let (path, line) = at.strip_suffix(')')?.rsplit_once(':')?;
    let line: usize = line.parse().ok().filter(|line| *line > 0)?;
    let path = fs::canonicalize(path).ok()?;
    let text = fs::read_to_string(&path).ok()?.lines().nth(line - 1)?.trim().to_owned();
    let file = match path.strip_prefix(root) {
        Ok(file) => file.to_string_lossy().into_owned(),
        Err(_) => of_dependency(&path.to_string_lossy())?,
    };
    Some(Place { file, line, text, function: function.to_owned() })
}

/// `name/src/file.rs` of `.../registry/src/index/name-1.2.3/src/file.rs`.
fn of_dependency(path: &str) -> Option<String> {
    let (_, below) = path.split_once("/registry/src/")?;
    let (_, below) = below.split_once('/')?;
    let (package, file) = below.split_once('/')?;
    let (name, _version) = package.rsplit_once('-')?;
    Some(format!("{name}/{file}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_about_the_innermost_line_that_is_not_of_the_standard_library() {
        let root = fs::canonicalize(crate::workspace::root()).unwrap();
        let file = root.join("core/src/prototype.rs");
        let log = format!(
            "==7== Conditional jump or move depends on uninitialised value(s)\n\
             ==7==    at 0x1: max (/rustc/1/library/core/src/num/f32.rs:992)\n\
             ==7==    by 0x2: fold (prototype.rs:0)\n\
             ==7==    by 0x3: round ({0}:1)\n==7==    by 0x4: main ({0}:2)\n==7== \n",
            file.display()
        );
        let places: Vec<Place> = places(&log, &root).unwrap().into_iter().collect();
        let [Place { file, line: 1, text, function }] = &places[..] else { panic!("{places:?}") };
        assert_eq!((file.as_str(), function.as_str()), ("core/src/prototype.rs", "round"));
        assert!(text.starts_with("//! Prototypes in one byte"));
    }

    #[test]
    fn a_file_of_a_dependency_is_named_without_its_version() {
        let path = "/home/a/.cargo/registry/src/index.crates.io-1/noise-protocol-0.2.0/src/cipherstate.rs";
        assert_eq!(of_dependency(path).unwrap(), "noise-protocol/src/cipherstate.rs");
    }
}
