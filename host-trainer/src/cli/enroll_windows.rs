//! `enroll` with a model that embeds windows: labels that trained it, or `--refit` and `--frozen` for others.

use std::ops::ControlFlow;
use std::path::Path;

use super::arguments::window_or_own;
use super::console::Console;
use super::enroll_arguments::{Arguments, identities};
use super::enroll_person::note_enrolment;
use super::failure::{DATA, Failure, USAGE};
use super::names;
use super::progress::Progress;
use super::scans::{note_windows, refuse_long_windows};
use super::trained;
use crate::dataset::Dataset;
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::Engine;
use crate::enrolment::{
    Chosen, EnrolError, EnrolNote, Enrolment, Policy, Request, Target, cross_fitted, enrol_all, halves_of_sessions,
};
use crate::hex;
use crate::model::Model;
use crate::training::{self, Archive, StepReport};

/// Enrols labels; nothing is written but a model that was trained again. Each has an enrolment or the reason why not.
pub fn enrol(
    arguments: &Arguments,
    target: Option<Target>,
    labels: &[String],
    mut model: Model,
    dataset: &Dataset,
    console: &Console,
) -> Result<Vec<Result<Enrolment, EnrolError>>, Failure> {
    if let Some(option) = [("--frames", arguments.frames), ("--least-frames", arguments.least_frames)]
        .iter()
        .find_map(|(option, given)| given.map(|_| option))
    {
        let text = format!("{option} needs a connectome model; this one embeds windows: give --window and --windows");
        return Err(Failure::new(USAGE, text));
    }
    let given = arguments.window.filter(|window| *window <= model.dims().max_window());
    refuse_long_windows("--window", given.as_slice(), dataset)?;
    let sessions = names::sessions(&arguments.sessions, dataset)?;
    let development = names::sessions(&arguments.development_sessions, dataset)?;
    let probes = names::sessions(&arguments.probe_sessions, dataset)?;
    let mut threshold = arguments.threshold.map(Chosen::by_hand);
    let target = target.unwrap_or(Target::EqualErrorRate);
    if let Some(folder) = &arguments.refit {
        let refit = Refit { model: &model, arguments, labels, dataset, sessions: &sessions, target };
        let (refitted, chosen) = refit.run(folder, console)?;
        threshold = threshold.or(chosen);
        model = refitted;
    }
    let notes = EnrolNote::of_windows(&model, labels, arguments.frozen);
    notes.iter().for_each(|note| note_enrolment(note, console));
    let mut embedder = Embedder::open(&model, arguments.engine)?;
    let request = Request {
        sessions: &sessions,
        development: &development,
        probes: &probes,
        policy: policy(arguments, window_or_own(arguments.window, &model, console)),
        target,
        threshold,
    };
    let enrolled = enrol_all(&mut embedder, &model, dataset, &identities(labels, arguments.seed), &request)?;
    note_windows(dataset, &request.scans(dataset), request.policy.window(), console);
    Ok(enrolled)
}

fn policy(arguments: &Arguments, window: usize) -> Policy {
    Policy { window: window as u32, windows: arguments.windows.unwrap_or(0), centred: arguments.frozen }
}

/// Training a model again with more labels.
struct Refit<'a> {
    model: &'a Model,
    arguments: &'a Arguments,
    /// The labels to enrol, of which the model may know some.
    labels: &'a [String],
    dataset: &'a Dataset,
    /// The sessions to add; all when empty.
    sessions: &'a [String],
    target: Target,
}

impl Refit<'_> {
    fn run(&self, folder: &Path, console: &Console) -> Result<(Model, Option<Chosen>), Failure> {
        let Self { model, arguments, dataset, .. } = self;
        if !arguments.model.is_dir() {
            let text = "--refit needs the model's folder, where its training archive is";
            return Err(Failure::new(USAGE, text));
        }
        if !arguments.force.force {
            training::refuse_checkpoint(folder)?;
        }
        let old = *model.digest();
        let archive = Archive::read(&arguments.model, old)?;
        let new = match self.sessions {
            [] => (*dataset).clone(),
            named => dataset.restrict_sessions(named)?,
        };
        let (all, added) = self.with_new_labels(&archive, &new)?;
        if arguments.is_cross_fitted() {
            halves_of_sessions(&all)?;
        }
        let engine = match arguments.engine {
            EmbeddingEngine::Core => Engine::auto().0,
            EmbeddingEngine::Onnx(engine) => engine,
        };
        let (models, mut number) = (if arguments.is_cross_fitted() { 3 } else { 1 }, 0);
        let mut train = |dataset: &Dataset| -> Result<Model, Failure> {
            number += 1;
            let (what, steps) = (format!("training model {number} of {models}"), archive.recipe.steps());
            let mut progress = Progress::new(console);
            let mut on_step = |report: &StepReport| {
                progress.report(&what, report.step, steps, &format!("loss {:.4}", report.loss));
                ControlFlow::Continue(())
            };
            Ok(archive.recipe.train(dataset.clone(), engine, 1, &mut on_step)?)
        };
        let refitted = train(&all)?;
        let chosen = if arguments.is_cross_fitted() {
            let window = window_or_own(arguments.window, &refitted, console);
            Some(cross_fitted(&all, &policy(arguments, window), self.target, train)?)
        } else {
            None
        };
        let digest = *refitted.digest();
        let archive = Archive { dataset: all, recipe: archive.recipe, model_digest: digest };
        let file = trained::write(&refitted, Some(&archive), folder, arguments.force)?;
        training::remove_checkpoint(folder)?;
        console.note(format!(
            "{}: model {} with {} in it; enrolments made with {} and their v2 keys end with that model: enrol every label \
             again with this one",
            folder.display(),
            hex::encode(&digest),
            added.join(", "),
            hex::encode(&old)
        ));
        file.iter().for_each(|file| file.note(console, ""));
        Ok((refitted, chosen))
    }

    /// The archived recordings with those of the labels that the model does not know, and these labels.
    fn with_new_labels(&self, archive: &Archive, new: &Dataset) -> Result<(Dataset, Vec<String>), Failure> {
        let is_recorded = |label: &String| {
            let at = new.labels.iter().position(|other| other == label);
            new.rows.iter().any(|row| at == Some(row.label as usize))
        };
        let mut added = self.labels.to_vec();
        if self.arguments.label.is_none() {
            added.retain(|label| !archive.dataset.labels.contains(label) && is_recorded(label));
        }
        if added.is_empty() {
            let text = "the model was trained on all these labels already; enrol without --refit";
            return Err(Failure::new(DATA, text));
        }
        let all = archive.with_labels(new, &added)?;
        Ok((all, added))
    }
}
