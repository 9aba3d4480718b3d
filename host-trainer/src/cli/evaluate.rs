//! `evaluate`: how well recordings are distinguished, protocol by protocol.

mod command;
mod failure;
mod files;
mod given;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use clap::builder::TypedValueParser;
use neural_vault_core::encoder::WeightFormat;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::json;

use super::arguments::{DataArguments, GraphEngine, one_of, weight_formats, window_or_own, window_range};
use super::console::Console;
use super::failure::{DATA, Failure, USAGE};
use super::hints::Hint;
use super::names;
use super::output::{Force, Outputs};
use super::persons::PersonArguments;
use super::progress;
use super::recipe::RecipeArguments;
use super::scans::refuse_long_windows;
use crate::dataset::{Dataset, Input};
use crate::engine::{Device, Engine};
use crate::evaluation::date;
use crate::evaluation::evaluate::{Evaluated, evaluate};
use crate::evaluation::methods::{METHODS, Method};
use crate::evaluation::plan::Plan;
use crate::evaluation::progress::Progress;
use crate::evaluation::protocols::{self, PROTOCOLS, Protocol};
use crate::evaluation::request::Request;
use crate::evaluation::summary::{Made, summarise};
use crate::evaluation::table::table;
use crate::results::{NamedSessions, SCHEMA};
use crate::training::Overrides;
use command::command;
use files::FileArguments;
use given::ModelArguments;

/// Train and score by one protocol or several, or score a model as it is, with all methods side by side.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Protocol; repeat it for several.
    #[arg(
        long = "protocol",
        value_parser = protocol_parser(),
        value_name = "NAME",
        default_value = protocols::DEFAULT.name()
    )]
    protocols: Vec<&'static dyn Protocol>,
    /// Methods; when not given, all that compare what the protocol scores: windows, or scans of persons.
    #[arg(long, value_parser = method_parser(), value_name = "M,...", value_delimiter = ',')]
    methods: Vec<&'static dyn Method>,
    /// Score the encoder with its weights in these formats as well, calibrated on its training frames.
    #[arg(long, value_parser = weight_formats(), value_name = "F,...", value_delimiter = ',')]
    weights: Vec<WeightFormat>,
    /// Sessions to train on (`sessions`, `unseen`, `episodes`).
    #[arg(long, value_name = "S,...")]
    train_sessions: Vec<String>,
    /// Sessions to enrol.
    #[arg(long, value_name = "S,...")]
    enroll_sessions: Vec<String>,
    /// Sessions to probe with.
    #[arg(long, value_name = "S,...")]
    probe_sessions: Vec<String>,
    /// Window lengths to score, in frames; each gives separate figures [1; of --model its own].
    #[arg(long, value_name = "T,...", value_delimiter = ',', value_parser = window_range)]
    probe_windows: Vec<usize>,
    #[command(flatten)]
    given: ModelArguments,
    #[command(flatten)]
    persons: PersonArguments,
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Train with N seeds, and also give the mean EER over them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// The engine that trains.
    #[arg(long, value_enum, default_value_t = GraphEngine::Auto)]
    engine: GraphEngine,
    /// Threads that score and resample; the results are the same for any number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Bootstrap replicates of an interval.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    replicates: u32,
    /// Leave the sweeps out.
    #[arg(long)]
    no_sweeps: bool,
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut outputs = Outputs::new(arguments.force, arguments.paths());
    arguments.files.paths().try_for_each(|path| outputs.file(path, ""))?;
    let created = date::now().map_err(|error| Failure::new(USAGE, error))?;
    let mut request = arguments.request()?;
    if request.trains() {
        request.engine = arguments.engine.choose(Device::Cpu, console)?;
    }
    let dataset = arguments.data.load(console)?;
    refuse_long_windows("--probe-windows", &arguments.probe_windows, &dataset)?;
    arguments.recipe.refuse_long_windows(&dataset)?;
    request.background = arguments.persons.background(&arguments.data.reading, console)?;
    request.parcels = arguments.persons.parcels(console)?;
    request.sessions = arguments.sessions(&dataset)?;
    let protocols = request.protocols();
    let (plan, notes) = request.plan(&dataset)?;
    notes.iter().for_each(|note| console.note(format!("note: {}", note.with_hint())));
    if let (Some(model), true) = (&plan.model, arguments.probe_windows.is_empty()) {
        window_or_own(None, model, console);
    }
    let evaluated = arguments.threads()?.install(|| score(&protocols, &dataset, &plan, console))?;
    let made = Made {
        created,
        files: arguments.data.inputs.iter().map(Input::name).collect(),
        settings: plan.settings(&protocols, Some(command())),
    };
    let results = summarise(&dataset, made, evaluated).map_err(|e| Failure::new(DATA, e))?;
    let (results, written) = arguments.files.write(results, arguments.force.existing())?;
    let mut text: String = results.protocols.iter().map(table).collect();
    written.iter().for_each(|file| text += &format!("{}\n", file.display()));
    console.result(SCHEMA, &text, json!(results))
}

/// Evaluates every protocol, and says what is being done.
fn score(
    protocols: &[&'static dyn Protocol],
    dataset: &Dataset,
    plan: &Plan,
    console: &Console,
) -> Result<Vec<Evaluated>, Failure> {
    let mut evaluated = Vec::new();
    for &protocol in protocols {
        let shown = Mutex::new((progress::Progress::new(console), Instant::now()));
        let watch = |progress: Progress<'_>| {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let (bar, began) = &mut *shown;
            match progress {
                Progress::Doing { what, done, total } => {
                    bar.report(&format!("{}: {what}", protocol.name()), done, total, "");
                }
                Progress::Done { what } => {
                    console.note(format!("{}: {what} {:.3} s", protocol.name(), began.elapsed().as_secs_f64()));
                    *began = Instant::now();
                }
            }
            ControlFlow::Continue(())
        };
        let of_protocol = evaluate(dataset, protocol, plan, &watch)?;
        of_protocol.iter().flat_map(|one| &one.notes).for_each(|note| console.note(format!("note: {note}")));
        evaluated.extend(of_protocol);
    }
    Ok(evaluated)
}

impl Arguments {
    /// The threads that score and resample; as many as there are cores when no number is given.
    fn threads(&self) -> Result<ThreadPool, Failure> {
        let count = self.threads.map_or(0, usize::from);
        ThreadPoolBuilder::new().num_threads(count).build().map_err(|e| Failure::new(USAGE, e))
    }

    /// The files and folders that are read.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.data.paths().chain(self.persons.paths()).chain(self.given.model.as_deref())
    }

    /// What is asked for, but for the engine and for what is read after the recordings.
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request {
            protocols: self.protocols.clone(),
            methods: self.methods.clone(),
            weights: self.weights.clone(),
            sessions: NamedSessions::default(),
            windows: self.probe_windows.clone(),
            lengths: self.persons.frames.clone(),
            evaluated_persons: self.persons.evaluated_persons,
            draws: self.persons.draws.map(usize::from),
            model: self.given.read()?,
            recipe: self.recipe.recipe(Overrides::default())?,
            seed: self.recipe.seed,
            seeds: self.seeds,
            background: None,
            parcels: None,
            engine: Engine::Tract,
            replicates: self.replicates as usize,
            sweeps: !self.no_sweeps,
        })
    }

    /// Sessions named by hand.
    fn sessions(&self, dataset: &Dataset) -> Result<NamedSessions, Failure> {
        Ok(NamedSessions {
            training: names::sessions(&self.train_sessions, dataset)?,
            enrolment: names::sessions(&self.enroll_sessions, dataset)?,
            probes: names::sessions(&self.probe_sessions, dataset)?,
        })
    }
}

fn protocol_parser() -> impl TypedValueParser<Value = &'static dyn Protocol> {
    one_of(PROTOCOLS.iter().map(|protocol| (protocol.name(), protocol.help(), *protocol)))
}

fn method_parser() -> impl TypedValueParser<Value = &'static dyn Method> {
    one_of(METHODS.iter().map(|method| (method.argument(), method.help(), *method)))
}
