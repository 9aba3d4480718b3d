//! Which feature each value is, where a file names its features.
//!
//! Features are ordered by their names, whatever the order of the lines: numbers by their value, other names by the text
//! before their last digits and then by the number that these are (`v2` before `v10`). Where several columns name a
//! feature (a hemisphere and a vertex; x, y and z) the first column counts most.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::names::is_missing;

/// Separates the columns of a name.
pub(super) const BETWEEN: u8 = b'/';

/// The features of a file and of each of its values.
#[derive(Default)]
pub(super) struct Features {
    /// The column or columns that name them, for messages.
    column: String,
    /// The names as first written, in the order of their first appearance.
    names: Vec<String>,
    keys: Vec<Vec<Part>>,
    /// By the name as written.
    index: HashMap<Vec<u8>, u32>,
    /// By the key, which `3` and `3.0` share.
    numbers: HashMap<Vec<Part>, u32>,
    /// The feature of each value, in the order of the file.
    of_value: Vec<u32>,
    /// The feature expected next, because most files repeat one order.
    next: u32,
}

/// A cell that names no feature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoName;

/// One column's part of a name, as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Part {
    text: String,
    number: Number,
}

/// A number, or the absence of one (-infinity), ordered by value.
#[derive(Debug, Clone, Copy)]
struct Number(f64);

impl Features {
    pub(super) fn new(column: String) -> Self {
        Self { column, ..Self::default() }
    }

    /// Expects the first feature next, at the beginning of a group.
    pub(super) fn begin_group(&mut self) {
        self.next = 0;
    }

    /// Appends the feature of the next value.
    ///
    /// # Errors
    /// [`NoName`], of text that [`is_name`] refuses.
    pub(super) fn push(&mut self, name: &[u8]) -> Result<(), NoName> {
        let number = match self.names.get(self.next as usize) {
            Some(expected) if expected.as_bytes() == name => self.next,
            _ => self.number(name)?,
        };
        self.of_value.push(number);
        self.next = number + 1;
        Ok(())
    }

    /// The number of features.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// The features of these values of the file.
    pub(super) fn of_values(&self, values: Range<usize>) -> &[u32] {
        &self.of_value[values]
    }

    /// A feature's name.
    fn name(&self, feature: u32) -> &str {
        &self.names[feature as usize]
    }

    /// A feature as messages name it, such as "vertex `17`".
    pub(super) fn shown(&self, feature: u32) -> String {
        format!("{} `{}`", self.column, self.name(feature))
    }

    /// The place of each feature among all.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_by(|&a, &b| self.keys[a].cmp(&self.keys[b]));
        let mut ranks = vec![0; order.len()];
        for (rank, feature) in order.into_iter().enumerate() {
            ranks[feature] = rank as u32;
        }
        ranks
    }

    fn number(&mut self, name: &[u8]) -> Result<u32, NoName> {
        if let Some(&number) = self.index.get(name) {
            return Ok(number);
        }
        let text = std::str::from_utf8(name).map_err(|_| NoName)?;
        if !name.split(|&byte| byte == BETWEEN).all(is_name) {
            return Err(NoName);
        }
        let key: Vec<Part> = text.split(char::from(BETWEEN)).map(Part::new).collect();
        let number = match self.numbers.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let number = self.names.len() as u32;
                self.names.push(text.trim().to_owned());
                self.keys.push(new.key().clone());
                *new.insert(number)
            }
        };
        self.index.insert(name.to_owned(), number);
        Ok(number)
    }
}

/// Whether a cell names a feature: text, and not a missing value.
pub(super) fn is_name(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|cell| !is_missing(cell.trim().as_bytes()))
}

impl Part {
    fn new(cell: &str) -> Self {
        let cell = cell.trim();
        if let Some(number) = cell.parse().ok().filter(|number: &f64| number.is_finite()) {
            return Self { text: String::new(), number: Number(number) };
        }
        let text = cell.trim_end_matches(|character: char| character.is_ascii_digit());
        let number = cell[text.len()..].parse().unwrap_or(f64::NEG_INFINITY);
        Self { text: text.to_owned(), number: Number(number) }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        // Zero is added so that -0 and 0 are one number.
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0 + 0.0).to_bits().hash(state);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ranked(names: &[&str]) -> Vec<String> {
        let mut features = Features::new("vertex".to_owned());
        names.iter().for_each(|name| features.push(name.as_bytes()).unwrap());
        let mut order: Vec<(u32, u32)> = features.ranks().into_iter().zip(0..).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, feature)| features.name(feature).to_owned()).collect()
    }

    #[test]
    fn numbers_are_ordered_by_value_and_names_by_text_and_number() {
        assert_eq!(ranked(&["10", "9", "-1", "2.5"]), ["-1", "2.5", "9", "10"]);
        assert_eq!(ranked(&["v10", "v2", "Cz", "v", "Fp1", "3"]), ["3", "Cz", "Fp1", "v", "v2", "v10"]);
        assert_eq!(ranked(&["R/2", "L/10", "L/9", "R/1"]), ["L/9", "L/10", "R/1", "R/2"]);
    }

    #[test]
    fn one_number_written_in_two_ways_is_one_feature() {
        assert_eq!(ranked(&["3", "3.0", "03", "0", "-0"]), ["0", "3"]);
    }

    #[test]
    fn the_feature_of_each_value_is_kept() {
        let mut features = Features::new("vertex".to_owned());
        for name in ["b", "a"] {
            features.push(name.as_bytes()).unwrap();
        }
        features.begin_group();
        for name in ["b", "c", "a"] {
            features.push(name.as_bytes()).unwrap();
        }
        assert_eq!(features.of_values(0..5), [0, 1, 0, 2, 1]);
        assert_eq!([&b""[..], b"NA", b"L/", b"\xff"].map(|name| features.push(name)), [const { Err(NoName) }; 4]);
    }
}
