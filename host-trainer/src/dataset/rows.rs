//! Rows of features with their label, session and time, and the scans made of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use super::error::DatasetError;
use super::names::tidy;

/// Rows of features, ordered by (label, session, timestep).
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The file or folder that it was read from, for messages.
    pub origin: PathBuf,
    /// Label names, sorted by code point; [`Row::label`] is an index into them.
    pub labels: Vec<String>,
    /// Session names, sorted; one empty name where the file has no sessions.
    pub sessions: Vec<String>,
    /// Features per row.
    pub features: usize,
    /// Label, session and time of each row.
    pub rows: Vec<Row>,
    /// `rows.len()` x `features`, row-major, as read: a missing value is NaN.
    pub values: Vec<f32>,
    /// Warnings about a file that could be read.
    pub notes: Vec<String>,
}

/// Label, session and time of one row of a [`Dataset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Index into [`Dataset::labels`].
    pub label: u32,
    /// Index into [`Dataset::sessions`].
    pub session: u32,
    /// Time as the file has it, in steps.
    pub timestep: i64,
    /// Number of its run, from 0: gaps in time divide a recording into runs.
    pub run: u32,
}

/// One recording: the rows of one (label, session), in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Index into [`Dataset::labels`].
    pub label: u32,
    /// Index into [`Dataset::sessions`].
    pub session: u32,
    /// Rows of the dataset.
    pub rows: Range<usize>,
}

impl Dataset {
    /// The features of one row.
    ///
    /// # Panics
    /// When `row` is not below `rows.len()`.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.features..(row + 1) * self.features]
    }

    /// The recordings, one per (label, session) that has rows, in row order.
    pub fn scans(&self) -> Vec<Scan> {
        let mut start = 0;
        self.rows
            .chunk_by(|a, b| (a.label, a.session) == (b.label, b.session))
            .map(|rows| {
                let scan = Scan { label: rows[0].label, session: rows[0].session, rows: start..start + rows.len() };
                start = scan.rows.end;
                scan
            })
            .collect()
    }

    /// The features of a recording, frames x features, row-major.
    ///
    /// # Panics
    /// When the scan's rows are not in this dataset.
    pub fn scan_values(&self, scan: &Scan) -> &[f32] {
        &self.values[scan.rows.start * self.features..scan.rows.end * self.features]
    }

    /// A copy with the rows of the named sessions; labels keep their indices, sessions are renumbered.
    ///
    /// # Errors
    /// [`DatasetError::UnknownName`] when a session is not there.
    pub fn restrict_sessions<N: AsRef<str>>(&self, names: &[N]) -> Result<Dataset, DatasetError> {
        let (sessions, map) = self.choose("session", &self.sessions, names)?;
        let rows = self.pick(|row| map[row.session as usize].map(|session| Row { session, ..row }));
        Ok(Dataset { sessions, ..rows })
    }

    /// The named sessions as the recordings write them, each once.
    ///
    /// # Errors
    /// [`DatasetError::UnknownName`] when a session is not there.
    pub fn known_sessions<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<String>, DatasetError> {
        let mut known = self.known("session", &self.sessions, names)?;
        let mut seen = BTreeSet::new();
        known.retain(|name| seen.insert(name.clone()));
        Ok(known)
    }

    /// A copy with the rows of the named labels; labels are renumbered, sessions keep their indices.
    ///
    /// # Errors
    /// [`DatasetError::UnknownName`] when a label is not there.
    pub fn restrict_labels<N: AsRef<str>>(&self, names: &[N]) -> Result<Dataset, DatasetError> {
        let (labels, map) = self.choose("label", &self.labels, names)?;
        let rows = self.pick(|row| map[row.label as usize].map(|label| Row { label, ..row }));
        Ok(Dataset { labels, ..rows })
    }

    fn known<N: AsRef<str>>(
        &self,
        kind: &'static str,
        all: &[String],
        names: &[N],
    ) -> Result<Vec<String>, DatasetError> {
        let names: Vec<String> = names.iter().map(|name| tidy(name.as_ref()).into_owned()).collect();
        match names.iter().find(|name| !all.contains(name)) {
            None => Ok(names),
            Some(name) => {
                let (file, name, found) = (self.origin.clone(), name.clone(), all.to_vec());
                Err(DatasetError::UnknownName { file, kind, name, found })
            }
        }
    }

    fn choose<N: AsRef<str>>(
        &self,
        kind: &'static str,
        all: &[String],
        names: &[N],
    ) -> Result<(Vec<String>, Vec<Option<u32>>), DatasetError> {
        let names = self.known(kind, all, names)?;
        let mut kept = Vec::new();
        let map = all
            .iter()
            .map(|known| {
                names.contains(known).then(|| {
                    kept.push(known.clone());
                    kept.len() as u32 - 1
                })
            })
            .collect();
        Ok((kept, map))
    }

    /// A copy with the rows at `rows`, in that order; labels and sessions keep their indices.
    ///
    /// # Panics
    /// When a row is not below `rows.len()`.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Dataset {
        let mut selected = self.header();
        for &row in rows {
            selected.rows.push(self.rows[row]);
            selected.values.extend_from_slice(self.row(row));
        }
        selected
    }

    fn pick(&self, keep: impl Fn(Row) -> Option<Row>) -> Dataset {
        let mut picked = Dataset { rows: Vec::new(), values: Vec::new(), ..self.header() };
        for (index, &row) in self.rows.iter().enumerate() {
            if let Some(row) = keep(row) {
                picked.rows.push(row);
                picked.values.extend_from_slice(self.row(index));
            }
        }
        picked
    }

    fn header(&self) -> Dataset {
        Dataset {
            origin: self.origin.clone(),
            labels: self.labels.clone(),
            sessions: self.sessions.clone(),
            features: self.features,
            rows: Vec::new(),
            values: Vec::new(),
            notes: self.notes.clone(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    #[test]
    fn scans_are_the_rows_of_one_label_and_session() {
        let dataset =
            Synthetic { classes: 2, timesteps: 3, features: 4, sessions: 2, noise: 1.0, seed: 1 }.recordings();
        let scans = dataset.scans();
        assert_eq!(scans.len(), 4);
        assert_eq!(scans[1], Scan { label: 0, session: 1, rows: 3..6 });
        assert_eq!(dataset.scan_values(&scans[1])[4..8], *dataset.row(4));
    }

    #[test]
    fn restricting_sessions_keeps_label_indices() {
        let dataset =
            Synthetic { classes: 2, timesteps: 3, features: 4, sessions: 3, noise: 1.0, seed: 1 }.recordings();
        let some = dataset.restrict_sessions(&["run02", "run00"]).unwrap();
        assert_eq!(some.labels, dataset.labels);
        assert_eq!(some.sessions, ["run00", "run02"]);
        assert_eq!(some.scans().len(), 4);
        assert_eq!(some.scan_values(&some.scans()[3]), dataset.scan_values(&dataset.scans()[5]));
        assert_eq!(some.scans()[3].session, 1);
    }

    #[test]
    fn restricting_labels_renumbers_them() {
        let dataset =
            Synthetic { classes: 3, timesteps: 2, features: 4, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let some = dataset.restrict_labels(&["class02"]).unwrap();
        assert_eq!(some.labels, ["class02"]);
        assert_eq!(some.rows[1], Row { label: 0, session: 0, timestep: 1, run: 0 });
        assert_eq!(some.row(1), dataset.row(5));
    }

    #[test]
    fn a_name_is_found_whatever_its_form_in_unicode() {
        let mut dataset =
            Synthetic { classes: 2, timesteps: 1, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        dataset.labels[0] = "Zo\u{eb}".to_owned();
        assert_eq!(dataset.restrict_labels(&[" Zoe\u{308}"]).unwrap().labels, ["Zo\u{eb}"]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_a_list_of_the_known_ones() {
        let message = Synthetic { classes: 2, timesteps: 1, features: 1, sessions: 2, noise: 1.0, seed: 1 }
            .recordings()
            .restrict_sessions(&["run7"])
            .unwrap_err()
            .to_string();
        assert_eq!(message, "synthetic: no session `run7`; there are `run00`, `run01`");
    }
}
