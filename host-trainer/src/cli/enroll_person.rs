//! `enroll` with a connectome model: persons by all their frames at once.

use std::io::ErrorKind;

use super::console::Console;
use super::enroll_arguments::{Arguments, identities};
use super::failure::{Failure, USAGE};
use super::names;
use super::price;
use super::progress::Progress;
use crate::dataset::Dataset;
use crate::embedding::Embedder;
use crate::enrolment::{EnrolError, Enrolment, PersonRequest, Target, enrol_persons};
use crate::model::Model;
use crate::training::{Archive, ArchiveError};

/// Fewest frames to enrol unless asked otherwise.
const LEAST_FRAMES: usize = 100;

/// Enrols persons; nothing is written. Each has an enrolment or the reason why not.
pub fn enrol(
    arguments: &Arguments,
    labels: &[String],
    model: &Model,
    dataset: &Dataset,
    console: &Console,
) -> Result<Vec<Result<Enrolment, EnrolError>>, Failure> {
    check(arguments)?;
    let usual = model.provenance().window;
    let frames = arguments.frames.unwrap_or(usual);
    let least = arguments.least_frames.unwrap_or(LEAST_FRAMES);
    if frames < usual {
        console.note(format!(
            "warning: the model is for probes of {usual} frames or more, and --frames asks for {frames}: {}",
            price::PROBE
        ));
    }
    if least < LEAST_FRAMES {
        console.note(format!(
            "warning: enrolments should have {LEAST_FRAMES} frames or more, and --least-frames allows {least}: {}",
            price::ENROLMENT
        ));
    }
    note_unnamed_background(model, console);
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
        target: arguments.fmr.map_or(Target::Midway, Target::FalseMatchRate),
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
            console.note(
                "note: nobody can try the threshold: no other person is recorded, and the model's folder holds no training \
                 archive (train writes one, without --no-archive); add recordings of others",
            );
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Notes that a bundle does not say who its background persons are.
fn note_unnamed_background(model: &Model, console: &Console) {
    if model.provenance().labels.is_empty() && model.labels_digest().is_some() {
        console.note(
            "note: a bundle does not name the persons that it was fitted to; none of them can be enrolled or counted as \
             strangers: give the model's folder, or recordings without them",
        );
    }
}
