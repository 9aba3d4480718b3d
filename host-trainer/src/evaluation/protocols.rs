//! Protocols: which rows train, which are enrolled, which probe.

mod splits;

use crate::dataset::Dataset;
use splits::{blocks, check, check_episodes, folds, in_sample, labels_of, random, sessions, unseen};

/// Which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Everything trains, is enrolled and probes, as the reference scores itself.
    InSample,
    /// A random half of each recording's frames trains and is enrolled, the other half probes.
    Random,
    /// The beginning of each recording trains and is enrolled, its end probes, with a gap between.
    Blocks,
    /// A third of the sessions probes in turn, the others train and are enrolled.
    Folds,
    /// Training, enrolment and probes come from different sessions.
    Sessions,
    /// The encoder is trained on some labels; others are enrolled and probed.
    Unseen,
    /// Episodes of 4 support and 4 query frames a label, on the blocks or sessions of the split.
    Episodes,
}

/// Every protocol, in the order of the command line.
pub const ALL: [Protocol; 7] = [
    Protocol::InSample,
    Protocol::Random,
    Protocol::Blocks,
    Protocol::Folds,
    Protocol::Sessions,
    Protocol::Unseen,
    Protocol::Episodes,
];

/// Rows of a dataset by their part in one training and the trials after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Rows that train the encoder.
    pub training: Vec<usize>,
    /// Rows whose means are the prototypes.
    pub enrolment: Vec<usize>,
    /// Rows that probe.
    pub probes: Vec<usize>,
}

/// Sessions named by hand; empty lists leave the choice to the protocol.
#[derive(Clone, Debug, Default)]
pub struct SessionChoice {
    /// Sessions that train.
    pub training: Vec<String>,
    /// Sessions that are enrolled.
    pub enrolment: Vec<String>,
    /// Sessions that probe.
    pub probes: Vec<String>,
}

/// A protocol on given recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What trains, is enrolled and probes, in a sentence.
    pub description: String,
    /// Why its figures are too good, if they are.
    pub leaks: Option<&'static str>,
    /// One training each; trials are pooled.
    pub folds: Vec<Fold>,
}

/// Why a protocol does not fit the recordings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol {protocol} needs {lack}; protocols that fit these recordings: {fitting}")]
pub struct ProtocolError {
    protocol: &'static str,
    lack: String,
    fitting: String,
}

impl Protocol {
    /// The protocol's name on the command line and in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Protocol::InSample => "in-sample",
            Protocol::Random => "random",
            Protocol::Blocks => "blocks",
            Protocol::Folds => "folds",
            Protocol::Sessions => "sessions",
            Protocol::Unseen => "unseen",
            Protocol::Episodes => "episodes",
        }
    }

    /// Splits `dataset` by this protocol; the same seed makes the same split.
    ///
    /// # Errors
    /// When labels, sessions or frames are too few; the message names the protocols that would fit.
    pub fn split(self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, ProtocolError> {
        self.try_split(dataset, choice, seed).map_err(|lack| {
            let fits = |p: &&Protocol| p.try_split(dataset, choice, seed).is_ok();
            let names: Vec<&str> = ALL.iter().filter(fits).map(|p| p.name()).collect();
            let fitting = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            ProtocolError { protocol: self.name(), lack, fitting }
        })
    }

    fn try_split(self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, String> {
        let labels = labels_of(dataset, &(0..dataset.rows.len()).collect::<Vec<_>>()).len();
        if labels < 2 {
            return Err("two labels".to_owned());
        }
        let split = match self {
            Protocol::InSample => in_sample(dataset),
            Protocol::Random => random(dataset, seed),
            Protocol::Blocks => blocks(dataset),
            Protocol::Folds => folds(dataset)?,
            Protocol::Sessions => sessions(dataset, choice)?,
            Protocol::Unseen => unseen(dataset, choice, seed)?,
            Protocol::Episodes => {
                let base = sessions(dataset, choice).unwrap_or_else(|_| blocks(dataset));
                Split {
                    description: format!("100 episodes of 4 support and 4 query frames a label; {}", base.description),
                    ..base
                }
            }
        };
        for fold in &split.folds {
            check(dataset, fold)?;
            if self == Protocol::Episodes {
                check_episodes(dataset, fold)?;
            }
        }
        Ok(split)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
