//! Reading a long CSV file into a standardised matrix.
//!
//! The file is the one named in `NEURAL_VAULT_SHARED_DATA`, or a synthetic one.

use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use neural_vault::dataset::{Dataset, DatasetError, LoadOptions, Standardiser, Synthetic, load, write_csv};
use neural_vault_benches::{FULL_WIDTH, SEED, Stop};
use neural_vault_core::encoder::Fill;

/// Names a recording to read in place of the synthetic one.
const RECORDING: &str = "NEURAL_VAULT_SHARED_DATA";

pub fn group(criterion: &mut Criterion) -> Result<(), Stop> {
    let folder = tempfile::tempdir()?;
    let file = match std::env::var_os(RECORDING) {
        Some(file) => PathBuf::from(file),
        None => {
            let file = folder.path().join("synthetic.csv");
            write_csv(
                &Synthetic { classes: 2, timesteps: 34, features: FULL_WIDTH, sessions: 1, noise: 1.0, seed: SEED }
                    .recordings(),
                &file,
            )?;
            file
        }
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(std::fs::metadata(&file)?.len()));
    group.sample_size(20);
    read(&file)?;
    group.bench_function(name, |b| b.iter(|| read(&file)));
    group.finish();
    Ok(())
}

fn read(file: &Path) -> Result<Dataset, DatasetError> {
    let mut dataset = load(&[file.into()], &LoadOptions::default())?;
    let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features, Fill::Mean);
    standardiser.apply(&mut dataset.values);
    Ok(dataset)
}
