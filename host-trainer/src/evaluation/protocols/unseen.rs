//! Protocol `unseen`: the encoder is trained on some labels; others are enrolled and probed.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::blocks::blocks;
use super::check::all_labels;
use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use super::sessions::sessions;
use crate::dataset::Dataset;

/// The encoder is trained on some labels; others are enrolled and probed.
pub(super) struct Unseen;

impl Protocol for Unseen {
    fn name(&self) -> &'static str {
        "unseen"
    }

    fn heading(&self) -> &'static str {
        "Unseen labels"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised that the encoder was not trained on?"
    }

    fn help(&self) -> &'static str {
        "Labels are enrolled that did not train the encoder"
    }

    fn split(&self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, Lack> {
        let mut labels = all_labels(dataset);
        if labels.len() < 4 {
            let found = labels.len();
            return Err(Lack::Other(format!("four labels, two to train and two to enrol (there are {found})")));
        }
        labels.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (first, second) = labels.split_at(labels.len() / 2);
        let base = match sessions(dataset, choice, true) {
            Err(lack) if choice.names_any() => return Err(lack),
            split => split.unwrap_or_else(|_| blocks(dataset)),
        };
        let of = |rows: &[usize], wanted: &[u32]| -> Vec<usize> {
            rows.iter().copied().filter(|&row| wanted.contains(&dataset.rows[row].label)).collect()
        };
        let fold = |trained: &[u32], enrolled: &[u32]| Fold {
            training: of(&base.folds[0].training, trained),
            enrolment: of(&base.folds[0].enrolment, enrolled),
            probes: of(&base.folds[0].probes, enrolled),
        };
        Ok(Split {
            description: format!("half of the labels train the encoder, the others are enrolled; {}", base.description),
            leaks: None,
            folds: vec![fold(first, second), fold(second, first)],
        })
    }

    fn is_open_set(&self) -> bool {
        true
    }
}
