//! An exported model as one buffer, checked once and used in place.
//!
//! # Layout
//! Little-endian; offsets in bytes from the start.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `NVBUNDLE` |
//! | 8 | 2 | version, 2 |
//! | 10 | 2 | weight format: [`WeightFormat::number`] |
//! | 12 | 4 | length of the whole bundle |
//! | 16 | 28 | features, d_model, heads, layers, feed_forward, latent, positions, 4 each |
//! | 44 | 4 | number of tensors |
//! | 48 | 16 | zero |
//! | 64 | 2 | kind of model: 0 Transformer, 1 linear, 2 connectome |
//! | 66 | 2 | what replaces raw values that are not finite: [`Fill::number`](crate::encoder::Fill::number) |
//! | 68 | 4 | window in frames, 1 to positions; for a connectome the fewest frames of a scan |
//! | 72 | 24 | name of the recipe: lower-case letters, digits and hyphens, padded with zeros |
//! | 96 | 32 | digest of the labels that trained the model: [`label_digest`], or zeros |
//! | 128 | 8 a tensor | its offset and its length, 4 each |
//! | | | zero up to a multiple of 64 |
//! | | | the tensors, each padded with zeros to a multiple of 64 |
//! | end - 96 | 32 | model digest: SHA-256 of everything before it |
//! | end - 64 | 32 | tag, or zeros: HMAC-SHA256 under the provisioning key of `neural-vault/bundle/v1` and the digest |
//! | end - 32 | 32 | checksum: SHA-256 of digest and tag |
//!
//! Version 1 lacks the 64 bytes from the kind to the labels. It is still read, and written again as it is: its values that are
//! not finite are filled by [`Fill::Reference`](crate::encoder::Fill::Reference), and its window, recipe and labels are not
//! known. Another kind of model may have other sizes and tensors; a kind that this build does not know is refused before
//! they are looked at.
//!
//! Tensors carry the names of the PyTorch state_dict, in the order `standardiser.mean`, `standardiser.inv_std`, `proj`,
//! `pos.pe`, each layer (`norm1`, `self_attn`, `norm2`, `linear1`, `linear2`), `head.0`, `head.1`, `head.3`; weight
//! before bias. A linear model, of 0 layers, ends after `proj`. Weights of products lie input by input, the transpose
//! of PyTorch's: `[inputs][outputs]`, in the formats with int8 weights `[inputs / 4][outputs][4]` with zeros past the
//! last input. Where the format has scales, a product's are float32 between weight and bias, `proj.weight_scale` and so
//! on; with int8 weights `proj.input_scale` comes before `proj.weight`, the step size of a standardised feature's
//! codes, and the standardiser is bfloat16. All else but the weights of products is float32.
//!
//! A connectome has no heads, layers, feed_forward or positions; its d_model is the number of regions, its weights are float32.
//! Its tensors are `connectome.parcels` (features, one byte each: the feature's region, from 1, or 0 for none; only where there
//! are more features than regions), `connectome.whitening` (regions, regions; rows padded with zeros to a multiple of 16
//! values), `connectome.mean` (latent), and for the choice of thresholds `connectome.impostor_frames` (8 lengths of probes,
//! ascending, then zeros) and `connectome.impostor_scores` (the mean score of impostors at each).
//!
//! # Malformed input, and the check that rejects it
//! | malformed input | rejected by |
//! |---|---|
//! | truncated, or bytes appended | the header's length is the buffer's, and the last tensor ends where the content does |
//! | absurd sizes, lengths that overflow | every size has a limit ([`Dims::validate`]), with which no length takes more than 32 bits |
//! | a kind, rule or version that is not known, a kind of other sizes | refused |
//! | a window of no frame, or longer than the position table; a recipe with other characters, or after a zero | refused |
//! | overlapping, reordered or missing tensors, holes | the table must equal the one computed from the sizes |
//! | data hidden in padding | padding must be zero |
//! | a misaligned buffer | refused, never copied |
//! | NaN or infinite values, a scale of zero or less, integer weights of -128 or -32768 | refused |
//! | a whitening that is not symmetric, a region that is not there or has no feature | refused |
//! | a bit flipped anywhere | digest over all content, checksum over digest and tag |
//! | a model swapped for another | the tag ([`Bundle::open_authenticated`]); and v2 keys depend on the digest |
//! | a tag stripped | [`Bundle::open_authenticated`] refuses an untagged bundle |
//!
//! The digest and the checksum find accidents; only the tag finds an attacker.

mod error;
mod header;
mod labels;
mod layout;
mod values;
#[cfg(feature = "std")]
mod weights;
#[cfg(feature = "std")]
mod write;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use crate::encoder::format::Storage;
pub use error::BundleError;
pub use header::{Description, MAGIC, RECIPE_LENGTH, VERSION};
pub use labels::label_digest;
pub use layout::{Shape, Tensor, TensorName};
#[cfg(feature = "std")]
pub use write::{WriteError, retag, tensor_names_and_shapes, write};

use crate::encoder::{Dims, Encoder, WeightFormat};
use crate::key::hmac_sha256;
use crate::secret::secret;
use header::{Block, Header};
use layout::{ALIGNMENT, ENTRY, tensors};
use values::are_zeros;

#[cfg(target_endian = "big")]
compile_error!("bundles are little-endian and used in place: this target cannot read them");

const TAG_LABEL: &[u8] = b"neural-vault/bundle/v1";

secret! {
    /// The 256-bit key under which a builder tags the bundles that its tokens accept.
    ProvisioningKey
}

/// A model whose every length, place and value has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    /// Everything before the digest.
    content: &'a [u8],
    digest: &'a [u8; 32],
    tag: &'a [u8; 32],
    /// The description as it is stored; none in version 1.
    block: Option<&'a Block>,
    encoder: Encoder<'a>,
}

impl<'a> Bundle<'a> {
    /// Opens a bundle, tagged or not, without authenticating it.
    ///
    /// Reads the whole buffer once. The buffer must start at a multiple of 4 in memory.
    ///
    /// # Errors
    /// The first check that fails: of the header, the tensors in their order, the digest, the checksum.
    pub fn open(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let header = Header::read(bytes)?;
        let (stated, checksum) = bytes.split_last_chunk::<32>().ok_or(BundleError::Table)?;
        let (content, stated) = stated.split_last_chunk::<64>().ok_or(BundleError::Table)?;
        let ([digest, tag], []) = stated.as_chunks::<32>() else {
            return Err(BundleError::Table);
        };
        let encoder = read_tensors(content, &header)?;
        if sha256(content) != *digest {
            return Err(BundleError::Digest);
        }
        if sha256(stated) != *checksum {
            return Err(BundleError::Checksum);
        }
        Ok(Self { content, digest, tag, block: header.block, encoder })
    }

    /// Opens a bundle that was tagged under `provisioning_key`.
    ///
    /// # Errors
    /// As [`Bundle::open`], or the bundle has no tag or another one; tags are compared in constant time.
    pub fn open_authenticated(bytes: &'a [u8], provisioning_key: &ProvisioningKey) -> Result<Self, BundleError> {
        let bundle = Self::open(bytes)?;
        if !bundle.is_tagged() {
            return Err(BundleError::Untagged);
        }
        let expected = tag(provisioning_key, bundle.digest);
        if bool::from(expected.ct_eq(bundle.tag)) { Ok(bundle) } else { Err(BundleError::Tag) }
    }

    /// SHA-256 of everything that defines the model; the same with and without a tag.
    pub fn digest(&self) -> &'a [u8; 32] {
        self.digest
    }

    /// The model's sizes.
    pub fn dims(&self) -> Dims {
        *self.encoder.dims()
    }

    /// How the weights of products are stored.
    pub fn format(&self) -> WeightFormat {
        self.encoder.format()
    }

    /// Its version: 1, or [`VERSION`] with a description.
    pub fn version(&self) -> u16 {
        if self.block.is_some() { VERSION } else { 1 }
    }

    /// What it says of its model besides; `None` in version 1.
    pub fn description(&self) -> Option<Description<'a>> {
        Description::read(self.block?)
    }

    /// The model, its weights borrowed from the bundle.
    pub fn encoder(&self) -> Encoder<'a> {
        self.encoder
    }

    /// Whether there is a tag; [`Bundle::open_authenticated`] says whether it is right.
    pub fn is_tagged(&self) -> bool {
        self.tag != &[0; 32]
    }

    /// Every tensor in the order of the bundle.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + use<> {
        tensors(self.dims(), self.format(), layout::header_length(self.block.is_some()))
    }

    /// The stored values of the float32 tensor of this name; weights of products input by input.
    ///
    /// The names are those of the PyTorch state_dict. `None` for a tensor that is stored otherwise.
    pub fn tensor(&self, name: &str) -> Option<&'a [f32]> {
        let tensor = self.tensors().find(|tensor| tensor.name == *name)?;
        let is_float = match tensor.storage {
            Storage::Weight => self.format() == WeightFormat::F32,
            Storage::Parcel | Storage::Symmetric => false,
            storage => !self.format().is_bfloat(storage),
        };
        if is_float { bytemuck::try_cast_slice(self.bytes_of(&tensor)?).ok() } else { None }
    }

    fn bytes_of(&self, tensor: &Tensor) -> Option<&'a [u8]> {
        let (_, rest) = split(self.content, tensor.offset)?;
        split(rest, tensor.length).map(|(bytes, _)| bytes)
    }
}

/// The encoder of a bundle's content, once each of its tensors lies where the table says and holds sound values.
fn read_tensors<'a>(content: &'a [u8], header: &Header<'_>) -> Result<Encoder<'a>, BundleError> {
    let Header { dims, format, fill, count, block } = *header;
    let start = layout::header_length(block.is_some()) as usize;
    let after_header = content.get(start..).ok_or(BundleError::Table)?;
    let entries = after_header.as_chunks::<{ ENTRY as usize }>().0.get(..count).ok_or(BundleError::Table)?;
    let end = start + size_of_val(entries);
    let (before, tensors) =
        content.split_at_checked(end.next_multiple_of(ALIGNMENT as usize)).ok_or(BundleError::Table)?;
    if !before.get(end..).is_some_and(are_zeros) {
        return Err(BundleError::Padding);
    }
    if !tensors.as_ptr().cast::<f32>().is_aligned() {
        return Err(BundleError::Alignment);
    }
    let (mut entries, mut offset) = (entries.iter(), before.len());
    let (mut failure, mut unsound) = (BundleError::Table, None);
    let encoder = Encoder::new(dims, format, fill, tensors, &mut |tensor| {
        let length = tensor.bytes.len();
        let entry = (offset as u64 | (length as u64) << 32).to_le_bytes();
        offset += length + tensor.padding.len();
        if entries.next() != Some(&entry) {
            return false;
        }
        if !are_zeros(tensor.padding) {
            failure = BundleError::Padding;
            return false;
        }
        let is_sound = values::are_sound(tensor, format);
        unsound = (!is_sound).then_some(tensor.row);
        is_sound
    });
    match (encoder, unsound) {
        (Some(encoder), _) if entries.next().is_none() => Ok(encoder),
        // The name is formatted lazily, so that a build that shows none links none.
        (_, Some(row)) => Err(BundleError::Value { tensor: TensorName::at(row, &dims) }),
        _ => Err(failure),
    }
}

fn sha256(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

fn tag(provisioning_key: &ProvisioningKey, digest: &[u8; 32]) -> [u8; 32] {
    hmac_sha256(provisioning_key.expose_secret(), &[TAG_LABEL, digest])
}

fn split(bytes: &[u8], at: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(at).ok()?)
}
