//! Operating points: error rates at a threshold, with exact intervals.

use super::ScoreError;
use super::proportion::clopper_pearson;
use super::roc::{fnmr_at_fmr, rates_at};
use crate::results::{OperatingPoint, Transfer};

const CONFIDENCE: f64 = 0.95;

/// The FNMR at a fixed FMR; `None` if there are too few impostor scores for that rate, see [`fnmr_at_fmr`].
///
/// # Errors
/// [`ScoreError`].
pub fn operating_point(genuine: &[f64], impostor: &[f64], fmr: f64) -> Result<Option<OperatingPoint>, ScoreError> {
    let point = fnmr_at_fmr(genuine, impostor, fmr)?;
    Ok(point.map(|point| OperatingPoint { fmr, fnmr: point.fnmr, interval: interval(point.fnmr, genuine.len()) }))
}

/// The error rates, on these trials, of a threshold fixed on development trials.
///
/// # Errors
/// [`ScoreError`].
pub fn transfer(threshold: f64, genuine: &[f64], impostor: &[f64]) -> Result<Transfer, ScoreError> {
    let point = rates_at(threshold, genuine, impostor)?;
    Ok(Transfer {
        threshold,
        fmr: point.fmr,
        fmr_interval: interval(point.fmr, impostor.len()),
        fnmr: point.fnmr,
        fnmr_interval: interval(point.fnmr, genuine.len()),
    })
}

/// The interval of a rate that is a count of errors over `trials`.
fn interval(rate: f64, trials: usize) -> [f64; 2] {
    clopper_pearson((rate * trials as f64).round() as u64, trials as u64, CONFIDENCE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_the_interval_of_its_count() {
        let genuine: Vec<f64> = (0..30).map(|i| 0.5 + f64::from(i)).collect();
        let impostor: Vec<f64> = (0..20).map(|i| 1.4 - f64::from(i)).collect();
        // One genuine score of 30 is below 1.0, one impostor score of 20 at or above it.
        let found = transfer(1.0, &genuine, &impostor).unwrap();
        assert_eq!((found.fmr, found.fnmr), (1.0 / 20.0, 1.0 / 30.0));
        assert_eq!(found.fmr_interval, clopper_pearson(1, 20, 0.95));
        assert_eq!(found.fnmr_interval, clopper_pearson(1, 30, 0.95));
        let point = operating_point(&genuine, &impostor, 0.05).unwrap().unwrap();
        assert_eq!((point.fmr, point.fnmr, point.interval), (0.05, 0.0, clopper_pearson(0, 30, 0.95)));
        assert_eq!(operating_point(&genuine, &impostor, 0.04), Ok(None));
    }
}
