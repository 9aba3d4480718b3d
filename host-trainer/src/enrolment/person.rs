//! Enrolling persons with a connectome model: one embedding of all frames each, and a threshold for each length of a probe.

use neural_vault_core::verify::Threshold;

use super::development::{Trials, choose_threshold};
use super::enrol::{index, indices};
use super::measured::{Measured, ProbeThreshold, accepted};
use super::person_request::PersonRequest;
use super::person_trials::{Person, Segments};
use super::{Chosen, Development, EnrolError, Enrolment, Identity, Outcome, Policy, Target};
use crate::connectome::ImpostorTable;
use crate::dataset::Dataset;
use crate::embedding::{Embedder, check_width};
use crate::metrics::operating::transfer;
use crate::model::Model;

/// Fewest frames of a session, over which regions can covary.
const FEWEST_FRAMES: usize = 2;

/// Enrols a person out of `dataset`.
///
/// The frames of all sessions make one embedding, which is rounded to the codes that a token stores. The threshold is
/// midway between the mean score of the person's own probes and the mean impostor score that the model states for their
/// length. Its false matches are those of the other persons in `dataset`, or of the background, which the model was fitted to.
///
/// # Errors
/// When the person or a session is missing or is one of the background, there are too few frames, or nothing gives a
/// threshold.
pub fn enrol_person(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    identity: Identity<'_>,
    request: &PersonRequest<'_>,
) -> Result<Enrolment, EnrolError> {
    enrol_persons(embedder, model, dataset, &[identity], request, &mut |_| ())?.swap_remove(0)
}

/// Enrols several persons out of `dataset` as [`enrol_person`] does each: the scans by which they try each other are embedded
/// once. `report` is told how many are done.
///
/// # Errors
/// As [`enrol_person`], for what all share; a person who cannot be enrolled has an error of their own.
pub fn enrol_persons(
    embedder: &mut Embedder,
    model: &Model,
    dataset: &Dataset,
    identities: &[Identity<'_>],
    request: &PersonRequest<'_>,
    report: &mut dyn FnMut(usize),
) -> Result<Vec<Result<Enrolment, EnrolError>>, EnrolError> {
    if !model.dims().is_connectome() {
        return Err(EnrolError::Kind { needed: "a connectome model" });
    }
    check_width(dataset, model.dims().features)?;
    let labels = identities.iter().map(|identity| index("label", &dataset.labels, identity.label));
    let labels: Vec<u32> = labels.collect::<Result<_, _>>()?;
    let sessions = chosen_sessions(dataset, request)?;
    let (table, background) = (model.impostor_table()?, &model.provenance().labels);
    let window = model.provenance().window.min(request.frames);
    let mut segments = Segments::default();
    let mut enrolled = Vec::new();
    for (identity, &label) in identities.iter().zip(&labels) {
        let name = identity.label;
        let person = Person { embedder, segments: &mut segments, dataset, label, name, background, window, request };
        enrolled.push(person.enrol(identity.id, model.digest(), &sessions, &table));
        report(enrolled.len());
    }
    Ok(enrolled)
}

/// The sessions to enrol, none of which may be a probe of its own enrolment.
fn chosen_sessions(dataset: &Dataset, request: &PersonRequest<'_>) -> Result<Vec<u32>, EnrolError> {
    let sessions = match request.sessions {
        [] => (0..dataset.sessions.len() as u32).collect(),
        named => indices("session", &dataset.sessions, named)?,
    };
    let probes = indices("session", &dataset.sessions, &[request.development, request.probes].concat())?;
    match probes.iter().find(|session| sessions.contains(session)) {
        Some(session) => Err(EnrolError::Enrolled { session: dataset.sessions[*session as usize].clone() }),
        None => Ok(sessions),
    }
}

impl Person<'_, '_> {
    fn enrol(
        mut self,
        id: [u8; 16],
        model_digest: &[u8; 32],
        sessions: &[u32],
        table: &ImpostorTable,
    ) -> Result<Enrolment, EnrolError> {
        let (dataset, request, label) = (self.dataset, self.request, self.name.to_owned());
        if self.background.contains(&label) {
            return Err(EnrolError::Background { label });
        }
        let enrolled = self.own_scans(sessions);
        if enrolled.is_empty() {
            return Err(EnrolError::NoScan { label });
        }
        // Refuses a region that one session lacks, which would not show among the frames of all.
        self.embedder.scans(dataset, &enrolled, FEWEST_FRAMES)?;
        let joined = dataset.joined(&enrolled);
        let frames = joined.len() / dataset.features;
        if frames < request.least {
            return Err(EnrolError::FewFrames { label, frames, least: request.least });
        }
        let prototype = self.prototype(&joined)?;
        let mut chosen = self.choose(table, &prototype, &joined)?;
        let outcome = self.test(&mut chosen, &prototype)?;
        let mut names: Vec<String> = enrolled.iter().map(|s| dataset.sessions[s.session as usize].clone()).collect();
        names.dedup();
        let record = Enrolment {
            label,
            id,
            model_digest: *model_digest,
            policy: Policy::plain(self.window),
            threshold: chosen.threshold,
            development: chosen.development,
            outcome,
            scans: enrolled.len() as u32,
            sessions: names,
            prototype,
            measured: chosen.measured,
            is_whole: true,
        };
        record.to_core()?;
        Ok(record)
    }

    /// The threshold of each length, and what they were tried on.
    fn choose(&mut self, table: &ImpostorTable, prototype: &[f32], joined: &[f32]) -> Result<Chosen, EnrolError> {
        let frames = self.request.frames;
        let lengths: Vec<usize> = match self.request.threshold {
            Some(_) => vec![frames],
            None => {
                let measured = table.pairs().map(|(length, _)| length as usize);
                measured.filter(|&length| self.window <= length && length < frames).chain([frames]).collect()
            }
        };
        let (mut trials, whose) = self.impostor_trials(prototype, &lengths)?;
        if let Some(threshold) = self.request.threshold {
            return Ok(by_hand(threshold, frames, &trials, &whose));
        }
        let probes = self.add_own(&mut trials, prototype, joined, &lengths)?;
        if self.request.target != Target::Midway {
            return choose_threshold(&trials, format!("{probes}, and {whose}"), self.request.target);
        }
        self.midway(table, &trials, &probes, &whose)
    }

    /// The thresholds midway between the mean of own scores and that of strangers, and how they were found, in words.
    fn midway(&self, table: &ImpostorTable, trials: &Trials, probes: &str, whose: &str) -> Result<Chosen, EnrolError> {
        let stated = |length| table.score(length).map(f64::from).ok_or(EnrolError::NoImpostorScores);
        let scores = trials.longest();
        let (own, strangers) = (mean(&scores.genuine), stated(self.request.frames)?);
        let tried = if scores.impostor.is_empty() { strangers } else { mean(&scores.impostor) };
        if own <= strangers.max(tried) {
            let label = self.name.to_owned();
            return Err(EnrolError::Indistinct { label, own, impostor: strangers.max(tried) });
        }
        let (mut rule, mut impostor) = (Vec::new(), Vec::new());
        for (&length, scores) in &trials.by_length {
            let (own, strangers) = (mean(&scores.genuine), stated(length)?);
            // A length at which the person's own probes score no higher than strangers' has no threshold.
            if own > strangers {
                let threshold = Threshold::new(f64::midpoint(own, strangers) as f32)?;
                rule.push(ProbeThreshold { frames: length as u32, threshold });
                impostor.push(scores.impostor.clone());
            }
        }
        let mut protocol = format!(
            "midway between {own:.3}, the mean of {probes}, and {strangers:.3}, the mean that the model states for strangers; \
             false matches are those of {whose}"
        );
        if trials.impostors.is_empty() {
            impostor.clear();
        } else {
            protocol += &format!(" (mean {tried:.3})");
        }
        let development = Development {
            protocol,
            target: Target::Midway,
            eer_percent: None,
            genuine: scores.genuine.len() as u32,
            impostor: scores.impostor.len() as u32,
        };
        let threshold = Threshold::new(f64::midpoint(own, strangers) as f32)?;
        Ok(Chosen { threshold, measured: Measured::by_rule(&rule, &impostor, trials.impostors.len()), development })
    }

    /// Tests the threshold on the probe sessions, if there are any, and keeps the higher false match rate.
    fn test(&mut self, chosen: &mut Chosen, prototype: &[f32]) -> Result<Option<Outcome>, EnrolError> {
        if self.request.probes.is_empty() {
            return Ok(None);
        }
        let sessions = indices("session", &self.dataset.sessions, self.request.probes)?;
        let own = self.own_scans(&sessions);
        let mut others = self.others();
        others.retain(|scan| sessions.contains(&scan.session));
        let frames = self.request.frames;
        let genuine = self.segment_scores(self.dataset, &own, frames, prototype)?;
        let trials = self.trials_of(self.dataset, &others, prototype, &[frames])?;
        let impostor = trials.longest().impostor;
        if let (Some(measured), Some(found)) =
            (&mut chosen.measured, accepted(chosen.threshold, &impostor, trials.impostors.len()))
        {
            measured.test(found);
        }
        Ok(Some(Outcome {
            sessions: self.request.probes.to_vec(),
            genuine: genuine.len() as u32,
            impostor: impostor.len() as u32,
            rates: transfer(f64::from(chosen.threshold.cosine()), &genuine, &impostor)?,
        }))
    }
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// A threshold by hand, with the false matches of `trials`, which did not choose it.
fn by_hand(threshold: Threshold, frames: usize, trials: &Trials, whose: &str) -> Chosen {
    let scores = trials.longest();
    let rule = [ProbeThreshold { frames: frames as u32, threshold }];
    let tried = if scores.impostor.is_empty() { Vec::new() } else { vec![scores.impostor.clone()] };
    let development = Development {
        protocol: format!("threshold given by hand; false matches are those of {whose}"),
        target: Target::ByHand,
        eer_percent: None,
        genuine: 0,
        impostor: scores.impostor.len() as u32,
    };
    Chosen { threshold, measured: Measured::by_rule(&rule, &tried, trials.impostors.len()), development }
}
