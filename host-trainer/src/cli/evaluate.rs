//! `evaluate`: how well recordings are distinguished, protocol by protocol.

mod made;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use clap::builder::TypedValueParser;
use neural_vault_core::encoder::WeightFormat;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::json;

use super::arguments::{DataArguments, GraphEngine, one_of, weight_formats, window_range};
use super::console::Console;
use super::date;
use super::failure::{DATA, Failure, OUTPUT, USAGE};
use super::names;
use super::output::{Force, Outputs};
use super::persons::PersonArguments;
use super::recipe::RecipeArguments;
use crate::dataset::Dataset;
use crate::engine::{Device, Engine};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::evaluate::{Evaluated, evaluate};
use crate::evaluation::methods::{self, METHODS, Method};
use crate::evaluation::persons_error::PersonsError;
use crate::evaluation::plan::Plan;
use crate::evaluation::protocols::{self, Lack, PROTOCOLS, Protocol, SessionChoice};
use crate::evaluation::summary::summarise;
use crate::files;
use crate::results::{Results, SCHEMA};
use crate::training::Recipe;
use made::made;
use table::table;

/// Train and score by one protocol or several, with all methods side by side.
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
    /// Window lengths to score, in frames; each gives separate figures.
    #[arg(long, value_name = "T,...", value_delimiter = ',', value_parser = window_range, default_value = "1")]
    probe_windows: Vec<usize>,
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
    /// Write the results here, as JSON.
    #[arg(long, short, value_name = "FILE.json")]
    output: Option<PathBuf>,
    /// Write a report here, one self-contained page.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write every score here, as CSV.
    #[arg(long, value_name = "FILE.csv")]
    scores: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut outputs = Outputs::new(arguments.force, arguments.paths());
    arguments.outputs().try_for_each(|(path, _)| outputs.file(path, ""))?;
    let created = date::now()?;
    let engine = match arguments.trains() {
        true => arguments.engine.choose(Device::Cpu, console)?,
        false => Engine::Tract,
    };
    let dataset = arguments.data.load(console)?;
    let background = arguments.persons.background(&arguments.data.reading, console)?;
    let plan = arguments.plan(engine, &dataset, background, console)?;
    let evaluated = arguments.threads()?.install(|| arguments.evaluate(&dataset, &plan, console))?;
    let made = made(arguments, &plan, created);
    let mut results = summarise(&dataset, made, evaluated).map_err(|e| Failure::new(DATA, e))?;
    results.thin();
    let files = arguments.outputs().map(|(path, text)| Ok((path.clone(), text(&results)?.into_bytes())));
    let files = files.collect::<Result<Vec<_>, Failure>>()?;
    files::write_together(&files, arguments.force.existing()).map_err(|error| Failure::new(OUTPUT, error))?;
    let mut text: String = results.protocols.iter().map(table).collect();
    files.iter().for_each(|(file, _)| text += &format!("{}\n", file.display()));
    console.result(SCHEMA, &text, json!(results))
}

/// A file's text, made of the results.
type Text = fn(&Results) -> Result<String, Failure>;

fn document(results: &Results) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(results).map_err(|e| Failure::new(OUTPUT, e))? + "\n")
}

impl Arguments {
    /// The files to write, and what makes the text of each.
    fn outputs(&self) -> impl Iterator<Item = (&PathBuf, Text)> {
        let wanted: [(&Option<PathBuf>, Text); 3] = [
            (&self.output, document),
            (&self.report, |results| Ok(crate::report::html(results))),
            (&self.scores, |results| Ok(crate::report::scores_csv(results))),
        ];
        wanted.into_iter().filter_map(|(path, text)| Some((path.as_ref()?, text)))
    }

    /// The threads that score and resample; as many as there are cores when no number is given.
    fn threads(&self) -> Result<ThreadPool, Failure> {
        let count = self.threads.map_or(0, usize::from);
        ThreadPoolBuilder::new().num_threads(count).build().map_err(|e| Failure::new(USAGE, e))
    }

    fn evaluate(&self, dataset: &Dataset, plan: &Plan, console: &Console) -> Result<Vec<Evaluated>, Failure> {
        let mut evaluated = Vec::new();
        for &protocol in &self.protocols {
            let mut started = Instant::now();
            let mut stage = |name: &str| {
                console.note(format!("{}: {name} {:.3} s", protocol.name(), started.elapsed().as_secs_f64()));
                started = Instant::now();
            };
            let of_protocol = evaluate(dataset, protocol, plan, &mut stage)?;
            of_protocol.iter().flat_map(|one| &one.notes).for_each(|note| console.note(format!("note: {note}")));
            evaluated.extend(of_protocol);
        }
        Ok(evaluated)
    }

    /// Whether some protocol trains encoders, and scores windows by them.
    fn trains(&self) -> bool {
        self.protocols.iter().any(|protocol| !protocol.scores_scans())
    }

    /// The files and folders that are read.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.data.paths().chain(self.persons.paths())
    }

    /// The methods, each once; those named must fit some protocol.
    fn methods(&self) -> Result<Vec<&'static dyn Method>, Failure> {
        let fits = |method: &&dyn Method| self.protocols.iter().any(|protocol| method.fits(*protocol));
        if let Some(method) = self.methods.iter().find(|method| !fits(method)) {
            let fitting = PROTOCOLS.iter().filter(|protocol| method.fits(**protocol)).map(|protocol| protocol.name());
            let fitting = fitting.collect::<Vec<_>>().join(", ");
            let text =
                format!("no protocol here scores method {}; it belongs to --protocol {fitting}", method.argument());
            return Err(Failure::new(USAGE, text));
        }
        let mut methods = if self.methods.is_empty() { METHODS.to_vec() } else { self.methods.clone() };
        methods.extend(self.weights.iter().map(|format| methods::with_weights(*format)));
        let mut seen = BTreeSet::new();
        methods.retain(|method| seen.insert(method.name()));
        Ok(methods)
    }

    fn plan(
        &self,
        engine: Engine,
        dataset: &Dataset,
        background: Option<Dataset>,
        console: &Console,
    ) -> Result<Plan, Failure> {
        let recipe = self.recipe.recipe()?;
        if self.trains() && matches!(recipe, Recipe::Connectome(_)) {
            let text = "recipe connectome embeds whole scans, which --protocol unseen-persons scores; the others score windows";
            return Err(Failure::new(USAGE, text));
        }
        Ok(Plan {
            methods: self.methods()?,
            sessions: SessionChoice {
                training: names::sessions(&self.train_sessions, dataset)?,
                enrolment: names::sessions(&self.enroll_sessions, dataset)?,
                probes: names::sessions(&self.probe_sessions, dataset)?,
                persons: self.persons.choice(background.as_ref()),
            },
            recipe,
            seed: self.recipe.seed,
            seeds: self.seeds,
            windows: self.probe_windows.clone(),
            lengths: self.persons.lengths(),
            background,
            parcels: self.persons.parcels(console)?,
            engine,
            replicates: self.replicates as usize,
            sweeps: !self.no_sweeps,
        })
    }
}

fn protocol_parser() -> impl TypedValueParser<Value = &'static dyn Protocol> {
    one_of(PROTOCOLS.iter().map(|protocol| (protocol.name(), protocol.help(), *protocol)))
}

fn method_parser() -> impl TypedValueParser<Value = &'static dyn Method> {
    one_of(METHODS.iter().map(|method| (method.argument(), method.help(), *method)))
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Protocol(error) => {
                let next = match error.lack {
                    Lack::Sessions { .. } | Lack::OneSession { .. } => "; --blocks makes sessions of time blocks",
                    Lack::SessionNames => {
                        "; give all of --train-sessions, --enroll-sessions and --probe-sessions, or none"
                    }
                    _ => "",
                };
                Self::new(USAGE, format!("{error}{next}"))
            }
            EvaluationError::Persons(error) => {
                let next = match error {
                    PersonsError::InBackground { .. } | PersonsError::SameRecording { .. } => {
                        "; leave the person out of DATA or of --background"
                    }
                    PersonsError::ShortProbes { .. } => "; ask for fewer --frames",
                    PersonsError::Regions { .. } => ", by --parcels",
                    _ => "",
                };
                Self::new(DATA, format!("{error}{next}"))
            }
            EvaluationError::Data(error) => error.into(),
            EvaluationError::Training(error) => error.into(),
            EvaluationError::Embedding(error) => error.into(),
            EvaluationError::Model(error) => error.into(),
            EvaluationError::FrontEnd(error) => error.into(),
            EvaluationError::ComparesScans { .. } => Self::new(USAGE, error),
            EvaluationError::NoConvergence
            | EvaluationError::Fit(_)
            | EvaluationError::Parcels(_)
            | EvaluationError::Score(_) => Self::new(DATA, error),
        }
    }
}
