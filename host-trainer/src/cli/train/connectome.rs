//! Recipe `connectome` of `train`: its arguments, and what is said of the model.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::score::Score;
use crate::cli::arguments::{ReadingArguments, inputs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::hints::Hint;
use crate::cli::parcels;
use crate::dataset::{Dataset, Input};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::model::Model;
use crate::training::{Connectome, Overrides, background, effective_dimension};
use crate::verification::persons::person_trials;

/// Probe lengths at which held-back sessions are scored, in frames.
const LENGTHS: [usize; 3] = [10, 25, 50];
/// An error rate above this is near that of guessing, in percent.
pub const NEAR_CHANCE: f64 = 40.0;

/// The arguments of recipe `connectome`.
#[derive(Args)]
pub struct ConnectomeArguments {
    /// Recordings of further background persons, none of whom is enrolled later (connectome).
    #[arg(long, value_name = "DATA", num_args = 1.., value_parser = inputs())]
    background: Vec<Input>,
    /// Average features to regions before all else (connectome): a file with the number of each feature's region, 0 for none,
    /// as text, .npy or GIFTI label (.label.gii); of two hemispheres LEFT,RIGHT.
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    parcels: Vec<PathBuf>,
    /// Fewest frames of a probe (connectome) [25].
    #[arg(long, value_name = "N", value_parser = frames)]
    frames: Option<usize>,
}

impl ConnectomeArguments {
    /// Those given, by their names.
    pub fn given(&self) -> [(&'static str, bool); 3] {
        [
            ("background", !self.background.is_empty()),
            ("parcels", !self.parcels.is_empty()),
            ("frames", self.frames.is_some()),
        ]
    }

    /// The files and folders that are read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.background.iter().filter_map(Input::path).chain(self.parcels.iter().map(PathBuf::as_path))
    }

    /// What replaces the recipe's defaults, with the parcels read.
    pub fn overrides(&self, console: &Console) -> Result<Overrides, Failure> {
        let parcels = parcels::read(&self.parcels, console)?;
        Ok(Overrides { frames: self.frames, parcels, ..Overrides::default() })
    }

    /// The recordings of DATA and of the background.
    pub fn join(&self, data: Dataset, reading: &ReadingArguments, console: &Console) -> Result<Dataset, Failure> {
        if self.background.is_empty() {
            return Ok(data);
        }
        let mut parts = vec![data];
        for input in &self.background {
            parts.push(reading.load(std::slice::from_ref(input), console)?);
        }
        Ok(background(parts)?)
    }
}

/// Parses the fewest frames of a probe, for clap.
fn frames(text: &str) -> Result<usize, String> {
    let frames = text.parse().ok().filter(|frames| (2..=1 << 16).contains(frames));
    frames.ok_or_else(|| format!("`{text}` is not a number of frames, 2 to 65536"))
}

/// What a fitted model is, and how it scores.
pub struct Fit {
    pub model: Model,
    pub text: String,
    pub value: Value,
}

/// Fits a model to `all` persons, and scores `held_back` sessions against those of `data`.
pub fn fit(
    settings: &Connectome,
    all: &Dataset,
    data: &Dataset,
    held_back: Option<&Dataset>,
    console: &Console,
) -> Result<Fit, Failure> {
    let (mut model, notes) = settings.train(all)?;
    notes.iter().for_each(|note| console.note(format!("note: {}", note.with_hint())));
    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
    let eer = scores(&mut embedder, data, held_back, console)?;
    let dimension = effective_dimension(&model, all)?;
    model.set_effective_dimension(dimension as f32);

    let (regions, persons, scans) = (model.dims().d_model, model.provenance().labels.len(), all.scans().len());
    let mut text = format!("{regions} regions, fitted to {persons} background persons in {scans} scans\n");
    text += &format!("probes of {} frames or more\n", settings.frames);
    let table = model.impostor_table()?;
    let pairs: Vec<String> = table.pairs().map(|(frames, score)| format!("{score:.3} of {frames}")).collect();
    text += &format!(
        "persons outside the background score on average, with probes of so many frames: {}\n",
        pairs.join(", ")
    );
    text += &format!("effective dimension of the embeddings {dimension:.1}\n");
    text.extend(eer.iter().map(Score::line));
    let impostors: Vec<Value> =
        table.pairs().map(|(frames, score)| json!({ "frames": frames, "score": score })).collect();
    let value = json!({
        "regions": regions, "persons": persons, "probe_frames": settings.frames, "impostor_scores": impostors,
        "error_rates": eer,
        "effective_dimension": dimension, "engine": null, "steps": 0, "first_loss": null, "last_loss": null,
    });
    Ok(Fit { model, text, value })
}

/// The error rates of held-back sessions, by the length of the probes.
fn scores(
    embedder: &mut Embedder,
    data: &Dataset,
    held_back: Option<&Dataset>,
    console: &Console,
) -> Result<Vec<Score>, Failure> {
    let Some(held_back) = held_back else { return Ok(Vec::new()) };
    let mut list = Vec::new();
    for frames in LENGTHS {
        let trials = person_trials(embedder, frames, data, held_back)?;
        if trials.genuine.is_empty() || trials.impostor.is_empty() {
            console.note(format!(
                "note: not scored: no probes of {frames} frames of two persons in the held-back sessions"
            ));
            continue;
        }
        let words = ["held-back sessions", " of background persons, in sample since the model was fitted to them"];
        let protocol = "on held-back sessions of background persons";
        let score = Score::new(protocol, words, &held_back.sessions, frames, &trials)?;
        if score.eer_percent > NEAR_CHANCE && frames == LENGTHS[1] {
            console.note(
                "note: how regions covary hardly separates these labels: are they persons? Stimuli are, by --recipe \
                 whitened",
            );
        }
        list.push(score);
    }
    Ok(list)
}
