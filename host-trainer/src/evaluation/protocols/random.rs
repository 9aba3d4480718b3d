//! Protocol `random`: a random half of each recording's frames trains and is enrolled, the other half probes.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use crate::dataset::Dataset;

/// A random half of each recording's frames trains and is enrolled, the other half probes.
pub(super) struct Random;

impl Protocol for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn heading(&self) -> &'static str {
        "Random split"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised in frames between those that trained the model?"
    }

    fn help(&self) -> &'static str {
        "A random half of the frames probes (leaks)"
    }

    fn split(&self, dataset: &Dataset, _: &SessionChoice, seed: u64) -> Result<Split, Lack> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut fold = Fold::default();
        for scan in dataset.scans() {
            let mut rows: Vec<usize> = scan.rows.collect();
            rows.shuffle(&mut rng);
            let half = rows.len().div_ceil(2);
            let (known, probes) = rows.split_at_mut(half);
            known.sort_unstable();
            probes.sort_unstable();
            fold.enrolment.extend_from_slice(known);
            fold.probes.extend_from_slice(probes);
        }
        fold.training.clone_from(&fold.enrolment);
        Ok(Split {
            description: "a random half of each recording's frames trains and is enrolled, the other half probes"
                .to_owned(),
            leaks: Some("neighbouring frames are much alike, and stand on both sides".to_owned()),
            folds: vec![fold],
        })
    }
}
