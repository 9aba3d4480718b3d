//! `inspect`: describe a file and check that it is sound.

mod kind;
mod recordings;
mod results;
mod run;
mod secret;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::bundle::{ProvisioningKey, Storage, Tensor};
use neural_vault_core::encoder::{Fill, ModelKind, WeightFormat};
use neural_vault_core::identify::Gallery;
use neural_vault_mapped::Mapped;
use serde_json::{Value, json};

use super::arguments::DataArguments;
use super::console::{Console, list};
use super::error_rate;
use super::failure::{Failure, MODEL, USAGE};
use super::hints::UNREAD;
use super::secret_file::read_secret;
use crate::connectome::ImpostorTable;
use crate::dataset::{Input, Place};
use crate::enrolment::Enrolment;
use crate::escape::Escaped;
use crate::hex;
use crate::model::{self, Model};
use kind::{Kind, kind};
use recordings::describe_data;
use results::describe_results;
use run::{add_files, describe_archive, describe_checkpoint};
use secret::describe_secret;

/// Describe a file or a folder, and check that it is sound.
///
/// It may be recordings, a model's folder or one of its files, a training archive, a checkpoint, an enrolment, a gallery, the
/// results of an evaluation, or a secret, which is not shown.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Also check a bundle's tag under this key (32 bytes or 64 hexadecimal digits).
    #[arg(long, value_name = "FILE")]
    provisioning_key: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let path = match arguments.data.inputs.as_slice() {
        [Input { place: Place::Path(path), label: None, .. }] => path.as_path(),
        several => {
            if let Some(other) =
                several.iter().filter_map(Input::path).find(|path| !matches!(kind(path), Kind::Recordings))
            {
                let text = format!("{}: is no recording; describe it by itself", other.display());
                return Err(Failure::new(USAGE, text));
            }
            Path::new("")
        }
    };
    let kind = kind(path);
    if let Some(key) = &arguments.provisioning_key {
        if !matches!(kind, Kind::Bundle) {
            return Err(Failure::new(USAGE, "only bundles (.nvb) carry a tag for --provisioning-key to check"));
        }
        model::check_tag(path, &read_secret(key, ProvisioningKey::from_bytes, console)?)?;
        console.note("the tag is valid under this key");
    }
    let (text, value) = match kind {
        Kind::Model(file) => {
            let (mut text, mut value) = describe_model(&model::load(&file)?, path)?;
            add_files(path, &mut text, &mut value);
            (text, value)
        }
        Kind::Bundle => describe_model(&model::load(path)?, path)?,
        Kind::Archive(file) => describe_archive(&file)?,
        Kind::Checkpoint(file) => describe_checkpoint(&file)?,
        Kind::Enrolment => describe_enrolment(&Enrolment::read(path)?, path),
        Kind::Gallery => describe_gallery(path)?,
        Kind::Results => describe_results(path)?,
        Kind::Secret => describe_secret(path, console)?,
        Kind::Recordings => describe_data(&arguments.data, console)?,
    };
    console.result("neural-vault/inspect/2", &text, value)
}

fn describe_model(model: &Model, path: &Path) -> Result<(String, Value), Failure> {
    let digest = hex::encode(model.digest());
    let dims = model.dims();
    let provenance = model.provenance();
    let (bytes, bundle) = (model.bytes(), model.bundle()?);
    let tensors: Vec<Stored> = bundle.tensors().map(|tensor| Stored::new(&tensor, bundle.format())).collect();
    let values: usize = tensors.iter().map(|tensor| tensor.values).sum();
    let format = bundle.format().name();
    let mut text = format!("{}: a sound model\n", path.display());
    let _ = writeln!(text, "digest      {digest}");
    let _ = writeln!(text, "features    {}", dims.features);
    let _ = match dims.kind() {
        ModelKind::Linear => {
            writeln!(text, "encoder     linear, latent {}, windows of up to {} frames", dims.latent, dims.positions)
        }
        ModelKind::Connectome => {
            let parcels = if dims.features > dims.d_model { ", averages of features by parcels" } else { "" };
            writeln!(text, "encoder     connectome of {} regions{parcels}, latent {}", dims.d_model, dims.latent)
        }
        ModelKind::Transformer => writeln!(
            text,
            "encoder     {} layers, {} heads, width {}, feed-forward {}, latent {}, {} positions",
            dims.layers, dims.heads, dims.d_model, dims.feed_forward, dims.latent, dims.positions
        ),
    };
    let _ = writeln!(text, "weights     {format}, {} tensors, {values} values, {} bytes", tensors.len(), bytes.len());
    let _ = writeln!(text, "bundle      version {}", model.version());
    let impostors = if dims.is_connectome() { Some(model.impostor_table()?) } else { None };
    let _ = match &impostors {
        Some(_) => writeln!(text, "probes      of {} frames or more, all frames at once", provenance.window),
        None => writeln!(text, "window      {} frames", provenance.window),
    };
    if let Some(table) = &impostors {
        let _ = writeln!(text, "impostors   {}", impostor_scores(table));
    }
    let _ = writeln!(text, "recipe      {}", provenance.recipe);
    let _ = match model.fill() {
        _ if dims.is_connectome() => {
            writeln!(text, "not finite  left out of the region's mean; a region of no value is refused")
        }
        Fill::Reference => writeln!(text, "not finite  NaN enters as 0, infinities as 1 and -1, before standardising"),
        Fill::Mean => writeln!(text, "not finite  enters as the training mean"),
    };
    let labels = model.labels_digest().map(|digest| hex::encode(digest));
    if let Some(labels) = &labels {
        let _ = writeln!(text, "labels      {labels} (their digest)");
    }
    if let Some(note) = model.window_note() {
        let _ = writeln!(text, "note        {note}");
    }
    if let Some(dimension) = provenance.effective_dimension {
        let _ = writeln!(text, "spread      {dimension:.1} effective dimensions");
    }
    if let Some(note) = provenance.spread_note(dims.latent) {
        let _ = writeln!(text, "note        {note}");
    }
    if !provenance.labels.is_empty() {
        let _ = writeln!(text, "trained on  {}", list(&provenance.labels));
        let _ = writeln!(text, "sessions    {}", list(&provenance.training_sessions));
    }
    for Stored { name, format, values, bytes } in &tensors {
        let _ = writeln!(text, "  {name:44} {format:4} {values:9} values {bytes:9} bytes");
    }
    let encoder = match dims.kind() {
        ModelKind::Linear => "linear",
        ModelKind::Connectome => "connectome",
        ModelKind::Transformer => "transformer",
    };
    let mut value = json!({
        "file": path.display().to_string(), "kind": "model", "sound": true, "encoder": encoder, "model_digest": digest,
        "features": dims.features, "d_model": dims.d_model, "heads": dims.heads, "layers": dims.layers,
        "feed_forward": dims.feed_forward, "latent": dims.latent, "positions": dims.positions, "weights": format, "bytes": bytes.len(),
        "tensors": tensors.iter().map(Stored::to_json).collect::<Vec<_>>(),
        "bundle_version": model.version(), "fill": model.fill().name(), "labels_digest": labels,
        "window_frames": provenance.window, "window_is_known": model.window_note().is_none(),
        "recipe": provenance.recipe, "labels": provenance.labels, "effective_dimension": provenance.effective_dimension,
        "training_sessions": provenance.training_sessions,
    });
    if let Some(table) = impostors {
        let scores = table.pairs().map(|(frames, score)| json!({ "frames": frames, "score": score }));
        value["regions"] = json!(dims.d_model);
        value["impostor_scores"] = scores.collect();
    }
    Ok((text, value))
}

/// The mean scores of different persons, by the probe's length.
fn impostor_scores(table: &ImpostorTable) -> String {
    let pairs: Vec<String> = table.pairs().map(|(frames, score)| format!("{score:.3} at {frames} frames")).collect();
    if pairs.is_empty() { "not measured".to_owned() } else { format!("score {} on average", pairs.join(", ")) }
}

/// A tensor as a bundle stores it.
struct Stored {
    name: String,
    format: &'static str,
    values: usize,
    bytes: u64,
}

impl Stored {
    fn new(tensor: &Tensor, weights: WeightFormat) -> Self {
        let format = match (tensor.storage, weights) {
            (Storage::Weight, WeightFormat::I8I16 | WeightFormat::I8) => "i8",
            (Storage::Weight, format) => format.name(),
            (Storage::Mean | Storage::InvStd, WeightFormat::I8I16 | WeightFormat::I8) => "bf16",
            (Storage::Parcel, _) => "u8",
            (Storage::Float | Storage::Positive | Storage::Mean | Storage::InvStd | Storage::Symmetric, _) => {
                WeightFormat::F32.name()
            }
        };
        Self { name: tensor.name.to_string(), format, values: tensor.shape.values(), bytes: tensor.length }
    }

    fn to_json(&self) -> Value {
        json!({ "name": self.name, "format": self.format, "values": self.values, "bytes": self.bytes })
    }
}

fn describe_gallery(path: &Path) -> Result<(String, Value), Failure> {
    let refuse = |reason: String| Failure::new(MODEL, format!("{}: {reason}", path.display()));
    let file = Mapped::open(path).map_err(|e| refuse(format!("cannot be read: {e}{UNREAD}")))?;
    let gallery = Gallery::open(&file).map_err(|e| refuse(format!("not a sound gallery: {e}; make it again")))?;
    let labels: Vec<&str> = (0..gallery.count()).filter_map(|index| gallery.label(index)).collect();
    let (digest, format) = (hex::encode(gallery.model_digest()), gallery.format().name());
    let mut text = format!("{}: a sound gallery\n", path.display());
    let _ = writeln!(text, "model       {digest}");
    let _ = writeln!(text, "prototypes  {} of {} components, {format}", gallery.count(), gallery.width());
    let _ = writeln!(text, "window      {} frames", gallery.window());
    let _ = writeln!(text, "labels      {}", list(&labels));
    let value = json!({
        "file": path.display().to_string(), "kind": "gallery", "sound": true, "model_digest": digest,
        "prototypes": gallery.count(), "components": gallery.width(), "format": format, "window_frames": gallery.window(),
        "labels": labels,
    });
    Ok((text, value))
}

fn describe_enrolment(record: &Enrolment, path: &Path) -> (String, Value) {
    let development = &record.development;
    let mut text = format!("{}: a sound enrolment of {}\n", path.display(), Escaped(&record.label));
    let _ = writeln!(text, "id          {}", hex::encode(&record.id));
    let _ = writeln!(text, "model       {}", hex::encode(&record.model_digest));
    let _ = writeln!(text, "scans       {} ({})", record.scans, list(&record.sessions));
    let windows = match (record.policy.windows, &record.measured) {
        (0, None) => ", as many as a probe holds".to_owned(),
        (0, Some(_)) => String::new(),
        (windows, _) => format!(", the first {windows} of a probe"),
    };
    let _ = match record.is_whole {
        true => writeln!(text, "embedded    all frames of a scan at once"),
        false => writeln!(text, "windows     of {} frames{windows}", record.policy.window),
    };
    if record.policy.centred {
        let _ = writeln!(text, "prototype   centred on its gallery");
    }
    let _ = writeln!(text, "threshold   {:.4}", record.threshold.cosine());
    let _ = match error_rate::development_eer(development, record.measured.as_ref()) {
        Some(eer) => writeln!(text, "chosen for  {}, on trials of {eer}", development.target),
        None => writeln!(text, "chosen for  {}", development.protocol),
    };
    if let Some(outcome) = &record.outcome {
        let (fmr, fnmr) = (100.0 * outcome.rates.fmr, 100.0 * outcome.rates.fnmr);
        let _ = writeln!(text, "probes      FMR {fmr:.1} %, FNMR {fnmr:.1} % on {}", list(&outcome.sessions));
    }
    text += &error_rate::lines(record);
    let mut value = record.describe();
    value["file"] = json!(path.display().to_string());
    value["kind"] = json!("enrolment");
    value["sound"] = json!(true);
    (text, value)
}
