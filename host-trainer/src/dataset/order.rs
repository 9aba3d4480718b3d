//! Rows put into the order of a dataset, and datasets joined to one.

use std::collections::HashMap;
use std::path::PathBuf;

use super::error::DatasetError;
use super::names::Names;
use super::rows::{Dataset, Row};
use crate::escape;

/// Rows of one file with their names, in any order.
pub(super) struct Unordered {
    /// The file.
    pub(super) origin: PathBuf,
    pub(super) labels: Names,
    pub(super) sessions: Names,
    /// Label and session are numbers of `labels` and `sessions`.
    pub(super) rows: Vec<Row>,
    /// Features per row.
    pub(super) features: usize,
    /// `rows.len()` x `features`, row-major.
    pub(super) values: Vec<f32>,
    pub(super) notes: Vec<String>,
}

/// Two rows of one label, session and timestep, by their numbers; the later one second.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twins(pub(super) usize, pub(super) usize);

impl Unordered {
    /// The rows ordered by (label, session, timestep); values that are in order already are not copied.
    ///
    /// # Errors
    /// [`Twins`] of rows that the order cannot distinguish.
    pub(super) fn into_dataset(self) -> Result<Dataset, Twins> {
        let (labels, label_rank) = self.labels.sorted();
        let (sessions, session_rank) = self.sessions.sorted();
        let ranked = self.rows.iter().map(|row| Row {
            label: label_rank[row.label as usize],
            session: session_rank[row.session as usize],
            ..*row
        });
        let mut order: Vec<(Row, usize)> = ranked.zip(0..).collect();
        let mut values = self.values;
        if !order.is_sorted() {
            order.sort_unstable();
            let mut moved = Vec::with_capacity(values.len());
            for &(_, from) in &order {
                moved.extend_from_slice(&values[from * self.features..][..self.features]);
            }
            values = moved;
        }
        if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Twins(pair[0].1, pair[1].1));
        }
        let origin = escape::path(&self.origin);
        let mut notes = self.notes;
        notes.extend(self.labels.note(&origin, "labels"));
        notes.extend(self.sessions.note(&origin, "sessions"));
        let rows = order.into_iter().map(|(row, _)| row).collect();
        Ok(Dataset { origin: self.origin, labels, sessions, features: self.features, rows, values, notes })
    }
}

impl Dataset {
    /// Recordings of several inputs as one; `origin` names them together.
    ///
    /// # Errors
    /// [`DatasetError::Width`] where they differ in their features, [`DatasetError::Repeated`] where two of them hold the same
    /// label and session, and [`DatasetError::NoRows`] of nothing.
    pub fn union(parts: Vec<Self>, origin: PathBuf) -> Result<Self, DatasetError> {
        join(parts, origin)
    }
}

/// Joins the recordings of several files, of which there is at least one; `origin` names them together.
///
/// # Errors
/// [`DatasetError::Width`] where the files differ in their features, [`DatasetError::Repeated`] where two of them hold
/// the same label and session, and [`DatasetError::NoRows`] of no files.
pub(super) fn join(mut parts: Vec<Dataset>, origin: PathBuf) -> Result<Dataset, DatasetError> {
    if parts.len() < 2 {
        let one = parts.pop().map(|part| Dataset { origin: origin.clone(), ..part });
        return one.ok_or(DatasetError::NoRows { file: origin });
    }
    let features = parts[0].features;
    if let Some(other) = parts.iter().find(|part| part.features != features) {
        let (first, second) = (parts[0].origin.clone(), other.origin.clone());
        return Err(DatasetError::Width { first, first_features: features, second, second_features: other.features });
    }

    let (mut labels, mut sessions) = (Names::default(), Names::default());
    let mut owner: HashMap<(u32, u32), usize> = HashMap::new();
    let mut order = Vec::with_capacity(parts.iter().map(|part| part.rows.len()).sum());
    for (number, part) in parts.iter().enumerate() {
        let label_numbers: Vec<u32> = part.labels.iter().map(|name| labels.number(name)).collect();
        let session_numbers: Vec<u32> = part.sessions.iter().map(|name| sessions.number(name)).collect();
        for (index, row) in part.rows.iter().enumerate() {
            let (label, session) = (label_numbers[row.label as usize], session_numbers[row.session as usize]);
            let first = *owner.entry((label, session)).or_insert(number);
            if first != number {
                return Err(DatasetError::Repeated {
                    first: parts[first].origin.clone(),
                    second: part.origin.clone(),
                    label: labels.name(label).to_owned(),
                    session: sessions.name(session).to_owned(),
                });
            }
            order.push((Row { label, session, ..*row }, number, index));
        }
    }
    let (labels, label_rank) = labels.sorted();
    let (sessions, session_rank) = sessions.sorted();
    for (row, ..) in &mut order {
        row.label = label_rank[row.label as usize];
        row.session = session_rank[row.session as usize];
    }
    order.sort_unstable();

    let mut places: Vec<Vec<usize>> = parts.iter().map(|part| vec![0; part.rows.len()]).collect();
    for (place, &(_, part, index)) in order.iter().enumerate() {
        places[part][index] = place;
    }
    let rows: Vec<Row> = order.into_iter().map(|(row, ..)| row).collect();
    // Each part is dropped once it is copied, so the pages of the joined matrix take the place of theirs.
    let mut values = vec![0.0; rows.len() * features];
    let mut notes = Vec::new();
    for (part, places) in parts.into_iter().zip(places) {
        for (row, place) in part.values.chunks_exact(features).zip(places) {
            values[place * features..][..features].copy_from_slice(row);
        }
        notes.extend(part.notes);
    }
    Ok(Dataset { origin, labels, sessions, features, rows, values, notes })
}
