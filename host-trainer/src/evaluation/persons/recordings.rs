//! Recordings by person and session, each session's mean removed.

use std::collections::{BTreeMap, HashMap};

use neural_vault_core::encoder::MAX_REGIONS;

use crate::connectome::{MIN_REGIONS, Parcels, ParcelsError};
use crate::dataset::{Dataset, Scan};
use crate::evaluation::persons_error::PersonsError;

/// The persons of a dataset with their sessions.
pub(super) struct Persons<'d> {
    /// Features of a frame.
    pub(super) features: usize,
    /// One entry for each label that has rows.
    pub(super) persons: Vec<Person<'d>>,
}

/// One person.
pub(super) struct Person<'d> {
    /// The person's number among the labels of the dataset.
    pub(super) label: u32,
    pub(super) name: &'d str,
    /// In the order of the dataset.
    pub(super) sessions: Vec<Session<'d>>,
}

/// One scan of a person.
pub(super) struct Session<'d> {
    /// The session's number in the dataset.
    pub(super) number: u32,
    pub(super) name: &'d str,
    /// Frames x features, less their mean.
    pub(super) frames: Vec<f32>,
}

impl<'d> Persons<'d> {
    /// Takes the persons of `dataset`, whose sessions must have no missing values, and no constant feature in a session or
    /// in any segment of `shortest` frames.
    pub(super) fn new(dataset: &'d Dataset, shortest: usize) -> Result<Self, PersonsError> {
        let features = dataset.features;
        if !(MIN_REGIONS..=MAX_REGIONS).contains(&features) {
            return Err(PersonsError::Regions { features });
        }
        dataset.scans().iter().try_for_each(|scan| check(dataset, scan, shortest))?;
        Ok(Self::unchecked(dataset))
    }

    /// Takes the persons of `dataset` as they are, for a model that averages features to regions itself.
    pub(super) fn unchecked(dataset: &'d Dataset) -> Self {
        let features = dataset.features;
        let mut persons: BTreeMap<u32, Vec<Session<'d>>> = BTreeMap::new();
        for scan in dataset.scans() {
            let name = &dataset.sessions[scan.session as usize];
            let (label, number, frames) = (scan.label, scan.session, dataset.joined(&[scan]));
            persons.entry(label).or_default().push(Session { number, name, frames });
        }
        let person = |(label, sessions)| Person { label, name: &dataset.labels[label as usize], sessions };
        Self { features, persons: persons.into_iter().map(person).collect() }
    }

    /// Refuses a background of other features, or with a person of these.
    pub(super) fn check_background(&self, background: &Self) -> Result<(), PersonsError> {
        if background.features != self.features {
            return Err(PersonsError::Features { evaluated: self.features, background: background.features });
        }
        for person in &background.persons {
            if self.persons.iter().any(|other| other.name == person.name) {
                return Err(PersonsError::InBackground { label: person.name.to_owned() });
            }
        }
        Ok(())
    }
}

impl Person<'_> {
    /// The frames of the sessions with these numbers, one after the other.
    pub(super) fn joined(&self, sessions: &[u32]) -> Vec<f32> {
        let of = self.sessions.iter().filter(|session| sessions.contains(&session.number));
        of.flat_map(|session| session.frames.iter().copied()).collect()
    }
}

/// Refuses recordings that are there twice, under another session or another person.
///
/// One of them might be enrolled and the other probe, or the background have a person who is evaluated.
pub(super) fn check_copies<'p>(persons: impl Iterator<Item = &'p Person<'p>>) -> Result<(), PersonsError> {
    let mut seen: HashMap<&[u8], String> = HashMap::new();
    for person in persons {
        for session in &person.sessions {
            let second = format!("person {}{}", person.name, after_comma(session.name));
            let first = seen.insert(bytemuck::cast_slice(&session.frames), second.clone());
            if let Some(first) = first {
                return Err(PersonsError::SameRecording { first, second });
            }
        }
    }
    Ok(())
}

/// A session's name after a comma; nothing if it has none.
fn after_comma(session: &str) -> String {
    if session.is_empty() { String::new() } else { format!(", session {session}") }
}

/// The same recordings with the features averaged to regions.
pub(super) fn averaged(dataset: &Dataset, parcels: &Parcels) -> Result<Dataset, ParcelsError> {
    parcels.check_features(dataset.features)?;
    let (features, values) = (parcels.regions(), parcels.average(&dataset.values));
    Ok(Dataset { features, values, rows: dataset.rows.clone(), ..dataset.select(&[]) })
}

/// Refuses values that are not finite, and features that are constant in a segment of `shortest` frames.
fn check(dataset: &Dataset, scan: &Scan, shortest: usize) -> Result<(), PersonsError> {
    let (values, features) = (dataset.scan_values(scan), dataset.features);
    let label = || dataset.labels[scan.label as usize].clone();
    let session = || after_comma(&dataset.sessions[scan.session as usize]);
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (frame, region) = (at / features + 1, at % features + 1);
        return Err(PersonsError::NotFinite { label: label(), session: session(), frame, region });
    }
    let length = shortest.min(values.len() / features);
    for (number, segment) in values.chunks_exact(length * features).enumerate() {
        let is_constant =
            |region: &usize| segment.chunks_exact(features).all(|frame| frame[*region] == segment[*region]);
        if let Some(region) = (0..features).find(is_constant) {
            let (first, last) = (number * length + 1, (number + 1) * length);
            let (label, session) = (label(), session());
            return Err(PersonsError::Constant { label, session, region: region + 1, first, last });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn dataset(classes: usize, seed: u64) -> Dataset {
        Synthetic { classes, timesteps: 12, features: 4, sessions: 2, noise: 1.0, seed }.recordings()
    }

    #[test]
    fn sessions_lose_their_means_and_are_joined_in_order() {
        let mut data = dataset(2, 1);
        data.values.iter_mut().for_each(|value| *value += 9000.0);
        let persons = Persons::new(&data, 4).unwrap();
        let joined = persons.persons[1].joined(&[0, 1]);
        assert_eq!(joined.len(), 24 * 4);
        for session in joined.chunks_exact(12 * 4) {
            for feature in 0..4 {
                let sum: f64 = session.chunks_exact(4).map(|frame| f64::from(frame[feature])).sum();
                assert!(sum.abs() < 1e-3, "{sum}");
            }
        }
        assert_eq!(persons.persons[1].joined(&[1]), joined[12 * 4..]);
    }

    #[test]
    fn missing_values_and_missing_regions_are_refused_by_name() {
        let error = |change: &dyn Fn(&mut Dataset)| {
            let mut data = dataset(3, 1);
            change(&mut data);
            Persons::new(&data, 5).err().unwrap().to_string()
        };
        let missing = error(&|data| data.values[(12 + 3) * 4 + 2] = f32::NAN);
        assert!(
            missing.starts_with("person class00, session run01, frame 4: region 3 has no finite value"),
            "{missing}"
        );
        let constant = error(&|data| (5..10).for_each(|frame| data.values[(24 + frame) * 4] = 7.0));
        assert!(constant.contains("class01, session run00: region 1 is constant in frames 6 to 10"), "{constant}");
        let wide = error(&|data| data.features = 2);
        assert!(wide.starts_with("2 features a frame"), "{wide}");
    }

    #[test]
    fn a_background_shares_no_person_with_the_evaluated_ones() {
        let data = dataset(3, 1);
        let persons = Persons::new(&data, 4).unwrap();
        let refused = |background: &Dataset| {
            let background = Persons::new(background, 4).unwrap();
            let copies = || check_copies(persons.persons.iter().chain(&background.persons));
            persons.check_background(&background).and_then(|()| copies()).err().map(|error| error.to_string())
        };
        assert!(refused(&data).unwrap().contains("person class00 is in"));
        let mut renamed = data.clone();
        renamed.labels = ["p0", "p1", "p2"].map(str::to_owned).to_vec();
        assert!(
            refused(&renamed)
                .unwrap()
                .starts_with("person class00, session run00 and person p0, session run00 are the same recording")
        );
        let mut others = dataset(3, 2);
        others.labels.clone_from(&renamed.labels);
        assert_eq!(refused(&others), None);
        let mut wider =
            Synthetic { classes: 1, timesteps: 12, features: 5, sessions: 1, noise: 1.0, seed: 3 }.recordings();
        wider.labels = vec!["p".to_owned()];
        assert!(refused(&wider).unwrap().contains("5 features a frame"));
    }
}
