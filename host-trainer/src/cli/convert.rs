//! `convert`: recordings in another format, cleaned if asked.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::arguments::DataArguments;
use super::console::Console;
use super::failure::Failure;
use super::output::{Force, Outputs};
use crate::dataset::{self, Cleaning};
use crate::escape;

/// Write recordings as one file of another format, cleaned if asked.
///
/// The ending of the output chooses the format: `.npz` holds X, y, sessions and timesteps, `.parquet` a row a timestep
/// with its values in one list column, `.csv` and `.csv.gz` a line a value. Each reads back to the same recordings.
///
/// Cleaning is done to each recording, the frames of one label in one session, by itself and equals nilearn's
/// signal.clean(detrend=..., standardize="zscore_sample"). Filters and confounds are nilearn's.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The file to write: .npz, .parquet, .csv or .csv.gz.
    #[arg(long, short, value_name = "OUT")]
    output: PathBuf,
    /// Take each feature's mean and linear trend out of each recording.
    #[arg(long)]
    detrend: bool,
    /// Bring each feature of each recording to zero mean and unit variance (n - 1), after the trend is taken out.
    #[arg(long)]
    zscore: bool,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    dataset::check_output(&arguments.output)?;
    Outputs::new(arguments.force, arguments.data.paths()).file(&arguments.output, "")?;
    let mut dataset = arguments.data.load(console)?;
    let single = dataset.clean(Cleaning { detrend: arguments.detrend, zscore: arguments.zscore });
    if single > 0 {
        console
            .note(format!("note: {single} recordings of one frame are written as they are: one frame has no spread"));
    }
    let write = if arguments.force.force { dataset::write } else { dataset::write_new };
    write(&dataset, &arguments.output)?;

    let path = arguments.output.display().to_string();
    let (recordings, rows, features) = (dataset.scans().len(), dataset.rows.len(), dataset.features);
    let shown = escape::path(&arguments.output);
    let text = format!("{shown}: {recordings} recordings, {rows} rows x {features} features\n");
    let value = json!({
        "file": path, "recordings": recordings, "rows": rows, "features": features,
        "labels": dataset.labels, "sessions": dataset.sessions,
        "detrended": arguments.detrend, "zscored": arguments.zscore,
    });
    console.result("neural-vault/convert/1", &text, value)
}
