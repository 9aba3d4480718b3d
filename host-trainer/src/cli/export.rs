//! `export`: a model's ONNX file and bundle, written again, in another weight format, or for short windows.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::bundle::ProvisioningKey;
use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::quantise::quantise;
use neural_vault_core::similarity::normalise;
use serde_json::{Value, json};

use super::arguments::{ReadingArguments, inputs, weight_formats};
use super::calibration::Calibration;
use super::console::Console;
use super::failure::{DATA, Failure, USAGE};
use super::output::{Force, Outputs};
use super::secret_file::read_secret;
use crate::dataset::{Dataset, Input};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::files::{self, Readers};
use crate::hex;
use crate::intel_hex::intel_hex;
use crate::model::{Model, ONNX, SAFETENSORS};

/// Write a model's ONNX file and bundle again, or its bundle in a smaller weight format.
///
/// A smaller bundle is `model.FORMAT.nvb` beside the others. It is a separate model, with its own digest, embeddings
/// and v2 keys: enrol with the bundle that will verify. It has no ONNX file. With `--positions` the files are
/// `model.pN.onnx` and `model.pN.nvb`, or `model.FORMAT.pN.nvb`, again a separate model. With `--hex` the bundle is
/// written as Intel HEX too, in a file that ends in `.hex` instead of `.nvb`.
#[derive(Args)]
#[command(mut_group("ReadingArguments", |group| group.requires("data")))]
pub struct Arguments {
    /// The model's folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Format of the weights.
    #[arg(long, value_parser = weight_formats(), default_value = "f32")]
    weights: WeightFormat,
    /// Keep only the first N positions: a smaller model for windows of up to N frames, whose embeddings keep their
    /// bits. Its digest differs, because sizes and position table are part of it.
    #[arg(long, value_name = "N")]
    positions: Option<usize>,
    /// Write the bundle as Intel HEX too, for a programmer that puts it at this address of a token: 0x12000000 on an
    /// nRF52840 development kit.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    hex: Option<u32>,
    /// Recordings that trained the model: they calibrate i8 and i8i16, and measure how far any format is from f32. When not
    /// given, those of the training archive in the model's folder.
    #[arg(long, value_name = "DATA", value_parser = inputs())]
    data: Vec<Input>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Tag the bundle with HMAC-SHA256 under this key (32 bytes or 64 hexadecimal digits).
    #[arg(long, value_name = "FILE")]
    provisioning_key: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let format = arguments.weights;
    let (files, hex_file) = arguments.files()?;
    let whole = crate::model::load(&arguments.folder)?;
    let mut model = whole.clone();
    if let Some(positions) = arguments.positions {
        model = model.with_positions(positions)?;
        let trained = model.provenance().window;
        if trained > positions {
            console.note(format!("note: it was trained on windows of {trained} frames, longer than it now accepts"));
        }
    }
    let key = arguments.provisioning_key.as_deref();
    let key = key.map(|path| read_secret(path, ProvisioningKey::from_bytes, console)).transpose()?;
    if format == WeightFormat::F32 {
        let bytes = model.to_bundle(key.as_ref())?;
        let hex = arguments.hex_of(&bytes)?;
        match files.as_slice() {
            [onnx, _] => model.write_exports(onnx, key.as_ref())?,
            bundle => write(&bundle[0], &bytes, arguments.force)?,
        }
        if let Some((file, text)) = hex_file.as_ref().zip(hex) {
            write(file, text.as_bytes(), arguments.force)?;
        }
        let digest = hex::encode(model.digest());
        let folder = arguments.folder.display().to_string();
        let names: Vec<_> = files.iter().chain(&hex_file).filter_map(|file| file.file_name()?.to_str()).collect();
        let text = format!("{folder}: {}: model {digest}, {}\n", names.join(", "), tagged(key.is_some()));
        let positions = model.dims().positions;
        let value = json!({
            "files": written(&files, hex_file.as_deref()), "model_digest": digest, "weights": "f32",
            "tagged": key.is_some(), "bundle_bytes": bytes.len(), "positions": positions, "calibrated": false,
        });
        return console.result("neural-vault/export/2", &text, value);
    }
    let calibration = match whole.dims().is_connectome() {
        // No format but f32 takes it: refused below.
        true => None,
        false => Calibration::find(arguments.dataset(console)?, &arguments.folder, &whole, format, console)?,
    };
    let frames = calibration.as_ref().map(|calibration| calibration.frames.as_slice());
    let quantised = model.quantise(format, frames.unwrap_or_default())?;
    let bytes = quantised.to_bundle(key.as_ref())?;
    let path = &files[0];
    let (name, digest) = (path.display().to_string(), hex::encode(quantised.digest()));
    let measured = calibration.as_ref().map(|calibration| &calibration.dataset);
    let distance = measured.map(|dataset| Distance::measure(&model, &quantised, dataset)).transpose()?;
    let hex = arguments.hex_of(&bytes)?;
    write(path, &bytes, arguments.force)?;
    if let Some((file, text)) = hex_file.as_ref().zip(hex) {
        write(file, text.as_bytes(), arguments.force)?;
    }

    let mut text = format!("{name}: model {digest}, {}, {} bytes\n", tagged(key.is_some()), bytes.len());
    if let Some((file, address)) = hex_file.as_ref().zip(arguments.hex) {
        let _ = writeln!(text, "{}: the same as Intel HEX, for {address:#010x}", file.display());
    }
    let mut value = json!({
        "files": written(&files, hex_file.as_deref()), "model_digest": digest, "weights": format.name(),
        "tagged": key.is_some(), "bundle_bytes": bytes.len(), "positions": model.dims().positions,
    });
    let is_calibrated = format.largest_code().is_some();
    value["calibrated"] = json!(is_calibrated);
    if let Some(calibration) = &calibration {
        value["recordings"] = calibration.to_json();
        let name = if is_calibrated { "calibrated on " } else { "measured on   " };
        let _ = writeln!(text, "{name} {}", calibration.describe());
    }
    match distance {
        Some(distance) => distance.tell(&mut text, &mut value),
        None => console.note("give --data to measure how far the embeddings are from f32"),
    }
    console.note("a separate model: enrol with this bundle before verifying with it; only the core computes with it");
    console.result("neural-vault/export/2", &text, value)
}

impl Arguments {
    /// The files to write, checked: the bundle last, and before it the ONNX file, unless the model is read from that; and
    /// the bundle as Intel HEX.
    fn files(&self) -> Result<(Vec<PathBuf>, Option<PathBuf>), Failure> {
        let source = Some(self.folder.join(SAFETENSORS)).filter(|file| file.exists());
        let source = source.unwrap_or_else(|| self.folder.join(ONNX));
        let end = self.positions.map_or(String::new(), |positions| format!(".p{positions}"));
        let names = match self.weights {
            WeightFormat::F32 => vec![format!("model{end}.onnx"), format!("model{end}.nvb")],
            format => vec![format!("model.{}{end}.nvb", format.name())],
        };
        let mut files: Vec<PathBuf> = names.iter().map(|name| self.folder.join(name)).collect();
        let hex_file = self.hex.and_then(|_| Some(files.last()?.with_extension("hex")));
        files.retain(|file| *file != source);
        let inputs = [source.as_path()]
            .into_iter()
            .chain(self.reading.paths(&self.data))
            .chain(self.provisioning_key.as_deref());
        let mut outputs = Outputs::new(self.force, inputs);
        // A path that is no model's folder is refused where it is read.
        if source.exists() {
            files.iter().chain(&hex_file).try_for_each(|file| outputs.file(file, ""))?;
        }
        Ok((files, hex_file))
    }

    /// The bundle as Intel HEX, if that is asked for.
    fn hex_of(&self, bundle: &[u8]) -> Result<Option<String>, Failure> {
        let text = self.hex.map(|address| intel_hex(address, bundle));
        text.transpose().map_err(|e| Failure::new(USAGE, e))
    }

    fn dataset(&self, console: &Console) -> Result<Option<Dataset>, Failure> {
        (!self.data.is_empty()).then(|| self.reading.load(&self.data, console)).transpose()
    }
}

/// An address where a bundle can be read in place, in hexadecimal after `0x` or in decimal.
fn address(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let address = number.map_err(|_| "give an address of 32 bits, such as 0x12000000".to_owned())?;
    if address % 4 == 0 { Ok(address) } else { Err("a bundle starts at a multiple of 4".to_owned()) }
}

fn write(file: &Path, bytes: &[u8], force: Force) -> Result<(), Failure> {
    files::write(file, bytes, Readers::All, force.existing()).map_err(|e| Failure::unwritten(&e))
}

/// The names of the written files, for JSON: the bundle as Intel HEX last.
fn written(files: &[PathBuf], hex_file: Option<&Path>) -> Vec<String> {
    files.iter().map(PathBuf::as_path).chain(hex_file).map(|file| file.display().to_string()).collect()
}

fn tagged(is_tagged: bool) -> &'static str {
    if is_tagged { "tagged" } else { "not tagged" }
}

/// How far a format's embeddings are from those of f32, over scans.
struct Distance {
    scans: usize,
    least: f64,
    mean: f64,
    changed: f64,
}

impl Distance {
    fn measure(model: &Model, quantised: &Model, dataset: &Dataset) -> Result<Self, Failure> {
        let (scans, window) = (dataset.scans(), model.provenance().window.min(model.dims().positions));
        let embed = |model| Embedder::open(model, EmbeddingEngine::Core)?.scans(dataset, &scans, window);
        let (exact, near) = (embed(model)?, embed(quantised)?);
        let mut distance = Self { scans: scans.len(), least: 1.0, mean: 0.0, changed: 0.0 };
        for (exact, near) in exact.iter().zip(&near) {
            let cosine = dot(exact, near) / (dot(exact, exact) * dot(near, near)).sqrt();
            let (exact, near) = (codes(exact)?, codes(near)?);
            let changed = exact.iter().zip(&near).filter(|(a, b)| a != b).count();
            distance.least = distance.least.min(cosine);
            distance.mean += cosine / scans.len() as f64;
            distance.changed += changed as f64 / (exact.len() * scans.len()) as f64;
        }
        Ok(distance)
    }

    fn tell(&self, text: &mut String, value: &mut Value) {
        let Self { scans, least, mean, changed } = self;
        let _ = writeln!(text, "cosine to f32  {mean:.9} on average, {least:.9} at least, over {scans} scans");
        let _ = writeln!(text, "int16 codes    {:.2} % changed", 100.0 * changed);
        value["cosine_to_f32"] = json!({ "mean": mean, "least": least });
        value["changed_codes_share"] = json!(changed);
        value["scans"] = json!(scans);
    }
}

/// In float64, because these cosines differ from one by less than float32 resolves.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The codes that a v2 key is derived from.
fn codes(embedding: &[f32]) -> Result<Vec<i16>, Failure> {
    let mut unit = embedding.to_vec();
    normalise(&mut unit).map_err(|e| Failure::new(DATA, e))?;
    let mut codes = vec![0; unit.len()];
    quantise(&unit, &mut codes).map_err(|e| Failure::new(DATA, e))?;
    Ok(codes)
}
