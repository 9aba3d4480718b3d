//! Random models of several sizes.

use std::borrow::Cow;
use std::vec;
use std::vec::Vec;

use crate::bundle::{Description, ProvisioningKey, WriteError, label_digest, tensor_names_and_shapes, write};
use crate::encoder::{Dims, Fill, WeightFormat};

use super::{Aligned, Random};

/// A model small enough to open thousands of times.
pub const SMALL: Dims =
    Dims { features: 5, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 3 };

/// The reference's widths, with few features.
pub const FULL_WIDTH: Dims =
    Dims { features: 300, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 4 };

/// Frames too long for 32-bit sums over int16 codes, whose length is not a multiple of four.
pub const LONG_FRAMES: Dims = Dims { features: 1_030, ..FULL_WIDTH };

/// A linear model of [`FULL_WIDTH`]'s features.
pub const LINEAR: Dims = Dims::linear(FULL_WIDTH.features, 128, 4);

/// A connectome of as many regions as an atlas of the whole brain has (AAL2).
pub const CONNECTOME: Dims = Dims::connectome(94, 94);

/// A connectome whose frames have several features a region, and features of none.
pub const PARCELS: Dims = Dims::connectome(1_030, 35);

/// The bundle of a random model with float32 weights, whose activations stay near one.
///
/// # Errors
/// The sizes are outside their limits.
pub fn bundle(dims: &Dims, seed: u32, provisioning_key: Option<&[u8; 32]>) -> Result<Aligned, WriteError> {
    bundle_in(WeightFormat::F32, dims, seed, provisioning_key)
}

/// As [`bundle`], with weights in another format.
///
/// # Errors
/// The sizes are outside their limits.
pub fn bundle_in(
    format: WeightFormat,
    dims: &Dims,
    seed: u32,
    provisioning_key: Option<&[u8; 32]>,
) -> Result<Aligned, WriteError> {
    let labels = label_digest(["a", "b"]);
    let description = Description { fill: Fill::Mean, window: 1, recipe: "random", labels };
    described_bundle(Some(&description), format, dims, seed, provisioning_key)
}

/// As [`bundle_in`], with another description; without one the bundle is of version 1.
///
/// # Errors
/// The sizes are outside their limits, or the description does not fit them.
pub fn described_bundle(
    description: Option<&Description<'_>>,
    format: WeightFormat,
    dims: &Dims,
    seed: u32,
    provisioning_key: Option<&[u8; 32]>,
) -> Result<Aligned, WriteError> {
    let shapes = tensor_names_and_shapes(dims).map_err(WriteError::Dims)?;
    let mut random = Random(seed);
    // These models' standardised features are in -4..4.
    let input_scale = 4.0 / f32::from(format.largest_code().unwrap_or(1));
    let tensor = |name: &str| {
        if name == "proj.input_scale" {
            return Some(Cow::Owned(vec![input_scale]));
        }
        let (_, shape) = shapes.iter().find(|(other, _)| other == name)?;
        let count = shape.iter().product();
        let values = match (name, shape.as_slice()) {
            ("connectome.parcels", _) => (0..count).map(|feature| (feature * 7 % (dims.d_model + 1)) as f32).collect(),
            ("connectome.whitening", [regions, _]) => whitening(&mut random, *regions),
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
    write(dims, format, description, tensor, provisioning_key.as_ref()).map(|bytes| Aligned::new(&bytes))
}

/// A symmetric matrix near the identity.
fn whitening(random: &mut Random, regions: usize) -> Vec<f32> {
    let mut values = random.floats(regions * regions, 0.5 / (regions as f32).sqrt());
    for row in 0..regions {
        values[row * regions + row] += 1.0;
        for column in 0..row {
            values[row * regions + column] = values[column * regions + row];
        }
    }
    values
}
