//! The inputs of one step, other than the weights.

use std::borrow::Cow;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::engine::{Data, Feed};

/// The windows of a step and the inputs of its loss.
pub(super) struct Batch<'d> {
    /// Index of the graph for this batch, which is the index of its window length.
    pub graph: usize,
    /// Windows x frames x features.
    pub frames: Cow<'d, [f32]>,
    pub shape: [usize; 3],
    pub inputs: Vec<Input>,
}

/// An input of the loss.
pub(super) struct Input {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub values: Values,
}

pub(super) enum Values {
    F32(Vec<f32>),
    I64(Vec<i64>),
}

impl Batch<'_> {
    /// Everything that the graph is fed for this batch.
    pub(super) fn feeds(&self) -> impl Iterator<Item = Feed<'_>> {
        let inputs = self.inputs.iter().map(|input| {
            let data = match &input.values {
                Values::F32(values) => Data::F32(values),
                Values::I64(values) => Data::I64(values),
            };
            Feed { name: input.name, shape: &input.shape, data }
        });
        std::iter::once(Feed { name: "frames", shape: &self.shape, data: Data::F32(&self.frames) }).chain(inputs)
    }
}

/// The generator of step `step`, keyed by the run's seed and the step's number.
///
/// It does not depend on the steps before, so a resumed run draws the same as an uninterrupted one.
pub(super) fn generator(seed: u64, step: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(step + 1);
    rng
}

/// Fills a dropout mask: 0 with probability `p`, rounded to a multiple of 1 / 65,536, otherwise `1 / (1 - p)`.
pub(super) fn fill_mask(rng: &mut ChaCha8Rng, p: f64, mask: &mut [f32]) {
    let keep = (1.0 / (1.0 - p)) as f32;
    let threshold = (p * 65_536.0).round() as u32;
    for values in mask.chunks_mut(2) {
        let drawn = rng.next_u32();
        for (value, drawn) in values.iter_mut().zip([drawn & 0xffff, drawn >> 16]) {
            *value = if drawn < threshold { 0.0 } else { keep };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_drops_its_share_and_keeps_the_mean() {
        let mut mask = vec![0.0; 100_001];
        fill_mask(&mut generator(1, 0), 0.1, &mut mask);
        let dropped = mask.iter().filter(|&&v| v == 0.0).count();
        assert!((9_000..11_000).contains(&dropped), "{dropped}");
        assert!(mask.iter().all(|&v| v == 0.0 || v == 1.0 / 0.9));
    }

    #[test]
    fn a_step_draws_the_same_independently_of_earlier_draws() {
        let draw = |step| generator(3, step).next_u64();
        let later = draw(7);
        assert_ne!(later, draw(6));
        assert_eq!(later, draw(7));
    }
}
