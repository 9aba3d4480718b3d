//! How an enrolment's probes are scored: window length, number of windows, centring.

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Scan};
use crate::verification::{centre, prototypes};

use super::development::Labelled;
use super::probe_length;

/// The policy of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Frames a window.
    pub window: u32,
    /// Windows of a probe that are scored, from its start; 0 for all.
    pub windows: u32,
    /// Whether the mean of the gallery's prototypes is subtracted from the prototype.
    pub centred: bool,
}

impl Policy {
    /// All windows of `window` frames, against plain prototypes.
    #[must_use]
    pub fn plain(window: usize) -> Self {
        Self { window: window as u32, windows: 0, centred: false }
    }

    /// Frames a window.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window as usize
    }

    /// The part of `scan` that is scored: up to the end of its last window.
    ///
    /// # Panics
    /// When the scan's rows are not in `dataset`.
    #[must_use]
    pub fn probe(&self, dataset: &Dataset, scan: &Scan) -> Scan {
        let last = (self.windows as usize).checked_sub(1);
        let last = last.and_then(|last| dataset.windows(scan, self.window()).into_iter().nth(last));
        let end = last.map_or(scan.rows.end, |window| window.rows.end);
        Scan { rows: scan.rows.start..end, ..*scan }
    }

    /// Frames of `scan` that are embedded: those of its windows.
    ///
    /// # Panics
    /// When the scan's rows are not in `dataset`.
    #[must_use]
    pub fn frames(&self, dataset: &Dataset, scan: &Scan) -> usize {
        probe_length::frames(dataset, scan, self.window())
    }

    /// The part of `scan` with the first `frames` of the frames that are embedded; `None` where no part has as many.
    ///
    /// # Panics
    /// As [`Policy::frames`].
    #[must_use]
    pub fn first_frames(&self, dataset: &Dataset, scan: &Scan, frames: usize) -> Option<Scan> {
        let part = probe_length::cut(dataset, scan, self.window(), frames);
        (frames > 0 && self.frames(dataset, &part) == frames).then_some(part)
    }

    /// The lengths in frames that trials with these probes measure, ascending; none without probes.
    pub(super) fn lengths(&self, dataset: &Dataset, probes: &[Scan]) -> Vec<usize> {
        probe_length::lengths(dataset, probes, self.window(), self.windows as usize)
    }

    /// The prototype of every class that has an embedding, by class number.
    ///
    /// A centred policy also applies [`centre`].
    #[must_use]
    pub(super) fn prototypes(&self, embeddings: &Labelled, classes: usize) -> Vec<Option<Vec<f32>>> {
        let mut gallery = prototypes(embeddings, classes);
        if self.centred {
            centre(&mut gallery.iter_mut().flatten().collect::<Vec<_>>());
        }
        gallery
    }
}

#[cfg(test)]
mod tests {
    use neural_vault_core::similarity::cosine;

    use super::*;
    use crate::dataset::Synthetic;

    #[test]
    fn a_probe_is_cut_to_its_windows() {
        let mut dataset =
            Synthetic { classes: 2, timesteps: 20, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let scan = dataset.scans().remove(1);
        let rows =
            |dataset: &Dataset, windows| Policy { window: 3, windows, centred: false }.probe(dataset, &scan).rows;
        assert_eq!([0, 2, 9].map(|windows| rows(&dataset, windows)), [20..40, 20..26, 20..40]);
        dataset.rows[25..].iter_mut().for_each(|row| row.run = 1);
        assert_eq!([1, 2, 9].map(|windows| rows(&dataset, windows)), [20..23, 20..28, 20..40]);
    }

    #[test]
    fn a_part_has_exactly_the_frames_that_are_asked_for_or_there_is_none() {
        let dataset =
            Synthetic { classes: 2, timesteps: 20, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let scan = dataset.scans().remove(1);
        let policy = Policy::plain(3);
        assert_eq!(policy.frames(&dataset, &scan), 18);
        let rows = |frames| policy.first_frames(&dataset, &scan, frames).map(|part| part.rows);
        assert_eq!([1, 2, 3, 6, 18].map(rows), [21, 22, 23, 26, 38].map(|end| Some(20..end)));
        assert_eq!([0, 4, 20, 21].map(rows), [const { None }; 4]);
    }

    #[test]
    fn a_centred_prototype_scores_by_its_difference_from_the_gallery() {
        let embeddings = vec![(0, vec![5.0, 1.0, 0.0]), (1, vec![5.0, 0.0, 1.0]), (1, vec![5.0, 0.0, 1.0])];
        let policy = Policy { window: 1, windows: 0, centred: true };
        let gallery = policy.prototypes(&embeddings, 3);
        assert!(gallery[2].is_none());
        let score = |class: usize, probe: &[f32]| {
            cosine(gallery[class].as_deref().unwrap_or_default(), probe).unwrap_or(f32::NAN)
        };
        let (own, other) = (score(0, &[5.0, 1.0, 0.0]), score(1, &[5.0, 1.0, 0.0]));
        assert!(own > 0.1 && other < -0.1, "{own} {other}");
    }
}
