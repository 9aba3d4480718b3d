//! Recordings as a labelled matrix: one row a timestep, one column a feature.
//!
//! [`load`] reads every format; [`Standardiser`] brings the values to zero mean and unit variance; [`windows()`] cuts
//! scans into the encoder's inputs. Values stay as they were read (NaN and infinities included) until standardised.

mod blocks;
mod check;
mod error;
mod features;
mod input;
mod names;
mod npy;
mod order;
mod pivot;
mod readers;
mod rows;
mod standardiser;
mod synth;
mod times;
mod windows;
mod write;

#[cfg(test)]
pub(crate) mod fixtures;

pub use check::{check_training, check_values};
pub use error::DatasetError;
pub use input::{Input, Place};
#[cfg(feature = "cli")]
pub(crate) use names::tidy;
pub use npy::read_vectors;
#[cfg(feature = "cli")]
pub(crate) use readers::is_recording;
pub use readers::{LoadOptions, formats, load};
pub use rows::{Dataset, Row, Scan};
pub use standardiser::{Standardiser, sanitise};
pub use synth::Synthetic;
pub use windows::{MAX_FRAMES, Window, window_values, windows};
pub use write::{write_csv, write_new_csv};
