//! What does not fit in a request for an evaluation, and notes on it.

use std::fmt;

use super::protocols::TrainedOn;
use crate::dataset::Dataset;
use crate::escape::Escaped;
use crate::model::Model;

/// Why a request makes no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A number is out of its range.
    #[error("{what} {value}: {} are possible", range(*low, *high))]
    Range {
        /// What is numbered.
        what: &'static str,
        /// The number.
        value: u64,
        /// The lowest.
        low: u64,
        /// The highest.
        high: u64,
    },
    /// No protocol that was asked for scores a method that was asked for.
    #[error("no protocol here scores method {method}; it belongs to protocol {}", fitting.join(", "))]
    NoProtocol {
        /// The method.
        method: &'static str,
        /// The protocols that score it.
        fitting: Vec<&'static str>,
    },
    /// A method cannot be scored beside a given model.
    #[error("method {method} would have to be trained, or scores something else; with this model there are {}", fitting.join(", "))]
    NeedsTraining {
        /// The method.
        method: &'static str,
        /// The methods that can.
        fitting: Vec<&'static str>,
    },
    /// The recipe embeds whole scans, and a protocol scores windows.
    #[error("recipe connectome embeds whole scans, which protocol unseen-persons scores; the others score windows")]
    RecipeOfScans,
    /// A connectome model was given, and windows asked for.
    #[error("a connectome model has no windows")]
    NoWindows,
    /// A model that embeds windows was given, and lengths of probes asked for.
    #[error("probes of so many frames need a connectome model; this one embeds windows")]
    NoLengths,
    /// A window is longer than the given model takes.
    #[error("windows of {window} frames: the model takes windows of 1 to {positions} frames")]
    Positions {
        /// The frames asked for.
        window: usize,
        /// The longest window of the model.
        positions: usize,
    },
}

/// What the figures of an evaluation do not stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestNote {
    /// Single frames are scored, though the recipe's models embed longer windows.
    SingleFrames {
        /// The recipe.
        recipe: &'static str,
    },
    /// A connectome model was fitted to persons of the recordings.
    Fitted {
        /// The persons.
        labels: Vec<String>,
    },
    /// The model was not trained on labels of the recordings.
    Untrained {
        /// The labels.
        labels: Vec<String>,
    },
    /// The model's file does not name what trained it.
    Unnamed,
}

impl RequestNote {
    /// Notes on a given model and what trained it.
    pub(super) fn of_model(model: &Model, trained: &TrainedOn, dataset: &Dataset) -> Vec<Self> {
        let unknown = trained.unknown_labels(dataset);
        let mut notes = Vec::new();
        if model.dims().is_connectome() {
            let known = dataset.labels.iter().filter(|label| trained.labels.contains(label));
            let labels: Vec<String> = known.cloned().collect();
            notes.extend((!labels.is_empty()).then_some(Self::Fitted { labels }));
        } else if !unknown.is_empty() {
            notes.push(Self::Untrained { labels: unknown });
        }
        if trained.labels.is_empty() {
            notes.push(Self::Unnamed);
        }
        notes
    }
}

impl fmt::Display for RequestNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SingleFrames { recipe } => {
                write!(f, "single frames are scored; a model of recipe {recipe} embeds longer windows")
            }
            Self::Fitted { labels } => write!(f, "the model was fitted to {}, who are left out", list(labels)),
            Self::Untrained { labels } => write!(
                f,
                "the model was not trained on {}: a trained encoder keeps apart the labels that it was trained on and little else",
                list(labels)
            ),
            Self::Unnamed => f.write_str(
                "the model's file does not name the labels and sessions that trained it, so the figures may be too good: \
                 give the model's folder, or recordings that did not train it",
            ),
        }
    }
}

fn list(labels: &[String]) -> String {
    labels.iter().map(|label| Escaped(label).to_string()).collect::<Vec<_>>().join(", ")
}

fn range(low: u64, high: u64) -> String {
    if high == u64::MAX { format!("{low} or more") } else { format!("{low} to {high}") }
}
