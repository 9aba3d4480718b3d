//! Recordings as a labelled matrix: one row a timestep, one column a feature.
//!
//! [`load`] reads every format; [`Standardiser`] brings the values to zero mean and unit variance; [`windows()`] cuts
//! scans into the encoder's inputs. Values stay as they were read (NaN and infinities included) until standardised.

mod arrays;
mod bids;
mod blocks;
mod check;
mod clean;
mod error;
mod events;
mod features;
mod gifti;
mod input;
mod joined;
mod levels;
mod names;
#[cfg(feature = "nifti")]
mod nifti;
mod notes;
mod npy;
mod numbers;
mod order;
mod orientation;
#[cfg(feature = "parquet")]
mod parquet;
mod pivot;
mod readers;
mod rows;
mod runs;
mod standardiser;
mod synth;
mod times;
mod windows;
mod writers;

#[cfg(test)]
pub(crate) mod fixtures;

pub use arrays::{LabelledFrames, LabelledScan};
pub use check::{check_frames, check_training, check_values};
pub use clean::Cleaning;
pub use error::DatasetError;
pub use input::{Input, Place};
pub use levels::Level;
#[cfg(feature = "cli")]
pub(crate) use names::tidy;
pub use notes::window_notes;
#[cfg(feature = "_engine")]
pub(crate) use npy::Archive as NpzArchive;
pub use npy::read_vectors;
#[cfg(feature = "cli")]
pub(crate) use readers::is_recording;
pub use readers::{
    EventTable, LoadOptions, RegionNumbers, companions, files, files_read, formats, load, read_region_numbers,
};
pub use rows::{Dataset, Row, Scan};
pub use standardiser::Standardiser;
pub use synth::Synthetic;
pub use times::Timesteps;
pub use windows::{MAX_FRAMES, Window, check_window, window_values, windows};
pub use writers::{check_output, write, write_csv, write_new, write_new_csv};
