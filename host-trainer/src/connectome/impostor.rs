//! What scans of different persons score, by the probe's length.

use neural_vault_core::encoder::IMPOSTOR_LENGTHS;

/// The mean score of a probe against another person's prototype, at up to eight lengths of the probe.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ImpostorTable {
    /// Probe lengths in frames, ascending; unused ones at the end are 0.
    pub frames: [u32; IMPOSTOR_LENGTHS],
    /// The mean score at each length; 0 at those unused.
    pub scores: [f32; IMPOSTOR_LENGTHS],
}

impl ImpostorTable {
    /// The table of (frames, score) pairs, of which the first eight count; what does not ascend, or is no cosine, ends it.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (u32, f32)>) -> Self {
        let mut table = Self::default();
        let mut longest = 0;
        for (slot, (frames, score)) in pairs.into_iter().take(IMPOSTOR_LENGTHS).enumerate() {
            // A table in a file may hold anything.
            if frames <= longest || !(-1.0..=1.0).contains(&score) {
                break;
            }
            longest = frames;
            table.frames[slot] = frames;
            table.scores[slot] = score;
        }
        table
    }

    /// The lengths in use, each with its score.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.frames.iter().copied().zip(self.scores).take_while(|(frames, _)| *frames > 0)
    }

    /// Whether no length was measured, as of an imported model.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames[0] == 0
    }

    /// The mean score at a length: between two lengths linear in the logarithm of the frames, beyond them the nearest's.
    ///
    /// `None` of an empty table.
    #[must_use]
    pub fn score(&self, frames: usize) -> Option<f32> {
        let after = self.pairs().position(|(length, _)| length as usize >= frames);
        let Some(after) = after else { return self.pairs().last().map(|(_, score)| score) };
        let Some(before) = after.checked_sub(1) else { return Some(self.scores[0]) };
        let logarithm = |slot: usize| f64::from(self.frames[slot]).ln();
        let share = ((frames as f64).ln() - logarithm(before)) / (logarithm(after) - logarithm(before));
        let (low, high) = (f64::from(self.scores[before]), f64::from(self.scores[after]));
        Some((low + share * (high - low)) as f32)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_linear_in_the_logarithm_of_the_frames() {
        let table = ImpostorTable::new([(10, 0.1), (1000, 0.3)]);
        assert_eq!(table.score(10), Some(0.1));
        assert!((table.score(100).unwrap() - 0.2).abs() < 1e-6);
        assert_eq!(table.score(1000), Some(0.3));
        assert_eq!((table.score(2), table.score(5000)), (Some(0.1), Some(0.3)), "beyond the table");
    }

    #[test]
    fn an_empty_table_has_no_score() {
        assert!(ImpostorTable::default().is_empty());
        assert_eq!(ImpostorTable::default().score(25), None);
        assert_eq!(ImpostorTable::new([(25, 0.5)]).pairs().collect::<Vec<_>>(), [(25, 0.5)]);
    }

    #[test]
    fn a_length_that_does_not_ascend_and_a_score_that_is_none_end_the_table() {
        let lengths = |pairs: &[(u32, f32)]| ImpostorTable::new(pairs.iter().copied()).pairs().count();
        assert_eq!(lengths(&[(10, 0.1), (25, 0.2), (50, 0.3)]), 3);
        assert_eq!(lengths(&[(10, 0.1), (10, 0.2), (50, 0.3)]), 1);
        assert_eq!(lengths(&[(50, 0.1), (25, 0.2)]), 1);
        assert_eq!(lengths(&[(0, 0.1), (25, 0.2)]), 0);
        assert_eq!(lengths(&[(10, 0.1), (25, f32::NAN)]), 1);
        assert_eq!(lengths(&[(10, 1.5)]), 0);
    }
}
