//! `evaluate --model`: a model that is scored as it is, beside methods that need no training.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::window_or_own;
use crate::cli::console::{Console, list};
use crate::cli::failure::{Failure, USAGE};
use crate::dataset::Dataset;
use crate::evaluation::methods::{METHODS, Method};
use crate::evaluation::protocols::{HELD_BACK, PERSONS, Protocol, TrainedOn};
use crate::hex;
use crate::model::{Model, load};
use crate::results::EvaluatedModel;

/// A given model.
#[derive(Args)]
pub struct ModelArguments {
    /// Score this model as it is (its folder, or its .safetensors, .onnx or .nvb file), instead of training for each fold.
    ///
    /// Sessions that trained it are enrolled and the others probe, or those of --enroll-sessions and --probe-sessions; of a
    /// connectome model all persons whom it was not fitted to are enrolled and probe. Methods that need no training are
    /// scored beside it.
    #[arg(
        long,
        value_name = "M",
        conflicts_with_all = [
            "protocols", "weights", "train_sessions", "background", "parcels", "evaluated_persons", "draws", "recipe",
            "open_set", "steps", "windows", "batch", "rows", "window", "mining", "margin", "learning_rate", "schedule",
            "weight_decay", "clip", "dropout", "seeds", "engine",
        ]
    )]
    pub model: Option<PathBuf>,
}

/// A model that was read, and what of it the evaluation needs.
pub struct Given {
    pub model: Model,
    pub trained: TrainedOn,
}

impl ModelArguments {
    /// Reads the model, if one is given.
    pub fn read(&self) -> Result<Option<Given>, Failure> {
        let Some(path) = &self.model else { return Ok(None) };
        let model = load(path)?;
        let provenance = model.provenance();
        let trained = TrainedOn { labels: provenance.labels.clone(), sessions: provenance.training_sessions.clone() };
        Ok(Some(Given { model, trained }))
    }
}

impl Given {
    /// The protocol that says what the model is for.
    pub fn protocol(&self) -> &'static dyn Protocol {
        if self.model.dims().is_connectome() { PERSONS } else { HELD_BACK }
    }

    /// All methods that need no training, or those asked for.
    pub fn methods(&self, asked: &[&'static dyn Method]) -> Result<Vec<&'static dyn Method>, Failure> {
        let protocol = self.protocol();
        if let Some(method) = asked.iter().find(|method| !method.fits_given_model(protocol)) {
            let fitting = METHODS.iter().filter(|method| method.fits_given_model(protocol));
            let fitting = fitting.map(|method| method.argument()).collect::<Vec<_>>().join(", ");
            let name = method.argument();
            let text = format!(
                "method {name} would have to be trained, or scores something else; with this --model there are {fitting}"
            );
            return Err(Failure::new(USAGE, text));
        }
        let all = METHODS.iter().copied().filter(|method| method.fits_given_model(protocol));
        Ok(if asked.is_empty() { all.collect() } else { asked.to_vec() })
    }

    /// Frames of windows: those asked for, or the model's own.
    pub fn windows(&self, asked: &[usize], console: &Console) -> Result<Vec<usize>, Failure> {
        let positions = self.model.dims().max_window();
        match asked {
            [] => Ok(vec![window_or_own(None, &self.model, console)]),
            _ if self.model.dims().is_connectome() => {
                let text = "a connectome model has no windows; --frames sets how long a probe is";
                Err(Failure::new(USAGE, text))
            }
            _ => match asked.iter().find(|window| **window > positions) {
                Some(window) => {
                    let text = format!("--probe-windows {window}: the model takes windows of 1 to {positions} frames");
                    Err(Failure::new(USAGE, text))
                }
                None => Ok(asked.to_vec()),
            },
        }
    }

    /// Frames a probe: those asked for, or the fewest that the model is for.
    pub fn lengths(&self, asked: Vec<usize>) -> Result<Vec<usize>, Failure> {
        match (self.model.dims().is_connectome(), asked.is_empty()) {
            (true, true) => Ok(vec![self.model.provenance().window]),
            (false, false) => {
                let text = "--frames needs a connectome model; this one embeds windows: give --probe-windows";
                Err(Failure::new(USAGE, text))
            }
            _ => Ok(asked),
        }
    }

    /// Notes what of the recordings the model's figures do not stand for.
    pub fn note(&self, dataset: &Dataset, console: &Console) {
        let unknown = self.trained.unknown_labels(dataset);
        if self.model.dims().is_connectome() {
            let known: Vec<&String> =
                dataset.labels.iter().filter(|label| self.trained.labels.contains(label)).collect();
            if !known.is_empty() {
                console.note(format!("note: the model was fitted to {}, who are left out", list(&known)));
            }
        } else if !unknown.is_empty() {
            console.note(format!(
                "note: the model was not trained on {}: a trained encoder keeps apart the labels that it was trained on and little \
                 else; enrol others with `enroll --refit`, or with --frozen and a model of `train --recipe linear --open-set`",
                list(&unknown)
            ));
        }
        if self.trained.labels.is_empty() {
            console.note(
                "note: the model's file does not name the labels and sessions that trained it, so the figures may be too good: \
                 give the model's folder, or recordings that did not train it",
            );
        }
    }

    /// What the document says of the model.
    pub fn describe(&self) -> EvaluatedModel {
        let provenance = self.model.provenance();
        EvaluatedModel {
            digest: hex::encode(self.model.digest()),
            recipe: provenance.recipe_name().to_owned(),
            weights: self.model.format().name().to_owned(),
            window_frames: provenance.window,
            labels: provenance.labels.clone(),
            training_sessions: provenance.training_sessions.clone(),
        }
    }
}
