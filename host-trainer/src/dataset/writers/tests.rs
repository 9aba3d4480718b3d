//! What is written reads back to the same recordings, whatever the format.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::dataset::{LoadOptions, Row, Synthetic, load};

const NAMES: [&str; 4] = ["out.npz", "out.parquet", "OUT.CSV", "out.csv.gz"];

fn read_back(dataset: &Dataset, name: &str) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    write(dataset, &file).unwrap();
    load(&[file.into()], &LoadOptions::default()).unwrap()
}

fn check(dataset: &Dataset) {
    for name in NAMES {
        let read = read_back(dataset, name);
        assert_eq!((&read.labels, &read.sessions), (&dataset.labels, &dataset.sessions), "{name}");
        let places = |dataset: &Dataset| -> Vec<(u32, u32, i64)> {
            dataset.rows.iter().map(|row| (row.label, row.session, row.timestep)).collect()
        };
        assert_eq!(places(&read), places(dataset), "{name}");
        assert_eq!(read.features, dataset.features, "{name}");
        let bits = |value: &f32| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() };
        assert!(read.values.iter().map(bits).eq(dataset.values.iter().map(bits)), "{name}");
    }
}

#[test]
fn every_format_reads_back_to_the_same_recordings() {
    let mut dataset =
        Synthetic { classes: 3, timesteps: 4, features: 5, sessions: 2, noise: 0.5, seed: 9 }.recordings();
    dataset.labels = vec!["a,\"b\"".into(), "é".into(), "日本".into()];
    dataset.sessions = vec!["day 1".into(), "x/y".into()];
    dataset.values[3] = f32::NAN;
    dataset.values[4] = f32::NEG_INFINITY;
    dataset.values[5] = f32::MIN_POSITIVE / 2.0;
    dataset.rows[0].timestep = -7;
    dataset.rows[3].timestep = 1 << 40;
    check(&dataset);
}

#[test]
fn recordings_without_sessions_keep_none() {
    check(&Synthetic { classes: 2, timesteps: 3, features: 1, sessions: 1, noise: 0.5, seed: 9 }.recordings());
}

#[test]
fn several_groups_of_rows_are_one_table() {
    // Two groups of rows in Parquet, whose groups hold 2^24 values.
    let features = (1 << 23) + 1;
    let row = |timestep| Row { label: 0, session: 0, timestep, run: 0 };
    let dataset = Dataset {
        origin: "made".into(),
        labels: vec!["a".into()],
        sessions: vec![String::new()],
        features,
        rows: vec![row(0), row(1)],
        values: (0..2 * features).map(|at| (at % 251) as f32).collect(),
        notes: Vec::new(),
    };
    let read = read_back(&dataset, "out.parquet");
    assert_eq!(read.rows.len(), 2);
    assert!(read.values == dataset.values);
}

#[test]
fn another_ending_is_refused_with_those_there_are() {
    let dataset = Synthetic { classes: 2, timesteps: 3, features: 1, sessions: 1, noise: 0.5, seed: 9 }.recordings();
    let message = write(&dataset, Path::new("out.mat")).unwrap_err().to_string();
    assert!(message.contains("out.mat: unknown kind of output") && message.contains(".npz, .parquet"), "{message}");
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = Synthetic { classes: 2, timesteps: 3, features: 1, sessions: 1, noise: 0.5, seed: 9 }.recordings();
    for name in NAMES {
        let file = folder.path().join(name);
        write_new(&dataset, &file).unwrap();
        assert!(matches!(write_new(&dataset, &file), Err(DatasetError::Write { .. })), "{name}");
        write(&dataset, &file).unwrap();
    }
}
