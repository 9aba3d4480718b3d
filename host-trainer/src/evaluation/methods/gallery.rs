//! The interface of a gallery, and what all kinds of galleries share.

use super::rows::Rows;

/// The enrolled classes of a method.
pub trait Gallery: Send + Sync {
    /// The score of a probe, the windows at `rows` of `codes`, against each enrolled class.
    fn scores(&self, codes: &Rows, rows: &[usize]) -> Vec<(u32, f64)>;
}

/// The score of each class that has a template.
pub(super) fn each<T>(templates: &[Option<T>], score: impl Fn(&T) -> f64) -> Vec<(u32, f64)> {
    let enrolled = (0..).zip(templates).filter_map(|(class, template)| Some((class, template.as_ref()?)));
    enrolled.map(|(class, template)| (class, score(template))).collect()
}

/// The mean of the scores of a probe's windows.
pub(super) fn mean_of(scores: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = scores.len() as f64;
    scores.sum::<f64>() / count
}
