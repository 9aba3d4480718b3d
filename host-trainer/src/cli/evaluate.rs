//! `evaluate`: what figures are worth, protocol by protocol.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use neural_vault_core::encoder::WeightFormat;
use serde_json::json;

use super::arguments::{DataArguments, DeviceArgument, GraphEngine, Weights, window_range};
use super::console::Console;
use super::failure::{DATA, Failure, OUTPUT, USAGE};
use super::recipe::RecipeArguments;
use crate::evaluation::evaluate::{EvaluationError, Plan, evaluate};
use crate::evaluation::methods::{self, Method};
use crate::evaluation::protocols::{Protocol, SessionChoice};
use crate::evaluation::results::{Estimate, ProtocolResult};
use crate::evaluation::summary::summarise;
use crate::files::{Pending, Readers};
use crate::training::Recipe;

/// Train and score by one protocol or several, with all methods side by side.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Protocol; repeat it for several.
    #[arg(long = "protocol", value_enum, value_name = "NAME", default_values_t = [ProtocolArgument::Blocks])]
    protocols: Vec<ProtocolArgument>,
    /// Methods; all when not given.
    #[arg(long, value_enum, value_name = "M,...", value_delimiter = ',')]
    methods: Vec<MethodArgument>,
    /// Score the encoder with its weights in these formats as well, calibrated on what trained it.
    #[arg(long, value_enum, value_name = "F,...", value_delimiter = ',')]
    weights: Vec<Weights>,
    /// Sessions that train (`sessions`, `unseen`, `episodes`).
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    train_sessions: Vec<String>,
    /// Sessions that are enrolled.
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    enroll_sessions: Vec<String>,
    /// Sessions that probe.
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    probe_sessions: Vec<String>,
    /// Window lengths to score, in frames; each gives figures of its own.
    #[arg(long, value_name = "T,...", value_delimiter = ',', value_parser = window_range, default_value = "1")]
    probe_windows: Vec<usize>,
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Train with N seeds, and give the mean EER over them as well.
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
}

/// A protocol.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProtocolArgument {
    /// Everything trains and probes, as the reference scores itself (leaks).
    InSample,
    /// A random half of the frames probes (leaks).
    Random,
    /// The end of each recording probes, after a gap.
    Blocks,
    /// A third of the sessions probes in turn, the others train and are enrolled.
    Folds,
    /// Different sessions train, are enrolled and probe.
    Sessions,
    /// Labels are enrolled that did not train the encoder.
    Unseen,
    /// Few-shot episodes of 4 support and 4 query frames.
    Episodes,
}

/// A method.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodArgument {
    /// SHA-256 of the frame.
    Sha256,
    /// HMAC-SHA256 of the frame.
    Hmac,
    /// Signs of a random projection.
    Biohashing,
    /// The embedding's bits.
    Neural,
    /// The embedding's cosine.
    Neuralvault,
    /// The same, trained with the enrolled labels as well (unseen).
    Refit,
    /// The cosine of an encoder trained by the reference's recipe.
    Reference,
    /// The whitened front end alone.
    Linear,
    /// The frame's cosine.
    RawCosine,
    /// Linear discriminants.
    Lda,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let engine = arguments.engine.choose(DeviceArgument::Cpu, console)?;
    let dataset = arguments.data.load(console)?;
    let plan = arguments.plan(engine)?;
    let outputs = Outputs::open([&arguments.output, &arguments.report, &arguments.scores])?;
    let mut evaluated = Vec::new();
    for protocol in &arguments.protocols {
        let protocol = protocol.protocol();
        let mut started = Instant::now();
        let mut stage = |name: &str| {
            console.note(format!("{}: {name} {:.3} s", protocol.name(), started.elapsed().as_secs_f64()));
            started = Instant::now();
        };
        evaluated.extend(evaluate(&dataset, protocol, &plan, &mut stage)?);
    }
    let results =
        summarise(&dataset, arguments.settings(&plan.recipe), evaluated).map_err(|e| Failure::new(DATA, e))?;
    let document = serde_json::to_string_pretty(&results).map_err(|e| Failure::new(OUTPUT, e))? + "\n";
    let files = outputs
        .write(&[&|| document.clone(), &|| crate::report::html(&results), &|| crate::report::scores_csv(&results)])?;
    let mut text: String = results.protocols.iter().map(table).collect();
    files.iter().for_each(|file| text += &format!("{file}\n"));
    console.result("evaluate", &text, json!(results))
}

/// The files to write, opened before the work begins: a path that cannot be written costs nobody an evaluation.
struct Outputs(Vec<Option<(PathBuf, Pending)>>);

impl Outputs {
    fn open(paths: [&Option<PathBuf>; 3]) -> Result<Self, Failure> {
        let open = |path: &PathBuf| Ok((path.clone(), Pending::create(path, Readers::All)?));
        let pending = paths.into_iter().map(|path| path.as_ref().map(open).transpose());
        pending.collect::<io::Result<_>>().map(Self).map_err(|e| Failure::new(OUTPUT, e))
    }

    /// Writes each file that was asked for; none takes its name before all are whole.
    fn write(self, texts: &[&dyn Fn() -> String; 3]) -> Result<Vec<String>, Failure> {
        let mut whole = Vec::new();
        for (output, text) in self.0.into_iter().zip(texts) {
            if let Some((path, mut pending)) = output {
                pending.write_all(text().as_bytes()).map_err(|e| Failure::new(OUTPUT, e))?;
                whole.push((path, pending));
            }
        }
        let commit = |(path, pending): (PathBuf, Pending)| pending.commit().map(|()| path.display().to_string());
        whole.into_iter().map(commit).collect::<io::Result<_>>().map_err(|e| Failure::new(OUTPUT, e))
    }
}

impl Arguments {
    fn plan(&self, engine: crate::engine::Engine) -> Result<Plan, Failure> {
        let named = self.methods.iter().map(|m| m.method());
        let mut methods: Vec<Method> = if self.methods.is_empty() { methods::ALL.to_vec() } else { named.collect() };
        methods.extend(self.weights.iter().map(|weights| match weights.format() {
            WeightFormat::F32 => Method::NeuralVault,
            format => Method::Stored(format),
        }));
        let mut seen = Vec::new();
        methods.retain(|method| {
            !seen.contains(method) && {
                seen.push(*method);
                true
            }
        });
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Plan {
            methods,
            sessions: SessionChoice {
                training: self.train_sessions.clone(),
                enrolment: self.enroll_sessions.clone(),
                probes: self.probe_sessions.clone(),
            },
            recipe: self.recipe.recipe()?,
            seed: self.recipe.seed,
            seeds: self.seeds,
            windows: self.probe_windows.clone(),
            engine,
            threads: self.threads.map_or_else(cores, usize::from),
            replicates: self.replicates as usize,
            sweeps: !self.no_sweeps,
        })
    }

    /// The settings that decide the results, for the document.
    fn settings(&self, recipe: &Recipe) -> BTreeMap<String, String> {
        let entries = [
            ("recipe", recipe.name().to_owned()),
            ("recipe in full", serde_json::to_string(recipe).unwrap_or_default()),
            ("steps", recipe.steps().to_string()),
            ("seed", self.recipe.seed.to_string()),
            ("seeds", self.seeds.to_string()),
            ("bootstrap replicates", self.replicates.to_string()),
            ("program", concat!("neural-vault ", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl ProtocolArgument {
    fn protocol(self) -> Protocol {
        match self {
            Self::InSample => Protocol::InSample,
            Self::Random => Protocol::Random,
            Self::Blocks => Protocol::Blocks,
            Self::Folds => Protocol::Folds,
            Self::Sessions => Protocol::Sessions,
            Self::Unseen => Protocol::Unseen,
            Self::Episodes => Protocol::Episodes,
        }
    }
}

impl MethodArgument {
    fn method(self) -> Method {
        match self {
            Self::Sha256 => Method::Sha256,
            Self::Hmac => Method::Hmac,
            Self::Biohashing => Method::BioHashing,
            Self::Neural => Method::Neural,
            Self::Neuralvault => Method::NeuralVault,
            Self::Refit => Method::Refit,
            Self::Reference => Method::Reference,
            Self::Linear => Method::Linear,
            Self::RawCosine => Method::RawCosine,
            Self::Lda => Method::Lda,
        }
    }
}

fn table(protocol: &ProtocolResult) -> String {
    let mut text = format!("{}: {}", protocol.name, protocol.description);
    if let Some(leaks) = &protocol.leaks {
        text += &format!(" (LEAKS: {leaks})");
    }
    text += &format!("\n  {:17} {:>22} {:>18} {:>7} {:>9}\n", "method", "EER % [95 %]", "d' [95 %]", "AUC", "accuracy");
    for method in &protocol.methods {
        text += &format!(
            "  {:17} {:>22} {:>18} {:>7.4} {:>8.1} %\n",
            method.name,
            estimate(&method.eer, 1),
            estimate(&method.d_prime, 2),
            method.roc_auc.value,
            method.accuracy * 100.0
        );
        if let Some(seeds) = &method.over_seeds {
            let each: Vec<String> = seeds.each.iter().map(|eer| format!("{eer:.1}")).collect();
            let mean = format!("mean over {} seeds", each.len());
            text += &format!("    {mean:>18} {:>19}  ({})\n", estimate(&seeds.eer, 1), each.join(", "));
        }
    }
    for difference in &protocol.differences {
        let apart = match difference.eer.interval {
            Some([low, high]) if low > 0.0 || high < 0.0 => "",
            _ => " (not statistically distinguishable)",
        };
        let against = format!("NeuralVault less {}", difference.method);
        text += &format!("  {against:35} {:>22} points{apart}\n", estimate(&difference.eer, 1));
    }
    text
}

fn estimate(estimate: &Estimate, digits: usize) -> String {
    match estimate.interval {
        Some([low, high]) => format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", estimate.value),
        None => format!("{:.digits$}", estimate.value),
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Protocol(_) => Self::new(USAGE, error),
            EvaluationError::Training(error) => error.into(),
            EvaluationError::Embedding(error) => error.into(),
            EvaluationError::Model(error) => error.into(),
            EvaluationError::FrontEnd(error) => error.into(),
            EvaluationError::Score(_) => Self::new(DATA, error),
        }
    }
}
