//! A model: its weights and its provenance.
//!
//! A model is stored in three files that carry the same digest: `model.safetensors` (weights by PyTorch's names, for
//! training and conversion), `model.onnx` (for tract and ONNX Runtime) and `model.nvb` (the bundle that the no_std core
//! reads in place). A model whose weights are not float32 has a bundle only.
//!
//! In memory a [`Model`] is its bundle, from which sizes, digest and weights are read. It is immutable: weights are
//! changed in a [`StateDict`], from which a new model is made.

mod aligned;
mod assemble;
mod content;
mod error;
pub mod import;
mod initialise;
mod load;
#[cfg(feature = "_engine")]
pub mod onnx;
mod positions;
mod provenance;
mod quantised;
pub mod safetensors;
mod state_dict;
mod write;

use std::fmt;
use std::sync::Arc;

use neural_vault_core::bundle::{self, Bundle, BundleError, ProvisioningKey};
use neural_vault_core::encoder::{Dims, WeightFormat};

pub use aligned::Aligned;
pub use content::Content;
pub use error::ModelError;
pub use initialise::{initial_weights, initialise};
pub use load::{check_tag, load};
pub use provenance::Provenance;
pub use state_dict::StateDict;

/// Components of an embedding.
pub const LATENT: usize = 128;

/// Frames of the longest window.
const MAX_WINDOW: usize = 512;

/// The names of a model's files in its folder.
pub const SAFETENSORS: &str = "model.safetensors";
/// See [`SAFETENSORS`].
pub const ONNX: &str = "model.onnx";
/// See [`SAFETENSORS`].
pub const BUNDLE: &str = "model.nvb";

/// An encoder with its standardiser. Copies share the weights.
#[derive(Clone)]
pub struct Model {
    /// The checked bundle, without a tag.
    bundle: Arc<Aligned>,
    dims: Dims,
    format: WeightFormat,
    digest: [u8; 32],
    provenance: Provenance,
}

/// Sizes of the reference encoder for frames of `features` features: 128 units, 8 heads, 2 layers, 512 positions.
#[must_use]
pub fn reference_dims(features: usize) -> Dims {
    Dims { features, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: LATENT, positions: MAX_WINDOW }
}

/// Sizes of a linear model for frames of `features` features.
#[must_use]
pub fn linear_dims(features: usize) -> Dims {
    Dims::linear(features, LATENT, MAX_WINDOW)
}

impl Model {
    /// The model of these float32 weights.
    ///
    /// # Errors
    /// When the core does not support the sizes, or a tensor is missing, of the wrong length or not finite.
    pub fn new(weights: &StateDict, provenance: Provenance) -> Result<Self, ModelError> {
        Self::from_written(&weights.to_bundle(WeightFormat::F32)?, provenance)
    }

    /// The model in a bundle, tagged or not; the tag is dropped.
    ///
    /// # Errors
    /// When the bundle is not sound.
    pub fn from_bundle(bytes: Aligned, provenance: Provenance) -> Result<Self, BundleError> {
        let bundle = Bundle::open(&bytes)?;
        let (dims, format, digest) = (bundle.dims(), bundle.format(), *bundle.digest());
        let untagged = bundle.is_tagged().then(|| Aligned::new(&bundle::retag(&bundle, None)));
        Ok(Self { bundle: Arc::new(untagged.unwrap_or(bytes)), dims, format, digest, provenance })
    }

    /// The model of a bundle that this program has just written, without checking its digest again.
    fn from_written(bytes: &[u8], provenance: Provenance) -> Result<Self, ModelError> {
        let bytes = Aligned::new(bytes);
        let bundle = reopen(&bytes)?;
        let (dims, format, digest) = (bundle.dims(), bundle.format(), *bundle.digest());
        Ok(Self { bundle: Arc::new(bytes), dims, format, digest, provenance })
    }

    /// Its sizes.
    #[must_use]
    pub fn dims(&self) -> &Dims {
        &self.dims
    }

    /// How the weights of products are stored.
    #[must_use]
    pub fn format(&self) -> WeightFormat {
        self.format
    }

    /// The model's digest: SHA-256 over its sizes, weight format and weights, as the bundle carries it.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Its provenance.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Its provenance, to be changed; the digest does not cover it.
    pub fn provenance_mut(&mut self) -> &mut Provenance {
        &mut self.provenance
    }

    /// The bytes of its bundle, without a tag.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bundle
    }

    /// Its bundle, without a tag; nothing is hashed.
    ///
    /// # Errors
    /// None in practice: the bytes were checked when the model was made.
    pub fn bundle(&self) -> Result<Bundle<'_>, ModelError> {
        reopen(&self.bundle)
    }

    /// The bundle that the core reads, with an authentication tag when a provisioning key is given.
    ///
    /// # Errors
    /// As [`Model::bundle`].
    pub fn to_bundle(&self, provisioning_key: Option<&ProvisioningKey>) -> Result<Vec<u8>, ModelError> {
        match provisioning_key {
            None => Ok(self.bundle.to_vec()),
            key => Ok(bundle::retag(&self.bundle()?, key)),
        }
    }

    /// Its weights by PyTorch's names.
    ///
    /// # Errors
    /// [`ModelError::Quantised`] when they are not float32.
    pub fn state_dict(&self) -> Result<StateDict, ModelError> {
        if self.format != WeightFormat::F32 {
            return Err(ModelError::Quantised { format: self.format });
        }
        let bundle = self.bundle()?;
        let tensors = bundle::tensor_names_and_shapes(&self.dims)?.into_iter().map(|(name, _)| {
            let missing = || ModelError::Tensor { name: name.clone(), reason: "is missing".to_owned() };
            let values = bundle.state_tensor(&name).ok_or_else(missing)?;
            Ok((name, values))
        });
        Ok(StateDict { dims: self.dims, tensors: tensors.collect::<Result<_, ModelError>>()? })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dims, format, provenance, .. } = self;
        let digest = crate::hex::encode(&self.digest);
        let mut model = f.debug_struct("Model");
        model.field("digest", &digest).field("dims", dims).field("format", format).field("provenance", provenance);
        model.finish_non_exhaustive()
    }
}

fn reopen(bytes: &Aligned) -> Result<Bundle<'_>, ModelError> {
    Bundle::reopen(bytes).map_err(|error| ModelError::Bundle(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_embedders_share_one_bundle() {
        let model = initialise(reference_dims(24), Provenance::default(), 3).unwrap();
        let address = model.bytes().as_ptr();
        assert_eq!(model.bytes().as_ptr(), address);
        assert_eq!(model.clone().bytes().as_ptr(), address);
        let content = model.bundle().unwrap().tensor("proj.bias").unwrap().as_ptr_range();
        assert!(model.bytes().as_ptr_range().contains(&content.start.cast()));
    }

    #[test]
    fn the_digest_is_the_one_that_opening_the_bundle_computes() {
        let model = initialise(linear_dims(24), Provenance::default(), 3).unwrap();
        assert_eq!(Bundle::open(model.bundle.as_ref()).unwrap().digest(), model.digest());
    }

    #[test]
    fn a_model_made_from_its_own_weights_has_the_same_bits() {
        for dims in [reference_dims(24), linear_dims(24)] {
            let model = initialise(dims, Provenance::default(), 3).unwrap();
            let again = Model::new(&model.state_dict().unwrap(), Provenance::default()).unwrap();
            assert_eq!(again.bytes(), model.bytes());
        }
    }

    #[test]
    fn missing_or_non_finite_weights_are_refused() {
        let weights = initial_weights(linear_dims(24), 3).unwrap();
        let mut missing = weights.clone();
        missing.tensors.remove("proj.bias");
        let mut infinite = weights;
        infinite.tensors.insert("proj.bias".to_owned(), vec![f32::INFINITY; LATENT]);
        for weights in [missing, infinite] {
            assert!(matches!(Model::new(&weights, Provenance::default()), Err(ModelError::Bundle(_))));
        }
    }
}
