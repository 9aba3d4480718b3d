//! The header of a bundle: version, sizes, and what it says of its model besides.

use super::error::BundleError;
use super::layout::{DESCRIPTION, HEADER};
use super::values::are_zeros;
use crate::encoder::{Dims, Fill, ModelKind, WeightFormat};

/// First bytes of every bundle.
pub const MAGIC: &[u8; 8] = b"NVBUNDLE";

/// The version of bundles with a [`Description`]; version 1, without one, is still read.
pub const VERSION: u16 = 2;

/// Longest name of a recipe in bytes.
pub const RECIPE_LENGTH: usize = 24;

/// What a bundle says of its model besides sizes and weights; the model digest covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description<'a> {
    /// What replaces raw values that are not finite.
    pub fill: Fill,
    /// Frames of the windows that scans are cut into where nothing else is said, 1 to the model's positions; for a connectome
    /// the fewest frames of a scan.
    pub window: usize,
    /// Name of the recipe that made the model, up to [`RECIPE_LENGTH`] lower-case letters, digits and hyphens; empty
    /// when it is not known.
    pub recipe: &'a str,
    /// [`label_digest`](super::label_digest) of the labels that trained the model; zeros when they are not known.
    pub labels: [u8; 32],
}

/// A description as it is stored.
pub(super) type Block = [u8; DESCRIPTION as usize];

/// What a header states.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) dims: Dims,
    pub(super) format: WeightFormat,
    pub(super) fill: Fill,
    /// Number of tensors.
    pub(super) count: usize,
    /// None in version 1.
    pub(super) block: Option<&'a Block>,
}

/// Kinds of models, by their number in a description.
mod kind {
    pub const TRANSFORMER: u16 = 0;
    pub const LINEAR: u16 = 1;
    pub const CONNECTOME: u16 = 2;
}

impl<'a> Header<'a> {
    /// Reads and checks the header of a whole bundle.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let given = bytes.len() as u64;
        let truncated = |expected| BundleError::Length { given, expected };
        if bytes.first_chunk::<8>() != Some(MAGIC) {
            return Err(BundleError::NotABundle);
        }
        let (header, after) = bytes.split_first_chunk::<{ HEADER as usize }>().ok_or(truncated(HEADER))?;
        let &[
            _,
            _,
            version,
            length,
            features,
            d_model,
            heads,
            layers,
            feed_forward,
            latent,
            positions,
            count,
            ref reserved @ ..,
        ] = header.as_chunks::<4>().0
        else {
            return Err(truncated(HEADER));
        };
        let [version, found] = halves(version);
        let described = match version {
            1 => false,
            VERSION => true,
            found => return Err(BundleError::Version { found }),
        };
        let format = WeightFormat::from_number(found).ok_or(BundleError::WeightFormat { found })?;
        let length = u64::from(u32::from_le_bytes(length));
        if given != length {
            return Err(truncated(length));
        }
        let block = if described { Some(after.first_chunk().ok_or(truncated(HEADER + DESCRIPTION))?) } else { None };
        let size = |bytes| u32::from_le_bytes(bytes) as usize;
        let dims = Dims {
            features: size(features),
            d_model: size(d_model),
            heads: size(heads),
            layers: size(layers),
            feed_forward: size(feed_forward),
            latent: size(latent),
            positions: size(positions),
        };
        let fill = match block {
            Some(block) => check(block, &dims)?,
            // Version 1 knows networks only.
            None if dims.is_connectome() => return Err(BundleError::Kind { found: kind::CONNECTOME }),
            None => Fill::Reference,
        };
        // After the kind: the sizes of a kind that is not known are not judged.
        dims.validate().map_err(BundleError::Dims)?;
        if !are_zeros(reserved.as_flattened()) {
            return Err(BundleError::Padding);
        }
        Ok(Self { dims, format, fill, count: size(count), block })
    }
}

impl<'a> Description<'a> {
    /// The description in a block that was checked before.
    pub(super) fn read(block: &'a Block) -> Option<Self> {
        let Parts { fill, window, recipe, labels, .. } = Parts::of(block)?;
        let length = recipe.iter().position(|byte| *byte == 0).unwrap_or(RECIPE_LENGTH);
        let recipe = core::str::from_utf8(recipe.get(..length)?).ok()?;
        Some(Self { fill: Fill::from_number(fill)?, window: window as usize, recipe, labels: *labels })
    }

    /// Appends the block, once it is checked.
    #[cfg(feature = "std")]
    pub(super) fn write(&self, bytes: &mut std::vec::Vec<u8>, dims: &Dims) -> Result<(), BundleError> {
        let mut block = [0; DESCRIPTION as usize];
        block[..2].copy_from_slice(&kind_of(dims).to_le_bytes());
        block[2..4].copy_from_slice(&self.fill.number().to_le_bytes());
        let window = u32::try_from(self.window).unwrap_or(u32::MAX);
        block[4..8].copy_from_slice(&window.to_le_bytes());
        // A zero would end the name.
        if self.recipe.len() > RECIPE_LENGTH || self.recipe.contains('\0') {
            return Err(BundleError::Recipe);
        }
        block[8..][..self.recipe.len()].copy_from_slice(self.recipe.as_bytes());
        block[32..].copy_from_slice(&self.labels);
        check(&block, dims)?;
        bytes.extend(block);
        Ok(())
    }
}

/// A block's fields.
struct Parts<'a> {
    kind: u16,
    fill: u16,
    window: u32,
    recipe: &'a [u8],
    labels: &'a [u8; 32],
}

impl<'a> Parts<'a> {
    /// Cuts a block; never `None`.
    fn of(block: &'a Block) -> Option<Self> {
        let ([first, labels], []) = block.as_chunks::<32>() else { return None };
        let ([kind, window, recipe @ ..], []) = first.as_chunks::<4>() else { return None };
        let [kind, fill] = halves(*kind);
        Some(Self { kind, fill, window: u32::from_le_bytes(*window), recipe: recipe.as_flattened(), labels })
    }
}

/// Checks a block of a model of these sizes; returns its fill rule.
fn check(block: &Block, dims: &Dims) -> Result<Fill, BundleError> {
    let Parts { kind, fill, window, recipe, .. } = Parts::of(block).ok_or(BundleError::Table)?;
    if kind != kind_of(dims) || kind == kind::CONNECTOME && !cfg!(feature = "connectome") {
        return Err(BundleError::Kind { found: kind });
    }
    let fill = Fill::from_number(fill).ok_or(BundleError::Fill { found: fill })?;
    if window == 0 || window as usize > dims.max_window() {
        return Err(BundleError::Window { given: window, max: dims.max_window() });
    }
    let is_allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let length = recipe.iter().take_while(|byte| is_allowed(byte)).count();
    if !recipe.iter().skip(length).all(|byte| *byte == 0) {
        return Err(BundleError::Recipe);
    }
    Ok(fill)
}

/// The number of the kind of model that has these sizes.
fn kind_of(dims: &Dims) -> u16 {
    match dims.kind() {
        ModelKind::Transformer => kind::TRANSFORMER,
        ModelKind::Linear => kind::LINEAR,
        ModelKind::Connectome => kind::CONNECTOME,
    }
}

fn halves([a, b, c, d]: [u8; 4]) -> [u16; 2] {
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}
