//! Compares the panics that firmware links with a committed list of those that cannot be reached.
//!
//! A line of the list is `function | call sites | reason`; lines that begin with `#` are comments. A function stands
//! for itself and for everything that the compiler inlined into it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::image::{Image, Reference};
use crate::steps::Failure;

/// Symbols of allocation, which no image may link.
const ALLOCATION: [&str; 4] = ["__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc", "__rust_dealloc"];

/// A list, and which of its lines the images needed so far.
pub struct Panics {
    path: PathBuf,
    lines: BTreeMap<String, Line>,
}

struct Line {
    count: usize,
    reason: String,
    needed: bool,
}

impl Panics {
    /// Reads a list.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |what: String| Failure::new(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut lines = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let failed = |what: &str| Failure::new(format!("{}, line {}: {what}: {line}", path.display(), index + 1));
            let form = || failed("give: function | call sites | why none can be reached");
            let [function, count, reason] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
                return Err(form());
            };
            let count = count.parse().map_err(|_| form())?;
            if count == 0 || reason.is_empty() {
                return Err(form());
            }
            let entry = Line { count, reason: reason.to_owned(), needed: false };
            if lines.insert(function.to_owned(), entry).is_some() {
                return Err(failed("listed twice"));
            }
        }
        Ok(Self { path: path.to_owned(), lines })
    }

    /// Fails on an image that links an allocator or a panic that is not listed; `package` must be part of the image.
    pub fn check(&mut self, path: &Path, package: &str) -> Result<(), Failure> {
        let image = Image::read(path)?;
        let failed = |what: String| Failure::new(format!("{}: {what}", path.display()));
        // Without symbols or references, any image would pass.
        if !image.symbols.iter().any(|name| name.contains(package)) || image.references.is_empty() {
            return Err(failed("no symbols or references to check: link it with --emit-relocs".to_owned()));
        }
        if let Some(name) = image.symbols.iter().find(|name| ALLOCATION.iter().any(|part| name.contains(part))) {
            return Err(failed(format!("{name} is linked, so something can allocate")));
        }
        self.compare(&callers(&image.references)).map_err(failed)
    }

    fn compare(&mut self, callers: &BTreeMap<&str, usize>) -> Result<(), String> {
        let (mut more, mut wanted) = (String::new(), String::new());
        for (function, found) in callers {
            let line = self.lines.get_mut(*function);
            let listed = line.as_ref().map_or(0, |line| line.count);
            let reason = line.as_ref().map_or("WHY IT CANNOT BE REACHED", |line| &line.reason);
            if *found > listed {
                let _ = write!(more, "\n  {function}: {found} call sites, {listed} listed");
                let _ = write!(wanted, "\n{function} | {found} | {reason}");
            }
            if let Some(line) = line {
                line.needed = true;
            }
        }
        if more.is_empty() {
            return Ok(());
        }
        let path = self.path.display();
        Err(format!("there are panics that are not listed:{more}\nif none can be reached, add to {path}:{wanted}"))
    }

    /// Fails on a line that no image needed.
    pub fn finish(self) -> Result<(), Failure> {
        match self.lines.iter().find(|(_, line)| !line.needed) {
            Some((function, _)) => Err(Failure::new(format!(
                "{}: {function} calls no panic in any image: remove its line",
                self.path.display()
            ))),
            None => Ok(()),
        }
    }
}

/// How often each function outside the core library refers to a function that panics.
fn callers(references: &[Reference]) -> BTreeMap<&str, usize> {
    let pairs = || references.iter().map(|Reference { from, to }| (from.as_str(), to.as_str()));
    let mut machinery: BTreeSet<&str> = pairs().flat_map(|(from, to)| [from, to]).filter(|name| panics(name)).collect();
    // A function of the core library that panics, such as `Result::expect`, counts as a panic of its callers.
    let through = |known: &BTreeSet<_>| pairs().filter(|(_, to)| known.contains(to)).map(|(from, _)| from).collect();
    loop {
        let before = machinery.len();
        let callers: Vec<&str> = through(&machinery);
        machinery.extend(callers.into_iter().filter(|name| is_of_core_library(name)));
        if machinery.len() == before {
            break;
        }
    }
    let mut callers = BTreeMap::new();
    for from in through(&machinery).into_iter().filter(|from| !machinery.contains(from)) {
        *callers.entry(from).or_insert(0) += 1;
    }
    callers
}

fn is_of_core_library(function: &str) -> bool {
    ["core::", "<core::", "<[", "<str>"].iter().any(|start| function.starts_with(start))
}

/// Whether a function does nothing but panic.
fn panics(function: &str) -> bool {
    let last = function.rsplit("::").next().unwrap_or(function);
    function.contains("core::panicking::")
        || last == "rust_begin_unwind"
        || last.contains("panic")
        || last.ends_with("_fail")
        || last.ends_with("_failed")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn list(text: &str) -> Panics {
        Panics::parse(Path::new("panics.txt"), text).ok().unwrap()
    }

    fn message<T>(outcome: Result<T, Failure>) -> String {
        outcome.err().unwrap().message
    }

    #[test]
    fn the_panic_machinery_is_recognised_by_its_names() {
        for function in [
            "core::panicking::panic_fmt",
            "core::panicking::panic_const::panic_const_add_overflow",
            "core::slice::index::slice_index_fail",
            "<[u8]>::copy_from_slice::len_mismatch_fail",
            "core::option::expect_failed",
            "core::result::unwrap_failed",
            "__rustc::rust_begin_unwind",
        ] {
            assert!(panics(function), "{function}");
        }
        assert!(!panics("neural_vault_token::token::Token::run"));
        assert!(!panics("neural_vault_board_support::panic::clear_and_reset"));
    }

    fn reference(from: &str, to: &str) -> Reference {
        Reference { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn a_function_of_the_core_library_panics_for_its_callers() {
        let references = [
            reference("a::b", "core::iter::chain"),
            reference("core::iter::chain", "core::result::Result::expect"),
            reference("core::result::Result::expect", "core::result::unwrap_failed"),
            reference("core::iter::other", "core::iter::chain"),
            reference("a::c", "core::mem::swap"),
        ];
        assert_eq!(callers(&references), BTreeMap::from([("a::b", 1)]));
    }

    #[test]
    fn calls_of_the_panic_machinery_are_counted_by_caller() {
        let references = [
            reference("a::b", "core::option::unwrap_failed"),
            reference("a::b", "core::panicking::panic_fmt"),
            reference("a::b", "a::c"),
            reference("core::option::unwrap_failed", "core::panicking::panic"),
            reference(".rodata", "core::panicking::panic"),
        ];
        assert_eq!(callers(&references), BTreeMap::from([("a::b", 2), (".rodata", 1)]));
    }

    #[test]
    fn a_panic_that_is_not_listed_fails_with_the_line_to_add() {
        let mut panics = list("# why\n\na::b | 1 | it is full\n");
        assert_eq!(panics.compare(&BTreeMap::from([("a::b", 1)])), Ok(()));
        let more = panics.compare(&BTreeMap::from([("a::b", 2)])).unwrap_err();
        assert!(more.contains("a::b: 2 call sites, 1 listed") && more.ends_with("a::b | 2 | it is full"), "{more}");
        let other = panics.compare(&BTreeMap::from([("a::c", 1)])).unwrap_err();
        assert!(other.ends_with("panics.txt:\na::c | 1 | WHY IT CANNOT BE REACHED"), "{other}");
    }

    #[test]
    fn a_line_that_no_image_needs_fails() {
        let mut panics = list("a::b | 2 | it is full\na::c | 1 | it is sorted");
        assert_eq!(panics.compare(&BTreeMap::from([("a::b", 1)])), Ok(()));
        assert!(message(panics.finish()).contains("a::c calls no panic"));
        let mut panics = list("a::b | 2 | it is full");
        assert_eq!(panics.compare(&BTreeMap::from([("a::b", 1)])), Ok(()));
        assert!(panics.finish().is_ok());
    }

    #[test]
    fn a_line_without_a_reason_is_refused_with_its_number() {
        for text in ["a::b", "a::b | 1", "a::b | 1 | ", "a::b | 0 | never", "a::b | x | never"] {
            let message = message(Panics::parse(Path::new("panics.txt"), &format!("# first\n{text}")));
            assert!(message.contains("panics.txt, line 2: give:"), "{message}");
        }
        let twice = "a::b | 1 | never\na::b | 1 | never";
        assert!(message(Panics::parse(Path::new("panics.txt"), twice)).contains("listed twice"));
    }

    #[test]
    fn the_committed_lists_give_their_reasons() {
        for list in ["firmware-example/panics.txt", "firmware-example/images/panics.txt"] {
            assert!(Panics::read(&crate::workspace::root().join(list)).is_ok_and(|panics| !panics.lines.is_empty()));
        }
    }

    #[test]
    fn a_program_without_references_fails() {
        let own = std::env::current_exe().unwrap();
        assert!(message(list("").check(&own, "xtask")).contains("--emit-relocs"));
    }
}
