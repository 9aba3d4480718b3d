//! Cleaning of recordings before an analysis, each by itself: linear detrending, and scaling to unit variance.
//!
//! Both are nilearn's `signal.clean(detrend=..., standardize="zscore_sample")`, in its order and in float64: a feature's
//! mean and its line over time are taken out, then it is divided by its standard deviation with n - 1. A feature that does
//! not vary becomes zero; a recording of one frame stays as it is. nilearn knows no gaps and no missing values: here a line
//! is fitted over the timesteps, and over the values that are finite; the others become NaN.

use rayon::prelude::*;

use super::rows::Dataset;

/// What is done to each recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// Takes out each feature's mean and linear trend.
    pub detrend: bool,
    /// Takes out each feature's mean and divides by its standard deviation.
    pub zscore: bool,
}

impl Dataset {
    /// Cleans each recording by itself; returns how many were left as they are, because they have one frame.
    pub fn clean(&mut self, cleaning: Cleaning) -> usize {
        if cleaning == Cleaning::default() {
            return 0;
        }
        let scans = self.scans();
        let mut rest = self.values.as_mut_slice();
        let mut recordings = Vec::with_capacity(scans.len());
        for scan in &scans {
            let (values, after) = rest.split_at_mut(scan.rows.len() * self.features);
            let times: Vec<i64> = self.rows[scan.rows.clone()].iter().map(|row| row.timestep).collect();
            recordings.push((times, values));
            rest = after;
        }
        let features = self.features;
        recordings.par_iter_mut().for_each(|(times, values)| clean(times, values, features, cleaning));
        recordings.iter().filter(|(times, _)| times.len() == 1).count()
    }
}

/// Sums over the finite values of one feature, and what is made of them.
#[derive(Clone, Copy, Default)]
struct Feature {
    count: f64,
    time: f64,
    time_squared: f64,
    value: f64,
    time_value: f64,
    largest: f64,
    /// The value at time zero and the rise in a unit of time.
    level: f64,
    slope: f64,
    squares: f64,
    /// What a value without level and slope is multiplied by.
    factor: f64,
}

/// Cleans frames x features at these times.
fn clean(times: &[i64], values: &mut [f32], features: usize, cleaning: Cleaning) {
    if times.len() < 2 {
        return;
    }
    // From the middle, so that sums over long recordings stay small.
    let middle = (times[0] as f64 + times[times.len() - 1] as f64) / 2.0;
    let times: Vec<f64> = times.iter().map(|&time| time as f64 - middle).collect();
    let mut fits = vec![Feature::default(); features];
    let rows = || times.iter().zip(values.chunks_exact(features));
    for (&time, row) in rows() {
        fits.iter_mut().zip(row).for_each(|(fit, &value)| fit.add(time, value.into()));
    }
    fits.iter_mut().for_each(|fit| fit.fit_line(cleaning.detrend));
    if cleaning.zscore {
        for (&time, row) in rows() {
            for (fit, &value) in fits.iter_mut().zip(row) {
                let rest = fit.without_line(time, value.into());
                fit.squares += if rest.is_finite() { rest * rest } else { 0.0 };
            }
        }
        fits.iter_mut().for_each(Feature::fit_scale);
    }
    for (&time, row) in times.iter().zip(values.chunks_exact_mut(features)) {
        for (fit, value) in fits.iter().zip(row) {
            let cleaned = fit.without_line(time, (*value).into()) * fit.factor;
            *value = if value.is_finite() { cleaned as f32 } else { f32::NAN };
        }
    }
}

impl Feature {
    fn add(&mut self, time: f64, value: f64) {
        if value.is_finite() {
            self.count += 1.0;
            self.time += time;
            self.time_squared += time * time;
            self.value += value;
            self.time_value += time * value;
            self.largest = self.largest.max(value.abs());
        }
    }

    fn fit_line(&mut self, sloped: bool) {
        self.factor = 1.0;
        if self.count == 0.0 {
            return;
        }
        let spread = self.time_squared - self.time * self.time / self.count;
        if sloped && spread > 0.0 {
            self.slope = (self.time_value - self.time * self.value / self.count) / spread;
        }
        self.level = (self.value - self.slope * self.time) / self.count;
    }

    fn fit_scale(&mut self) {
        let deviation = (self.squares / (self.count - 1.0).max(1.0)).sqrt();
        // Less than the rounding of the largest value: nothing but a line is there.
        self.factor = if deviation > f64::from(f32::EPSILON) * self.largest { 1.0 / deviation } else { 0.0 };
    }

    fn without_line(&self, time: f64, value: f64) -> f64 {
        value - self.level - self.slope * time
    }
}

#[cfg(test)]
mod tests;
