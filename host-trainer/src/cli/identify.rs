//! `identify`: the enrolment of a gallery that a scan belongs to, if there is one.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::identify::{Gallery, IdentifyError, Match};
use neural_vault_core::verify::Threshold;
use neural_vault_mapped::Mapped;
use serde_json::json;

use super::arguments::{DataArguments, embedding_engines, only_scan};
use super::console::Console;
use super::failure::{DATA, Failure, MODEL, REJECTED};
use super::hints::UNREAD;
use super::names::name;
use super::scans::note_windows;
use crate::dataset::Scan;
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::enrolment::{Policy, SHORT_PROBES};
use crate::escape::Escaped;
use crate::hex;

/// Find the enrolment of a gallery that a scan belongs to: exit code 0 with its label, or 1 if there is none.
///
/// The prototype with the largest cosine is taken (the first of equal ones), and its enrolment's threshold decides.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The gallery, written by `gallery`.
    #[arg(long, value_name = "G.nvg")]
    gallery: PathBuf,
    /// Label of the scan, where the recording holds several.
    #[arg(long, value_name = "L", value_parser = name)]
    label: Option<String>,
    /// Session of the scan, where the recording holds several.
    #[arg(long, value_name = "S", value_parser = name)]
    session: Option<String>,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    engine: EmbeddingEngine,
    /// Show the nearest label and its score even when it does not accept: for the operator only.
    #[arg(long)]
    show_score: bool,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let name = arguments.gallery.display();
    let refuse = |reason: String| Failure::new(MODEL, format!("{name}: {reason}"));
    let file = Mapped::open(&arguments.gallery).map_err(|e| refuse(format!("cannot be read: {e}{UNREAD}")))?;
    let gallery = Gallery::open(&file).map_err(|e| refuse(format!("not a sound gallery: {e}; make it again")))?;
    let model = crate::model::load(&arguments.model)?;
    if gallery.model_digest() != model.digest() {
        let (enrolled, given) = (hex::encode(gallery.model_digest()), hex::encode(model.digest()));
        return Err(refuse(format!("made with model {enrolled}, not with {given}; give the model it was made with")));
    }
    if gallery.width() != model.dims().latent {
        let (width, latent) = (gallery.width(), model.dims().latent);
        return Err(refuse(format!("prototypes of {width} components, the model's embeddings have {latent}")));
    }
    let dataset = arguments.data.load(console)?;
    let scan = only_scan(&dataset, arguments.label.as_deref(), arguments.session.as_deref())?;
    let mut embedder = Embedder::open(&model, arguments.engine)?;
    let policy = Policy { window: gallery.window(), windows: gallery.windows(), centred: false };
    let window = policy.window();
    let scans = if model.dims().is_connectome() {
        let compared = first_frames(&scan, window).map_err(|text| Failure::new(DATA, format!("{name}: {text}")))?;
        if compared != scan {
            let given = scan.rows.len();
            console.note(format!(
                "note: {window} of the probe's {given} frames are compared, those that the gallery is for"
            ));
        }
        [compared]
    } else {
        let scans = [policy.probe(&dataset, &scan)];
        note_windows(&dataset, &scans, window, console);
        scans
    };
    let probe = embedder.scans(&dataset, &scans, window)?.swap_remove(0);
    let found = nearest(&gallery, &probe).map_err(|e| refuse(e.to_string()))?;
    let label = |found: Match| gallery.label(found.index).ok_or_else(|| refuse("a prototype without a label".into()));
    let accepted = found.filter(|found| gallery.accepts(found)).map(label).transpose()?;
    let mut text = accepted.map_or("no match".to_owned(), |label| Escaped(label).to_string());
    let mut value = json!({ "accepted": accepted.is_some(), "prototypes": gallery.count() });
    if let Some(label) = accepted {
        value["label"] = json!(label);
    }
    if arguments.show_score {
        value["nearest"] = json!(null);
        text += match found {
            Some(found) => {
                let (nearest, score) = (label(found)?, found.score);
                let threshold = gallery.threshold(found.index).map(Threshold::cosine);
                value["nearest"] = json!({ "label": nearest, "score": score, "threshold": threshold });
                let threshold = threshold.map_or("none".to_owned(), |threshold| format!("{threshold:.6}"));
                format!(", nearest {} score {score:.6} threshold {threshold}", Escaped(nearest))
            }
            None => ", no score: the scan cannot be compared".to_owned(),
        }
        .as_str();
    }
    console.result("neural-vault/identify/1", &(text + "\n"), value)?;
    Ok(if accepted.is_some() { 0 } else { REJECTED })
}

/// The first frames of a scan, as many as a gallery of a connectome model compares.
fn first_frames(scan: &Scan, frames: usize) -> Result<Scan, String> {
    if scan.rows.len() < frames {
        let given = scan.rows.len();
        return Err(format!("a probe of {given} frames, the gallery is for {frames}: {SHORT_PROBES}"));
    }
    Ok(Scan { rows: scan.rows.start..scan.rows.start + frames, ..*scan })
}

/// The nearest prototype; `None` for a probe that cannot be compared.
fn nearest(gallery: &Gallery<'_>, probe: &[f32]) -> Result<Option<Match>, IdentifyError> {
    let mut found = [Match { index: 0, score: 0.0 }];
    match gallery.identify(probe, &mut found, neural_vault_kernels::best()) {
        Ok(()) => Ok(Some(found[0])),
        Err(IdentifyError::Query { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
