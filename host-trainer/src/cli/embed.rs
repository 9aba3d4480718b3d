//! `embed`: embeddings of scans, and how far engines agree.

use std::path::{Path, PathBuf};

use clap::Args;
use npyz::WriterBuilder;
use serde_json::json;

use super::arguments::{DataArguments, EMBEDDING_ENGINES, embedding_engines, window_or_own, window_range};
use super::console::Console;
use super::failure::{Failure, USAGE};
use super::output::{Force, Outputs};
use super::progress::Progress;
use super::scans::{note_windows, refuse_long_windows};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::{Device, Engine};
use crate::files::{self, Existing, Readers};
use crate::model::Model;

/// Embed recordings: one vector per scan, in the order of (label, session).
///
/// A scan's vector is the mean over its windows, not scaled to unit length again. Windows follow each other from the start of
/// the scan and begin anew after a gap in time; frames left over before a gap or the end are not used, and a scan without
/// enough consecutive frames for a window has its longest run repeated. Notes say where this happens. A connectome model embeds
/// all frames of a scan at once.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    engine: EmbeddingEngine,
    /// Frames a window; the model's own when not given. Of a connectome model the fewest frames of a scan.
    #[arg(long, value_name = "T", value_parser = window_range)]
    window: Option<usize>,
    /// Write the embeddings here, float32 (scans, latent).
    #[arg(long, short, value_name = "E.npy")]
    output: Option<PathBuf>,
    /// Embed with every engine, also on a GPU where there is one, and print the largest difference of each pair.
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    force: Force,
}

/// Fewest scans between two reports of progress, so that all threads have some.
const SCANS: usize = 64;

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if arguments.output.is_none() && !arguments.compare {
        return Err(Failure::new(USAGE, "give --output E.npy, or --compare"));
    }
    if let Some(path) = &arguments.output {
        Outputs::new(arguments.force, arguments.data.paths().chain([&*arguments.model])).file(path, "")?;
    }
    let dataset = arguments.data.load(console)?;
    let model = crate::model::load(&arguments.model)?;
    if !model.dims().is_connectome() {
        // What the model does not take is refused with what it takes.
        let given = arguments.window.filter(|window| *window <= model.dims().max_window());
        refuse_long_windows("--window", given.as_slice(), &dataset)?;
    }
    let window = window_or_own(arguments.window, &model, console);
    let scans = dataset.scans();
    let embed = |engine: EmbeddingEngine| -> Result<Vec<Vec<f32>>, Failure> {
        let mut embedder = Embedder::open(&model, engine)?;
        let mut progress = Progress::new(console);
        let mut embeddings = Vec::with_capacity(scans.len());
        for part in scans.chunks(SCANS.max(scans.len() / 100)) {
            progress.report("embedding scans", embeddings.len() as u64, scans.len() as u64, "");
            embeddings.extend(embedder.scans(&dataset, part, window)?);
        }
        Ok(embeddings)
    };
    let mut text = String::new();
    let mut value = json!({ "scans": scans.len(), "latent": model.dims().latent, "window_frames": window });
    if arguments.compare {
        let gpu = Engine::OnnxRuntime(Device::Cuda);
        let gpu = gpu.probe().is_ok().then(|| (gpu.name(), EmbeddingEngine::Onnx(gpu)));
        let engines = EMBEDDING_ENGINES.iter().map(|&(name, _, engine)| (name, engine)).chain(gpu);
        let all = engines.map(|(name, engine)| Ok((name, embed(engine)?)));
        let all = all.collect::<Result<Vec<_>, Failure>>()?;
        let mut pairs = Vec::new();
        for (i, (first, a)) in all.iter().enumerate() {
            for (second, b) in &all[i + 1..] {
                let difference = largest_difference(a, b);
                text += &format!("{first:5} against {second:12} {difference:.3e}\n");
                pairs.push(json!({ "engines": [first, second], "largest_difference": difference }));
            }
        }
        value["pairs"] = json!(pairs);
    }
    if let Some(path) = &arguments.output {
        write_npy(&model, &embed(arguments.engine)?, path, arguments.force.existing())?;
        text += &format!("{}: {} scans x {}\n", path.display(), scans.len(), model.dims().latent);
        value["file"] = json!(path.display().to_string());
    }
    if !model.dims().is_connectome() {
        note_windows(&dataset, &scans, window, console);
    }
    value["rows"] = scans
        .iter()
        .map(|scan| json!({ "label": dataset.labels[scan.label as usize], "session": dataset.sessions[scan.session as usize] }))
        .collect();
    console.result("neural-vault/embed/2", &text, value)
}

fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    // NaN on either side must not count as agreement.
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, |largest, d| if d <= largest { largest } else { d })
}

fn write_npy(model: &Model, embeddings: &[Vec<f32>], path: &Path, existing: Existing) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::unwritten(&error);
    let mut bytes = Vec::new();
    let shape = [embeddings.len() as u64, model.dims().latent as u64];
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(&mut bytes);
    let mut writer = options.begin_nd().map_err(failed)?;
    writer.extend(embeddings.iter().flatten().copied()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    files::write(path, &bytes, Readers::All, existing).map_err(failed)
}
