//! Development trials: genuine and impostor scores on sessions that did not train the model, and the threshold they give.

use neural_vault_core::verify::Threshold;

use super::{Development, EnrolError, Policy, Target};
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingEngine, EmbeddingError};
use crate::metrics::roc::fnmr_at_fmr;
use crate::model::Model;
use crate::verification::Scores;

/// Embeddings with the class of their scan.
pub(super) type Labelled = Vec<(u32, Vec<f32>)>;

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

/// Scores of `probes` against the prototypes of the scans `enrolled`.
pub(super) fn against(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    enrolled: &[Scan],
    probes: &[Scan],
) -> Result<Scores, EmbeddingError> {
    let enrolled = embed(embedder, dataset, enrolled, policy.window())?;
    let probes: Vec<Scan> = probes.iter().map(|scan| policy.probe(dataset, scan)).collect();
    let probes = embed(embedder, dataset, &probes, policy.window())?;
    let mut scores = Scores::default();
    scores.add(&policy.prototypes(&enrolled, dataset.labels.len()), &probes);
    Ok(scores)
}

/// Scores of each session's scans against the prototypes of the other sessions.
pub(super) fn leave_one_session_out(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    scans: &[Scan],
) -> Result<Scores, EmbeddingError> {
    let enrolled = embed(embedder, dataset, scans, policy.window())?;
    let cut: Vec<Scan> = scans.iter().map(|scan| policy.probe(dataset, scan)).collect();
    let probes = embed(embedder, dataset, &cut, policy.window())?;
    let mut scores = Scores::default();
    for left_out in 0..dataset.sessions.len() as u32 {
        let of = |embedded: &Labelled, out: bool| -> Labelled {
            let pairs = scans.iter().zip(embedded).filter(|(scan, _)| (scan.session == left_out) == out);
            pairs.map(|(_, embedding)| embedding.clone()).collect()
        };
        let prototypes = policy.prototypes(&of(&enrolled, false), dataset.labels.len());
        scores.add(&prototypes, &of(&probes, true));
    }
    Ok(scores)
}

/// Scores of each scan's halves against the prototypes of the other halves; scans of one frame are left out.
///
/// Both halves come from one recording, so genuine scores are higher than between sessions.
pub(super) fn halves(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    scans: &[Scan],
) -> Result<Scores, EmbeddingError> {
    let cut = |scan: &Scan| (scan.rows.start + scan.rows.end).div_ceil(2);
    let long = || scans.iter().filter(|scan| scan.rows.len() >= 2);
    let first: Vec<Scan> = long().map(|scan| Scan { rows: scan.rows.start..cut(scan), ..*scan }).collect();
    let second: Vec<Scan> = long().map(|scan| Scan { rows: cut(scan)..scan.rows.end, ..*scan }).collect();
    let mut scores = against(embedder, dataset, policy, &first, &second)?;
    let others = against(embedder, dataset, policy, &second, &first)?;
    scores.genuine.extend(others.genuine);
    scores.impostor.extend(others.impostor);
    Ok(scores)
}

/// The threshold that meets `target` on `scores`.
pub(super) fn choose_threshold(
    scores: &Scores,
    protocol: String,
    target: Target,
) -> Result<(Threshold, Development), EnrolError> {
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
    };
    let (genuine, impostor) = (genuine as u32, impostor as u32);
    let development = Development { protocol, target, eer_percent: Some(eer.percent), genuine, impostor };
    // Rounding to float32 can exceed 1 in the last digit.
    Ok((Threshold::new(threshold.clamp(-1.0, 1.0) as f32)?, development))
}

/// A threshold by cross-fitting, for a model trained on all sessions but the enrolled ones.
///
/// The sessions of `dataset` (those that train the model) are split into two halves. `train` makes a development model
/// of each half, and the scans of the other half are scored with it, each session against the prototypes of the others:
/// no model scores a session that it was trained on.
///
/// # Errors
/// When there are fewer than four sessions, or `train` fails.
pub fn cross_fitted<E: From<EnrolError>>(
    dataset: &Dataset,
    policy: &Policy,
    target: Target,
    mut train: impl FnMut(&Dataset) -> Result<Model, E>,
) -> Result<(Threshold, Development), E> {
    let (first, second) = dataset.sessions.split_at(dataset.sessions.len() / 2);
    if first.len() < 2 {
        return Err(EnrolError::Sessions { found: dataset.sessions.len() }.into());
    }
    let mut pooled = Scores::default();
    for (fitted, held_back) in [(first, second), (second, first)] {
        let part = |sessions: &[String]| dataset.restrict_sessions(sessions).map_err(EmbeddingError::from);
        let model = train(&part(fitted).map_err(EnrolError::from)?)?;
        let held_back = part(held_back).map_err(EnrolError::from)?;
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Core).map_err(EnrolError::from)?;
        let scores = leave_one_session_out(&mut embedder, &held_back, policy, &held_back.scans());
        let scores = scores.map_err(EnrolError::from)?;
        pooled.genuine.extend(scores.genuine);
        pooled.impostor.extend(scores.impostor);
    }
    let protocol = "models of one half of the training sessions, scans of the other half".to_owned();
    Ok(choose_threshold(&pooled, protocol, target)?)
}
