//! A copy of an embedding or a prototype, cleared when it is dropped.

use core::ops::{Deref, DerefMut};

use heapless::Vec;
use neural_vault_core::wire::Fault;
use zeroize::Zeroize;

use crate::limits::LATENT;

/// The components of an embedding or a prototype; zeroised on drop.
pub(crate) struct Components(Vec<f32, LATENT>);

impl Components {
    /// Copies `components`, of which there are at most [`LATENT`].
    pub(crate) fn copied(components: &[f32]) -> Result<Self, Fault> {
        Vec::from_slice(components).map(Self).map_err(|_| Fault::ModelTooLarge)
    }

    /// Reads components of four little-endian bytes each, of which there are at most [`LATENT`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let mut components = Self(Vec::new());
        for word in bytes.as_chunks::<4>().0 {
            components.0.push(f32::from_le_bytes(*word)).map_err(|_| Fault::ModelTooLarge)?;
        }
        Ok(components)
    }

    /// The unit vector along the first of `axes` axes.
    pub(crate) fn first_axis(axes: usize) -> Result<Self, Fault> {
        let mut components = Self::copied(&[1.0])?;
        components.0.resize(axes, 0.0).map_err(|_| Fault::ModelTooLarge)?;
        Ok(components)
    }
}

impl Deref for Components {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Components {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Components {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}
