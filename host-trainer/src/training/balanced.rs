//! Balanced batches: the same number of windows of each class, from as many of its recordings as possible.

use std::borrow::Cow;
use std::ops::Range;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::batch::{Batch, Input, Values};
use crate::dataset::{Window, windows};
use crate::graph::loss::EXCLUDED;

/// Frames by class and recording.
pub(super) struct Balanced {
    /// Rows x `width`, in the order of the recordings.
    pub frames: Vec<f32>,
    pub width: usize,
    /// The recordings of each class that has any, each as the rows of its runs.
    pub classes: Vec<Vec<Vec<Range<usize>>>>,
}

/// The size of a step's batch.
#[derive(Clone, Copy)]
pub(super) struct Draw<'d> {
    /// Window lengths, one of which is drawn per step.
    pub windows: &'d [usize],
    /// Most classes per step.
    pub classes: usize,
    /// Windows per class.
    pub windows_per_class: usize,
}

impl Balanced {
    /// Classes in a step.
    pub(super) fn present(&self, wanted: Draw<'_>) -> usize {
        wanted.classes.min(self.classes.len())
    }

    /// Windows in a step.
    pub(super) fn rows(&self, wanted: Draw<'_>) -> usize {
        self.present(wanted) * wanted.windows_per_class
    }

    /// Draws a window length, classes, and windows of each class, preferring different recordings.
    ///
    /// A window starts at any frame from which it fits into its run; in a recording without so long a run the longest is
    /// repeated cyclically.
    pub(super) fn draw(&self, wanted: Draw<'_>, rng: &mut ChaCha8Rng) -> Batch<'_> {
        let graph = rng.random_range(0..wanted.windows.len());
        let window = wanted.windows[graph];
        let rows = self.rows(wanted);
        let mut order: Vec<usize> = (0..self.classes.len()).collect();
        let (chosen, _) = order.partial_shuffle(rng, self.present(wanted));
        let mut frames = Vec::with_capacity(rows * window * self.width);
        let mut own = vec![-EXCLUDED; self.classes.len() * rows];
        for (place, &class) in chosen.iter().enumerate() {
            let first = place * wanted.windows_per_class;
            own[class * rows + first..][..wanted.windows_per_class].fill(0.0);
            let recordings = &self.classes[class];
            let mut unused: Vec<&Vec<Range<usize>>> = Vec::new();
            for _ in 0..wanted.windows_per_class {
                if unused.is_empty() {
                    unused.extend(recordings);
                    unused.shuffle(rng);
                }
                let Some(runs) = unused.pop() else { continue };
                for row in draw_window(runs, window, rng).iter().flat_map(Window::frames) {
                    frames.extend_from_slice(&self.frames[row * self.width..][..self.width]);
                }
            }
        }
        let shape = vec![self.classes.len(), rows];
        Batch {
            graph,
            frames: Cow::Owned(frames),
            shape: [rows, window, self.width],
            inputs: vec![Input { name: "own", shape, values: Values::F32(own) }],
        }
    }
}

/// A random window of a recording; none when it has no frames.
fn draw_window(runs: &[Range<usize>], length: usize, rng: &mut ChaCha8Rng) -> Option<Window> {
    let starts = |run: &Range<usize>| (run.len() + 1).saturating_sub(length);
    let all: usize = runs.iter().map(starts).sum();
    let mut start = rng.random_range(0..=all.saturating_sub(1));
    for run in runs {
        match start.checked_sub(starts(run)) {
            Some(after) => start = after,
            None => return Some(Window::at(run, start, length)),
        }
    }
    windows(runs, length).pop()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::training::batch::generator;

    proptest! {
        /// Frame values are row numbers, so that a batch shows its rows.
        #[test]
        fn a_batch_holds_whole_windows_of_as_many_recordings_as_there_are(
            lengths in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(1usize..14, 1..4), 1..5), 2..12
            ),
            windows_per_class in 1usize..6, seed: u64,
        ) {
            let mut next = 0;
            let mut run = |&length: &usize| {
                next += length;
                next - length..next
            };
            let mut recording = |runs: &Vec<usize>| runs.iter().map(&mut run).collect();
            let classes: Vec<Vec<Vec<Range<usize>>>> =
                lengths.iter().map(|class| class.iter().map(&mut recording).collect()).collect();
            let balanced = Balanced { frames: (0..next).map(|row| row as f32).collect(), width: 1, classes };
            let wanted = Draw { windows: &[1, 3, 9], classes: 8, windows_per_class };
            let batch = balanced.draw(wanted, &mut generator(seed, 0));
            let [rows, window, width] = batch.shape;
            prop_assert_eq!(batch.frames.len(), rows * window * width);
            prop_assert_eq!(rows, lengths.len().min(8) * windows_per_class);
            let Values::F32(own) = &batch.inputs[0].values else { unreachable!() };
            let starts: Vec<usize> = batch.frames.chunks(window).map(|w| w[0] as usize).collect();
            for (row, frames) in batch.frames.chunks(window).enumerate() {
                let members: Vec<usize> = (0..lengths.len()).filter(|class| own[class * rows + row] == 0.0).collect();
                prop_assert_eq!(members.len(), 1);
                let of_recording = |runs: &&Vec<Range<usize>>| runs.iter().any(|run| run.contains(&starts[row]));
                let runs = balanced.classes[members[0]].iter().find(of_recording).cloned();
                prop_assert!(runs.is_some(), "of another class");
                let runs = runs.unwrap_or_default();
                let run = runs.iter().find(|run| run.contains(&starts[row])).cloned().unwrap_or_default();
                let position = starts[row] - run.start;
                for (t, &frame) in frames.iter().enumerate() {
                    prop_assert_eq!(frame as usize, run.start + (position + t) % run.len());
                }
                let longest = runs.iter().map(Range::len).max().unwrap_or(0);
                prop_assert!(position + window <= run.len() || (position, run.len()) == (0, longest) && longest < window);
            }
            for (group, class) in starts.chunks(windows_per_class).zip(0..) {
                let row = class * windows_per_class;
                let own_class = (0..lengths.len()).find(|c| own[c * rows + row] == 0.0).unwrap_or_default();
                let recordings = &balanced.classes[own_class];
                let within = |runs: &[Range<usize>], start| runs.iter().any(|run| run.contains(start));
                let used = recordings.iter().filter(|runs| group.iter().any(|start| within(runs, start))).count();
                prop_assert_eq!(used, recordings.len().min(windows_per_class));
            }
        }
    }
}
