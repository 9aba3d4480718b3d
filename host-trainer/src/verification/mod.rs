//! Verification trials: prototypes, probes, genuine and impostor scores.

pub mod persons;
pub mod trials;

use neural_vault_core::prototype::{restore, round};
use neural_vault_core::similarity::{SimilarityError, cosine, normalise};

use crate::dataset::{Dataset, Scan};
use crate::metrics::{Eer, ScoreError, eer};

/// Cosine scores of verification trials; higher means more alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// Probes against the prototype of their own class.
    pub genuine: Vec<f64>,
    /// Probes against the prototypes of the other classes.
    pub impostor: Vec<f64>,
}

impl Scores {
    /// The equal error rate and its threshold.
    ///
    /// # Errors
    /// When a score is not finite.
    pub fn eer(&self) -> Result<Eer, ScoreError> {
        eer(&self.genuine, &self.impostor)
    }

    /// Adds the scores of `probes` against `prototypes`; classes without a prototype are left out.
    pub fn add(&mut self, prototypes: &[Option<Vec<f32>>], probes: &[(u32, Vec<f32>)]) {
        for (label, probe) in probes {
            for (class, prototype) in prototypes.iter().enumerate() {
                let Some(prototype) = prototype else { continue };
                let score = score(prototype, probe);
                if class == *label as usize { self.genuine.push(score) } else { self.impostor.push(score) }
            }
        }
    }
}

/// The cosine of a prototype and a probe; -1 if either has length zero, so that the probe is rejected.
#[must_use]
pub fn score(prototype: &[f32], probe: &[f32]) -> f64 {
    f64::from(cosine(prototype, probe).unwrap_or(-1.0))
}

/// A prototype as a connectome model's are stored: its components rounded to 8-bit codes, times their scale.
///
/// Host and token make it alike, so that score and key are the same on both.
///
/// # Errors
/// The prototype is zero or not finite.
pub fn rounded(prototype: &[f32]) -> Result<Vec<f32>, SimilarityError> {
    let (mut codes, mut components) = (vec![0; prototype.len()], vec![0.0; prototype.len()]);
    let scale = round(prototype, &mut codes)?;
    restore(&codes, scale, &mut components)?;
    Ok(components)
}

/// The mean embedding of every class that has one, by class number (Snell, Swersky and Zemel 2017).
#[must_use]
pub fn prototypes(embeddings: &[(u32, Vec<f32>)], classes: usize) -> Vec<Option<Vec<f32>>> {
    let mut sums: Vec<Option<(Vec<f32>, usize)>> = vec![None; classes];
    for (label, embedding) in embeddings {
        let (sum, count) = sums[*label as usize].get_or_insert_with(|| (vec![0.0; embedding.len()], 0));
        sum.iter_mut().zip(embedding).for_each(|(total, component)| *total += component);
        *count += 1;
    }
    let mean = |(sum, count): (Vec<f32>, usize)| sum.into_iter().map(|total| total / count as f32).collect();
    sums.into_iter().map(|sum| sum.map(mean)).collect()
}

/// Normalises all prototypes to unit length and subtracts their mean from each.
///
/// Up to a factor, a score against a centred prototype is the cosine to its class minus the mean cosine to the gallery,
/// which removes what all classes have in common.
pub fn centre(gallery: &mut [&mut Vec<f32>]) {
    let mut mean: Vec<f32> = Vec::new();
    let count = gallery.len() as f32;
    for prototype in gallery.iter_mut() {
        // A prototype of length zero stays unchanged, and is refused when it is used.
        let _ = normalise(prototype);
        mean.resize(prototype.len(), 0.0);
        mean.iter_mut().zip(prototype.iter()).for_each(|(mean, component)| *mean += component / count);
    }
    for prototype in gallery {
        prototype.iter_mut().zip(&mean).for_each(|(component, mean)| *component -= mean);
    }
}

/// Every window of `window` frames as a separate probe; a shorter scan is one probe.
#[must_use]
pub fn window_probes(dataset: &Dataset, window: usize) -> Vec<Scan> {
    let probes = |scan: Scan| {
        let windows = dataset.windows(&scan, window).into_iter();
        windows.map(move |window| Scan { rows: window.rows, ..scan })
    };
    dataset.scans().into_iter().flat_map(probes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_probe_is_compared_once_with_every_prototype() {
        let enrolled = [(0, vec![1.0, 0.0]), (0, vec![1.0, 0.2]), (2, vec![0.0, 1.0])];
        let prototypes = prototypes(&enrolled, 3);
        assert_eq!(prototypes[0], Some(vec![1.0, 0.1]));
        assert_eq!(prototypes[1], None);
        let mut scores = Scores::default();
        scores.add(&prototypes, &[(0, vec![2.0, 0.2]), (2, vec![0.0, 3.0])]);
        assert_eq!((scores.genuine.len(), scores.impostor.len()), (2, 2));
        assert!(scores.genuine.iter().all(|&score| score > 0.999));
        assert!(scores.impostor.iter().all(|&score| score < 0.2));
    }
}
