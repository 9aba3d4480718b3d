//! Identity information in embeddings and scores: dimensions in use, bits, a map in the plane.
//!
//! Embeddings are `rows x dim`; all rows have one length.

use super::{ScoreError, check_finite, check_not_empty, moments};

/// How many dimensions the embeddings use: `(tr C)^2 / tr(C^2)` of their covariance `C`.
///
/// From 1, all on a line, to `min(dim, rows - 1)`, spread alike in all directions; 0 where the rows do not differ. It
/// is an underestimate where rows are few. The participation ratio of Gao et al. (2017).
#[must_use]
pub fn participation_ratio<E: AsRef<[f32]>>(embeddings: &[E]) -> f64 {
    let centred = Centred::new(embeddings);
    // X'X and XX' have the same trace and the same trace of their squares: the smaller one is computed.
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
/// variances `s^2 + 1e-9`. For the true distributions it is how much a comparison tells about identity, on average
/// (Takahashi and Murakami 2014). Cosines crowd at 1 and are not Gaussian, and the quadratic term grows with distances
/// that no score in the lists bears out: read it as an order of magnitude. About which label it is, scores cannot tell
/// more than the log2 of the number of enrolled labels.
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

/// Each row's coordinates on the first and the second principal axis; 0 on an axis along which nothing varies.
///
/// Power iteration, the second axis held orthogonal to the first. An axis points to where its component of greatest
/// magnitude is positive, so that equal embeddings make equal maps.
#[must_use]
pub fn principal_map<E: AsRef<[f32]>>(embeddings: &[E]) -> Vec<[f64; 2]> {
    let centred = Centred::new(embeddings);
    let first = centred.principal_axis(None);
    let second = centred.principal_axis(Some(&first));
    centred.rows.iter().map(|row| [dot(row, &first), dot(row, &second)]).collect()
}

/// Embeddings about their mean.
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

    /// The unit vector of greatest variance among those orthogonal to `excluded`; zero where nothing varies.
    fn principal_axis(&self, excluded: Option<&[f64]>) -> Vec<f64> {
        // Axes of nearly equal variance mix slowly, and any mixture of them is as good a map: a bound ends that.
        const ITERATIONS: usize = 500;
        let total = self.rows.iter().map(|row| dot(row, row)).sum::<f64>();
        // An arbitrary start that is orthogonal to no axis but by an unlikely chance.
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
            // What is left of a direction without variance is rounding.
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
