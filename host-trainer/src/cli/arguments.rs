//! Arguments that several commands share.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::verify::Threshold;

use super::console::{Console, list};
use super::failure::{DATA, Failure, USAGE};
use super::hints::Hint;
use super::names::{check_label, check_session, sessions_of};
use crate::dataset::{self, Dataset, EventTable, Input, LoadOptions, MAX_FRAMES, Scan};
use crate::embedding::EmbeddingEngine;
use crate::engine::{Device, Engine};
use crate::model::Model;

/// The heading of the options that say how recordings are read.
const READING: &str = "How recordings are read";

/// Most frames that an option asks of a scan.
const MAX_SCAN: usize = 1 << 16;

/// Recordings, and how they are read.
#[derive(Args)]
pub struct DataArguments {
    #[arg(value_name = "DATA", required = true, help = dataset::formats(), value_parser = inputs())]
    pub inputs: Vec<Input>,
    #[command(flatten)]
    pub reading: ReadingArguments,
}

/// How recordings are read.
#[derive(Args)]
pub struct ReadingArguments {
    /// CSV column that holds the label.
    #[arg(help_heading = READING, long, value_name = "NAME", default_value = "video")]
    pub label_column: String,
    /// Features of a file of float32 values without a header (`.bin`), where no `segments.json` beside it says it.
    #[arg(help_heading = READING, long, value_name = "N", value_parser = width)]
    pub width: Option<usize>,
    /// Mask of NIfTI scans: the voxels that are not zero in it are the features.
    #[arg(help_heading = READING, long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// Label the frames of recordings by the trial types of this BIDS table, or of the tables in this folder that belong
    /// to the recordings by their names; `none` ignores the `events.tsv` beside a recording, which is used otherwise.
    #[arg(help_heading = READING, long, value_name = "FILE", value_parser = event_table())]
    pub events: Option<EventTable>,
    /// Seconds from frame to frame (repetition time), where neither the recording nor a JSON file beside it says it.
    #[arg(help_heading = READING, long, value_name = "SECONDS", value_parser = frame_seconds)]
    pub tr: Option<f64>,
    /// Seconds by which frames follow the events that cause them; 4 to 6 for the response of blood flow.
    #[arg(help_heading = READING, long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true, value_parser = lag)]
    pub lag: f64,
    /// Cut every recording into N consecutive time blocks and take each as a session.
    #[arg(help_heading = READING, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub blocks: Option<u16>,
}

impl DataArguments {
    /// The files and folders that are read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.reading.paths(&self.inputs)
    }

    /// Reads the recordings and prints their notes.
    pub fn load(&self, console: &Console) -> Result<Dataset, Failure> {
        self.reading.load(&self.inputs, console)
    }
}

impl ReadingArguments {
    /// The files and folders that are read for `inputs`.
    pub fn paths<'p>(&'p self, inputs: &'p [Input]) -> impl Iterator<Item = &'p Path> {
        let events = self.events.as_ref().and_then(|events| match events {
            EventTable::At(path) => Some(path.as_path()),
            EventTable::Beside | EventTable::Ignored => None,
        });
        inputs.iter().filter_map(Input::path).chain(self.mask.as_deref()).chain(events)
    }

    /// Reads the recordings of `inputs` and prints their notes.
    pub fn load(&self, inputs: &[Input], console: &Console) -> Result<Dataset, Failure> {
        let options = LoadOptions {
            label_column: Some(self.label_column.clone()),
            width: self.width,
            mask: self.mask.clone(),
            events: self.events.clone().unwrap_or_default(),
            frame_seconds: self.tr,
            lag: self.lag,
        };
        let dataset = dataset::load(inputs, &options)?;
        dataset.notes.iter().for_each(|note| console.note(format!("note: {note}")));
        Ok(match self.blocks {
            Some(count) => dataset.into_blocks(usize::from(count)),
            None => dataset,
        })
    }
}

/// Parses `PATH`, `LABEL=PATH` or `LABEL/SESSION=PATH`, for clap.
pub fn inputs() -> impl TypedValueParser<Value = Input> {
    OsStringValueParser::new().map(|text| Input::parse(&text))
}

/// Parses a table of events, a folder of them or `none`, for clap.
pub fn event_table() -> impl TypedValueParser<Value = EventTable> {
    OsStringValueParser::new().map(|text| match text.to_str() {
        Some("none") => EventTable::Ignored,
        _ => EventTable::At(text.into()),
    })
}

/// Parses the seconds from frame to frame, for clap.
pub fn frame_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds above 0"))
}

/// Parses a delay, for clap.
pub fn lag(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

/// Parses a number of features, for clap.
pub fn width(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&width| width > 0).ok_or_else(|| format!("`{text}` is not a number of features"))
}

/// Which engine runs ONNX graphs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphEngine {
    /// ONNX Runtime when it is found, tract otherwise.
    Auto,
    /// ONNX Runtime.
    Onnxruntime,
    /// tract, in pure Rust.
    Tract,
}

impl GraphEngine {
    /// The chosen engine; a note says which one `auto` chose.
    pub fn choose(self, device: Device, console: &Console) -> Result<Engine, Failure> {
        match (self, device) {
            (GraphEngine::Tract, Device::Cuda) => {
                Err(Failure::new(USAGE, "tract does not run on CUDA; use --engine onnxruntime"))
            }
            (GraphEngine::Tract, Device::Cpu) => Ok(Engine::Tract),
            (_, Device::Cuda) => Ok(Engine::OnnxRuntime(Device::Cuda)),
            (GraphEngine::Onnxruntime, Device::Cpu) => Ok(Engine::OnnxRuntime(Device::Cpu)),
            (GraphEngine::Auto, Device::Cpu) => {
                let (engine, why) = Engine::auto();
                if let Some(why) = why {
                    console.note(format!("note: {}", why.with_hint()));
                }
                console.note(format!("engine: {}", engine.name()));
                Ok(engine)
            }
        }
    }
}

/// Parses the device of ONNX Runtime, for clap.
pub fn devices() -> impl TypedValueParser<Value = Device> {
    one_of([("cpu", "The processor", Device::Cpu), ("cuda", "The first NVIDIA GPU, in float32", Device::Cuda)])
}

/// Every engine that embeds: name, description, engine.
pub const EMBEDDING_ENGINES: [(&str, &str, EmbeddingEngine); 3] = [
    ("core", "The no_std encoder that a token runs: the same bits on every machine", EmbeddingEngine::Core),
    ("tract", "tract, in pure Rust", EmbeddingEngine::Onnx(Engine::Tract)),
    ("onnxruntime", "ONNX Runtime", EmbeddingEngine::Onnx(Engine::OnnxRuntime(Device::Cpu))),
];

/// Parses an engine that embeds, for clap.
pub fn embedding_engines() -> impl TypedValueParser<Value = EmbeddingEngine> {
    one_of(EMBEDDING_ENGINES)
}

/// Parses a weight format, for clap.
pub fn weight_formats() -> impl TypedValueParser<Value = WeightFormat> {
    let help = |format| match format {
        WeightFormat::F32 => "32-bit floats",
        WeightFormat::F16 => "16-bit floats: half the size; embeddings differ in the fourth digit",
        WeightFormat::I16 => "16-bit integers with a scale per output: half the size, nearest to f32",
        WeightFormat::I8I16 => {
            "8-bit integers with a scale per output, inputs of 16 bits: a quarter of the size; for tokens"
        }
        WeightFormat::I8 => {
            "8-bit integers with a scale per output, inputs of 8 bits: a quarter of the size, the fastest on a host"
        }
    };
    one_of(WeightFormat::ALL.map(|format| (format.name(), help(format), format)))
}

/// Parses one of these `(name, description, value)`, which clap lists.
pub fn one_of<T: Clone + Send + Sync + 'static>(
    choices: impl IntoIterator<Item = (&'static str, &'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let choices: Vec<_> = choices.into_iter().collect();
    let named: Vec<PossibleValue> =
        choices.iter().map(|(name, help, _)| PossibleValue::new(*name).help(*help)).collect();
    PossibleValuesParser::new(named).try_map(move |chosen| {
        let value = choices.iter().find(|(name, ..)| *name == chosen).map(|(.., value)| value.clone());
        value.ok_or("no such value")
    })
}

/// Parses the frames of a window, for clap.
pub fn window_range(text: &str) -> Result<usize, String> {
    let window: usize = text.parse().map_err(|_| format!("`{text}` is not a number of frames"))?;
    if (1..=MAX_FRAMES).contains(&window) {
        Ok(window)
    } else {
        Err(format!("a window holds 1 to {MAX_FRAMES} frames, the encoder's positions"))
    }
}

/// Parses a number of frames of a scan, for clap.
pub fn scan_frames(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{text}` is not a number of frames, 2 to {MAX_SCAN}");
    text.parse().ok().filter(|frames| (2..=MAX_SCAN).contains(frames)).ok_or_else(wrong)
}

/// The window to cut scans into: the one that was given, or the model's own, with a note where that one is assumed.
pub fn window_or_own(given: Option<usize>, model: &Model, console: &Console) -> usize {
    if let (None, Some(note)) = (given, model.window_note()) {
        console.note(format!("note: {note}; give --window, or the model's folder"));
    }
    given.unwrap_or(model.provenance().window)
}

/// Parses a threshold, for clap.
pub fn cosine(text: &str) -> Result<Threshold, String> {
    let wrong = || format!("`{text}` is not a cosine, -1 to 1");
    text.parse().ok().and_then(|cosine| Threshold::new(cosine).ok()).ok_or_else(wrong)
}

/// The only scan of `dataset` with this label and session.
///
/// # Errors
/// When the label or the session is not there, or several scans or none are left.
pub fn only_scan(dataset: &Dataset, label: Option<&str>, session: Option<&str>) -> Result<Scan, Failure> {
    label.map_or(Ok(()), |label| check_label(label, dataset))?;
    session.map_or(Ok(()), |session| check_session(session, dataset))?;
    let named = |index: u32, names: &[String], wanted: Option<&str>| wanted.is_none_or(|w| names[index as usize] == w);
    let mut scans = dataset.scans();
    scans.retain(|s| named(s.label, &dataset.labels, label) && named(s.session, &dataset.sessions, session));
    match scans.as_slice() {
        [scan] => Ok(scan.clone()),
        [] => {
            let (origin, label) = (dataset.origin.display(), label.unwrap_or_default());
            let text = format!(
                "{origin}: no scan of label {label} in that session; it has some in {}",
                sessions_of(dataset, label)
            );
            Err(Failure::new(DATA, text))
        }
        many => Err(Failure::new(
            USAGE,
            format!(
                "{}: {} scans; choose one with --label ({}) and --session ({})",
                dataset.origin.display(),
                many.len(),
                list(&dataset.labels),
                list(&dataset.sessions)
            ),
        )),
    }
}
