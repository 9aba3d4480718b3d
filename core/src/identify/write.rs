//! Writes a gallery.

use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use core::error::Error;
use core::fmt;

use sha2::{Digest, Sha256};

use super::BLOCK;
use super::file::{MAGIC, MAX_PROTOTYPES, VERSION, is_known, length, padded_width};
use crate::encoder::WeightFormat;
use crate::kernel::loops::{magnitude, quantise};
use crate::kernel::{QUAD, Quantiser};
use crate::key::MAX_LATENT;
use crate::similarity::{SimilarityError, norm};
use crate::verify::Threshold;

/// A prototype with its label and threshold.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// Its label.
    pub label: &'e str,
    /// The smallest score that it accepts.
    pub threshold: Threshold,
    /// Its components; need not be of unit length.
    pub prototype: &'e [f32],
}

/// How much of a probe is embedded, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeWindows {
    /// Frames of a window.
    pub window: u32,
    /// Windows, from the probe's start; 0 for all that it holds.
    pub windows: u32,
}

/// Why no gallery was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GalleryWriteError {
    /// Galleries are not stored in this format.
    Format(WeightFormat),
    /// There are no entries, or too many, or their labels are too long.
    Count,
    /// The width is not 1 to [`MAX_LATENT`].
    Width(usize),
    /// An entry's prototype has another width than the first.
    OtherWidth {
        /// The entry's label.
        label: String,
    },
    /// An entry's prototype has no direction.
    Prototype {
        /// The entry's label.
        label: String,
        /// What is wrong with it.
        error: SimilarityError,
    },
}

/// Writes the gallery of prototypes that one model made, float32 or int8.
///
/// # Errors
/// There are no entries, or one is of another width, zero or not finite.
pub fn write(
    format: WeightFormat,
    model_digest: &[u8; 32],
    probe: ProbeWindows,
    entries: &[Entry<'_>],
) -> Result<Vec<u8>, GalleryWriteError> {
    if !is_known(format) {
        return Err(GalleryWriteError::Format(format));
    }
    let [first, ..] = entries else {
        return Err(GalleryWriteError::Count);
    };
    let width = first.prototype.len();
    let labels: usize = entries.iter().map(|entry| entry.label.len()).sum();
    if entries.len() > MAX_PROTOTYPES || u32::try_from(labels).is_err() {
        return Err(GalleryWriteError::Count);
    }
    if !(1..=MAX_LATENT).contains(&width) {
        return Err(GalleryWriteError::Width(width));
    }
    let padded = entries.len().next_multiple_of(BLOCK);
    let mut thresholds = vec![0.0f32; padded];
    let mut scales = vec![0.0f32; padded];
    let padded_width = padded_width(width);
    let mut prototypes = vec![0u8; padded * padded_width * if format == WeightFormat::F32 { 4 } else { 1 }];
    let mut ends = vec![0u32; padded];
    let mut end = 0;
    for (index, entry) in entries.iter().enumerate() {
        let label = || entry.label.to_string();
        if entry.prototype.len() != width {
            return Err(GalleryWriteError::OtherWidth { label: label() });
        }
        let length = norm(entry.prototype).map_err(|error| GalleryWriteError::Prototype { label: label(), error })?;
        let block = (index / BLOCK) * BLOCK * padded_width;
        if format == WeightFormat::F32 {
            for (k, value) in entry.prototype.iter().enumerate() {
                let place = 4 * (block + k * BLOCK + index % BLOCK);
                let unit = (value / length).clamp(-1.0, 1.0);
                prototypes[place..place + 4].copy_from_slice(&unit.to_le_bytes());
            }
        } else {
            let mut codes = vec![0; width];
            let quantiser = Quantiser { factor: 127.0 / magnitude(entry.prototype), max_code: 127 };
            quantise(entry.prototype, quantiser, &mut codes);
            let squares: i32 = codes.iter().map(|code| i32::from(*code) * i32::from(*code)).sum();
            scales[index] = 1.0 / libm::sqrtf(squares as f32);
            for (k, code) in codes.iter().enumerate() {
                prototypes[block + (k / QUAD * BLOCK + index % BLOCK) * QUAD + k % QUAD] = *code as u8;
            }
        }
        thresholds[index] = entry.threshold.cosine();
        end += entry.label.len() as u32;
        ends[index] = end;
    }
    let mut bytes = Vec::with_capacity(length(format, width, entries.len()) as usize + labels);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(format.number().to_le_bytes());
    for size in [width as u32, entries.len() as u32, probe.window, probe.windows, labels as u32] {
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend(model_digest);
    bytes.extend(thresholds.iter().flat_map(|value| value.to_le_bytes()));
    if format != WeightFormat::F32 {
        bytes.extend(scales.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes.extend(prototypes);
    bytes.extend(ends.iter().flat_map(|end| end.to_le_bytes()));
    entries.iter().for_each(|entry| bytes.extend(entry.label.as_bytes()));
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

impl fmt::Display for GalleryWriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "galleries are float32 or int8, not {}", format.name()),
            Self::Count => write!(f, "a gallery holds 1 to {MAX_PROTOTYPES} prototypes and up to 4 GiB of labels"),
            Self::Width(width) => write!(f, "prototypes of {width} components, must be 1 to {MAX_LATENT}"),
            Self::OtherWidth { label } => write!(f, "the prototype of {label} has another width than the first"),
            Self::Prototype { label, error } => write!(f, "the prototype of {label}: {error}"),
        }
    }
}

impl Error for GalleryWriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Prototype { error, .. } => Some(error),
            _ => None,
        }
    }
}
