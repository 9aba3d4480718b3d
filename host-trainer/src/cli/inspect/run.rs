//! The files of a training run, described: its archive and its checkpoint.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::console::list;
use crate::cli::failure::Failure;
use crate::cli::trained::ArchiveFile;
use crate::hex;
use crate::training::{Archive, Connectome, Recipe, checkpoint};

/// Describes a training archive.
pub fn describe_archive(path: &Path) -> Result<(String, Value), Failure> {
    let Archive { dataset, recipe, model_digest } = Archive::read_file(path)?;
    let digest = hex::encode(&model_digest);
    let (rows, features, scans) = (dataset.rows.len(), dataset.features, dataset.scans().len());
    let mut text = format!("{}: a sound training archive\n", path.display());
    let _ = writeln!(text, "model       {digest}");
    let _ = writeln!(text, "recipe      {}", recipe.name());
    let _ = writeln!(text, "labels      {} ({})", dataset.labels.len(), list(&dataset.labels));
    let _ = writeln!(text, "sessions    {}", list(&dataset.sessions));
    let _ = writeln!(text, "matrix      {rows} rows x {features} features, {scans} scans");
    let regions = match &recipe {
        Recipe::Connectome(Connectome { parcels: Some(parcels), .. }) => Some(parcels.regions()),
        _ => None,
    };
    if let Some(regions) = regions {
        let _ = writeln!(text, "parcels     {features} features in {regions} regions");
    }
    let value = json!({
        "file": path.display().to_string(), "kind": "archive", "sound": true, "model_digest": digest,
        "recipe": recipe.name(), "labels": dataset.labels, "sessions": dataset.sessions, "scans": scans, "rows": rows,
        "features": features, "regions": regions,
    });
    Ok((text, value))
}

/// Describes the checkpoint of an unfinished run.
pub fn describe_checkpoint(path: &Path) -> Result<(String, Value), Failure> {
    let checkpoint::Summary { step, settings, data, values } = checkpoint::describe(path)?;
    let (steps, seed) = (settings.steps, settings.seed);
    let recipe = Recipe::Steps(settings);
    let (recipe, settings) = (recipe.name(), recipe.describe());
    let mut text = format!("{}: a sound checkpoint, which `neural-vault train --resume` continues\n", path.display());
    let _ = writeln!(text, "steps       {step} of {steps}");
    let _ = writeln!(text, "recipe      {recipe}, seed {seed}");
    let _ = writeln!(text, "weights     {values} values");
    let _ = writeln!(text, "windows     SHA-256 {data}");
    let value = json!({
        "file": path.display().to_string(), "kind": "checkpoint", "sound": true, "step": step, "steps": steps,
        "recipe": recipe, "seed": seed, "settings": settings, "values": values, "windows_sha256": data,
    });
    Ok((text, value))
}

/// Adds to the description of a model's folder what else a run left there.
pub fn add_files(folder: &Path, text: &mut String, value: &mut Value) {
    if !folder.is_dir() {
        return;
    }
    match ArchiveFile::find(folder) {
        Some(archive) => {
            let _ = writeln!(text, "archive     {}; do not share it with the model", archive.line());
            archive.add_to(value);
        }
        None => {
            text.push_str("archive     none: the folder holds no raw scans, and `enroll --refit` is not possible\n")
        }
    }
    let checkpoint = folder.join(checkpoint::FILE);
    if checkpoint.is_file() {
        let _ = writeln!(text, "checkpoint  {}", checkpoint.display());
        value["checkpoint"] = json!(checkpoint.display().to_string());
    }
}
