//! The arguments of `enroll`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use neural_vault_core::verify::Threshold;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::arguments::{DataArguments, cosine, embedding_engines, scan_frames, window_range};
use super::failure::Failure;
use super::names::{check_label, labels, name};
use super::output::Force;
use crate::dataset::Dataset;
use crate::embedding::EmbeddingEngine;
use crate::enrolment::Identity;

/// Enrol a label: its prototype, and a threshold from development trials on sessions that did not train the model.
///
/// With a connectome model the label is a person whom the model was not fitted to. All frames of the sessions are enrolled at
/// once, each session less its mean, and the threshold is midway between what the person's own probes score and what the model
/// states for strangers, at the length of a probe. Own probes are the last fifth of the frames, or the development sessions.
///
/// With --all or --labels several labels are enrolled at once, each into a file of its own in a folder: recordings and model are
/// read once, and with --refit one model takes all of them in. A label that cannot be enrolled is named with the reason and
/// gives the exit code; the others are written nevertheless. Background persons of a connectome model are left out of --all.
///
/// It also says how many attempts the threshold's false match rate (FMR) allows: as many as keep a stranger's chance at 2 % or
/// below, by the upper end of the FMR's 95 % interval. A token takes no more, and `verify --derive` takes five or fewer.
#[derive(Args)]
#[command(group(ArgGroup::new("who").required(true).args(["label", "all", "labels"])))]
pub struct Arguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    pub model: PathBuf,
    /// The label to enrol.
    #[arg(long, value_name = "L", value_parser = name)]
    pub label: Option<String>,
    /// Enrol every label of the recordings.
    #[arg(long)]
    pub all: bool,
    /// Enrol these labels. Repeat it for several, or separate them by commas, with names that hold a comma in double quotes.
    #[arg(long, value_name = "L,...")]
    pub labels: Vec<String>,
    /// The enrolment to write, or with --all or --labels the folder for the enrolments; readable by their owner only.
    #[arg(long, short, value_name = "R.nve|DIR")]
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
    /// Train the model again with the scans of the label or labels that it was not trained on, and write it here.
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
    /// Draw the identifiers of enrolments from this seed instead of the system: for repeatable tests, not for use.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub force: Force,
}

impl Arguments {
    /// The labels to enrol.
    pub fn labels(&self, dataset: &Dataset) -> Result<Vec<String>, Failure> {
        match &self.label {
            Some(label) => check_label(label, dataset).map(|()| vec![label.clone()]),
            None if self.all => Ok(dataset.labels.clone()),
            None => labels(&self.labels, dataset),
        }
    }

    /// Whether models of one half of the sessions each choose the threshold.
    pub fn is_cross_fitted(&self) -> bool {
        self.refit.is_some() && self.threshold.is_none() && self.development_sessions.is_empty()
    }
}

/// The labels with fresh identifiers for their enrolments.
pub fn identities(labels: &[String], seed: Option<u64>) -> Vec<Identity<'_>> {
    let mut seeded = seed.map(ChaCha8Rng::seed_from_u64);
    let mut identifier = || match &mut seeded {
        Some(generator) => generator.random(),
        None => rand::rng().random(),
    };
    labels.iter().map(|label| Identity { label, id: identifier() }).collect()
}
