//! The embedding, binarised at the median of the enrolled embeddings' values, compared bit by bit.

use super::bits::BitGallery;
use super::gallery::Gallery;
use super::method::{EncoderUse, Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;

/// The embedding, binarised at the median of the enrolled embeddings' values, compared bit by bit.
pub(super) struct Neural;

struct Binarised;

impl Method for Neural {
    fn name(&self) -> &'static str {
        "Neural"
    }

    fn argument(&self) -> &'static str {
        "neural"
    }

    fn help(&self) -> &'static str {
        "The embedding's bits"
    }

    fn explanation(&self) -> &'static str {
        "NeuralVault's embedding with each number reduced to one bit, compared bit by bit, as in the published pipeline."
    }

    fn plain_name(&self) -> &'static str {
        "NeuralVault's bits"
    }

    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::Shared
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(Binarised))
    }
}

impl Scorer for Binarised {
    fn encode(&self, windows: &Windows) -> Rows {
        windows.embeddings.clone()
    }

    fn enrol(&self, _: &Windows, codes: &Rows, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        let enrolled = members.iter().flatten().flat_map(|&row| codes.row(row).iter().copied());
        Box::new(BitGallery::new(codes, members, median(enrolled)))
    }
}

/// The median; the mean of the two middle values for an even count.
fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_between_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), 2.5);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
    }
}
