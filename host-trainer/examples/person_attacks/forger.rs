//! A scan made to have a wished embedding: the model's steps, inverted.
//!
//! The attacker has the model, which is no secret, and recordings of strangers. Missing are the length that the embedding had
//! before it was normalised, guessed from a stranger's scan, and the diagonal of the inverse, guessed to be one number
//! everywhere.

use std::error::Error;

use faer::{Mat, Side};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::case::Case;

/// What the attacker makes frames of.
pub struct Forger {
    /// Columns: axes of the regions' covariance, each as long as its deviation, the longest first.
    axes: Mat<f64>,
    /// Frames of a probe.
    frames: usize,
}

impl Forger {
    /// For scans whose embedding is `wished`.
    pub fn new(case: &Case<'_>, wished: &[f32]) -> Result<Self, Box<dyn Error>> {
        let bundle = case.model.bundle()?;
        let tensor = |name: &str| bundle.state_tensor(name).ok_or_else(|| format!("no {name}"));
        let (whitening, mean) = (tensor("connectome.whitening")?, tensor("connectome.mean")?);
        let regions = case.model.dims().d_model;
        let whitening = Mat::from_fn(regions, regions, |i, j| f64::from(whitening[i * regions + j]));
        let strangers = case.strangers.iter().map(|probes| probes.concat()).next().ok_or("no stranger")?;
        let scale = length(&strangers, &whitening, &mean)?;
        let norm = wished.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
        let features: Vec<f64> =
            wished.iter().zip(&mean).map(|(p, m)| f64::from(*p) / norm * scale + f64::from(*m)).collect();
        let whitened = whitened(&features, regions)?;
        let unwhiten = whitening.self_adjoint_eigen(Side::Lower).map_err(|_| "no eigenvalues")?;
        let inverse = of_eigenvalues(unwhiten.U(), |k| unwhiten.S().column_vector()[k].recip());
        let covariance = &inverse * whitened * &inverse;
        let eigen = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| "no eigenvalues")?;
        let value = |k: usize| eigen.S().column_vector()[regions - 1 - k].max(0.0).sqrt();
        let axes = Mat::from_fn(regions, regions, |i, k| eigen.U()[(i, regions - 1 - k)] * value(k));
        Ok(Self { axes, frames: case.frames })
    }

    /// Gaussian frames with the covariance.
    pub fn random_frames(&self, random: &mut impl Rng) -> Vec<f32> {
        self.frames_along(self.axes.ncols(), |_, _| StandardNormal.sample(&mut *random))
    }

    /// Frames that have the main axes of the covariance exactly, as many as so few frames can have.
    pub fn main_axes(&self, random: &mut impl Rng) -> Vec<f32> {
        let count = self.frames - 1;
        // Orthonormal courses of mean zero: of random ones, with the constant course as the first.
        let courses =
            Mat::from_fn(
                self.frames,
                self.frames,
                |_, k| if k == 0 { 1.0 } else { StandardNormal.sample(&mut *random) },
            );
        let courses = courses.qr().compute_thin_Q();
        self.frames_along(count, |frame, axis| courses[(frame, axis + 1)] * (self.frames as f64).sqrt())
    }

    fn frames_along(&self, count: usize, course: impl FnMut(usize, usize) -> f64) -> Vec<f32> {
        let courses = Mat::from_fn(self.frames, count, course);
        let frames = courses * self.axes.subcols(0, count).transpose();
        (0..frames.nrows()).flat_map(|i| (0..frames.ncols()).map(move |j| (i, j))).map(|at| frames[at] as f32).collect()
    }
}

/// The whitened correlations whose features these are: the inverse with one number on its diagonal, which gives them their trace.
fn whitened(features: &[f64], regions: usize) -> Result<Mat<f64>, Box<dyn Error>> {
    let mut off = Mat::<f64>::zeros(regions, regions);
    let pairs = (0..regions).flat_map(|i| (i + 1..regions).map(move |j| (i, j)));
    for ((i, j), value) in pairs.zip(features) {
        off[(i, j)] = -value;
        off[(j, i)] = -value;
    }
    let eigen = off.self_adjoint_eigen(Side::Lower).map_err(|_| "no eigenvalues")?;
    let values: Vec<f64> = (0..regions).map(|k| eigen.S().column_vector()[k]).collect();
    // The trace of the inverse falls as the diagonal grows: from infinite to less than it must be.
    let (mut low, mut high) = (-values[0] + 1e-9, -values[0] + 1e3);
    for _ in 0..200 {
        let diagonal = f64::midpoint(low, high);
        let trace: f64 = values.iter().map(|value| (value + diagonal).recip()).sum();
        if trace > 2.0 * regions as f64 { low = diagonal } else { high = diagonal }
    }
    Ok(of_eigenvalues(eigen.U(), |k| ((values[k] + low).recip() - 1.0).max(0.0)))
}

/// The length of a scan's features less the model's mean.
fn length(frames: &[f32], whitening: &Mat<f64>, mean: &[f32]) -> Result<f64, Box<dyn Error>> {
    let regions = whitening.nrows();
    let count = frames.len() / regions;
    let mut scan = Mat::<f64>::zeros(count, regions);
    for region in 0..regions {
        let column = || (0..count).map(|frame| f64::from(frames[frame * regions + region]));
        let mean = column().sum::<f64>() / count as f64;
        let deviation = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
        column().enumerate().for_each(|(frame, x)| scan[(frame, region)] = (x - mean) / deviation);
    }
    let whitened = scan * whitening;
    let mut matrix = whitened.transpose() * &whitened;
    let scale = regions as f64 / (0..regions).map(|k| matrix[(k, k)]).sum::<f64>();
    matrix *= faer::Scale(scale);
    let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| "no eigenvalues")?;
    let inverse = of_eigenvalues(eigen.U(), |k| (eigen.S().column_vector()[k] + 1.0).recip());
    let pairs = (0..regions).flat_map(|i| (i + 1..regions).map(move |j| (i, j)));
    Ok(pairs.zip(mean).map(|(at, mean)| (-inverse[at] - f64::from(*mean)).powi(2)).sum::<f64>().sqrt())
}

/// The symmetric matrix of these eigenvectors with other eigenvalues.
fn of_eigenvalues(vectors: faer::MatRef<'_, f64>, value: impl Fn(usize) -> f64) -> Mat<f64> {
    let scaled = Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, k| vectors[(i, k)] * value(k));
    scaled * vectors.transpose()
}
