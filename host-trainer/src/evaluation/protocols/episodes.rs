//! Protocol `episodes`: few-shot episodes, on the blocks or sessions of the split.

use super::blocks::blocks;
use super::protocol::{Episodes, Lack, Protocol, SessionChoice, Split};
use super::sessions::sessions;
use crate::dataset::Dataset;

const EPISODES: Episodes = Episodes { count: 100, shots: 4 };

/// Episodes of 4 support and 4 query frames per label, from different sessions, or from blocks if sessions do not fit.
pub(super) struct FewShot;

impl Protocol for FewShot {
    fn name(&self) -> &'static str {
        "episodes"
    }

    fn heading(&self) -> &'static str {
        "Episodes of 4 + 4"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised from four frames?"
    }

    fn help(&self) -> &'static str {
        "Few-shot episodes of 4 support and 4 query frames"
    }

    fn split(&self, dataset: &Dataset, choice: &SessionChoice, _: u64) -> Result<Split, Lack> {
        let base = sessions(dataset, choice, false).unwrap_or_else(|_| blocks(dataset));
        let Episodes { count, shots } = EPISODES;
        let description =
            format!("{count} episodes of {shots} support and {shots} query frames a label; {}", base.description);
        Ok(Split { description, ..base })
    }

    fn episodes(&self) -> Option<Episodes> {
        Some(EPISODES)
    }
}
