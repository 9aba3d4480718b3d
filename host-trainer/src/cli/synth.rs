//! `synth`: synthetic recordings.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::failure::Failure;
use super::output::{Force, Outputs};
use crate::dataset;

/// Write deterministic synthetic recordings as long CSV.
#[derive(Args)]
pub struct Arguments {
    /// The file to write; `.gz` at its end compresses.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Labels.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    classes: u32,
    /// Timesteps of one label in one session.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    timesteps: u32,
    /// Features of one timestep.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    features: u32,
    /// Sessions.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sessions: u32,
    /// Standard deviation of the noise; class patterns have 1.
    #[arg(long, default_value_t = 1.0)]
    noise: f32,
    /// Seed: the same seed makes the same file.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if !(arguments.noise.is_finite() && arguments.noise >= 0.0) {
        return Err(Failure::new(super::failure::USAGE, format!("--noise {} must be 0 or more", arguments.noise)));
    }
    Outputs::new(arguments.force, None::<PathBuf>).file(&arguments.output, "")?;
    let size = |n: u32| n as usize;
    let dataset = dataset::Synthetic {
        classes: size(arguments.classes),
        timesteps: size(arguments.timesteps),
        features: size(arguments.features),
        sessions: size(arguments.sessions),
        noise: arguments.noise,
        seed: arguments.seed,
    }
    .recordings();
    let write = if arguments.force.force { dataset::write_csv } else { dataset::write_new_csv };
    write(&dataset, &arguments.output)?;
    let path = arguments.output.display().to_string();
    let text = format!("{path}: {} rows x {} features\n", dataset.rows.len(), dataset.features);
    console.result(
        "neural-vault/synth/1",
        &text,
        json!({ "file": path, "rows": dataset.rows.len(), "features": dataset.features }),
    )
}
