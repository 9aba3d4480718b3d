//! Enrolling identities: their prototypes, and a threshold from development trials.

use neural_vault_core::verify::Threshold;
use rand::RngExt;

use super::development::{Chosen, Trials, against, choose_threshold, embed, halves, leave_one_session_out};
use super::measured::accepted;
use super::{EnrolError, Enrolment, Outcome, Policy, Target};
use crate::dataset::{Dataset, Scan};
use crate::embedding::Embedder;
use crate::metrics::operating::transfer;
use crate::model::{Model, Provenance};

/// A label to enrol.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The label.
    pub label: &'a str,
    /// The enrolment's random identifier.
    pub id: [u8; 16],
}

impl<'a> Identity<'a> {
    /// A label with an identifier from the system's generator.
    #[must_use]
    pub fn random(label: &'a str) -> Self {
        Self { label, id: rand::rng().random() }
    }
}

/// The sessions to enrol, and how to choose the threshold.
#[derive(Debug)]
pub struct Request<'a> {
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
}

impl Request<'_> {
    /// The scans that are enrolled, that choose the threshold and that test it.
    #[must_use]
    pub fn scans(&self, dataset: &Dataset) -> Vec<Scan> {
        let mut scans = dataset.scans();
        if !self.sessions.is_empty() {
            let named = [self.sessions, self.development, self.probes];
            scans.retain(|scan| named.iter().any(|list| list.contains(&dataset.sessions[scan.session as usize])));
        }
        scans
    }
}

/// Enrols one label out of `dataset`.
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
    identity: Identity<'_>,
    request: &Request<'_>,
) -> Result<Enrolment, EnrolError> {
    enrol_all(embedder, model, dataset, &[identity], request)?.swap_remove(0)
}

/// Enrols several labels out of `dataset` as [`enrol`] does each: scans are embedded once and the threshold, which is the
/// same for all, is chosen once.
///
/// # Errors
/// As [`enrol`], for what all labels share; a label that cannot be enrolled has an error of its own.
pub fn enrol_all(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    identities: &[Identity<'_>],
    request: &Request<'_>,
) -> Result<Vec<Result<Enrolment, EnrolError>>, EnrolError> {
    if model.dims().is_connectome() {
        return Err(EnrolError::Kind { needed: "a model that embeds windows" });
    }
    if request.policy.centred && !model.dims().is_linear() {
        return Err(EnrolError::Frozen);
    }
    let labels = identities.iter().map(|identity| index("label", &dataset.labels, identity.label));
    let labels: Vec<u32> = labels.collect::<Result<_, _>>()?;
    let sessions = match request.sessions {
        [] => (0..dataset.sessions.len() as u32).collect(),
        named => indices("session", &dataset.sessions, named)?,
    };
    let development = indices("session", &dataset.sessions, request.development)?;
    let enrolled = scans_of(dataset, &sessions);
    let has_scan = |label: u32| enrolled.iter().any(|scan| scan.label == label);
    let no_scan = |identity: &Identity<'_>| EnrolError::NoScan { label: identity.label.to_owned() };
    if !labels.iter().any(|label| has_scan(*label)) {
        return Ok(identities.iter().map(|identity| Err(no_scan(identity))).collect());
    }
    let policy = &request.policy;
    if let [first, rest @ ..] = enrolled.as_slice()
        && policy.centred
        && rest.iter().all(|scan| scan.label == first.label)
    {
        return Err(EnrolError::Alone { label: dataset.labels[first.label as usize].clone() });
    }
    let embeddings = embed(embedder, dataset, &enrolled, policy.window())?;
    let prototypes = policy.prototypes(&embeddings, dataset.labels.len());
    let mut chosen = match &request.threshold {
        Some(chosen) => chosen.clone(),
        None => choose(embedder, model, dataset, request, &enrolled, &scans_of(dataset, &development))?,
    };
    let outcome = test(embedder, model, dataset, request, &enrolled, &mut chosen)?;
    let record = |(identity, label): (&Identity<'_>, u32)| {
        let own: Vec<&Scan> = enrolled.iter().filter(|scan| scan.label == label).collect();
        if own.is_empty() {
            return Err(no_scan(identity));
        }
        let mut sessions: Vec<String> = own.iter().map(|s| dataset.sessions[s.session as usize].clone()).collect();
        sessions.dedup();
        let record = Enrolment {
            label: identity.label.to_owned(),
            id: identity.id,
            model_digest: *model.digest(),
            policy: *policy,
            threshold: chosen.threshold,
            development: chosen.development.clone(),
            outcome: outcome.clone(),
            scans: own.len() as u32,
            sessions,
            prototype: prototypes[label as usize].clone().unwrap_or_default(),
            measured: chosen.measured.clone(),
            is_whole: false,
        };
        record.to_core()?;
        Ok(record)
    };
    Ok(identities.iter().zip(labels).map(record).collect())
}

/// Chooses the threshold on development trials: of the scans `probes`, or where there are none of the enrolled ones.
fn choose(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    request: &Request<'_>,
    enrolled: &[Scan],
    probes: &[Scan],
) -> Result<Chosen, EnrolError> {
    let policy = &request.policy;
    refuse_trained(model, dataset, if probes.is_empty() { enrolled } else { probes })?;
    let is_one_session = match request.sessions {
        [] => dataset.sessions.len() == 1,
        named => named.len() == 1,
    };
    let (trials, protocol) = if !probes.is_empty() {
        let names = request.development.join(", ");
        let lengths = policy.lengths(dataset, probes);
        let trials = against(embedder, dataset, policy, &lengths, enrolled, probes)?;
        (trials, format!("scans of {names} against the enrolment sessions"))
    } else if !is_one_session {
        let lengths = policy.lengths(dataset, enrolled);
        let trials = leave_one_session_out(embedder, dataset, policy, &lengths, enrolled)?;
        (trials, "each enrolment session against the others".to_owned())
    } else {
        let trials = halves(embedder, dataset, policy, enrolled)?;
        (trials, "each half of the enrolment scans against the other halves, of one session".to_owned())
    };
    choose_threshold(&trials, protocol, request.target)
}

/// Tests the threshold on the probe sessions, if there are any, and keeps the higher false match rate.
fn test(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    request: &Request<'_>,
    enrolled: &[Scan],
    chosen: &mut Chosen,
) -> Result<Option<Outcome>, EnrolError> {
    if request.probes.is_empty() {
        return Ok(None);
    }
    let probes = scans_of(dataset, &indices("session", &dataset.sessions, request.probes)?);
    let is_trained = refuse_trained(model, dataset, &probes).is_err();
    let (trials, tested) = probe_trials(embedder, dataset, &request.policy, chosen, enrolled, &probes)?;
    let scores = trials.longest();
    match (&mut chosen.measured, accepted(tested, &scores.impostor, trials.impostors.len())) {
        (Some(measured), Some(found)) => measured.test(found),
        // A threshold by hand was chosen on no trials: these are the first.
        (measured @ None, Some(_)) if !is_trained => *measured = trials.measure(tested),
        _ => {}
    }
    Ok(Some(Outcome {
        sessions: request.probes.to_vec(),
        genuine: scores.genuine.len() as u32,
        impostor: scores.impostor.len() as u32,
        rates: transfer(f64::from(tested.cosine()), &scores.genuine, &scores.impostor)?,
    }))
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

/// The scans of these sessions, of all labels.
fn scans_of(dataset: &Dataset, sessions: &[u32]) -> Vec<Scan> {
    let mut scans = dataset.scans();
    scans.retain(|scan| sessions.contains(&scan.session));
    scans
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
