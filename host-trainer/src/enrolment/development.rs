//! Development trials: genuine and impostor scores on sessions that did not train the model, and the threshold they give.

use std::collections::{BTreeMap, BTreeSet};

use neural_vault_core::verify::Threshold;

use super::measured::Measured;
use super::probe_length::cut;
use super::{Development, EnrolError, Policy, Target};
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingEngine, EmbeddingError};
use crate::metrics::roc::fnmr_at_fmr;
use crate::model::Model;
use crate::verification::Scores;

/// Embeddings with the class of their scan.
pub(super) type Labelled = Vec<(u32, Vec<f32>)>;

/// Verification trials with probes of several lengths.
#[derive(Default)]
pub(super) struct Trials {
    /// Scores by the length of the probes in frames.
    pub by_length: BTreeMap<usize, Scores>,
    /// Labels of the impostor trials' probes.
    pub impostors: BTreeSet<String>,
}

/// A threshold, and the trials that it was chosen on.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The threshold.
    pub threshold: Threshold,
    /// Its false matches, and the thresholds of shorter probes; none for a threshold by hand.
    pub measured: Option<Measured>,
    /// The trials.
    pub development: Development,
}

impl Chosen {
    /// A threshold given by hand, which no trials measured.
    #[must_use]
    pub fn by_hand(threshold: Threshold) -> Self {
        let protocol = "threshold given by hand".to_owned();
        let development = Development { protocol, target: Target::ByHand, eer_percent: None, genuine: 0, impostor: 0 };
        Self { threshold, measured: None, development }
    }
}

impl Trials {
    /// Scores of the longest probes.
    pub fn longest(&self) -> Scores {
        self.by_length.last_key_value().map(|(_, scores)| scores.clone()).unwrap_or_default()
    }

    /// Measures `threshold`, which is that of the longest probes; `None` without impostor trials.
    pub fn measure(&self, threshold: Threshold) -> Option<Measured> {
        let impostor: Vec<_> = self.by_length.iter().map(|(frames, scores)| (*frames, &*scores.impostor)).collect();
        Measured::new(threshold, &impostor, self.impostors.len())
    }

    /// Adds the scores of `probes` of one length against `prototypes`.
    fn add(&mut self, dataset: &Dataset, frames: usize, prototypes: &[Option<Vec<f32>>], probes: &Labelled) {
        self.by_length.entry(frames).or_default().add(prototypes, probes);
        let meets_other = |label: u32| (0..).zip(prototypes).any(|(class, found)| class != label && found.is_some());
        let impostors = probes.iter().map(|(label, _)| *label).filter(|label| meets_other(*label));
        self.impostors.extend(impostors.map(|label| dataset.labels[label as usize].clone()));
    }

    fn extend(&mut self, others: Self) {
        for (frames, scores) in others.by_length {
            let own = self.by_length.entry(frames).or_default();
            own.genuine.extend(scores.genuine);
            own.impostor.extend(scores.impostor);
        }
        self.impostors.extend(others.impostors);
    }
}

/// Embeds `scans`.
pub(super) fn embed(
    embedder: &mut Embedder,
    dataset: &Dataset,
    scans: &[Scan],
    window: usize,
) -> Result<Labelled, EmbeddingError> {
    let embeddings = embedder.scans(dataset, scans, window)?;
    Ok(scans.iter().map(|scan| scan.label).zip(embeddings).collect())
}

/// Embeds the first `frames` frames of each of `scans`.
fn embed_cut(
    embedder: &mut Embedder,
    dataset: &Dataset,
    scans: &[Scan],
    window: usize,
    frames: usize,
) -> Result<Labelled, EmbeddingError> {
    let cut: Vec<Scan> = scans.iter().map(|scan| cut(dataset, scan, window, frames)).collect();
    embed(embedder, dataset, &cut, window)
}

/// Scores of `probes`, cut to each of `lengths`, against the prototypes of the scans `enrolled`.
pub(super) fn against(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    lengths: &[usize],
    enrolled: &[Scan],
    probes: &[Scan],
) -> Result<Trials, EmbeddingError> {
    let enrolled = embed(embedder, dataset, enrolled, policy.window())?;
    let prototypes = policy.prototypes(&enrolled, dataset.labels.len());
    let mut trials = Trials::default();
    for &frames in lengths {
        let probes = embed_cut(embedder, dataset, probes, policy.window(), frames)?;
        trials.add(dataset, frames, &prototypes, &probes);
    }
    Ok(trials)
}

/// Scores of each session's scans, cut to each of `lengths`, against the prototypes of the other sessions.
pub(super) fn leave_one_session_out(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    lengths: &[usize],
    scans: &[Scan],
) -> Result<Trials, EmbeddingError> {
    let enrolled = embed(embedder, dataset, scans, policy.window())?;
    let mut trials = Trials::default();
    for &frames in lengths {
        let probes = embed_cut(embedder, dataset, scans, policy.window(), frames)?;
        for left_out in 0..dataset.sessions.len() as u32 {
            let of = |embedded: &Labelled, out: bool| -> Labelled {
                let pairs = scans.iter().zip(embedded).filter(|(scan, _)| (scan.session == left_out) == out);
                pairs.map(|(_, embedding)| embedding.clone()).collect()
            };
            let prototypes = policy.prototypes(&of(&enrolled, false), dataset.labels.len());
            trials.add(dataset, frames, &prototypes, &of(&probes, true));
        }
    }
    Ok(trials)
}

/// Scores of each scan's halves against the prototypes of the other halves; scans of one frame are left out.
///
/// Both halves come from one recording, so genuine scores are higher than between sessions.
pub(super) fn halves(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    scans: &[Scan],
) -> Result<Trials, EmbeddingError> {
    let middle = |scan: &Scan| (scan.rows.start + scan.rows.end).div_ceil(2);
    let long = || scans.iter().filter(|scan| scan.rows.len() >= 2);
    let first: Vec<Scan> = long().map(|scan| Scan { rows: scan.rows.start..middle(scan), ..*scan }).collect();
    let second: Vec<Scan> = long().map(|scan| Scan { rows: middle(scan)..scan.rows.end, ..*scan }).collect();
    let lengths = policy.lengths(dataset, &[&first[..], &second].concat());
    let mut trials = against(embedder, dataset, policy, &lengths, &first, &second)?;
    trials.extend(against(embedder, dataset, policy, &lengths, &second, &first)?);
    Ok(trials)
}

/// The threshold that meets `target` on the longest probes, and those that let no more strangers pass with shorter ones.
pub(super) fn choose_threshold(trials: &Trials, protocol: String, target: Target) -> Result<Chosen, EnrolError> {
    let scores = trials.longest();
    let (genuine, impostor) = (scores.genuine.len(), scores.impostor.len());
    if genuine == 0 || impostor == 0 {
        return Err(EnrolError::Trials { genuine, impostor, protocol });
    }
    let eer = scores.eer()?;
    let threshold = match target {
        Target::EqualErrorRate | Target::ByHand => eer.threshold,
        Target::FalseMatchRate(rate) => match fnmr_at_fmr(&scores.genuine, &scores.impostor, rate)? {
            Some(point) if point.threshold <= 1.0 => point.threshold,
            _ => return Err(EnrolError::FalseMatchRate { rate, impostor, protocol }),
        },
        // It needs the mean that a connectome model states.
        Target::Midway => return Err(EnrolError::Kind { needed: "a connectome model" }),
    };
    let (genuine, impostor) = (genuine as u32, impostor as u32);
    let development = Development { protocol, target, eer_percent: Some(eer.percent), genuine, impostor };
    // Rounding to float32 can exceed 1 in the last digit.
    let threshold = Threshold::new(threshold.clamp(-1.0, 1.0) as f32)?;
    Ok(Chosen { threshold, measured: trials.measure(threshold), development })
}

/// A threshold by cross-fitting, for a model trained on all sessions but the enrolled ones.
///
/// The sessions of `dataset` (those that train the model) are split into two halves. `train` makes a development model
/// of each half, and the scans of the other half are scored with it, each session against the prototypes of the others:
/// no model scores a session that it was trained on.
///
/// # Errors
/// As [`halves_of_sessions`], or when `train` fails.
pub fn cross_fitted<E: From<EnrolError>>(
    dataset: &Dataset,
    policy: &Policy,
    target: Target,
    mut train: impl FnMut(&Dataset) -> Result<Model, E>,
) -> Result<Chosen, E> {
    let [first, second] = halves_of_sessions(dataset)?;
    let lengths = policy.lengths(dataset, &dataset.scans());
    let mut pooled = Trials::default();
    for (fitted, held_back) in [(first, second), (second, first)] {
        let part = |sessions: &[String]| dataset.restrict_sessions(sessions).map_err(EmbeddingError::from);
        let model = train(&part(fitted).map_err(EnrolError::from)?)?;
        let held_back = part(held_back).map_err(EnrolError::from)?;
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Core).map_err(EnrolError::from)?;
        let trials = leave_one_session_out(&mut embedder, &held_back, policy, &lengths, &held_back.scans());
        pooled.extend(trials.map_err(EnrolError::from)?);
    }
    Ok(choose_threshold(&pooled, cross_fitting(first.len(), second.len()), target)?)
}

/// The halves of the sessions that [`cross_fitted`] trains on; ask for them before a long training.
///
/// # Errors
/// When there are fewer than four sessions, or one half of them has a single label.
pub fn halves_of_sessions(dataset: &Dataset) -> Result<[&[String]; 2], EnrolError> {
    let (first, second) = dataset.sessions.split_at(dataset.sessions.len() / 2);
    if first.len() < 2 {
        return Err(EnrolError::Sessions { found: dataset.sessions.len() });
    }
    for sessions in [first, second] {
        let part = dataset.restrict_sessions(sessions).map_err(EmbeddingError::from)?;
        let labels: BTreeSet<u32> = part.rows.iter().map(|row| row.label).collect();
        if let (1, Some(label)) = (labels.len(), labels.first()) {
            return Err(EnrolError::OneLabel {
                sessions: sessions.to_vec(),
                label: part.labels[*label as usize].clone(),
            });
        }
    }
    Ok([first, second])
}

/// What cross-fitting measures, in words: its models learn from fewer sessions, and its prototypes enrol fewer.
///
/// Its error rates are therefore higher than those of the model that all sessions train.
fn cross_fitting(first: usize, second: usize) -> String {
    let or = |[one, other]: [usize; 2]| if one == other { one.to_string() } else { format!("{one} or {other}") };
    format!(
        "cross-fitting: models trained on {} of {} sessions, each session of the rest against prototypes of the other {}",
        or([first, second]),
        first + second,
        or([first - 1, second - 1])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_fitting_says_how_few_sessions_train_and_enrol() {
        assert_eq!(
            cross_fitting(2, 2),
            "cross-fitting: models trained on 2 of 4 sessions, each session of the rest against prototypes of the other 1"
        );
        assert!(cross_fitting(2, 3).contains("trained on 2 or 3 of 5 sessions"));
        assert!(cross_fitting(2, 3).ends_with("of the other 1 or 2"));
    }
}
