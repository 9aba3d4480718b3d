//! Drawing the windows and triplets of a step of the triplet loss.

use std::borrow::Cow;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::batch::{Batch, Input, Values};
use crate::graph::loss::FORBIDDEN;

/// Standardised windows with their classes.
pub(super) struct Windows {
    /// Windows x frames x features.
    pub frames: Vec<f32>,
    /// Frames per window.
    pub window: usize,
    /// Features per frame.
    pub features: usize,
    /// The class of every window.
    pub labels: Vec<u32>,
}

/// Row indices of random triplets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Triplets {
    /// Anchors.
    anchor: Vec<i64>,
    /// For each anchor, another row of its class.
    positive: Vec<i64>,
    /// For each anchor, a row of another class.
    negative: Vec<i64>,
}

impl Windows {
    /// Windows per step, at most `limit`.
    pub(super) fn rows(&self, limit: usize) -> usize {
        limit.min(self.labels.len())
    }

    /// Draws at most `limit` windows, and `count` random triplets among them.
    ///
    /// The caller must ensure that there are two classes, and two windows of each class that can be an anchor.
    pub(super) fn draw_triplets(&self, limit: usize, count: usize, rng: &mut ChaCha8Rng) -> Batch<'_> {
        let chosen = self.choose(self.rows(limit), rng);
        let Triplets { anchor, positive, negative } = self.triplets(&chosen, count, rng);
        let named = [("anchor", anchor), ("positive", positive), ("negative", negative)];
        let input = |(name, rows)| Input { name, shape: vec![count], values: Values::I64(rows) };
        self.batch(&chosen, named.map(input).into())
    }

    /// Draws at most `limit` windows, and marks the pairs that batch-hard mining may choose.
    pub(super) fn draw_pairs(&self, limit: usize, rng: &mut ChaCha8Rng) -> Batch<'_> {
        let chosen = self.choose(self.rows(limit), rng);
        let (positives, negatives) = self.pairs(&chosen);
        let named = [("positives", positives), ("negatives", negatives)];
        let input = |(name, pairs)| Input { name, shape: vec![chosen.len(); 2], values: Values::F32(pairs) };
        self.batch(&chosen, named.map(input).into())
    }

    fn batch(&self, chosen: &[usize], inputs: Vec<Input>) -> Batch<'_> {
        let size = self.window * self.features;
        let frames = if chosen.len() == self.labels.len() {
            Cow::Borrowed(self.frames.as_slice())
        } else {
            let parts: Vec<&[f32]> = chosen.iter().map(|window| &self.frames[window * size..][..size]).collect();
            Cow::Owned(parts.concat())
        };
        Batch { graph: 0, frames, shape: [chosen.len(), self.window, self.features], inputs }
    }

    /// The windows of a step, ascending: all if they fit, otherwise two of every class as far as they fit, and the rest
    /// at random.
    fn choose(&self, rows: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        if rows == self.labels.len() {
            return (0..rows).collect();
        }
        let mut classes = vec![Vec::new(); self.classes()];
        for (window, &label) in self.labels.iter().enumerate() {
            classes[label as usize].push(window);
        }
        classes.retain(|class| class.len() >= 2);
        classes.shuffle(rng);
        let mut taken = vec![false; self.labels.len()];
        let mut chosen = Vec::with_capacity(rows);
        for class in classes.iter().take(rows / 2) {
            for &window in class.sample(rng, 2) {
                taken[window] = true;
                chosen.push(window);
            }
        }
        let mut rest: Vec<usize> = (0..self.labels.len()).filter(|&window| !taken[window]).collect();
        let missing = rows - chosen.len();
        chosen.extend_from_slice(rest.partial_shuffle(rng, missing).0);
        chosen.sort_unstable();
        chosen
    }

    /// `count` random triplets among `windows`, as indices into it.
    fn triplets(&self, windows: &[usize], count: usize, rng: &mut ChaCha8Rng) -> Triplets {
        let label = |row: usize| self.labels[windows[row]];
        let mut of_class = vec![Vec::new(); self.classes()];
        for row in 0..windows.len() {
            of_class[label(row) as usize].push(row);
        }
        let anchors: Vec<usize> = (0..windows.len()).filter(|&row| of_class[label(row) as usize].len() >= 2).collect();
        let mut triplets = Triplets::default();
        for _ in 0..count {
            let Some(&anchor) = anchors.choose(rng) else { break };
            let own = &of_class[label(anchor) as usize];
            let positive = other_than(own, anchor, rng);
            let negative = loop {
                let row = rng.random_range(0..windows.len());
                if label(row) != label(anchor) {
                    break row;
                }
            };
            triplets.anchor.push(anchor as i64);
            triplets.positive.push(positive as i64);
            triplets.negative.push(negative as i64);
        }
        triplets
    }

    /// Which pairs batch-hard mining may choose: the `positives` and `negatives` inputs of the loss.
    fn pairs(&self, windows: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let mut positives = Vec::with_capacity(windows.len() * windows.len());
        let mut negatives = Vec::with_capacity(positives.capacity());
        for (i, &a) in windows.iter().enumerate() {
            for (j, &b) in windows.iter().enumerate() {
                let same = self.labels[a] == self.labels[b];
                positives.push(if same && i != j { 0.0 } else { FORBIDDEN });
                negatives.push(if same { -FORBIDDEN } else { 0.0 });
            }
        }
        (positives, negatives)
    }

    fn classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |&label| label as usize + 1)
    }
}

/// A random member of `class` that is not `anchor`, which is one of its two or more members.
fn other_than(class: &[usize], anchor: usize, rng: &mut ChaCha8Rng) -> usize {
    let drawn = class[rng.random_range(0..class.len() - 1)];
    if drawn == anchor { class[class.len() - 1] } else { drawn }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::training::batch::generator;

    /// Windows of one feature that holds the window's number.
    fn windows(labels: Vec<u32>) -> Windows {
        Windows { frames: (0..labels.len()).map(|w| w as f32).collect(), window: 1, features: 1, labels }
    }

    proptest! {
        #[test]
        fn triplets_hold_two_of_a_class_and_one_of_another(
            sizes in prop::collection::vec(2usize..9, 2..7), rows in 4usize..40, seed: u64, step in 0u64..1000,
        ) {
            let labels: Vec<u32> =
                sizes.iter().enumerate().flat_map(|(class, &n)| vec![class as u32; n]).collect();
            let windows = windows(labels.clone());
            let mut rng = generator(seed, step);
            let chosen = windows.choose(rows.min(labels.len()), &mut rng);
            prop_assert_eq!(chosen.len(), rows.min(labels.len()));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            let triplets = windows.triplets(&chosen, 50, &mut rng);
            prop_assert_eq!(triplets.anchor.len(), 50);
            for ((&a, &p), &n) in triplets.anchor.iter().zip(&triplets.positive).zip(&triplets.negative) {
                let label = |row: i64| labels[chosen[row as usize]];
                prop_assert!(a != p && label(a) == label(p) && label(a) != label(n));
            }
        }
    }

    #[test]
    fn a_batch_holds_the_chosen_windows() {
        let windows = windows((0..60).map(|i| i % 5).collect());
        let batch = windows.draw_triplets(20, 8, &mut generator(3, 7));
        assert_eq!(batch.shape, [20, 1, 1]);
        assert!(batch.frames.windows(2).all(|pair| pair[0] < pair[1]));
        let again = windows.draw_triplets(20, 8, &mut generator(3, 7));
        assert_eq!(batch.frames, again.frames);
    }

    #[test]
    fn a_row_is_never_its_own_positive() {
        let (positives, negatives) = windows(vec![0, 0, 1, 1]).pairs(&[0, 1, 2, 3]);
        assert_eq!(positives[..4], [FORBIDDEN, 0.0, FORBIDDEN, FORBIDDEN]);
        assert_eq!(negatives[..4], [-FORBIDDEN, -FORBIDDEN, 0.0, 0.0]);
    }
}
