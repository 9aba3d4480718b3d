//! Names of labels and sessions, brought to one form and numbered.

use std::borrow::Cow;
use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::escape::Escaped;

/// Names that a note lists.
const LISTED: usize = 3;

/// What pandas takes for a missing value.
pub(super) const MISSING: &[&[u8]] = &[
    b"",
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"-NaN",
    b"-nan",
    b"1.#IND",
    b"1.#QNAN",
    b"<NA>",
    b"N/A",
    b"NA",
    b"NULL",
    b"NaN",
    b"None",
    b"n/a",
    b"nan",
    b"null",
];

/// Distinct names in the order of their first appearance.
///
/// Names that differ only in white space around them, or only in Unicode's two forms of accented letters, are one name.
#[derive(Default)]
pub(super) struct Names {
    names: Vec<String>,
    /// By the name as it was written.
    index: HashMap<String, u32>,
    trimmed: Vec<String>,
}

impl Names {
    /// The number of a name, the next one where it is new.
    pub(super) fn number(&mut self, written: &str) -> u32 {
        if let Some(&number) = self.index.get(written) {
            return number;
        }
        let name = tidy(written);
        if written != written.trim() {
            self.trimmed.push(written.to_owned());
        }
        let number = match self.index.get(name.as_ref()) {
            Some(&number) => number,
            None => {
                self.names.push(name.clone().into_owned());
                self.names.len() as u32 - 1
            }
        };
        self.index.insert(written.to_owned(), number);
        self.index.insert(name.into_owned(), number);
        number
    }

    /// The name of a number.
    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// The names sorted by code point, as Python's `sorted` does, and the rank of each number.
    pub(super) fn sorted(&self) -> (Vec<String>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_unstable_by_key(|&number| &self.names[number]);
        let mut rank = vec![0; order.len()];
        for (place, &number) in order.iter().enumerate() {
            rank[number] = place as u32;
        }
        (order.into_iter().map(|number| self.names[number].clone()).collect(), rank)
    }

    /// A note about the names that had white space around them; `kind` is their plural, such as `labels`.
    pub(super) fn note(&self, origin: &str, kind: &str) -> Option<String> {
        let listed: Vec<String> = self.trimmed.iter().take(LISTED).map(|name| format!("`{}`", Escaped(name))).collect();
        let more = match self.trimmed.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = || format!("{origin}: white space around {kind} is left out: {}{more}", listed.join(", "));
        (!listed.is_empty()).then(text)
    }
}

/// A name without white space around it, in Unicode's composed form (NFC).
pub(crate) fn tidy(name: &str) -> Cow<'_, str> {
    let trimmed = name.trim();
    if is_nfc(trimmed) { trimmed.into() } else { trimmed.nfc().collect::<String>().into() }
}

/// Whether text without white space around it is one of pandas' spellings of a missing value.
pub(super) fn is_missing(text: &[u8]) -> bool {
    MISSING.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_as_they_appear_and_sorted_by_code_point() {
        let mut names = Names::default();
        assert_eq!(["b", "a", "b", "Z"].map(|name| names.number(name)), [0, 1, 0, 2]);
        assert_eq!(names.sorted(), (vec!["Z".to_owned(), "a".to_owned(), "b".to_owned()], vec![2, 1, 0]));
        assert_eq!(names.note("x.csv", "labels"), None);
    }

    #[test]
    fn white_space_around_a_name_is_left_out_with_a_note() {
        let mut names = Names::default();
        assert_eq!(["ada ", "ada", "\tada", "\u{a0}ada", " a b "].map(|name| names.number(name)), [0, 0, 0, 0, 1]);
        assert_eq!(names.name(1), "a b");
        let note = "x.csv: white space around labels is left out: `ada `, `\\tada`, `\u{a0}ada` and 1 more";
        assert_eq!(names.note("x.csv", "labels").as_deref(), Some(note));
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_name() {
        let mut names = Names::default();
        assert_eq!(["Zoe\u{308}", "Zo\u{eb}"].map(|name| names.number(name)), [0, 0]);
        assert_eq!(names.name(0), "Zo\u{eb}");
        assert_eq!(names.note("x.csv", "labels"), None);
    }
}
