//! Training archives: what reads is sound, is written and reads again to the same, and trains or says why not.

use std::fs;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use neural_vault::connectome::Parcels;
use neural_vault::dataset::{Dataset, RegionNumbers, Row, Synthetic};
use neural_vault::training::{ARCHIVE, Archive, Connectome, Recipe, Settings, linear};

use crate::damage::{self, Damage};
use crate::numbers::{filled, number};
use crate::recordings::{folder, is_named};

/// Values of the largest archive that is trained on.
const LARGEST: usize = 256;

/// An archive that need not be sound, with damage to its file.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    labels: Vec<&'a str>,
    sessions: Vec<&'a str>,
    features: u8,
    /// Label, session and time of each row.
    rows: Vec<(u8, u8, i8)>,
    values: &'a [u8],
    recipe: Kind<'a>,
    digest: u8,
    damage: Damage,
}

#[derive(Arbitrary, Debug)]
enum Kind<'a> {
    Linear { open_set: bool },
    Connectome { frames: u8, parcels: Option<&'a [u8]> },
    Steps { is_whitened: bool, seed: u64 },
}

/// Takes `bytes` as an archive, as the header and the tensors of one, and as the description of one.
pub fn check(bytes: &[u8]) {
    let folder = folder();
    let file = folder.path().join(ARCHIVE);
    read(&file, bytes);
    read(&file, &damage::safetensors(bytes));
    if let Ok(described) = Described::arbitrary(&mut Unstructured::new(bytes)) {
        described.check(&file);
    }
}

impl Described<'_> {
    fn check(&self, file: &Path) {
        let folder = file.parent().expect("a file is in a folder");
        let archive = self.archive();
        archive.write(folder).expect("any archive is written");
        let written = fs::read(file).expect("a file is read");
        let found = read(file, &written);
        assert_eq!(found.is_some(), is_sound(&archive.dataset), "{archive:?}");
        if let Some(found) = found {
            same(&found.dataset, &archive.dataset);
            assert_eq!((found.recipe, found.model_digest), (archive.recipe, archive.model_digest));
            assert!(Archive::read(folder, [self.digest; 32]).is_ok());
            assert!(Archive::read(folder, [!self.digest; 32]).is_err());
        }
        if !self.damage.is_none() {
            read(file, &self.damage.of(&written));
        }
    }

    fn archive(&self) -> Archive {
        let names = |names: &[&str]| names.iter().take(8).map(|name| (*name).to_owned()).collect();
        let features = usize::from(self.features % 9);
        let row = |(label, session, timestep): &(u8, u8, i8)| Row {
            label: u32::from(label % 8),
            session: u32::from(session % 8),
            timestep: i64::from(*timestep),
            run: 0,
        };
        let rows: Vec<Row> = self.rows.iter().map(row).collect();
        let values = filled(self.values, 4 * features * rows.len());
        let dataset = Dataset {
            origin: ARCHIVE.into(),
            labels: names(&self.labels),
            sessions: names(&self.sessions),
            features,
            values: values.chunks_exact(4).map(|bytes| number('f', bytes)).collect(),
            rows,
            notes: Vec::new(),
        };
        Archive { dataset, recipe: self.recipe.recipe(), model_digest: [self.digest; 32] }
    }
}

impl Kind<'_> {
    fn recipe(&self) -> Recipe {
        match self {
            Self::Linear { open_set } => Recipe::Linear { open_set: *open_set },
            Self::Connectome { frames, parcels } => {
                let numbers = |bytes: &&[u8]| bytes.iter().map(|byte| i64::from(byte % 8)).collect();
                let numbers =
                    parcels.as_ref().map(numbers).map(|numbers| RegionNumbers { numbers, ..Default::default() });
                let parcels = numbers.and_then(|numbers| Parcels::new(&[numbers]).ok());
                Recipe::Connectome(Connectome { frames: (*frames).into(), parcels })
            }
            Self::Steps { is_whitened, seed } => {
                let settings = if *is_whitened { Settings::whitened() } else { Settings::reference() };
                Recipe::Steps(Settings { seed: *seed, ..settings })
            }
        }
    }
}

/// Takes bytes as an archive; what reads is sound.
fn read(file: &Path, bytes: &[u8]) -> Option<Archive> {
    fs::write(file, bytes).expect("a file is written");
    let archive = match Archive::read_file(file) {
        Ok(archive) => archive,
        Err(error) => {
            is_named(&error, file);
            return None;
        }
    };
    let dataset = &archive.dataset;
    assert!(is_sound(dataset), "{archive:?}");
    archive.write(file.parent().expect("a file is in a folder")).expect("what reads is written");
    let again = Archive::read_file(file).expect("what was written reads");
    same(&again.dataset, dataset);
    assert_eq!((again.recipe, again.model_digest), (archive.recipe.clone(), archive.model_digest));

    let features = dataset.features;
    if dataset.values.len() <= LARGEST {
        let made = Synthetic { classes: 2, timesteps: 2, features, sessions: 2, noise: 0.5, seed: 1 }.recordings();
        let with = archive.with_labels(&made, &["class01".to_owned()]);
        assert_eq!(with.is_ok(), !dataset.labels.iter().any(|label| label == "class01"));
        assert!(with.is_ok_and(|with| is_sound(&with)) || dataset.labels.iter().any(|label| label == "class01"));
        match &archive.recipe {
            Recipe::Linear { open_set } => drop(linear(dataset.clone(), *open_set)),
            Recipe::Connectome(connectome) => drop(connectome.train(dataset)),
            Recipe::Steps(settings) => drop(settings.check()),
        }
    }
    Some(archive)
}

/// Whether two datasets are the same but for their runs, which a reader finds.
fn same(one: &Dataset, other: &Dataset) {
    assert_eq!((&one.labels, &one.sessions, one.features), (&other.labels, &other.sessions, other.features));
    let place = |row: &Row| (row.label, row.session, row.timestep);
    assert!(one.rows.iter().map(place).eq(other.rows.iter().map(place)));
    assert!(one.values.iter().map(|value| value.to_bits()).eq(other.values.iter().map(|value| value.to_bits())));
}

/// Rows that have values and names, and recordings that are in one piece and in order.
fn is_sound(dataset: &Dataset) -> bool {
    let Dataset { labels, sessions, features, rows, values, .. } = dataset;
    let is_distinct = |names: &[String]| (1..names.len()).all(|at| !names[..at].contains(&names[at]));
    let are_named =
        rows.iter().all(|row| (row.label as usize) < labels.len() && (row.session as usize) < sessions.len());
    let is_in_order = (1..rows.len()).all(|at| {
        let (before, row) = (&rows[at - 1], &rows[at]);
        let is_same = |other: &Row| (other.label, other.session) == (row.label, row.session);
        if is_same(before) { before.timestep < row.timestep } else { !rows[..at].iter().any(is_same) }
    });
    let has_values = *features > 0 && !rows.is_empty() && values.len() == rows.len() * features;
    has_values && is_distinct(labels) && is_distinct(sessions) && are_named && is_in_order
}
