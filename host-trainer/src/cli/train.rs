//! `train`: train a model on recordings.

mod connectome;
mod score;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::arguments::{DataArguments, GraphEngine, devices};
use super::console::Console;
use super::failure::{Failure, INTERRUPTED, USAGE};
use super::hints::Hint;
use super::interrupt;
use super::names;
use super::output::{Force, MODEL_FILES, Outputs};
use super::progress::Progress;
use super::recipe::RecipeArguments;
use super::scans::note_windows;
use super::trained;
use crate::dataset::{Dataset, check_frames};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::{Device, Engine};
use crate::hex;
use crate::model::Model;
use crate::training::{self, Archive, Connectome, Outcome, Recipe, RunFolder, Trainer, effective_dimension, linear};
use crate::verification::trials::{Trials, window_trials};
use connectome::{ConnectomeArguments, Fit, NEAR_CHANCE};
use score::Score;

/// Train a model and write model.safetensors, model.onnx and model.nvb, and an archive of the recordings.
///
/// The archive, training.safetensors, holds every raw scan that trained the model, readable by its owner only: do not share it
/// with the model. `enroll --refit` trains again from it, and `export` calibrates integer formats on it; --no-archive leaves it out.
///
/// Which recipe for what: stimuli, whose labels repeat over sessions, and persons who are in the training are separated best by
/// `whitened` (the default); persons who are enrolled later by `connectome`, fitted to background persons of whom none is
/// enrolled. `linear` is small and fitted at once, and `reference` is there to compare with.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Folder for the model.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Train on these sessions; the others are held back and scored afterwards. Repeat it for several, or separate them by
    /// commas, with names that hold a comma in double quotes.
    #[arg(long, value_name = "S,...")]
    sessions: Vec<String>,
    #[command(flatten)]
    recipe: RecipeArguments,
    #[command(flatten)]
    connectome: ConnectomeArguments,
    /// The engine.
    #[arg(long, value_enum, default_value_t = GraphEngine::Auto)]
    engine: GraphEngine,
    /// Where ONNX Runtime computes.
    #[arg(long, value_parser = devices(), default_value = "cpu")]
    device: Device,
    /// Threads of ONNX Runtime.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Save a checkpoint every N steps.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: u64,
    /// Continue the run whose checkpoint is in the folder.
    #[arg(long)]
    resume: bool,
    /// Write no archive of the recordings; `enroll --refit` is then not possible with this model, and `export` of integer formats
    /// needs --data.
    #[arg(long)]
    no_archive: bool,
    #[command(flatten)]
    force: Force,
}

/// What the archive is for, and how to do without.
const NO_ARCHIVE: &str =
    ". `enroll --refit` trains again from it and `export` calibrates on it; --no-archive leaves it out";

/// What is in the output folder after a run.
const FILES: [&str; 5] = [MODEL_FILES[0], MODEL_FILES[1], MODEL_FILES[2], training::ARCHIVE, training::LOG];

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let recipe = arguments.recipe(console)?;
    // A resumed run finishes its own files.
    let replaces = Force { force: arguments.force.force || arguments.resume };
    if !replaces.force {
        training::refuse_checkpoint(&arguments.out)?;
    }
    Outputs::new(replaces, arguments.paths()).folder(&arguments.out, &FILES)?;
    let engine = match recipe {
        Recipe::Linear { .. } | Recipe::Connectome(_) => {
            if arguments.device == Device::Cuda {
                let name = recipe.name();
                console.note(format!("note: recipe {name} is fitted on the processor; --device is not used"));
            }
            None
        }
        Recipe::Steps(_) => Some(arguments.engine.choose(arguments.device, console)?),
    };
    let dataset = arguments.data.load(console)?;
    arguments.recipe.refuse_long_windows(&dataset)?;
    let (training, held_back) = split(&dataset, &names::sessions(&arguments.sessions, &dataset)?)?;
    let held_back = held_back.and_then(|held_back| without_degenerate(&held_back, console));
    if arguments.force.force && !arguments.resume {
        training::remove_checkpoint(&arguments.out)?;
    }
    if let Recipe::Connectome(settings) = &recipe {
        return run_connectome(arguments, settings, training, held_back.as_ref(), console);
    }
    let (mut model, losses) = match (&recipe, engine) {
        (Recipe::Steps(settings), Some(engine)) => {
            let threads = usize::from(arguments.threads);
            let mut trainer = Trainer::begin(training.clone(), settings.clone(), engine, threads)?;
            trainer.notes().iter().for_each(|note| console.note(format!("note: {}", note.with_hint())));
            let losses = run_steps(&mut trainer, arguments, console)?;
            (trainer.model()?, losses)
        }
        (recipe, _) => {
            training::refuse_checkpoint(&arguments.out)?;
            let open_set = matches!(recipe, Recipe::Linear { open_set: true });
            let (model, notes) = linear(training.clone(), open_set)?;
            notes.iter().for_each(|note| console.note(format!("note: {}", note.with_hint())));
            (model, None)
        }
    };
    let scores = scores(&model, &training, held_back.as_ref())?;
    let dimension = effective_dimension(&model, &training)?;
    for scored in [Some(&training), held_back.as_ref()].into_iter().flatten() {
        note_windows(scored, &scored.scans(), model.provenance().window, console);
    }
    model.set_effective_dimension(dimension as f32);
    let digest = hex::encode(model.digest());
    let archive = arguments.archive(training, &recipe, &model);
    let archive = trained::write(&model, archive.as_ref(), &arguments.out, replaces)?;
    training::remove_checkpoint(&arguments.out)?;
    let folder = arguments.out.display().to_string();
    let mut text = format!("{folder}: model {digest}\nrecipe {}\n", recipe.name());
    if let Some((first, last)) = losses {
        text += &format!("loss {first:.4} -> {last:.4} at step {}\n", recipe.steps());
    }
    text += &format!("effective dimension of the embeddings {dimension:.1}\n");
    model.provenance().spread_note(model.dims().latent).iter().for_each(|note| console.note(format!("note: {note}")));
    let near_chance = |score: &Score| score.eer_percent > NEAR_CHANCE;
    if held_back.is_some() && scores.last().is_some_and(near_chance) {
        console.note(
            "note: the held-back sessions are scored little better than by guessing: if the labels are persons at rest, they \
             differ in how their regions covary: --recipe connectome",
        );
    }
    text.extend(scores.iter().map(Score::line));
    let mut value = json!({
        "folder": folder, "model_digest": digest, "recipe": recipe.name(), "engine": engine.map(Engine::name),
        "steps": recipe.steps(), "first_loss": losses.map(|(first, _)| first),
        "last_loss": losses.map(|(_, last)| last), "error_rates": scores,
        "effective_dimension": dimension,
    });
    archive.iter().for_each(|file| file.add_to(&mut value));
    console.result("neural-vault/train/2", &text, value)?;
    archive.iter().for_each(|file| file.note(console, NO_ARCHIVE));
    Ok(())
}

/// Fits and writes a connectome model.
fn run_connectome(
    arguments: &Arguments,
    settings: &Connectome,
    data: Dataset,
    held_back: Option<&Dataset>,
    console: &Console,
) -> Result<(), Failure> {
    training::refuse_checkpoint(&arguments.out)?;
    let all = arguments.connectome.join(data.clone(), &arguments.data.reading, console)?;
    let Fit { model, text, mut value } = connectome::fit(settings, &all, &data, held_back, console)?;
    let archive = arguments.archive(all, &Recipe::Connectome(settings.clone()), &model);
    let archive = trained::write(&model, archive.as_ref(), &arguments.out, arguments.force)?;
    let (folder, digest) = (arguments.out.display().to_string(), hex::encode(model.digest()));
    let text = format!("{folder}: model {digest}\nrecipe connectome\n{text}");
    value["folder"] = json!(folder);
    value["model_digest"] = json!(digest);
    value["recipe"] = json!("connectome");
    archive.iter().for_each(|file| file.add_to(&mut value));
    console.result("neural-vault/train/2", &text, value)?;
    archive.iter().for_each(|file| file.note(console, NO_ARCHIVE));
    Ok(())
}

impl Arguments {
    /// The recipe, with its parcels read.
    fn recipe(&self, console: &Console) -> Result<Recipe, Failure> {
        self.recipe.refuse(&self.connectome.given())?;
        let kind = self.recipe.recipe;
        if self.resume && !matches!((kind.recipe)(), Recipe::Steps(_)) {
            let text = format!("recipe {} is fitted at once: there is nothing to --resume", kind.name);
            return Err(Failure::new(USAGE, text));
        }
        self.recipe.recipe(self.connectome.overrides(console)?)
    }

    /// The archive to write.
    fn archive(&self, dataset: Dataset, recipe: &Recipe, model: &Model) -> Option<Archive> {
        let archive = || Archive { dataset, recipe: recipe.clone(), model_digest: *model.digest() };
        (!self.no_archive).then(archive)
    }

    /// The files and folders that are read.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.data.paths().chain(self.connectome.paths())
    }
}

/// The recordings to train on, and those held back.
fn split(dataset: &Dataset, sessions: &[String]) -> Result<(Dataset, Option<Dataset>), Failure> {
    if sessions.is_empty() {
        return Ok((dataset.clone(), None));
    }
    let training = dataset.restrict_sessions(sessions)?;
    let others: Vec<&String> = dataset.sessions.iter().filter(|name| !sessions.contains(name)).collect();
    let held_back = if others.is_empty() { None } else { Some(dataset.restrict_sessions(&others)?) };
    Ok((training, held_back))
}

/// The held-back recordings that can be scored; a note names each of the others.
fn without_degenerate(held_back: &Dataset, console: &Console) -> Option<Dataset> {
    let mut rows = Vec::new();
    for scan in held_back.scans() {
        match check_frames(held_back, scan.rows.clone()) {
            Ok(()) => rows.extend(scan.rows),
            Err(error) => console.note(format!("note: not scored: {error}")),
        }
    }
    (!rows.is_empty()).then(|| held_back.select(&rows))
}

/// Does the remaining steps; returns their first and last loss, if there were any.
fn run_steps(trainer: &mut Trainer, arguments: &Arguments, console: &Console) -> Result<Option<(f32, f32)>, Failure> {
    let stop = interrupt::flag();
    let folder =
        RunFolder { path: &arguments.out, checkpoint_every: arguments.checkpoint_every, resume: arguments.resume };
    let steps = trainer.settings().steps;
    let mut progress = Progress::new(console);
    let mut losses = None;
    let outcome = training::run(trainer, &folder, &stop, &mut |report| {
        if arguments.resume && losses.is_none() {
            console.note(format!("continuing at step {}", report.step - 1));
        }
        let detail = format!("loss {:.4}, learning rate {:.1e}", report.loss, report.learning_rate);
        progress.report("training", report.step, steps, &detail);
        losses = Some((losses.map_or(report.loss, |(first, _)| first), report.loss));
    })?;
    match outcome {
        Outcome::Finished => Ok(losses),
        Outcome::Stopped => {
            let done = trainer.steps_done();
            let text = format!("stopped after step {done}; the same command with --resume continues");
            Err(Failure::new(INTERRUPTED, text))
        }
    }
}

/// How `model` scores.
fn scores(model: &Model, training: &Dataset, held_back: Option<&Dataset>) -> Result<Vec<Score>, Failure> {
    let mut embedder = Embedder::open(model, EmbeddingEngine::Core)?;
    let window = model.provenance().window;
    let score = |(trials, before): (Trials, _)| {
        Score::new(trials.protocol, [before, ""], &trials.sessions, trials.frames, &trials.scores)
    };
    let trials = window_trials(&mut embedder, window, training, held_back)?;
    let scores = trials.into_iter().zip(["in sample, training sessions", "held-back sessions"]).map(score);
    scores.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::RECIPES;

    #[test]
    fn every_setting_of_a_recipe_is_an_argument() {
        let command = Arguments::augment_args(clap::Command::new("train"));
        for (kind, setting) in RECIPES.iter().flat_map(|kind| kind.settings.iter().map(move |name| (kind.name, *name)))
        {
            let is_there = command.get_arguments().any(|argument| argument.get_long() == Some(setting));
            assert!(is_there, "{kind} has a setting {setting} without an argument");
        }
    }
}
