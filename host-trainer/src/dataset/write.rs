//! Writes a dataset as long CSV that reads back to the same bits.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::error::DatasetError;
use super::rows::Dataset;
use crate::files::{Existing, Pending, Readers};

/// Writes `video,[session,]timestep,prediction`, gzipped where the name ends in `.gz`; replaces a file that is there.
///
/// The file appears under its name only when it is complete. The session column is left out when the only session has
/// no name.
///
/// # Errors
/// [`DatasetError::Write`]; nothing is left behind.
pub fn write_csv(dataset: &Dataset, file: &Path) -> Result<(), DatasetError> {
    try_write(dataset, file, Existing::Replace).map_err(|source| DatasetError::Write { file: file.to_owned(), source })
}

/// As [`write_csv`], but replaces no file.
///
/// # Errors
/// [`DatasetError::Write`], also when a file is there.
pub fn write_new_csv(dataset: &Dataset, file: &Path) -> Result<(), DatasetError> {
    try_write(dataset, file, Existing::Keep).map_err(|source| DatasetError::Write { file: file.to_owned(), source })
}

fn try_write(dataset: &Dataset, file: &Path, existing: Existing) -> io::Result<()> {
    let mut output = BufWriter::new(Pending::create(file, Readers::All, existing)?);
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
        let mut gzip = GzEncoder::new(&mut output, Compression::default());
        write_lines(dataset, &mut gzip)?;
        gzip.finish()?;
    } else {
        write_lines(dataset, &mut output)?;
    }
    output.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
}

fn write_lines(dataset: &Dataset, output: &mut dyn Write) -> io::Result<()> {
    let with_sessions = dataset.sessions.iter().any(|session| !session.is_empty());
    let mut csv = csv::Writer::from_writer(output);
    let session = with_sessions.then_some("session");
    csv.write_record(["video"].into_iter().chain(session).chain(["timestep", "prediction"]))?;
    let mut cell = String::new();
    for (row, values) in dataset.rows.iter().zip(dataset.values.chunks_exact(dataset.features)) {
        let timestep = row.timestep.to_string();
        for value in values {
            cell.clear();
            // The shortest decimal that reads back to the same bits.
            let _ = write!(cell, "{value:?}");
            csv.write_field(&dataset.labels[row.label as usize])?;
            if with_sessions {
                csv.write_field(&dataset.sessions[row.session as usize])?;
            }
            csv.write_record([timestep.as_str(), &cell])?;
        }
    }
    csv.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::{LoadOptions, Synthetic, load};

    #[test]
    fn a_synthetic_recording_reads_back_to_the_same_bits() {
        let folder = tempfile::tempdir().unwrap();
        for (sessions, name) in [(1, "one.csv"), (3, "three.csv"), (3, "three.csv.gz")] {
            let made = Synthetic { classes: 2, timesteps: 4, features: 5, sessions, noise: 0.5, seed: 9 }.recordings();
            let file = folder.path().join(name);
            write_csv(&made, &file).unwrap();
            let read = load(&[file.clone().into()], &LoadOptions::default()).unwrap();
            assert_eq!(Dataset { origin: file, ..made }, read);
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("recording.csv");
        std::fs::create_dir(&blocked).unwrap();
        let message = write_csv(
            &Synthetic { classes: 2, timesteps: 2, features: 2, sessions: 1, noise: 0.5, seed: 9 }.recordings(),
            &blocked,
        )
        .unwrap_err()
        .to_string();
        assert!(message.contains("recording.csv: cannot be written"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let absent = folder.path().join("absent/recording.csv");
        assert!(
            write_csv(
                &Synthetic { classes: 2, timesteps: 2, features: 2, sessions: 1, noise: 0.5, seed: 9 }.recordings(),
                &absent
            )
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn any_values_and_names_read_back(
            bits in prop::collection::vec(any::<u32>(), 12),
            names in prop::collection::btree_set("[a-z,\"é]([a-z,\"\n é]{0,4}[a-z,\"é])?", 2),
            timestep in any::<i64>().prop_filter("room for another", |&timestep| timestep < i64::MAX),
        ) {
            let mut made = Synthetic { classes: 2, timesteps: 2, features: 3, sessions: 1, noise: 0.5, seed: 9 }.recordings();
            made.labels = names.into_iter().collect();
            made.values = bits.into_iter().map(f32::from_bits).collect();
            made.values[0] = 1.0;
            for row in &mut made.rows {
                row.timestep += timestep;
            }
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("any.csv");
            write_csv(&made, &file).unwrap();
            let read = load(&[file.clone().into()], &LoadOptions::default()).unwrap();
            prop_assert_eq!(&read.labels, &made.labels);
            prop_assert_eq!(&read.rows, &made.rows);
            for (read, made) in read.values.iter().zip(&made.values) {
                prop_assert!(read.to_bits() == made.to_bits() || (read.is_nan() && made.is_nan()));
            }
        }
    }
}
