//! Small recordings, models and enrolments to try the commands on.

use neural_vault::dataset::{Dataset, Synthetic, write_csv};
use neural_vault::model::{Model, Provenance, initialise};
use neural_vault_core::encoder::Dims;
use sha2::{Digest, Sha256};

use super::folder::Folder;

/// Features of the recordings and models here.
pub const FEATURES: usize = 24;

impl Folder {
    /// A folder with `data.csv`: three labels, three sessions of six timesteps.
    pub fn with_recordings() -> Self {
        let folder = Self::new();
        write_csv(&recordings(), &folder.path("data.csv")).unwrap();
        folder
    }

    /// As [`Folder::with_recordings`], with `model`, whose weights are random and which says that `run00` trained it.
    pub fn with_model() -> Self {
        let folder = Self::with_recordings();
        model(1).write(&folder.path("model")).unwrap();
        folder
    }

    /// As [`Folder::with_model`], with `class00.nve`, enrolled on `run01` with its threshold from all of `run01`.
    pub fn with_enrolment() -> Self {
        let folder = Self::with_model();
        folder.does(&[
            "enroll",
            "data.csv",
            "--model",
            "model",
            "--label",
            "class00",
            "--sessions",
            "run01",
            "-o",
            "class00.nve",
        ]);
        folder
    }

    /// Adds `trials.csv`, ten labels in four sessions, and `tried.nve`, of which 1 in 360 impostor trials is accepted at most.
    pub fn with_trials(&self) {
        let recordings = Synthetic { classes: 10, timesteps: 6, features: FEATURES, sessions: 4, noise: 0.3, seed: 2 };
        let mut recordings = recordings.recordings();
        // Other sessions than those that trained the model.
        recordings.sessions = ["s1", "s2", "s3", "s4"].map(str::to_owned).to_vec();
        write_csv(&recordings, &self.path("trials.csv")).unwrap();
        let enroll = ["enroll", "trials.csv", "--model", "model", "--label", "class00", "--fmr", "0.003"];
        self.does(&[&enroll[..], &["-o", "tried.nve"]].concat());
    }
}

/// What is in `data.csv`.
pub fn recordings() -> Dataset {
    Synthetic { classes: 3, timesteps: 6, features: FEATURES, sessions: 3, noise: 0.3, seed: 1 }.recordings()
}

/// A small model with random weights.
pub fn model(seed: u64) -> Model {
    let dims =
        Dims { features: FEATURES, d_model: 32, heads: 4, layers: 1, feed_forward: 32, latent: 32, positions: 16 };
    let labels = ["class00", "class01", "class02"].map(str::to_owned).to_vec();
    let training_sessions = vec!["run00".to_owned()];
    let recipe = "random".to_owned();
    let provenance = Provenance { labels, training_sessions, window: 1, recipe, effective_dimension: None };
    initialise(dims, provenance, seed).unwrap()
}

/// 32 bytes that pass for random, others for another `seed`.
pub fn secret(seed: u8) -> [u8; 32] {
    Sha256::digest([seed]).into()
}

/// A `.npy` file of float32, row-major.
pub fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let shape: Vec<String> = shape.iter().map(|size| format!("{size},")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape.concat());
    // Magic, version and length take 10 bytes; the whole is a multiple of 64.
    header.extend(std::iter::repeat_n(' ', (128 - 11 - header.len() % 64) % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
