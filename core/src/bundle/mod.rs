//! An exported model as one buffer, checked once and used in place.
//!
//! # Layout
//! Little-endian; offsets in bytes from the start.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `NVBUNDLE` |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | weight format: 0 = float32 |
//! | 12 | 4 | length of the whole bundle |
//! | 16 | 28 | features, d_model, heads, layers, feed_forward, latent, positions, 4 each |
//! | 44 | 4 | number of tensors |
//! | 48 | 16 | zero |
//! | 64 | 8 a tensor | its offset and its length, 4 each |
//! | | | zero up to a multiple of 64 |
//! | | | the tensors, each padded with zeros to a multiple of 64 |
//! | end - 96 | 32 | model digest: SHA-256 of everything before it |
//! | end - 64 | 32 | tag, or zeros: HMAC-SHA256 under the provisioning key of `neural-vault/bundle/v1` and the digest |
//! | end - 32 | 32 | checksum: SHA-256 of digest and tag |
//!
//! Tensors carry the names of the PyTorch state_dict, in the order `standardiser.mean`, `standardiser.inv_std`, `proj`,
//! `pos.pe`, each layer (`norm1`, `self_attn`, `norm2`, `linear1`, `linear2`), `head.0`, `head.1`, `head.3`; weight
//! before bias. A linear model, of 0 layers, ends after `proj`. Weights of products lie input by input, the transpose of PyTorch's.
//!
//! # Abuses, and what closes each
//! | abuse | closed by |
//! |---|---|
//! | truncated, or bytes appended | the header's length is the buffer's, and the one the sizes imply |
//! | absurd sizes, lengths that overflow | every size has a limit ([`Dims::validate`]); lengths are computed in 64 bits |
//! | overlapping, reordered or missing tensors, holes | the table must equal the one computed from the sizes |
//! | data hidden in padding | padding must be zero |
//! | a misaligned buffer | refused, never copied |
//! | NaN or infinite weights, a scale of zero or less | refused |
//! | a bit flipped anywhere | digest over all content, checksum over digest and tag |
//! | a model swapped for another | the tag ([`Bundle::open_authenticated`]); and v2 keys depend on the digest |
//! | a tag stripped | [`Bundle::open_authenticated`] refuses an untagged bundle |
//!
//! The digest and the checksum find accidents; only the tag finds an attacker.

mod error;
mod layout;
#[cfg(feature = "std")]
mod write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use error::BundleError;
pub use layout::{Shape, Tensor, TensorName};
#[cfg(feature = "std")]
pub use write::{WriteError, tensor_names_and_shapes, write};

use crate::encoder::{Dims, Encoder};
use layout::{ENTRY, HEADER, TRAILER, count, tensors, tensors_end, tensors_start};

#[cfg(target_endian = "big")]
compile_error!("bundles are little-endian and used in place: this target cannot read them");

/// First bytes of every bundle.
pub const MAGIC: &[u8; 8] = b"NVBUNDLE";

/// The version this crate reads and writes.
pub const VERSION: u16 = 1;

/// Weight format of float32, the only one of version 1.
pub const WEIGHTS_F32: u16 = 0;

const TAG_LABEL: &[u8] = b"neural-vault/bundle/v1";

/// A model whose every length, place and value has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    bytes: &'a [u8],
    digest: &'a [u8; 32],
    tag: &'a [u8; 32],
    encoder: Encoder<'a>,
}

impl<'a> Bundle<'a> {
    /// Opens a bundle, tagged or not, without authenticating it.
    ///
    /// Reads the whole buffer once. The buffer must start at a multiple of 4 in memory.
    ///
    /// # Errors
    /// The first check that fails, in the order of [`BundleError`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let dims = read_header(bytes)?;
        let length = BundleError::Length { given: bytes.len() as u64, expected: tensors_end(&dims) + TRAILER };
        let (content, trailer) = split(bytes, tensors_end(&dims)).ok_or(length)?;
        let ([digest, tag, checksum], []) = trailer.as_chunks::<32>() else {
            return Err(length);
        };
        check_table(content, &dims)?;
        check_padding(content, &dims)?;

        let (_, tensor_bytes) = split(content, tensors_start(&dims)).ok_or(length)?;
        let floats = bytemuck::try_cast_slice(tensor_bytes).map_err(|_| BundleError::Alignment)?;
        let encoder = Encoder::new(dims, floats).ok_or(length)?;
        let bundle = Self { bytes, digest, tag, encoder };
        bundle.check_values()?;
        bundle.check_digest(content, checksum)?;
        Ok(bundle)
    }

    /// Opens a bundle that was tagged under `provisioning_key`.
    ///
    /// # Errors
    /// As [`Bundle::open`], or the bundle has no tag or another one; tags are compared in constant time.
    pub fn open_authenticated(bytes: &'a [u8], provisioning_key: &[u8; 32]) -> Result<Self, BundleError> {
        let bundle = Self::open(bytes)?;
        if !bundle.is_tagged() {
            return Err(BundleError::Untagged);
        }
        let expected = tag(provisioning_key, bundle.digest).ok_or(BundleError::Tag)?;
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
        tensors(self.dims())
    }

    /// The stored values of the tensor named as in the PyTorch state_dict; weights of products input by input.
    pub fn tensor(&self, name: &str) -> Option<&'a [f32]> {
        let tensor = self.tensors().find(|tensor| tensor.name == *name)?;
        self.values(&tensor)
    }

    fn values(&self, tensor: &Tensor) -> Option<&'a [f32]> {
        let (_, rest) = split(self.bytes, tensor.offset)?;
        let (values, _) = split(rest, tensor.length)?;
        bytemuck::try_cast_slice(values).ok()
    }

    fn check_values(&self) -> Result<(), BundleError> {
        for tensor in self.tensors() {
            let positive = tensor.name.is("standardiser.inv_std");
            let sound = |value: &f32| value.is_finite() && (*value > 0.0 || !positive);
            if !self.values(&tensor).is_some_and(|v| v.iter().all(sound)) {
                let tensor = tensor.name;
                return Err(BundleError::Value { tensor });
            }
        }
        Ok(())
    }

    fn check_digest(&self, content: &[u8], checksum: &[u8; 32]) -> Result<(), BundleError> {
        if Sha256::digest(content).as_slice() != self.digest {
            return Err(BundleError::Digest);
        }
        if checksum != &checksum_of(self.digest, self.tag) {
            return Err(BundleError::Checksum);
        }
        Ok(())
    }
}

/// Reads the sizes, after what says whether this reader knows the bundle at all.
fn read_header(bytes: &[u8]) -> Result<Dims, BundleError> {
    let given = bytes.len() as u64;
    let truncated = |expected| BundleError::Length { given, expected };
    if bytes.first_chunk::<8>() != Some(MAGIC) {
        return Err(BundleError::NotABundle);
    }
    let (header, _) = split(bytes, HEADER).ok_or(truncated(HEADER))?;
    let (words, _) = header.as_chunks::<4>();
    let mut words = words.iter().skip(2).copied();
    let mut next = || words.next().unwrap_or_default();

    let [version, weight_format] = halves(next());
    if version != VERSION {
        return Err(BundleError::Version { found: version });
    }
    if weight_format != WEIGHTS_F32 {
        let found = weight_format;
        return Err(BundleError::WeightFormat { found });
    }
    let length = u32::from_le_bytes(next());
    if given != u64::from(length) {
        return Err(truncated(u64::from(length)));
    }
    let mut size = || u32::from_le_bytes(next()) as usize;
    let dims = Dims {
        features: size(),
        d_model: size(),
        heads: size(),
        layers: size(),
        feed_forward: size(),
        latent: size(),
        positions: size(),
    };
    dims.validate().map_err(BundleError::Dims)?;
    if size() != count(&dims) {
        return Err(BundleError::Table);
    }
    if words.any(|word| word != [0; 4]) {
        return Err(BundleError::Padding);
    }
    Ok(dims)
}

fn halves([a, b, c, d]: [u8; 4]) -> [u16; 2] {
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

/// Checks that every table entry is the one its tensor must have.
fn check_table(content: &[u8], dims: &Dims) -> Result<(), BundleError> {
    let (_, rest) = split(content, HEADER).ok_or(BundleError::Table)?;
    let (entries, _) = rest.as_chunks::<8>();
    let stated = entries.iter().map(|&[a, b, c, d, e, f, g, h]| {
        (u64::from(u32::from_le_bytes([a, b, c, d])), u64::from(u32::from_le_bytes([e, f, g, h])))
    });
    let expected = tensors(*dims).map(|tensor| (tensor.offset, tensor.length));
    if stated.take(count(dims)).eq(expected) { Ok(()) } else { Err(BundleError::Table) }
}

/// Checks the zeros between the table, each tensor, and the end of the content.
fn check_padding(content: &[u8], dims: &Dims) -> Result<(), BundleError> {
    let starts = tensors(*dims).map(|tensor| tensor.offset).chain([content.len() as u64]);
    let table_end = HEADER + ENTRY * count(dims) as u64;
    let ends = [table_end].into_iter().chain(tensors(*dims).map(|tensor| tensor.offset + tensor.length));
    for (end, start) in ends.zip(starts) {
        let (before, _) = split(content, start).ok_or(BundleError::Padding)?;
        let (_, padding) = split(before, end).ok_or(BundleError::Padding)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(BundleError::Padding);
        }
    }
    Ok(())
}

/// The tag of a digest; `None` never, as HMAC takes keys of any length.
fn tag(provisioning_key: &[u8; 32], digest: &[u8; 32]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(provisioning_key).ok()?;
    mac.update(TAG_LABEL);
    mac.update(digest);
    Some(mac.finalize().into_bytes().into())
}

fn checksum_of(digest: &[u8; 32], tag: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(digest);
    hash.update(tag);
    hash.finalize().into()
}

fn split(bytes: &[u8], at: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(at).ok()?)
}
