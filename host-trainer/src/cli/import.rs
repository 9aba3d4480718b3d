//! `import`: weights trained elsewhere.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::arguments::{ReadingArguments, inputs};
use super::console::Console;
use super::failure::{Failure, USAGE};
use super::hints::Hint;
use super::output::{Force, MODEL_FILES, Outputs};
use crate::dataset::Input;
use crate::hex;
use crate::model::Model;
use crate::model::import::{ImportOptions, import};

/// Import weights trained elsewhere: a safetensors file with PyTorch's `state_dict` names, or a connectome model in .npz.
///
/// An .npz file holds the arrays of a connectome model: W, the whitening (regions x regions, symmetric, no eigenvalue below 0),
/// and mu, the mean of the background persons' features (a value for each pair of regions, row by row); and if it has them
/// parcels (the number of each feature's region), impostor_frames and impostor_scores (what different persons score on average,
/// at up to 8 lengths of a probe).
///
/// The tensors of the encoder are proj.{weight,bias}; pos.pe, sinusoidal when absent; in each layer enc.layers.N:
/// self_attn.{in_proj_weight,in_proj_bias}, self_attn.out_proj.{weight,bias} and {norm1,norm2,linear1,linear2}.{weight,bias};
/// head.{0,1,3}.{weight,bias}; and standardiser.{mean,inv_std}, instead of which --standardise can be given. What all
/// names begin with (`model.encoder.`) and wrappers (`module.`, `_orig_mod.`) are left out of them. Any other tensor
/// refuses the import, unless --skip names it: the encoder does not compute with it.
///
/// float16, bfloat16, float64 and integers become float32. Of the file's metadata these are read: heads (or nhead,
/// num_heads), window, fill (`mean` or `reference`: what replaces values that are not finite; mean when absent),
/// norm_first, which must be True, and activation, which must be relu.
#[derive(Args)]
#[command(mut_group("ReadingArguments", |group| group.requires("standardise")))]
pub struct Arguments {
    /// The weights: a .safetensors file, or the .npz of a connectome model.
    #[arg(value_name = "WEIGHTS")]
    weights: PathBuf,
    /// Folder for the model.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Attention heads, which shapes do not determine; from the file's metadata when not given, else 8.
    #[arg(long, value_name = "N")]
    heads: Option<usize>,
    /// Frames of a window, the default to enrol and verify with; from the file's metadata when not given, else 1. Of
    /// a connectome model the fewest frames of a probe, else 25.
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// Leave out a tensor, or all whose names begin with NAME and a dot, such as those of a loss.
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// Recordings the weights were trained on: their mean and deviation become the model's standardiser.
    #[arg(long, value_name = "DATA", value_parser = inputs())]
    standardise: Vec<Input>,
    #[command(flatten)]
    reading: ReadingArguments,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let &Arguments { heads, window, ref skip, .. } = arguments;
    let options = ImportOptions { heads, window, skip: skip.clone() };
    let mut imported = import(&arguments.weights, &options)?;
    let file = arguments.weights.display();
    imported.notes.iter().for_each(|note| console.note(format!("note: {file}: {}", note.with_hint())));
    let features = imported.weights.dims.features;
    if imported.weights.dims.is_connectome() && !arguments.standardise.is_empty() {
        let text = format!("{file}: a connectome model standardises nothing; leave out --standardise");
        return Err(Failure::new(USAGE, text));
    }
    if !arguments.standardise.is_empty() {
        let dataset = arguments.reading.load(&arguments.standardise, console)?;
        let replaces = imported.standardised;
        imported.standardise(&dataset)?;
        if replaces {
            console.note(format!("note: {file}: the statistics of --standardise replace its standardiser"));
        }
    } else if !imported.standardised {
        console.note(
            "note: the model does not standardise its input; give --standardise DATA unless the input is standardised",
        );
    }
    // After all is read: what is wrong with an input matters more than a folder that is in use.
    let given = [arguments.weights.as_path()].into_iter().chain(arguments.reading.paths(&arguments.standardise));
    Outputs::new(arguments.force, given).folder(&arguments.out, &MODEL_FILES)?;
    let model = Model::new(&imported.weights, imported.provenance)?;
    arguments.force.write_model(&model, &arguments.out)?;
    let digest = hex::encode(model.digest());
    let folder = arguments.out.display().to_string();
    let text = format!("{folder}: model {digest}\n");
    console.result(
        "neural-vault/import/2",
        &text,
        json!({ "folder": folder, "model_digest": digest, "features": features }),
    )
}
