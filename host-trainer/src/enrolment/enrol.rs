//! Enrolling an identity: its prototype, and a threshold from development trials.

use neural_vault_core::verify::Threshold;

use super::development::{Chosen, Trials, against, choose_threshold, embed, halves, leave_one_session_out};
use super::measured::accepted;
use super::{EnrolError, Enrolment, Outcome, Policy, Target};
use crate::dataset::{Dataset, Scan};
use crate::embedding::Embedder;
use crate::metrics::operating::transfer;
use crate::model::{Model, Provenance};

/// The label and sessions to enrol, and how to choose the threshold.
#[derive(Debug)]
pub struct Request<'a> {
    /// The label.
    pub label: &'a str,
    /// Sessions to enrol; all when empty.
    pub sessions: &'a [String],
    /// Sessions whose scans are the development probes; when empty, the enrolment sessions provide them.
    pub development: &'a [String],
    /// Sessions whose scans the threshold is tested on, once it is chosen.
    pub probes: &'a [String],
    /// How probes are scored.
    pub policy: Policy,
    /// The criterion for the threshold on the development trials.
    pub target: Target,
    /// A threshold chosen elsewhere, and its origin.
    pub threshold: Option<Chosen>,
    /// The enrolment's random identifier.
    pub id: [u8; 16],
}

/// Enrols `request.label` out of `dataset`.
///
/// The threshold is where false matches and false non-matches are equally frequent among development trials of all
/// labels, on sessions that did not train the model.
///
/// # Errors
/// When the label or a session is missing, a development session trained the model, there are no trials, or the
/// prototype is zero or not finite.
pub fn enrol(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    request: &Request<'_>,
) -> Result<Enrolment, EnrolError> {
    if model.dims().is_connectome() {
        return Err(EnrolError::Kind { needed: "a model that embeds windows" });
    }
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
        return Err(EnrolError::NoScan { label: request.label.to_owned() });
    }
    let policy = &request.policy;
    if policy.centred && enrolled.iter().all(|scan| scan.label == label) {
        return Err(EnrolError::Alone { label: request.label.to_owned() });
    }
    let embeddings = embed(embedder, dataset, &enrolled, policy.window())?;
    let prototype =
        policy.prototypes(&embeddings, dataset.labels.len()).swap_remove(label as usize).unwrap_or_default();
    let mut chosen = match &request.threshold {
        Some(chosen) => chosen.clone(),
        None => {
            let probes = of_sessions(&development);
            refuse_trained(model, dataset, if probes.is_empty() { &enrolled } else { &probes })?;
            let (trials, protocol) = if !probes.is_empty() {
                let names = request.development.join(", ");
                let lengths = policy.lengths(dataset, &probes);
                let trials = against(embedder, dataset, policy, &lengths, &enrolled, &probes)?;
                (trials, format!("scans of {names} against the enrolment sessions"))
            } else if sessions.len() > 1 {
                let lengths = policy.lengths(dataset, &enrolled);
                let trials = leave_one_session_out(embedder, dataset, policy, &lengths, &enrolled)?;
                (trials, "each enrolment session against the others".to_owned())
            } else {
                let trials = halves(embedder, dataset, policy, &enrolled)?;
                (trials, "each half of the enrolment scans against the other halves, of one session".to_owned())
            };
            choose_threshold(&trials, protocol, request.target)?
        }
    };
    let outcome = match request.probes {
        [] => None,
        names => {
            let probes = of_sessions(&indices("session", &dataset.sessions, names)?);
            let is_trained = refuse_trained(model, dataset, &probes).is_err();
            let (trials, tested) = probe_trials(embedder, dataset, policy, &chosen, &enrolled, &probes)?;
            let scores = trials.longest();
            match (&mut chosen.measured, accepted(tested, &scores.impostor, trials.impostors.len())) {
                (Some(measured), Some(found)) => measured.test(found),
                // A threshold by hand was chosen on no trials: these are the first.
                (measured @ None, Some(_)) if !is_trained => *measured = trials.measure(tested),
                _ => {}
            }
            Some(Outcome {
                sessions: names.to_vec(),
                genuine: scores.genuine.len() as u32,
                impostor: scores.impostor.len() as u32,
                rates: transfer(f64::from(tested.cosine()), &scores.genuine, &scores.impostor)?,
            })
        }
    };
    let mut names: Vec<String> = own.iter().map(|s| dataset.sessions[s.session as usize].clone()).collect();
    names.dedup();
    let record = Enrolment {
        label: request.label.to_owned(),
        id: request.id,
        model_digest: *model.digest(),
        policy: *policy,
        threshold: chosen.threshold,
        development: chosen.development,
        outcome,
        scans: own.len() as u32,
        sessions: names,
        prototype,
        measured: chosen.measured,
        is_whole: false,
    };
    record.to_core()?;
    Ok(record)
}

/// Trials of the probes of test sessions, and the threshold that they are tested with: that of their length.
fn probe_trials(
    embedder: &mut Embedder,
    dataset: &Dataset,
    policy: &Policy,
    chosen: &Chosen,
    enrolled: &[Scan],
    probes: &[Scan],
) -> Result<(Trials, Threshold), EnrolError> {
    let mut lengths = policy.lengths(dataset, probes);
    let mut threshold = chosen.threshold;
    if let (Some(measured), Some(frames)) = (&chosen.measured, lengths.last().copied()) {
        let fit = measured.fit(threshold, frames).ok_or(EnrolError::ShortProbes { frames })?;
        lengths = vec![fit.frames as usize];
        threshold = fit.threshold;
    }
    Ok((against(embedder, dataset, policy, &lengths, enrolled, probes)?, threshold))
}

/// Refuses development scans that the model was trained on: their scores are better than those of new scans.
fn refuse_trained(model: &Model, dataset: &Dataset, scans: &[Scan]) -> Result<(), EnrolError> {
    let Provenance { labels, training_sessions, .. } = model.provenance();
    let mut trained: Vec<&String> = scans
        .iter()
        .filter(|scan| labels.contains(&dataset.labels[scan.label as usize]))
        .map(|scan| &dataset.sessions[scan.session as usize])
        .filter(|session| training_sessions.contains(session))
        .collect();
    trained.sort_unstable();
    trained.dedup();
    match trained.as_slice() {
        [] => Ok(()),
        [name] if name.is_empty() => Err(EnrolError::TrainedWhole),
        names => Err(EnrolError::Trained { sessions: names.iter().map(|name| (*name).clone()).collect() }),
    }
}

pub(super) fn indices(kind: &'static str, all: &[String], names: &[String]) -> Result<Vec<u32>, EnrolError> {
    names.iter().map(|name| index(kind, all, name)).collect()
}

pub(super) fn index(kind: &'static str, all: &[String], name: &str) -> Result<u32, EnrolError> {
    let found = all.iter().position(|known| known == name);
    found.map(|at| at as u32).ok_or_else(|| EnrolError::Unknown { kind, name: name.to_owned(), known: all.to_vec() })
}
