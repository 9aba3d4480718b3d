//! The fit on background persons: whitening, mean and impostor scores, in float64.

use faer::{Mat, Side};
use rayon::prelude::*;

use super::background::impostor_scores;
use super::fitted::Fitted;
use super::tangent::{correlations, features};

/// Fewest background persons.
pub const FEWEST_PERSONS: usize = 3;
/// Fewest frames of a run.
const FEWEST_FRAMES: usize = 2;
/// Added to the eigenvalues of the mean correlations, which are then divided by 1 more than it.
const RIDGE: f64 = 0.03;

/// A person of the background.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// The person's label, for messages.
    pub label: &'a str,
    /// The person's scans.
    pub runs: Vec<Run<'a>>,
}

/// One scan of a person.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The session's name, for messages.
    pub session: &'a str,
    /// Frames x regions, row-major.
    pub frames: &'a [f32],
}

/// Why nothing can be fitted to the background.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// There are too few persons.
    #[error("{persons} background persons: the fit needs {FEWEST_PERSONS} at least, and 8 or more are better")]
    FewPersons {
        /// Persons that there are.
        persons: usize,
    },
    /// A run is too short.
    #[error("{run} has {frames} frames: regions covary over {FEWEST_FRAMES} frames at least")]
    FewFrames {
        /// The person and the session.
        run: String,
        /// Its frames.
        frames: usize,
    },
    /// The length of a run's values is no multiple of the number of regions.
    #[error("{run} has {values} values, which are no frames of {regions} regions")]
    Shape {
        /// The person and the session.
        run: String,
        /// Its values.
        values: usize,
        /// The regions.
        regions: usize,
    },
    /// A region has one value throughout a run.
    #[error(
        "{run}: region {region} of {regions} is constant: it is missing from the scan; leave the scan or the region out"
    )]
    ConstantRegion {
        /// The person and the session.
        run: String,
        /// The region, from 1.
        region: usize,
        /// The regions.
        regions: usize,
    },
    /// A region has no finite value in a frame.
    #[error("{run}: frame {frame} has no finite value for region {region} of {regions}")]
    NotFinite {
        /// The person and the session.
        run: String,
        /// The frame, from 1.
        frame: usize,
        /// The region, from 1.
        region: usize,
        /// The regions.
        regions: usize,
    },
    /// A decomposition did not converge.
    #[error("the regions' correlations cannot be decomposed; look for extreme values in the recordings")]
    NoConvergence,
}

/// Fits to persons of whom none will be enrolled.
///
/// With `C` the correlations of a run and all means taken over a person's runs, then over persons: `U diag(g) U'` is the
/// mean of `C`, `W = U diag(((g + 0.03) / 1.03)^-1/2) U'`, and the model's mean is that of the runs' features.
///
/// # Errors
/// [`FitError`]: there are fewer than three persons, or a run is too short, not finite, or lacks a region.
pub fn fit(regions: usize, background: &[Person<'_>]) -> Result<Fitted, FitError> {
    if background.len() < FEWEST_PERSONS {
        return Err(FitError::FewPersons { persons: background.len() });
    }
    background.iter().try_for_each(|person| check(person, regions))?;
    let person_correlations = |person: &Person<'_>| {
        let mut mean = Mat::<f64>::zeros(regions, regions);
        person.runs.iter().for_each(|run| mean += correlations(run.frames, regions));
        mean * faer::Scale(1.0 / person.runs.len() as f64)
    };
    let each: Vec<Mat<f64>> = background.par_iter().map(person_correlations).collect();
    let whitening = whitening_of(&each.iter().collect::<Vec<_>>())?;
    let means = background.par_iter().map(|person| mean_features(person, &whitening)).collect::<Result<Vec<_>, _>>()?;
    let impostor = impostor_scores(background, &each)?;
    Ok(Fitted {
        regions,
        whitening: (0..regions)
            .flat_map(|i| (0..regions).map(move |j| (i, j)))
            .map(|at| whitening[at] as f32)
            .collect(),
        mean: mean_of(&means).into_iter().map(|value| value as f32).collect(),
        impostor,
    })
}

/// The mean of vectors of one length.
pub(super) fn mean_of(vectors: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value / vectors.len() as f64);
    }
    mean
}

/// The mean over a person's runs of their features.
pub(super) fn mean_features(person: &Person<'_>, whitening: &Mat<f64>) -> Result<Vec<f64>, FitError> {
    let runs = person.runs.iter().map(|run| features(run.frames, whitening)).collect::<Result<Vec<_>, _>>()?;
    Ok(mean_of(&runs))
}

/// The inverse square root of the mean of persons' correlations, symmetric to the bit.
pub(super) fn whitening_of(correlations: &[&Mat<f64>]) -> Result<Mat<f64>, FitError> {
    let regions = correlations.first().map_or(0, |first| first.nrows());
    let sum = correlations.iter().fold(Mat::<f64>::zeros(regions, regions), |sum, one| sum + *one);
    let mean = sum * faer::Scale(1.0 / correlations.len() as f64);
    let eigen = mean.self_adjoint_eigen(Side::Lower).map_err(|_| FitError::NoConvergence)?;
    let gain = |k: usize| ((eigen.S().column_vector()[k].max(0.0) + RIDGE) / (1.0 + RIDGE)).sqrt().recip();
    let scaled = Mat::from_fn(mean.nrows(), mean.ncols(), |i, k| eigen.U()[(i, k)] * gain(k));
    let whitening = scaled * eigen.U().transpose();
    Ok(Mat::from_fn(mean.nrows(), mean.ncols(), |i, j| whitening[(i.max(j), i.min(j))]))
}

fn check(person: &Person<'_>, regions: usize) -> Result<(), FitError> {
    for Run { session, frames } in &person.runs {
        let run = || match *session {
            "" => person.label.to_owned(),
            session => format!("{}, session {session}", person.label),
        };
        if !frames.len().is_multiple_of(regions.max(1)) {
            return Err(FitError::Shape { run: run(), values: frames.len(), regions });
        }
        let rows = || frames.chunks_exact(regions);
        if rows().len() < FEWEST_FRAMES {
            return Err(FitError::FewFrames { run: run(), frames: rows().len() });
        }
        if let Some(at) = frames.iter().position(|value| !value.is_finite()) {
            let (frame, region) = (at / regions + 1, at % regions + 1);
            return Err(FitError::NotFinite { run: run(), frame, region, regions });
        }
        let constant = |region: usize| rows().all(|row| row[region] == frames[region]);
        if let Some(region) = (0..regions).find(|region| constant(*region)) {
            return Err(FitError::ConstantRegion { run: run(), region: region + 1, regions });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
