//! The arguments of `enroll`.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::verify::Threshold;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::arguments::{DataArguments, cosine, embedding_engines, scan_frames, window_range};
use super::names::name;
use super::output::Force;
use crate::embedding::EmbeddingEngine;

/// Enrol a label: its prototype, and a threshold from development trials on sessions that did not train the model.
///
/// With a connectome model the label is a person whom the model was not fitted to. All frames of the sessions are enrolled at
/// once, each session less its mean, and the threshold is midway between what the person's own probes score and what the model
/// states for strangers, at the length of a probe. Own probes are the last fifth of the frames, or the development sessions.
///
/// It also says how many attempts the threshold's false match rate (FMR) allows: as many as keep a stranger's chance at 2 % or
/// below, by the upper end of the FMR's 95 % interval. A token takes no more, and `verify --derive` takes five or fewer.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    pub model: PathBuf,
    /// The label to enrol.
    #[arg(long, value_name = "L", value_parser = name)]
    pub label: String,
    /// The enrolment to write; readable by its owner only.
    #[arg(long, short, value_name = "R.nve")]
    pub output: PathBuf,
    /// Sessions to enrol; all when not given. Repeat it for several, or separate them by commas, with names that hold a
    /// comma in double quotes.
    #[arg(long, value_name = "S,...")]
    pub sessions: Vec<String>,
    /// Sessions whose scans, of all labels, choose the threshold; the enrolment sessions themselves when not given.
    #[arg(long, value_name = "S,...")]
    pub development_sessions: Vec<String>,
    /// Frames a window; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = window_range)]
    pub window: Option<usize>,
    /// Windows of a probe, from its start; when not given, as many as the shortest development probe has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub windows: Option<u32>,
    /// Frames of a probe, from its start, with a connectome model; as many as the model asks for when not given.
    #[arg(long, value_name = "N", value_parser = scan_frames)]
    pub frames: Option<usize>,
    /// Fewest frames to enrol with a connectome model; 100 when not given.
    #[arg(long, value_name = "N", value_parser = scan_frames)]
    pub least_frames: Option<usize>,
    /// Choose the threshold for this false match rate, 0 to 1, on the development trials; at the EER when not given, or midway
    /// with a connectome model.
    #[arg(long, value_name = "RATE", conflicts_with = "threshold")]
    pub fmr: Option<f64>,
    /// Sessions whose scans the chosen threshold is tested on, to report its error rates.
    #[arg(long, value_name = "S,...")]
    pub probe_sessions: Vec<String>,
    /// Train the model again with this label's scans added, and write it here.
    #[arg(long, value_name = "DIR", conflicts_with = "frozen")]
    pub refit: Option<PathBuf>,
    /// Enrol a label that a linear model was not trained on: its scores are centred on the other enrolled labels.
    #[arg(long)]
    pub frozen: bool,
    /// The threshold, instead of one from development trials.
    #[arg(long, value_name = "COSINE", allow_hyphen_values = true, value_parser = cosine)]
    pub threshold: Option<Threshold>,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    pub engine: EmbeddingEngine,
    /// Draw the enrolment's identifier from this seed instead of the system: for repeatable tests, not for use.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub force: Force,
}

impl Arguments {
    /// Whether models of one half of the sessions each choose the threshold.
    pub fn is_cross_fitted(&self) -> bool {
        self.refit.is_some() && self.threshold.is_none() && self.development_sessions.is_empty()
    }
}

/// A fresh identifier for an enrolment.
pub fn identifier(seed: Option<u64>) -> [u8; 16] {
    match seed {
        Some(seed) => ChaCha8Rng::seed_from_u64(seed).random(),
        None => rand::rng().random(),
    }
}
