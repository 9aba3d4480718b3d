//! Error rates of scores, with intervals.

use neural_vault::metrics::bootstrap::{Intervals, Resampling, Units, intervals};
use neural_vault::metrics::independent::{self, Draws};
use neural_vault::metrics::proportion::clopper_pearson;
use neural_vault::metrics::roc::{roc_points, thinned};
use neural_vault::metrics::trial::Trial;
use neural_vault::metrics::{self, ScoreError};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::errors::exception;
use crate::threads::detach;

/// Of each genuine and each impostor score the unit that is drawn first, and the one that is drawn of it: scores x 2.
type Groups<'py> = Option<(PyReadonlyArray2<'py, u32>, PyReadonlyArray2<'py, u32>)>;
/// A figure and its interval.
type Figure = (f64, Interval);
/// Its lower and its upper end.
type Interval = Option<(f64, f64)>;
/// The interval of a figure of independent scores.
type Independent = fn(&[f64], &[f64], Draws) -> Result<Option<[f64; 2]>, ScoreError>;

#[pyfunction]
pub fn eer(
    py: Python<'_>,
    genuine: PyReadonlyArray1<'_, f64>,
    impostor: PyReadonlyArray1<'_, f64>,
    groups: Groups<'_>,
    replicates: usize,
    seed: u64,
) -> PyResult<(f64, Interval, f64)> {
    let scores = Scores { genuine: genuine.as_slice()?, impostor: impostor.as_slice()?, replicates, seed };
    let found = detach(py, || metrics::eer(scores.genuine, scores.impostor)).map_err(exception)?;
    let interval = scores.interval(py, &groups, independent::eer, |intervals| intervals.eer)?;
    Ok((found.percent, interval, found.threshold))
}

#[pyfunction]
pub fn dprime(
    py: Python<'_>,
    genuine: PyReadonlyArray1<'_, f64>,
    impostor: PyReadonlyArray1<'_, f64>,
    groups: Groups<'_>,
    replicates: usize,
    seed: u64,
) -> PyResult<Figure> {
    let scores = Scores { genuine: genuine.as_slice()?, impostor: impostor.as_slice()?, replicates, seed };
    let value = detach(py, || metrics::d_prime(scores.genuine, scores.impostor)).map_err(exception)?;
    Ok((value, scores.interval(py, &groups, independent::d_prime, |intervals| intervals.d_prime)?))
}

#[pyfunction]
pub fn roc_auc(
    py: Python<'_>,
    genuine: PyReadonlyArray1<'_, f64>,
    impostor: PyReadonlyArray1<'_, f64>,
    groups: Groups<'_>,
    replicates: usize,
    seed: u64,
) -> PyResult<Figure> {
    let scores = Scores { genuine: genuine.as_slice()?, impostor: impostor.as_slice()?, replicates, seed };
    let value = detach(py, || metrics::roc_auc(scores.genuine, scores.impostor)).map_err(exception)?;
    Ok((value, scores.interval(py, &groups, independent::roc_auc, |intervals| intervals.roc_auc)?))
}

/// FMR, FNMR and thresholds of the whole curve, or of at most `points` of it.
#[pyfunction]
#[allow(clippy::type_complexity)] // Three arrays of one length.
#[pyo3(signature = (genuine, impostor, points=None))]
pub fn curve<'py>(
    py: Python<'py>,
    genuine: PyReadonlyArray1<'_, f64>,
    impostor: PyReadonlyArray1<'_, f64>,
    points: Option<usize>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)> {
    let (genuine, impostor) = (genuine.as_slice()?, impostor.as_slice()?);
    let curve = detach(py, || {
        let curve = roc_points(genuine, impostor)?;
        Ok::<_, ScoreError>(points.map_or_else(|| curve.clone(), |limit| thinned(&curve, limit)))
    });
    let curve = curve.map_err(exception)?;
    let of = |value: fn(&metrics::roc::RocPoint) -> f64| curve.iter().map(value).collect::<Vec<_>>().into_pyarray(py);
    Ok((of(|point| point.fmr), of(|point| point.fnmr), of(|point| point.threshold)))
}

/// The exact 95 % intervals of rates among this many trials: rates x 2.
#[pyfunction]
pub fn exact_intervals<'py>(
    py: Python<'py>,
    rates: PyReadonlyArray1<'_, f64>,
    trials: u64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let rates = rates.as_slice()?;
    let interval = |rate: &f64| clopper_pearson((rate * trials as f64).round() as u64, trials, 0.95);
    let intervals: Vec<[f64; 2]> = detach(py, || rates.par_iter().map(interval).collect());
    intervals.into_iter().flatten().collect::<Vec<_>>().into_pyarray(py).reshape([rates.len(), 2])
}

/// Genuine and impostor scores, and how their intervals are resampled.
#[derive(Clone, Copy)]
struct Scores<'s> {
    genuine: &'s [f64],
    impostor: &'s [f64],
    replicates: usize,
    seed: u64,
}

impl Scores<'_> {
    /// The interval of a figure: of independent scores by `independent`, of groups what `of` picks of all figures'.
    fn interval(
        self,
        py: Python<'_>,
        groups: &Groups<'_>,
        independent: Independent,
        of: fn(&Intervals) -> Option<[f64; 2]>,
    ) -> PyResult<Interval> {
        let Self { genuine, impostor, replicates, seed } = self;
        let found = match groups {
            None => detach(py, || independent(genuine, impostor, Draws { seed, replicates })),
            Some((of_genuine, of_impostor)) => {
                let mut trials = grouped(genuine, of_genuine.as_slice()?, true)?;
                trials.extend(grouped(impostor, of_impostor.as_slice()?, false)?);
                let resampling = Resampling { seed, replicates, units: Units::SessionsThenLabels };
                detach(py, || intervals(&trials, resampling)).map(|intervals| of(&intervals))
            }
        };
        Ok(found.map_err(exception)?.map(Into::into))
    }
}

/// Scores of one kind as trials; `groups` holds two numbers a score, the unit drawn first and the one drawn of it.
fn grouped(scores: &[f64], groups: &[u32], genuine: bool) -> PyResult<Vec<Trial>> {
    if groups.len() != 2 * scores.len() {
        return Err(PyValueError::new_err(format!("{} groups for {} scores", groups.len() / 2, scores.len())));
    }
    let trial = |(&score, group): (&f64, &[u32])| {
        let (probe_session, probe_label) = (group[0], group[1]);
        Trial { probe_label, probe_session, enrolled_label: if genuine { probe_label } else { !probe_label }, score }
    };
    Ok(scores.iter().zip(groups.chunks_exact(2)).map(trial).collect())
}
