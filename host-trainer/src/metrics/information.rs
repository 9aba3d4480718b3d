//! Identity information in embeddings and scores: effective dimension, bits, a map in the plane.
//!
//! Embeddings are `rows x dim`; all rows have the same length.

use super::{ScoreError, check_finite, check_not_empty, moments};

/// How many dimensions the embeddings use: `(tr C)^2 / tr(C^2)` of their covariance `C`.
///
/// From 1 (all on a line) to `min(dim, rows - 1)` (equal spread in all directions); 0 if all rows are equal. Few rows
/// give an underestimate. The participation ratio of Gao et al. (2017).
#[must_use]
pub fn participation_ratio<E: AsRef<[f32]>>(embeddings: &[E]) -> f64 {
    let centred = Centred::new(embeddings);
    // X'X and XX' have the same trace, and so do their squares: the smaller one is computed.
    let vectors = if centred.rows.len() < centred.dim { centred.rows } else { transposed(&centred.rows, centred.dim) };
    let (mut trace, mut trace_of_square) = (0.0, 0.0);
    for (i, a) in vectors.iter().enumerate() {
        let own = dot(a, a);
        trace += own;
        trace_of_square += own * own + 2.0 * vectors[..i].iter().map(|b| dot(a, b).powi(2)).sum::<f64>();
    }
    if trace_of_square > 0.0 { trace * trace / trace_of_square } else { 0.0 }
}

/// The relative entropy of genuine to impostor scores in bits, with both taken as Gaussian.
///
/// `D(g || i) = (ln(s_i / s_g) + (s_g^2 + (m_g - m_i)^2) / (2 s_i^2) - 1/2) / ln 2`, with means `m` and population
/// variances `s^2 + 1e-9`. For the true distributions it is the mean information of a comparison about identity
/// (Takahashi and Murakami 2014). It is only an order of magnitude: cosines concentrate near 1 and are not Gaussian,
/// and the quadratic term extrapolates beyond the scores in the lists. Scores cannot give more information about which
/// label it is than the log2 of the number of enrolled labels.
///
/// # Errors
/// [`ScoreError`].
pub fn relative_entropy_bits(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let ((genuine_mean, genuine_variance), (impostor_mean, impostor_variance)) = (moments(genuine), moments(impostor));
    let (genuine_variance, impostor_variance) = (genuine_variance + 1e-9, impostor_variance + 1e-9);
    let distance = (genuine_mean - impostor_mean).powi(2);
    let nats = (impostor_variance / genuine_variance).ln() / 2.0
        + (genuine_variance + distance) / (2.0 * impostor_variance)
        - 0.5;
    Ok(nats / core::f64::consts::LN_2)
}

/// Each row's coordinates on the first two principal axes; 0 on an axis without variance.
///
/// Power iteration, with the second axis held orthogonal to the first. The sign of an axis makes its component of
/// largest magnitude positive, so that equal embeddings give equal maps.
#[must_use]
pub fn principal_map<E: AsRef<[f32]>>(embeddings: &[E]) -> Vec<[f64; 2]> {
    let centred = Centred::new(embeddings);
    let first = centred.principal_axis(None);
    let second = centred.principal_axis(Some(&first));
    centred.rows.iter().map(|row| [dot(row, &first), dot(row, &second)]).collect()
}

/// Embeddings minus their mean.
struct Centred {
    rows: Vec<Vec<f64>>,
    dim: usize,
}

impl Centred {
    fn new<E: AsRef<[f32]>>(embeddings: &[E]) -> Self {
        let dim = embeddings.first().map_or(0, |row| row.as_ref().len());
        let mut rows: Vec<Vec<f64>> =
            embeddings.iter().map(|row| row.as_ref().iter().copied().map(f64::from).collect()).collect();
        for component in 0..dim {
            let mean = rows.iter().map(|row| row[component]).sum::<f64>() / rows.len() as f64;
            rows.iter_mut().for_each(|row| row[component] -= mean);
        }
        Self { rows, dim }
    }

    /// The unit vector of greatest variance among those orthogonal to `excluded`; zero without variance.
    fn principal_axis(&self, excluded: Option<&[f64]>) -> Vec<f64> {
        // Axes of nearly equal variance converge slowly, but any mixture of them is as good a map: so steps are
        // bounded.
        const ITERATIONS: usize = 500;
        let total = self.rows.iter().map(|row| dot(row, row)).sum::<f64>();
        // An arbitrary start, which is unlikely to be orthogonal to an axis.
        let mut axis: Vec<f64> = (1..=self.dim).map(|i| (i as f64).sin()).collect();
        for _ in 0..ITERATIONS {
            let mut next = vec![0.0; self.dim];
            for row in &self.rows {
                add_multiple(&mut next, dot(row, &axis), row);
            }
            if let Some(excluded) = excluded {
                let along = -dot(&next, excluded);
                add_multiple(&mut next, along, excluded);
            }
            let length = dot(&next, &next).sqrt();
            // Without variance only rounding errors remain.
            if length <= 1e-12 * total {
                return vec![0.0; self.dim];
            }
            next.iter_mut().for_each(|component| *component /= length);
            let change = next.iter().zip(&axis).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            axis = next;
            if change < 1e-20 {
                break;
            }
        }
        let greatest = axis.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        if greatest < 0.0 {
            axis.iter_mut().for_each(|component| *component = -*component);
        }
        axis
    }
}

fn transposed(rows: &[Vec<f64>], dim: usize) -> Vec<Vec<f64>> {
    (0..dim).map(|component| rows.iter().map(|row| row[component]).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_multiple(sum: &mut [f64], factor: f64, vector: &[f64]) {
    sum.iter_mut().zip(vector).for_each(|(sum, component)| *sum += factor * component);
}

#[cfg(test)]
mod tests;
