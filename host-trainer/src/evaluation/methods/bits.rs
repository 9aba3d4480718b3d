//! Signs of classes' mean vectors, compared bit by bit.

use super::gallery::{Gallery, each, mean_of};
use super::rows::Rows;

/// One bit per component of each class's mean code: whether it is above a threshold, as for probes.
pub(super) struct BitGallery {
    templates: Vec<Option<Vec<u64>>>,
    threshold: f32,
}

impl BitGallery {
    /// The bits above `threshold` of the mean codes at `members`.
    pub(super) fn new(codes: &Rows, members: &[Vec<usize>], threshold: f32) -> Self {
        let templates = members.iter().map(|rows| Some(above(&codes.mean(rows)?, threshold)));
        Self { templates: templates.collect(), threshold }
    }
}

impl Gallery for BitGallery {
    /// Scores of several windows are averaged.
    fn scores(&self, codes: &Rows, rows: &[usize]) -> Vec<(u32, f64)> {
        // Each window is binarised once, not once per class.
        let binary: Vec<Vec<u64>> = rows.iter().map(|&row| above(codes.row(row), self.threshold)).collect();
        let score = |bits: &Vec<u64>| mean_of(binary.iter().map(|b| binary_score(bits, b, codes.width())));
        each(&self.templates, score)
    }
}

/// One bit per component: whether it is above `threshold`.
fn above(vector: &[f32], threshold: f32) -> Vec<u64> {
    let word = |chunk: &[f32]| {
        let set = chunk.iter().enumerate().filter(|(_, v)| **v > threshold);
        set.fold(0, |word, (bit, _)| word | 1 << bit)
    };
    vector.chunks(64).map(word).collect()
}

/// One minus the share of `count` bits that differ.
fn binary_score(a: &[u64], b: &[u64], count: usize) -> f64 {
    let differing: u32 = a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum();
    1.0 - f64::from(differing) / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_score_one_when_equal_and_by_share_when_not() {
        let bits = above(&[1.0, -1.0, 0.5, 0.0], 0.0);
        assert_eq!(bits, [0b101]);
        assert_eq!(binary_score(&bits, &above(&[1.0, 1.0, 0.5, 0.0], 0.0), 4), 0.75);
    }
}
