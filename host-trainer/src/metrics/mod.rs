//! Equal error rate, d-prime and ROC area of genuine and impostor scores.
//!
//! A higher score means more likely genuine; a probe is accepted at or above a threshold. Further figures have a
//! file each: the ROC, exact and bootstrap intervals, classification, information, keys.

pub mod bootstrap;
pub mod classification;
pub mod independent;
pub mod information;
pub mod key_quality;
pub mod operating;
pub mod proportion;
pub mod repeated;
pub mod roc;
pub mod trial;
mod weighted;

/// The equal error rate: the false match rate equals the false non-match rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eer {
    /// The error rate, in percent.
    pub percent: f64,
    /// The score at which it is reached; +inf, which accepts nothing, if a list of scores is empty.
    pub threshold: f64,
}

/// Scores that cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// A score is NaN or infinite.
    #[error("{list} score {index} is not a finite number; check the embeddings it was computed from")]
    NotFinite {
        /// `genuine` or `impostor`.
        list: &'static str,
        /// Its index in the list.
        index: usize,
    },
    /// A list is empty, so that the figure is undefined.
    #[error("there are no {list} scores; evaluate on more recordings")]
    Empty {
        /// `genuine` or `impostor`.
        list: &'static str,
    },
    /// Two methods are compared on different trials.
    #[error(
        "trial {index} of the two methods is not the same comparison; score both on the same probes and prototypes"
    )]
    Unpaired {
        /// Index of the first trial that differs; the length of the shorter list if one is a prefix of the other.
        index: usize,
    },
}

/// The equal error rate: the root of `1 - x - TPR(x)` on the linearly interpolated ROC.
///
/// 50 % if a list is empty. The threshold is interpolated like the rate; if the root is a point of the ROC itself, any
/// threshold down to the next lower score gives the same decisions, and the middle of that range is taken.
///
/// # Errors
/// [`ScoreError::NotFinite`].
pub fn eer(genuine: &[f64], impostor: &[f64]) -> Result<Eer, ScoreError> {
    check_finite(genuine, impostor)?;
    if genuine.is_empty() || impostor.is_empty() {
        return Ok(Eer { percent: 50.0, threshold: f64::INFINITY });
    }
    Ok(roc::equal_error(&roc::roc(genuine, impostor)))
}

/// The distance of the means in pooled standard deviations.
///
/// `|mean_g - mean_i| / sqrt((var_g + var_i) / 2 + 1e-9)` with population variances.
///
/// # Errors
/// [`ScoreError`].
pub fn d_prime(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let (genuine_mean, genuine_variance) = moments(genuine);
    let (impostor_mean, impostor_variance) = moments(impostor);
    Ok((genuine_mean - impostor_mean).abs() / ((genuine_variance + impostor_variance) / 2.0 + 1e-9).sqrt())
}

/// The area under the ROC: the probability that a genuine score exceeds an impostor score, with ties counted half.
///
/// # Errors
/// [`ScoreError`].
pub fn roc_auc(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let mut area = 0.0;
    for pair in roc::roc(genuine, impostor).windows(2) {
        area += (pair[1].fmr - pair[0].fmr) * (1.0 - (pair[0].fnmr + pair[1].fnmr) / 2.0);
    }
    Ok(area)
}

/// Mean and population variance.
fn moments(scores: &[f64]) -> (f64, f64) {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    (mean, scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count)
}

fn check_finite(genuine: &[f64], impostor: &[f64]) -> Result<(), ScoreError> {
    for (list, scores) in [("genuine", genuine), ("impostor", impostor)] {
        if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
            return Err(ScoreError::NotFinite { list, index });
        }
    }
    Ok(())
}

fn check_not_empty(genuine: &[f64], impostor: &[f64]) -> Result<(), ScoreError> {
    for (list, scores) in [("genuine", genuine), ("impostor", impostor)] {
        if scores.is_empty() {
            return Err(ScoreError::Empty { list });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
