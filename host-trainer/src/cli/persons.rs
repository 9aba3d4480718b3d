//! Arguments of protocol `unseen-persons`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{ReadingArguments, inputs};
use super::console::Console;
use super::failure::Failure;
use super::parcels;
use crate::connectome::Parcels;
use crate::dataset::{Dataset, Input};
use crate::training::background;

/// How persons are evaluated.
#[derive(Args)]
pub struct PersonArguments {
    /// Recordings of other persons, who are always in the background (unseen-persons).
    #[arg(long, value_name = "FILE", num_args = 1.., value_parser = inputs())]
    background: Vec<Input>,
    /// Average features to regions before all else (unseen-persons): a file with the number of each feature's region, 0 for
    /// none, as text, .npy or GIFTI label (.label.gii); of two hemispheres LEFT,RIGHT.
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    parcels: Vec<PathBuf>,
    /// Persons of DATA that are enrolled and probe; the others are in the background [half of them, rounded up].
    #[arg(long, value_name = "K")]
    pub evaluated_persons: Option<usize>,
    /// Ways to choose the evaluated persons, drawn where there are more than 200; fewer are all taken [30].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=200))]
    pub draws: Option<u8>,
    /// Frames a probe (unseen-persons); each length gives separate figures [10,25,50, as far as sessions are long enough].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = frames)]
    pub frames: Vec<usize>,
}

impl PersonArguments {
    /// The files and folders that are read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.background.iter().filter_map(Input::path).chain(self.parcels.iter().map(PathBuf::as_path))
    }

    /// Reads the background, if there is one, as the other recordings are read.
    pub fn background(&self, reading: &ReadingArguments, console: &Console) -> Result<Option<Dataset>, Failure> {
        let parts = self.background.iter().map(|input| reading.load(std::slice::from_ref(input), console));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(if parts.is_empty() { None } else { Some(background(parts)?) })
    }

    /// Reads the parcels, if there are any.
    pub fn parcels(&self, console: &Console) -> Result<Option<Parcels>, Failure> {
        parcels::read(&self.parcels, console)
    }
}

/// Parses the frames of a probe, for clap.
fn frames(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&frames| frames >= 2)
        .ok_or_else(|| format!("`{text}` is not a number of frames, 2 or more"))
}
