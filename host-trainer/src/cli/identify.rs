//! `identify`: the best of a gallery's prototypes for a scan, if that accepts it.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::identify::{Gallery, Match};
use neural_vault_kernels::Mapped;
use serde_json::json;

use super::arguments::{DataArguments, EmbeddingEngineArgument, only_scan};
use super::console::Console;
use super::failure::{DATA, Failure, MODEL, REJECTED};
use crate::embedding::Embedder;
use crate::enrolment::Policy;
use crate::model::safetensors::hex;

/// Find whom of a gallery a scan belongs to: exit code 0 names one, 1 says none.
///
/// The prototype with the largest cosine is taken, the first of equal ones, and then its own threshold decides.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The gallery, as `gallery` writes it.
    #[arg(long, value_name = "G.nvg")]
    gallery: PathBuf,
    /// Label of the scan, where the recording holds several.
    #[arg(long, value_name = "L")]
    label: Option<String>,
    /// Session of the scan, where the recording holds several.
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// The engine.
    #[arg(long, value_enum, default_value_t = EmbeddingEngineArgument::Core)]
    engine: EmbeddingEngineArgument,
    /// Show the nearest label and its score even when it does not accept: for the operator alone.
    #[arg(long)]
    show_score: bool,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let name = arguments.gallery.display();
    let refuse = |reason: String| Failure::new(MODEL, format!("{name}: {reason}"));
    let file = Mapped::open(&arguments.gallery).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let gallery = Gallery::open(&file).map_err(|e| refuse(format!("not a sound gallery: {e}; make it again")))?;
    let model = crate::model::load(&arguments.model)?;
    let digest = model.digest()?;
    if gallery.model_digest() != &digest {
        let (enrolled, given) = (hex(gallery.model_digest()), hex(&digest));
        return Err(refuse(format!("made with model {enrolled}, not with {given}; give the model it was made with")));
    }
    if gallery.width() != model.dims.latent {
        let (width, latent) = (gallery.width(), model.dims.latent);
        return Err(refuse(format!("prototypes of {width} components, the model's embeddings have {latent}")));
    }
    let dataset = arguments.data.load(console)?;
    let scan = only_scan(&dataset, arguments.label.as_deref(), arguments.session.as_deref())?;
    let policy = Policy { window: gallery.window(), windows: gallery.windows(), centred: false };
    let mut embedder = Embedder::open(&model, arguments.engine.engine())?;
    let probe = embedder.scans(&dataset, &[policy.probe(&scan)], policy.window())?.swap_remove(0);
    let mut found = [Match { index: 0, score: 0.0 }];
    let kernel = neural_vault_kernels::best();
    gallery.identify(&probe, &mut found, &kernel).map_err(|e| Failure::new(DATA, e))?;
    let [Match { index, score }] = found;
    let threshold = gallery.threshold(index).unwrap_or(f32::INFINITY);
    let nearest = gallery.label(index).unwrap_or_default();
    let accepted = score >= threshold;
    let mut text = if accepted { nearest.to_owned() } else { "no match".to_owned() };
    let mut value = json!({ "accepted": accepted, "prototypes": gallery.count() });
    if accepted {
        value["label"] = json!(nearest);
    }
    if arguments.show_score {
        text += &format!(", nearest {nearest} score {score:.6} threshold {threshold:.6}");
        value["nearest"] = json!({ "label": nearest, "score": score, "threshold": threshold });
    }
    console.result("identify", &(text + "\n"), value)?;
    Ok(if accepted { 0 } else { REJECTED })
}
