//! Random models and scans that every machine draws alike.
#![allow(dead_code)]

use std::borrow::Cow;

use neural_vault_core::bundle::{ProvisioningKey, WriteError, write};
use neural_vault_core::encoder::{Dims, WeightFormat};

/// A model small enough to open thousands of times.
pub const SMALL: Dims =
    Dims { features: 5, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 3 };

/// The reference's widths with few features.
pub const FULL_WIDTH: Dims =
    Dims { features: 300, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 4 };

/// Frames too long for sums of 32 bits over int16 codes, and no multiple of four.
pub const LONG_FRAMES: Dims = Dims { features: 1_030, ..FULL_WIDTH };

/// A linear model of [`FULL_WIDTH`]'s features.
pub const LINEAR: Dims = Dims::linear(FULL_WIDTH.features, 128, 4);

/// A linear congruential generator (Numerical Recipes) of floats in -1..1, exact in float32.
pub struct Random(pub u32);

impl Random {
    /// The next float.
    pub fn float(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// The next `count` floats, each times `scale`.
    pub fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.float() * scale).collect()
    }
}

/// The bundle of a random model whose activations stay near one.
pub fn bundle(dims: &Dims, seed: u32, provisioning_key: Option<&[u8; 32]>) -> Result<Aligned, WriteError> {
    bundle_in(WeightFormat::F32, dims, seed, provisioning_key)
}

/// As [`bundle`], its weights in another format.
pub fn bundle_in(
    format: WeightFormat,
    dims: &Dims,
    seed: u32,
    provisioning_key: Option<&[u8; 32]>,
) -> Result<Aligned, WriteError> {
    let shapes = neural_vault_core::bundle::tensor_names_and_shapes(dims).map_err(WriteError::Dims)?;
    let mut random = Random(seed);
    // Standardised features here are in -4..4.
    let input_scale = 4.0 / f32::from(format.largest_code().unwrap_or(1));
    let tensor = |name: &str| {
        if name == "proj.input_scale" {
            return Some(Cow::Owned(vec![input_scale]));
        }
        let (_, shape) = shapes.iter().find(|(other, _)| other == name)?;
        let count = shape.iter().product();
        let values = match (name, shape.as_slice()) {
            ("standardiser.inv_std", _) => {
                let mut values = random.floats(count, 0.5);
                values.iter_mut().for_each(|value| *value += 1.0);
                values
            }
            (_, [_, inputs]) => random.floats(count, 2.0 / (*inputs as f32).sqrt()),
            _ => random.floats(count, 0.5),
        };
        Some(Cow::Owned(values))
    };
    let provisioning_key = provisioning_key.map(ProvisioningKey::from_bytes);
    write(dims, format, tensor, provisioning_key.as_ref()).map(|bytes| Aligned::new(&bytes))
}

/// Bytes that start at a multiple of 64 in memory, whatever the allocator.
pub struct Aligned {
    buffer: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// A copy of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut buffer = vec![0; bytes.len() + 64];
        let start = buffer.as_ptr().align_offset(64);
        buffer[start..start + bytes.len()].copy_from_slice(bytes);
        Self { buffer, start, length: bytes.len() }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.start + self.length]
    }

    /// The bytes, to be damaged.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..self.start + self.length]
    }
}
