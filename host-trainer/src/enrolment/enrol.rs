//! Enrolling an identity: its prototype, and a threshold from development trials.

use super::{Development, Enrolment};
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingError};
use crate::evaluation::metrics::ScoreError;
use crate::evaluation::verification::{Scores, prototypes};
use crate::model::Model;

/// What to enrol, and on what to choose its threshold.
pub struct Request<'a> {
    /// The label.
    pub label: &'a str,
    /// Sessions to enrol; all when empty.
    pub sessions: &'a [String],
    /// Sessions whose scans are the development probes; when empty, the enrolment sessions serve both ends.
    pub development: &'a [String],
    /// Frames a window.
    pub window: usize,
    /// A threshold chosen by hand instead.
    pub threshold: Option<f32>,
    /// The enrolment's random identifier.
    pub id: [u8; 16],
}

/// Why an identity cannot be enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A scan has no embedding.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The development scores are not numbers.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The request does not fit the recordings.
    #[error("{0}")]
    Request(String),
}

/// Enrols `request.label` out of `dataset`.
///
/// The threshold is where false matches and false non-matches are equally frequent among development trials of all
/// labels, on sessions that did not train the model.
///
/// # Errors
/// When the label or a session is not there, a development session trained the model, or there are no trials.
pub fn enrol(
    embedder: &mut Embedder,
    model: &Model,
    model_digest: [u8; 32],
    dataset: &Dataset,
    request: &Request<'_>,
) -> Result<Enrolment, EnrolError> {
    let label = index("label", &dataset.labels, request.label)?;
    let sessions = match request.sessions {
        [] => (0..dataset.sessions.len() as u32).collect(),
        named => indices("session", &dataset.sessions, named)?,
    };
    let development = indices("session", &dataset.sessions, request.development)?;
    let scans = dataset.scans();
    let of_sessions =
        |wanted: &[u32]| scans.iter().filter(|s| wanted.contains(&s.session)).cloned().collect::<Vec<_>>();
    let enrolled = of_sessions(&sessions);
    let own: Vec<Scan> = enrolled.iter().filter(|scan| scan.label == label).cloned().collect();
    if own.is_empty() {
        return Err(EnrolError::Request(format!("label {} has no scan in these sessions", request.label)));
    }
    let classes = dataset.labels.len();
    let embeddings = embed(embedder, dataset, &own, request.window)?;
    let prototype = prototypes(&embeddings, classes).swap_remove(label as usize).unwrap_or_default();
    let (threshold, development) = match request.threshold {
        Some(threshold) => {
            let protocol = "threshold given by hand".to_owned();
            (threshold, Development { protocol, eer_percent: None, genuine: 0, impostor: 0 })
        }
        None => {
            let probes = of_sessions(&development);
            refuse_trained(model, dataset, if probes.is_empty() { &sessions } else { &development })?;
            let (scores, protocol) = if !probes.is_empty() {
                let prototypes = prototypes(&embed(embedder, dataset, &enrolled, request.window)?, classes);
                let mut scores = Scores::default();
                scores.add(&prototypes, &embed(embedder, dataset, &probes, request.window)?);
                (scores, format!("scans of {}, prototypes of the enrolment sessions", request.development.join(", ")))
            } else if sessions.len() > 1 {
                let scores = leave_one_session_out(embedder, dataset, &enrolled, &sessions, request.window)?;
                (scores, "enrolment sessions, each against prototypes of the others".to_owned())
            } else {
                let scores = halves(embedder, dataset, &enrolled, request.window)?;
                (scores, "halves of the enrolment scans, each against prototypes of the other halves".to_owned())
            };
            choose_threshold(&scores, protocol)?
        }
    };
    let mut names: Vec<String> = own.iter().map(|s| dataset.sessions[s.session as usize].clone()).collect();
    names.dedup();
    Ok(Enrolment {
        label: request.label.to_owned(),
        id: request.id,
        model_digest,
        window: request.window as u32,
        threshold,
        development,
        scans: own.len() as u32,
        sessions: names,
        prototype,
    })
}

type Labelled = Vec<(u32, Vec<f32>)>;

fn embed(
    embedder: &mut Embedder,
    dataset: &Dataset,
    scans: &[Scan],
    window: usize,
) -> Result<Labelled, EmbeddingError> {
    let embeddings = embedder.scans(dataset, scans, window)?;
    Ok(scans.iter().map(|scan| scan.label).zip(embeddings).collect())
}

fn leave_one_session_out(
    embedder: &mut Embedder,
    dataset: &Dataset,
    scans: &[Scan],
    sessions: &[u32],
    window: usize,
) -> Result<Scores, EmbeddingError> {
    let embedded = embed(embedder, dataset, scans, window)?;
    let mut scores = Scores::default();
    for &left_out in sessions {
        let (out, kept): (Vec<_>, Vec<_>) = scans.iter().zip(&embedded).partition(|(scan, _)| scan.session == left_out);
        let kept: Labelled = kept.into_iter().map(|(_, e)| e.clone()).collect();
        let out: Labelled = out.into_iter().map(|(_, e)| e.clone()).collect();
        scores.add(&prototypes(&kept, dataset.labels.len()), &out);
    }
    Ok(scores)
}

fn halves(embedder: &mut Embedder, dataset: &Dataset, scans: &[Scan], window: usize) -> Result<Scores, EmbeddingError> {
    let cut = |scan: &Scan| (scan.rows.start + scan.rows.end).div_ceil(2);
    let long = || scans.iter().filter(|scan| scan.rows.len() >= 2);
    let first: Vec<Scan> = long().map(|scan| Scan { rows: scan.rows.start..cut(scan), ..*scan }).collect();
    let second: Vec<Scan> = long().map(|scan| Scan { rows: cut(scan)..scan.rows.end, ..*scan }).collect();
    let first = embed(embedder, dataset, &first, window)?;
    let second = embed(embedder, dataset, &second, window)?;
    let mut scores = Scores::default();
    scores.add(&prototypes(&first, dataset.labels.len()), &second);
    scores.add(&prototypes(&second, dataset.labels.len()), &first);
    Ok(scores)
}

fn choose_threshold(scores: &Scores, protocol: String) -> Result<(f32, Development), EnrolError> {
    if scores.genuine.is_empty() || scores.impostor.is_empty() {
        return Err(EnrolError::Request(format!(
            "{} genuine and {} impostor development trials ({protocol}): a threshold needs both; add other labels or \
             longer scans, name --development-sessions, or give --threshold",
            scores.genuine.len(),
            scores.impostor.len()
        )));
    }
    let eer = scores.eer()?;
    let (genuine, impostor) = (scores.genuine.len() as u32, scores.impostor.len() as u32);
    let development = Development { protocol, eer_percent: Some(eer.percent), genuine, impostor };
    // Rounding to float32 may pass 1 by nothing that matters.
    Ok((eer.threshold.clamp(-1.0, 1.0) as f32, development))
}

/// Development scores on what the model was trained on would promise what no new scan keeps.
fn refuse_trained(model: &Model, dataset: &Dataset, sessions: &[u32]) -> Result<(), EnrolError> {
    let names = sessions.iter().map(|&session| &dataset.sessions[session as usize]);
    let trained: Vec<&String> = names.filter(|name| model.provenance.training_sessions.contains(name)).collect();
    match trained.as_slice() {
        [] => Ok(()),
        [name] if name.is_empty() => Err(EnrolError::Request(
            "the recordings name no sessions, and the model was trained on them: a threshold needs sessions that did not \
             train the model; cut the recordings with --blocks and train on some of them, or give --threshold"
                .to_owned(),
        )),
        names => Err(EnrolError::Request(format!(
            "session {} trained the model: a threshold needs sessions that did not; name others with \
             --development-sessions, or give --threshold",
            names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn indices(kind: &str, all: &[String], names: &[String]) -> Result<Vec<u32>, EnrolError> {
    names.iter().map(|name| index(kind, all, name)).collect()
}

fn index(kind: &str, all: &[String], name: &str) -> Result<u32, EnrolError> {
    let found = all.iter().position(|known| known == name);
    found
        .map(|at| at as u32)
        .ok_or_else(|| EnrolError::Request(format!("no {kind} {name} in the recordings; they have {}", all.join(", "))))
}
