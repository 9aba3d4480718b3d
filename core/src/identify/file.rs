//! A gallery as one buffer, checked once and used in place.
//!
//! # Layout
//! Little-endian; offsets in bytes from the start.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `NVGALERY` |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | format: 0 = float32, 4 = int8 |
//! | 12 | 4 | components of a prototype |
//! | 16 | 4 | prototypes |
//! | 20 | 4 | frames of a probe's window |
//! | 24 | 4 | windows of a probe, from its start; 0 for all |
//! | 28 | 4 | length of the labels |
//! | 32 | 32 | digest of the model that made the prototypes |
//! | 64 | 4 a prototype | threshold: the smallest cosine that each accepts, -1 to 1 |
//! | | 4 a prototype | int8 alone: one over the length of its codes |
//! | | | the prototypes, in blocks of [`BLOCK`]: float32 `[components][BLOCK]`, int8 `[components / 4][BLOCK][4]` |
//! | | 4 a prototype | where its label ends |
//! | | | the labels, UTF-8, one behind the other |
//! | end - 32 | 32 | SHA-256 of everything before it |
//!
//! Tables are padded to whole blocks of prototypes, and the components of a prototype to a multiple of [`LANES`], with zeros,
//! which change no score. Codes are -127 to 127, floats -1 to 1, so that no sum
//! wraps and none is infinite. The checksum finds accidents, not attackers: keep a gallery where enrolments are kept.

use core::error::Error;
use core::fmt;

use sha2::{Digest, Sha256};

use super::{BLOCK, Match, Prototypes};
use crate::encoder::WeightFormat;
use crate::kernel::LANES;
use crate::key::MAX_LATENT;
use crate::verify::Threshold;

/// First bytes of every gallery.
pub const MAGIC: &[u8; 8] = b"NVGALERY";

/// The version this crate reads and writes.
pub const VERSION: u16 = 1;

/// Bytes of the header.
pub(super) const HEADER: usize = 64;

/// Most prototypes of a gallery.
pub(super) const MAX_PROTOTYPES: usize = 1 << 24;

/// Prototypes whose every length and value has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Gallery<'a> {
    width: usize,
    count: usize,
    window: u32,
    windows: u32,
    model_digest: &'a [u8; 32],
    thresholds: &'a [f32],
    prototypes: Prototypes<'a>,
    label_ends: &'a [u32],
    labels: &'a [u8],
}

/// Why a buffer is not a usable gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GalleryError {
    /// It does not start with [`MAGIC`].
    NotAGallery,
    /// Its version is not [`VERSION`].
    Version {
        /// Version found.
        found: u16,
    },
    /// Its format is not known.
    Format {
        /// Format found.
        found: u16,
    },
    /// A size is outside its limits.
    Size,
    /// Its length is not the one its sizes imply.
    Length {
        /// Bytes given.
        given: u64,
        /// Bytes implied.
        expected: u64,
    },
    /// The buffer does not start at a multiple of 4 in memory.
    Alignment,
    /// A threshold, a length, a component or a label is not one a gallery may hold.
    Value,
    /// The content does not have the checksum it states.
    Checksum,
}

impl<'a> Gallery<'a> {
    /// Opens a gallery; reads the whole buffer once. The buffer must start at a multiple of 4 in memory.
    ///
    /// # Errors
    /// The first check that fails, in the order of [`GalleryError`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, GalleryError> {
        if bytes.first_chunk::<8>() != Some(MAGIC) {
            return Err(GalleryError::NotAGallery);
        }
        let given = bytes.len() as u64;
        let short = GalleryError::Length { given, expected: HEADER as u64 };
        let header = bytes.first_chunk::<HEADER>().ok_or(short)?;
        let &[_, _, kind, width, count, window, windows, labels, ..] = header.as_chunks::<4>().0 else {
            return Err(short);
        };
        let [kind, width, count, window, windows, labels] =
            [kind, width, count, window, windows, labels].map(u32::from_le_bytes);
        let (version, found) = (kind as u16, (kind >> 16) as u16);
        if version != VERSION {
            return Err(GalleryError::Version { found: version });
        }
        let format = WeightFormat::from_number(found).filter(|format| is_known(*format));
        let format = format.ok_or(GalleryError::Format { found })?;
        let (width, count, labels) = (width as usize, count as usize, u64::from(labels));
        if !(1..=MAX_LATENT).contains(&width) || count == 0 || count > MAX_PROTOTYPES {
            return Err(GalleryError::Size);
        }
        let expected = length(format, width, count).saturating_add(labels);
        if given != expected {
            return Err(GalleryError::Length { given, expected });
        }

        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(short)?;
        let gallery = Self::cut(content, format, width, count).ok_or(GalleryError::Alignment)?;
        let gallery = Self { window, windows, ..gallery };
        if !gallery.is_sound() {
            return Err(GalleryError::Value);
        }
        if Sha256::digest(content) != *checksum {
            return Err(GalleryError::Checksum);
        }
        Ok(gallery)
    }

    /// Components of a prototype.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Components of a prototype with those that pad it.
    pub(super) fn padded_width(&self) -> usize {
        padded_width(self.width)
    }

    /// Prototypes, at least one.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Frames of a probe's window.
    pub fn window(&self) -> u32 {
        self.window
    }

    /// Windows of a probe, from its start; 0 for all that it holds.
    pub fn windows(&self) -> u32 {
        self.windows
    }

    /// SHA-256 of the model that made the prototypes.
    pub fn model_digest(&self) -> &'a [u8; 32] {
        self.model_digest
    }

    /// How the prototypes are stored: float32 or int8.
    pub fn format(&self) -> WeightFormat {
        match self.prototypes {
            Prototypes::Float(_) => WeightFormat::F32,
            Prototypes::Codes(..) => WeightFormat::I8,
        }
    }

    /// The threshold of a prototype.
    pub fn threshold(&self, index: usize) -> Option<Threshold> {
        let cosine = *self.thresholds.get(..self.count)?.get(index)?;
        Threshold::new(cosine).ok()
    }

    /// Whether the prototype that was found accepts its score.
    pub fn accepts(&self, found: &Match) -> bool {
        self.threshold(found.index).is_some_and(|threshold| threshold.accepts(found.score))
    }

    /// The label of a prototype.
    pub fn label(&self, index: usize) -> Option<&'a str> {
        let end = *self.label_ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.label_ends.get(before)? as usize,
            None => 0,
        };
        let label = self.labels.get(start..end).filter(|_| index < self.count)?;
        core::str::from_utf8(label).ok()
    }

    pub(super) fn prototypes(&self) -> Prototypes<'a> {
        self.prototypes
    }

    /// Cuts content of the right length up; `None` when it is misaligned.
    fn cut(content: &'a [u8], format: WeightFormat, width: usize, count: usize) -> Option<Self> {
        let (padded, padded_width) = (count.next_multiple_of(BLOCK), padded_width(width));
        let (header, rest) = content.split_at_checked(HEADER)?;
        let model_digest = header.last_chunk::<32>()?;
        let mut rest = rest;
        let mut take = |length: usize| -> Option<&'a [u8]> {
            let (taken, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(taken)
        };
        let thresholds = bytemuck::try_cast_slice(take(4 * padded)?).ok()?;
        let prototypes = if format == WeightFormat::F32 {
            Prototypes::Float(bytemuck::try_cast_slice(take(4 * padded * padded_width)?).ok()?)
        } else {
            let scales = bytemuck::try_cast_slice(take(4 * padded)?).ok()?;
            Prototypes::Codes(bytemuck::try_cast_slice(take(padded * padded_width)?).ok()?, scales)
        };
        let label_ends = bytemuck::try_cast_slice(take(4 * padded)?).ok()?;
        Some(Self {
            width,
            count,
            window: 0,
            windows: 0,
            model_digest,
            thresholds,
            prototypes,
            label_ends,
            labels: rest,
        })
    }

    fn is_sound(&self) -> bool {
        let (Some((_, after)), Some((ends, ends_after))) =
            (self.thresholds.split_at_checked(self.count), self.label_ends.split_at_checked(self.count))
        else {
            return false;
        };
        let prototypes = match self.prototypes {
            Prototypes::Float(values) => values.as_flattened().iter().all(|value| (-1.0..=1.0).contains(value)),
            Prototypes::Codes(codes, scales) => {
                let Some((scales, after)) = scales.as_flattened().split_at_checked(self.count) else {
                    return false;
                };
                codes.as_flattened().as_flattened().iter().all(|code| *code != i8::MIN)
                    && scales.iter().all(|scale| *scale > 0.0 && *scale <= 1.0)
                    && after.iter().all(|scale| scale.to_bits() == 0)
            }
        };
        prototypes
            && (0..self.count).all(|index| self.label(index).is_some() && self.threshold(index).is_some())
            && after.iter().all(|threshold| threshold.to_bits() == 0)
            && ends.last().is_some_and(|end| *end as usize == self.labels.len())
            && ends_after.iter().all(|end| *end == 0)
    }
}

pub(super) const CHECKSUM: usize = 32;

/// Whether galleries are stored in this format.
pub(super) fn is_known(format: WeightFormat) -> bool {
    matches!(format, WeightFormat::F32 | WeightFormat::I8)
}

/// Components of a prototype of `width`, padded to whole columns of the inner loops.
pub(super) fn padded_width(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

/// Bytes of a gallery without its labels.
pub(super) fn length(format: WeightFormat, width: usize, count: usize) -> u64 {
    let (padded, width) = (count.next_multiple_of(BLOCK) as u64, padded_width(width) as u64);
    let prototype = if format == WeightFormat::F32 { 4 * width } else { 4 + width };
    (HEADER + CHECKSUM) as u64 + padded * (8 + prototype)
}

impl fmt::Display for GalleryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAGallery => write!(f, "not a gallery: wrong first bytes"),
            Self::Version { found } => {
                write!(f, "gallery version {found}, this build reads version {VERSION}: update it, or make it again")
            }
            Self::Format { found } => write!(f, "gallery format {found}, this build reads float32 (0) and int8 (4)"),
            Self::Size => write!(f, "gallery sizes are outside their limits"),
            Self::Length { given, expected } => {
                write!(f, "gallery of {given} bytes, should be {expected}: truncated or damaged")
            }
            Self::Alignment => write!(f, "gallery does not start at a multiple of 4 in memory"),
            Self::Value => write!(f, "gallery holds a value that is not allowed: damaged"),
            Self::Checksum => write!(f, "gallery content does not match its checksum: damaged"),
        }
    }
}

impl Error for GalleryError {}
