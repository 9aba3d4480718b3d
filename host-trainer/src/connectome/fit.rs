//! The fit on background persons: whitening, mean and impostor scores, in float64.

use faer::Mat;
use rayon::prelude::*;

use super::background::impostor_scores;
use super::fit_error::{FEWEST_FRAMES, FEWEST_PERSONS, FitError};
use super::fitted::Fitted;
use super::person::{Person, Run};
use super::tangent::{correlations, mean_features, mean_of};
use super::whitening::whitening_of;

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
