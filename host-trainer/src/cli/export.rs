//! `export`: a model's ONNX file and bundle, written again.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::secret_bytes;
use super::console::Console;
use super::failure::Failure;
use crate::model::safetensors::hex;

/// Write a model's ONNX file and bundle again.
#[derive(Args)]
pub struct Arguments {
    /// The model's folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Format of the weights.
    #[arg(long, value_enum, default_value_t = Weights::F32)]
    weights: Weights,
    /// Tag the bundle with HMAC-SHA256 under this key (32 bytes or 64 hexadecimal digits).
    #[arg(long, value_name = "FILE")]
    provisioning_key: Option<PathBuf>,
}

/// Format of the weights.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Weights {
    /// 32-bit floats.
    F32,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let model = crate::model::load(&arguments.folder.join(crate::model::SAFETENSORS))?;
    let Weights::F32 = arguments.weights;
    let key = arguments.provisioning_key.as_deref().map(secret_bytes).transpose()?;
    let digest = hex(&model.write_exports(&arguments.folder, key.as_ref())?);
    let folder = arguments.folder.display().to_string();
    let tagged = key.is_some();
    let text = format!("{folder}: model {digest}, {}\n", if tagged { "tagged" } else { "not tagged" });
    console.result("export", &text, json!({ "folder": folder, "digest": digest, "weights": "f32", "tagged": tagged }))
}
