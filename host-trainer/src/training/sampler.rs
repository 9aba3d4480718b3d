//! Which windows a step sees, which triplets it compares, and its dropout masks.
//!
//! Everything is drawn from a generator keyed by the run's seed and the step's number, so that a step can be repeated
//! without the steps before it: a resumed run draws what an uninterrupted one would have drawn.

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::graph::loss::FORBIDDEN;

/// Draws the steps of one run.
pub struct Sampler {
    seed: u64,
    /// The class of every window.
    labels: Vec<u32>,
    /// The windows of every class that has at least two.
    classes: Vec<Vec<usize>>,
    rows: usize,
}

/// The generator of step `step`.
pub struct StepGenerator(ChaCha8Rng);

/// Row indices of random triplets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Triplets {
    /// Anchors.
    pub anchor: Vec<i64>,
    /// For each anchor, another row of its class.
    pub positive: Vec<i64>,
    /// For each anchor, a row of another class.
    pub negative: Vec<i64>,
}

impl Sampler {
    /// A sampler over windows with these classes, `rows` of them a step.
    ///
    /// The caller has made sure that there are two classes, and two windows in each class that is to be an anchor.
    #[must_use]
    pub fn new(labels: Vec<u32>, rows: usize, seed: u64) -> Self {
        let count = labels.iter().max().map_or(0, |&label| label as usize + 1);
        let mut classes = vec![Vec::new(); count];
        for (window, &label) in labels.iter().enumerate() {
            classes[label as usize].push(window);
        }
        classes.retain(|class| class.len() >= 2);
        let rows = rows.min(labels.len());
        Self { seed, labels, classes, rows }
    }

    /// Windows a step sees.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The generator of step `step`.
    #[must_use]
    pub fn generator(&self, step: u64) -> StepGenerator {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step + 1);
        StepGenerator(rng)
    }

    /// The windows of a step, ascending: all of them when they fit, otherwise two of every class as far as they fit and
    /// the rest at random.
    pub fn windows(&self, generator: &mut StepGenerator) -> Vec<usize> {
        let rng = &mut generator.0;
        if self.rows == self.labels.len() {
            return (0..self.rows).collect();
        }
        let mut taken = vec![false; self.labels.len()];
        let mut chosen = Vec::with_capacity(self.rows);
        let mut classes: Vec<&Vec<usize>> = self.classes.iter().collect();
        classes.shuffle(rng);
        for class in classes.iter().take(self.rows / 2) {
            for &window in class.sample(rng, 2) {
                taken[window] = true;
                chosen.push(window);
            }
        }
        let mut rest: Vec<usize> = (0..self.labels.len()).filter(|&window| !taken[window]).collect();
        let missing = self.rows - chosen.len();
        chosen.extend_from_slice(rest.partial_shuffle(rng, missing).0);
        chosen.sort_unstable();
        chosen
    }

    /// `count` random triplets among `windows`, as indices into it.
    pub fn triplets(&self, windows: &[usize], count: usize, generator: &mut StepGenerator) -> Triplets {
        let rng = &mut generator.0;
        let label = |row: usize| self.labels[windows[row]];
        let mut of_class = vec![Vec::new(); self.labels.iter().max().map_or(0, |&l| l as usize + 1)];
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
    #[must_use]
    pub fn pairs(&self, windows: &[usize]) -> (Vec<f32>, Vec<f32>) {
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
}

impl StepGenerator {
    /// Fills a dropout mask: 0 with probability `p`, otherwise `1 / (1 - p)`.
    pub fn mask(&mut self, p: f64, mask: &mut [f32]) {
        let keep = (1.0 / (1.0 - p)) as f32;
        let threshold = (p * f64::from(u32::MAX)) as u32;
        for value in mask {
            *value = if self.0.next_u32() < threshold { 0.0 } else { keep };
        }
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

    proptest! {
        #[test]
        fn triplets_hold_two_of_a_class_and_one_of_another(
            sizes in prop::collection::vec(2usize..9, 2..7), rows in 4usize..40, seed: u64, step in 0u64..1000,
        ) {
            let labels: Vec<u32> =
                sizes.iter().enumerate().flat_map(|(class, &n)| vec![class as u32; n]).collect();
            let sampler = Sampler::new(labels.clone(), rows, seed);
            let mut generator = sampler.generator(step);
            let windows = sampler.windows(&mut generator);
            prop_assert_eq!(windows.len(), rows.min(labels.len()));
            prop_assert!(windows.windows(2).all(|pair| pair[0] < pair[1]));
            let triplets = sampler.triplets(&windows, 50, &mut generator);
            prop_assert_eq!(triplets.anchor.len(), 50);
            for ((&a, &p), &n) in triplets.anchor.iter().zip(&triplets.positive).zip(&triplets.negative) {
                let label = |row: i64| labels[windows[row as usize]];
                prop_assert!(a != p && label(a) == label(p) && label(a) != label(n));
            }
        }
    }

    #[test]
    fn a_step_is_drawn_alike_whatever_was_drawn_before() {
        let sampler = Sampler::new((0..60).map(|i| i % 5).collect(), 20, 3);
        let draw = |step| {
            let mut generator = sampler.generator(step);
            let windows = sampler.windows(&mut generator);
            let triplets = sampler.triplets(&windows, 8, &mut generator);
            let mut mask = [0.0; 64];
            generator.mask(0.5, &mut mask);
            (windows, triplets, mask)
        };
        let later = draw(7);
        assert_ne!(later.0, draw(6).0);
        assert_eq!(later, draw(7));
    }

    #[test]
    fn a_mask_drops_its_share_and_keeps_the_mean() {
        let sampler = Sampler::new(vec![0, 0, 1, 1], 4, 1);
        let mut mask = vec![0.0; 100_000];
        sampler.generator(0).mask(0.1, &mut mask);
        let dropped = mask.iter().filter(|&&v| v == 0.0).count();
        assert!((9_000..11_000).contains(&dropped), "{dropped}");
        assert!(mask.iter().all(|&v| v == 0.0 || v == 1.0 / 0.9));
    }

    #[test]
    fn pairs_allow_no_row_as_its_own_positive() {
        let sampler = Sampler::new(vec![0, 0, 1, 1], 4, 1);
        let (positives, negatives) = sampler.pairs(&[0, 1, 2, 3]);
        assert_eq!(positives[..4], [FORBIDDEN, 0.0, FORBIDDEN, FORBIDDEN]);
        assert_eq!(negatives[..4], [-FORBIDDEN, -FORBIDDEN, 0.0, 0.0]);
    }
}
