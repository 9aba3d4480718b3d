//! `enroll` with a connectome model: persons by all their frames at once.

use std::io::ErrorKind;

use super::console::Console;
use super::enroll_arguments::{Arguments, identities};
use super::failure::{Failure, USAGE};
use super::hints::Hint;
use super::names;
use super::progress::Progress;
use crate::dataset::Dataset;
use crate::embedding::Embedder;
use crate::enrolment::{EnrolError, EnrolNote, Enrolment, LEAST_FRAMES, PersonRequest, Target, enrol_persons};
use crate::model::Model;
use crate::training::{Archive, ArchiveError};

/// Enrols persons; nothing is written. Each has an enrolment or the reason why not.
pub fn enrol(
    arguments: &Arguments,
    target: Option<Target>,
    labels: &[String],
    model: &Model,
    dataset: &Dataset,
    console: &Console,
) -> Result<Vec<Result<Enrolment, EnrolError>>, Failure> {
    check(arguments)?;
    let frames = arguments.frames.unwrap_or(model.provenance().window);
    let least = arguments.least_frames.unwrap_or(LEAST_FRAMES);
    EnrolNote::of_persons(model, frames, least).iter().for_each(|note| note_enrolment(note, console));
    let background = background(arguments, labels, model, dataset, console)?;
    let sessions = names::sessions(&arguments.sessions, dataset)?;
    let development = names::sessions(&arguments.development_sessions, dataset)?;
    let probes = names::sessions(&arguments.probe_sessions, dataset)?;
    let request = PersonRequest {
        sessions: &sessions,
        development: &development,
        probes: &probes,
        frames,
        least,
        target: target.unwrap_or(Target::Midway),
        threshold: arguments.threshold,
        background: background.as_ref(),
    };
    let mut embedder = Embedder::open(model, arguments.engine)?;
    let identities = identities(labels, arguments.seed);
    let mut progress = Progress::new(console);
    let mut report = |done: usize| progress.report("enrolling persons", done as u64, labels.len() as u64, "");
    Ok(enrol_persons(&mut embedder, model, dataset, &identities, &request, &mut report)?)
}

/// Refuses options for models that embed windows.
fn check(arguments: &Arguments) -> Result<(), Failure> {
    let given = [
        (arguments.refit.is_some(), "--refit", "a connectome model enrols persons that it was not fitted to, as it is"),
        (
            arguments.frozen,
            "--frozen",
            "a connectome model is never changed by an enrolment, and its scores need no gallery",
        ),
        (
            arguments.window.is_some(),
            "--window",
            "a connectome model has no windows; --frames sets how long a probe is",
        ),
        (
            arguments.windows.is_some(),
            "--windows",
            "a connectome model has no windows; --frames sets how long a probe is",
        ),
    ];
    match given.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, why)) => Err(Failure::new(USAGE, format!("{option}: {why}; leave it out"))),
        None => Ok(()),
    }
}

/// The background's recordings, where nobody else is recorded who could try the threshold.
fn background(
    arguments: &Arguments,
    labels: &[String],
    model: &Model,
    dataset: &Dataset,
    console: &Console,
) -> Result<Option<Dataset>, Failure> {
    let background = &model.provenance().labels;
    let is_other = |label: &String| labels != [label.clone()] && !background.contains(label);
    if dataset.labels.iter().any(is_other) || !arguments.model.is_dir() {
        return Ok(None);
    }
    match Archive::read(&arguments.model, *model.digest()) {
        Ok(archive) => Ok(Some(archive.dataset)),
        Err(ArchiveError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
            note_enrolment(&EnrolNote::NobodyTries, console);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Notes what an enrolment costs or lacks.
pub fn note_enrolment(note: &EnrolNote, console: &Console) {
    let kind = if note.is_warning() { "warning" } else { "note" };
    console.note(format!("{kind}: {}", note.with_hint()));
}
