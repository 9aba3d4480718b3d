//! The figures of one method.

use serde::{Deserialize, Serialize};

/// One method's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodResult {
    /// The method's name.
    pub name: String,
    /// Equal error rate in percent, as the reference computes it.
    #[serde(rename = "eer_percent")]
    pub eer: Estimate,
    /// Equal error rate in percent on the ROC's convex hull.
    #[serde(rename = "eer_convex_hull_percent")]
    pub eer_convex_hull: f64,
    /// Separation of the score distributions.
    pub d_prime: Estimate,
    /// Area under the ROC; higher scores are more genuine.
    pub roc_auc: Estimate,
    /// False non-match rate at fixed false match rates, as far as there are enough trials.
    pub fnmr_at_fmr: Vec<OperatingPoint>,
    /// The threshold fixed on development trials, and its error rates on the trials here; none if the enrolled rows
    /// trained the encoder.
    pub transfer: Option<Transfer>,
    /// EER over trainings with several seeds, if requested and the method depends on the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_seeds: Option<OverSeeds>,
    /// How many trials there are, where several splits score one comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// How many trials there are, where the lists of scores were shortened for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortened: Option<Shortened>,
    /// Share of probes whose nearest prototype is their own.
    pub accuracy: f64,
    /// Unweighted mean of the classes' F1.
    pub macro_f1: f64,
    /// Genuine scores in the order of the trials, higher is more alike; in a document of very many, some at even steps of
    /// their order.
    pub genuine: Vec<f64>,
    /// Impostor scores, as the genuine ones.
    pub impostor: Vec<f64>,
}

/// Trials where persons are divided in several ways, and each way scores a probe by another fit.
///
/// Scores of one comparison are not independent: an error rate is known no better than from the distinct ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Genuine trials.
    pub genuine: usize,
    /// Impostor trials.
    pub impostor: usize,
    /// Distinct genuine comparisons, which is the number of probes.
    pub distinct_genuine: usize,
    /// Distinct impostor comparisons.
    pub distinct_impostor: usize,
}

/// Trials whose scores are not all in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortened {
    /// Genuine trials.
    pub genuine: usize,
    /// Impostor trials.
    pub impostor: usize,
}

impl MethodResult {
    /// Genuine and impostor trials.
    #[must_use]
    pub fn trials(&self) -> [usize; 2] {
        match (self.repeated, self.shortened) {
            (Some(repeated), _) => [repeated.genuine, repeated.impostor],
            (None, Some(shortened)) => [shortened.genuine, shortened.impostor],
            (None, None) => [self.genuine.len(), self.impostor.len()],
        }
    }

    /// Genuine and impostor trials, each comparison once.
    #[must_use]
    pub fn distinct_trials(&self) -> [usize; 2] {
        self.repeated.map_or(self.trials(), |repeated| [repeated.distinct_genuine, repeated.distinct_impostor])
    }
}

/// A figure with its 95 % bootstrap interval, if there is something to resample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<[f64; 2]>,
}

/// EER in percent over trainings with several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// The mean; its interval is that of the trials of all trainings together, resampled by session.
    #[serde(rename = "eer_percent")]
    pub eer: Estimate,
    /// The EER of each training.
    #[serde(rename = "each_percent")]
    pub each: Vec<f64>,
}

/// An operating point of a fixed false match rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The false match rate that the threshold keeps to, 0 to 1.
    pub fmr: f64,
    /// The false non-match rate at it, 0 to 1.
    pub fnmr: f64,
    /// Clopper-Pearson 95 % interval of the false non-match rate; where trials are repeated the wider of that of the
    /// distinct ones and the bootstrap's.
    pub interval: [f64; 2],
}

/// A threshold fixed elsewhere; its intervals are those of an [`OperatingPoint`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The threshold; the mean where every enrolment has its own.
    pub threshold: f64,
    /// False match rate here, 0 to 1, and its 95 % interval.
    pub fmr: f64,
    /// See [`Transfer::fmr`].
    pub fmr_interval: [f64; 2],
    /// False non-match rate here, 0 to 1, and its 95 % interval.
    pub fnmr: f64,
    /// See [`Transfer::fnmr`].
    pub fnmr_interval: [f64; 2],
}
