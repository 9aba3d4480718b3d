//! Mean vectors of classes, compared by cosine.

use super::gallery::{Gallery, each};
use super::rows::Rows;
use crate::verification::{centre, score};

/// The mean code of each class, compared by cosine.
pub(super) struct CosineGallery(Vec<Option<Vec<f32>>>);

impl CosineGallery {
    /// The means of the codes at `members`.
    pub(super) fn new(codes: &Rows, members: &[Vec<usize>]) -> Self {
        Self(members.iter().map(|rows| codes.mean(rows)).collect())
    }

    /// The same, centred on the mean of all classes.
    pub(super) fn centred(mut self) -> Self {
        centre(&mut self.0.iter_mut().flatten().collect::<Vec<_>>());
        self
    }
}

impl Gallery for CosineGallery {
    /// Codes of several windows are averaged before they are compared.
    fn scores(&self, codes: &Rows, rows: &[usize]) -> Vec<(u32, f64)> {
        let mean = codes.mean(rows).unwrap_or_default();
        each(&self.0, |vector| score(vector, &mean))
    }
}
