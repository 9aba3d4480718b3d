//! `import`: weights trained elsewhere.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::arguments::{inputs, paths};
use super::console::Console;
use super::failure::Failure;
use super::output::{Force, MODEL_FILES, Outputs};
use crate::dataset::{Input, LoadOptions, Standardiser, load};
use crate::embedding::EmbeddingError;
use crate::hex;
use crate::model::Model;
use crate::model::safetensors::import;

/// Import weights trained elsewhere: a safetensors file with PyTorch's `state_dict` names.
#[derive(Args)]
pub struct Arguments {
    /// The weights.
    #[arg(value_name = "W.safetensors")]
    weights: PathBuf,
    /// Folder for the model.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Attention heads, which shapes do not determine; from the file's metadata when not given, else 8.
    #[arg(long)]
    heads: Option<usize>,
    /// Recordings the weights were trained on: their mean and deviation become the model's standardiser.
    #[arg(long, value_name = "DATA", value_parser = inputs())]
    standardise: Option<Input>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let inputs = [arguments.weights.as_path()].into_iter().chain(paths(arguments.standardise.as_slice()));
    Outputs::new(arguments.force, inputs).folder(&arguments.out, &MODEL_FILES)?;
    let (mut weights, provenance) = import(&arguments.weights, arguments.heads)?;
    let features = weights.dims.features;
    if let Some(input) = &arguments.standardise {
        let dataset = load(std::slice::from_ref(input), &LoadOptions::default())?;
        if dataset.features != features {
            let origin = dataset.origin.display().to_string();
            return Err(EmbeddingError::Width { origin, given: dataset.features, expected: features }.into());
        }
        let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features);
        weights.set_standardiser(standardiser.mean, standardiser.inv_std);
    } else if weights.tensors["standardiser.inv_std"].iter().all(|&v| v == 1.0) {
        console.note(
            "note: the model does not standardise its input; give --standardise DATA unless the input is standardised",
        );
    }
    let model = Model::new(&weights, provenance)?;
    arguments.force.write_model(&model, &arguments.out)?;
    let digest = hex::encode(model.digest());
    let folder = arguments.out.display().to_string();
    let text = format!("{folder}: model {digest}\n");
    console.result("import", &text, json!({ "folder": folder, "digest": digest, "features": features }))
}
