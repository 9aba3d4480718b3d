//! How the learning rate changes over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A learning-rate schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// A constant rate.
    Constant,
    /// Half a cosine from the rate down to 0 (Loshchilov and Hutter 2017, without restarts).
    Cosine,
    /// Linearly up over the first tenth of the steps, then half a cosine down to 0.
    WarmUpCosine,
}

impl Schedule {
    /// Every schedule, with its name and a description.
    pub const ALL: [(&'static str, &'static str, Self); 3] = [
        (Self::Constant.name(), "The same throughout", Self::Constant),
        (Self::Cosine.name(), "Half a cosine down to 0", Self::Cosine),
        (
            Self::WarmUpCosine.name(),
            "Up over the first tenth of the steps, then half a cosine down to 0",
            Self::WarmUpCosine,
        ),
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::WarmUpCosine => "warm-up-cosine",
        }
    }

    /// The rate of step `step` (from 0) of `steps`, given the highest `rate`.
    #[must_use]
    pub fn rate(self, rate: f64, step: u64, steps: u64) -> f64 {
        match self {
            Schedule::Constant => rate,
            Schedule::Cosine => rate * 0.5 * (1.0 + (PI * step as f64 / steps.max(1) as f64).cos()),
            Schedule::WarmUpCosine => match steps / 10 {
                warm_up if step < warm_up => rate * (step + 1) as f64 / warm_up as f64,
                warm_up => Schedule::Cosine.rate(rate, step - warm_up, steps - warm_up),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_starts_at_the_rate_is_half_in_the_middle_and_falls_throughout() {
        let rates: Vec<f64> = (0..100).map(|step| Schedule::Cosine.rate(1e-3, step, 100)).collect();
        assert_eq!(rates[0], 1e-3);
        assert!((rates[50] - 5e-4).abs() < 1e-12);
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]));
        assert!(rates[99] > 0.0);
    }

    #[test]
    fn a_warm_up_rises_over_a_tenth_of_the_steps_to_the_rate() {
        let rates: Vec<f64> = (0..100).map(|step| Schedule::WarmUpCosine.rate(1e-3, step, 100)).collect();
        assert!(rates[..10].windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((rates[9], rates[10]), (1e-3, 1e-3));
        assert!(rates[10..].windows(2).all(|pair| pair[1] < pair[0]) && rates[99] > 0.0);
        assert_eq!(Schedule::WarmUpCosine.rate(1e-3, 0, 3), 1e-3);
    }
}
