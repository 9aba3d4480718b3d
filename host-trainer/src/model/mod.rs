//! A model: its weights and its provenance.
//!
//! A model is stored in three files that carry the same digest: `model.safetensors` (weights by PyTorch's names, for
//! training and conversion), `model.onnx` (for tract and ONNX Runtime) and `model.nvb` (the bundle that the no_std core
//! reads in place). A model whose weights are not float32 has a bundle only.
//!
//! In memory a [`Model`] is its bundle, from which sizes, digest, weights, window, fill rule and recipe are read. It is
//! immutable: weights are changed in a [`StateDict`], from which a new model is made.
//!
//! Bundles of version 1 hold no window, recipe or labels. Their models are read from any of their files with the digest they
//! have, and written again as version 1.

mod aligned;
mod assemble;
mod connectome;
mod content;
mod error;
mod facts;
pub mod import;
mod impostor;
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

use neural_vault_core::bundle::{self, Bundle, BundleError, Description, ProvisioningKey};
use neural_vault_core::encoder::{Dims, Fill, WeightFormat};

pub use aligned::Aligned;
pub use connectome::PROBE_FRAMES;
pub use content::Content;
pub use error::ModelError;
pub use initialise::{initial_weights, initialise};
pub use load::{check_tag, load};
pub use provenance::Provenance;
pub use state_dict::StateDict;

use facts::Facts;

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
    facts: Facts,
    /// Whether the window is the model's, and not assumed.
    knows_window: bool,
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
    /// When the core does not support the sizes, a tensor is missing, of the wrong length or not finite, or the window is
    /// longer than the position table.
    pub fn new(weights: &StateDict, provenance: Provenance) -> Result<Self, ModelError> {
        Self::from_written(&weights.to_bundle(WeightFormat::F32, Some(&provenance))?, provenance)
    }

    /// As [`Model::new`], with a bundle of version 1.
    fn first_version(weights: &StateDict, provenance: Provenance) -> Result<Self, ModelError> {
        Self::from_written(&weights.to_bundle(WeightFormat::F32, None)?, provenance)
    }

    /// A model of other weights or another format, with a bundle of this one's version.
    fn remade(&self, weights: &StateDict, format: WeightFormat, provenance: Provenance) -> Result<Self, ModelError> {
        let described = self.facts.labels.map(|_| &provenance);
        let model = Self::from_written(&weights.to_bundle(format, described)?, provenance)?;
        Ok(Self { knows_window: self.knows_window, ..model })
    }

    /// The model in a bundle, tagged or not; the tag is dropped.
    ///
    /// Its provenance is what the bundle holds: the window and the recipe's name, in version 1 neither.
    ///
    /// # Errors
    /// When the bundle is not sound.
    pub fn from_bundle(bytes: Aligned) -> Result<Self, BundleError> {
        let bundle = Bundle::open(&bytes)?;
        let provenance = match bundle.description() {
            Some(Description { window, recipe, .. }) => {
                Provenance { window, recipe: recipe.to_owned(), ..Provenance::default() }
            }
            None => Provenance { recipe: "unknown".to_owned(), ..Provenance::default() },
        };
        let facts = Facts::read(&bundle);
        let untagged = bundle.is_tagged().then(|| Aligned::new(&bundle::retag(&bundle, None)));
        let knows_window = facts.labels.is_some();
        Ok(Self { bundle: Arc::new(untagged.unwrap_or(bytes)), facts, knows_window, provenance })
    }

    /// The model with a provenance that says more than its bundle: labels, sessions and all of the recipe's text.
    ///
    /// # Errors
    /// [`ModelError::Bundle`] when the provenance contradicts the bundle.
    pub fn with_provenance(self, provenance: Provenance) -> Result<Self, ModelError> {
        let fill = self.fill();
        let contradicts = self.bundle()?.description().is_some_and(|Description { window, recipe, labels, .. }| {
            let given = provenance.description(fill);
            let names_labels = !provenance.labels.is_empty();
            window != given.window || recipe != given.recipe || names_labels && labels != given.labels
        });
        if contradicts {
            let text = "its window, its recipe or its labels are not those that its bundle states";
            return Err(ModelError::Bundle(text.to_owned()));
        }
        Ok(Self { knows_window: true, provenance, ..self })
    }

    /// The model of a bundle that this program has just written, without checking its digest again.
    fn from_written(bytes: &[u8], provenance: Provenance) -> Result<Self, ModelError> {
        let bytes = Aligned::new(bytes);
        let facts = Facts::read(&reopen(&bytes)?);
        Ok(Self { bundle: Arc::new(bytes), facts, knows_window: true, provenance })
    }

    /// Its sizes.
    #[must_use]
    pub fn dims(&self) -> &Dims {
        &self.facts.dims
    }

    /// How the weights of products are stored.
    #[must_use]
    pub fn format(&self) -> WeightFormat {
        self.facts.format
    }

    /// What replaces raw values that are not finite.
    #[must_use]
    pub fn fill(&self) -> Fill {
        self.facts.fill
    }

    /// The model's digest: SHA-256 over its sizes, weight format and weights, and since version 2 over its fill rule, window,
    /// recipe and labels, as the bundle carries it.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.facts.digest
    }

    /// Version of its bundle.
    #[must_use]
    pub fn version(&self) -> u16 {
        if self.facts.labels.is_some() { bundle::VERSION } else { 1 }
    }

    /// [`label_digest`](bundle::label_digest) of the labels that trained it; `None` when they are not known.
    #[must_use]
    pub fn labels_digest(&self) -> Option<&[u8; 32]> {
        self.facts.labels.as_ref().filter(|digest| **digest != [0; 32])
    }

    /// A note where [`Provenance::window`] is assumed, because the model was read from a bundle that holds none.
    #[must_use]
    pub fn window_note(&self) -> Option<String> {
        (!self.knows_window).then(|| {
            let window = self.provenance.window;
            format!("this bundle is of version 1, which holds no window: windows of {window} frame are taken")
        })
    }

    /// Its provenance.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Sets the effective dimension of its embeddings, which its digest does not cover.
    pub fn set_effective_dimension(&mut self, dimension: f32) {
        self.provenance.effective_dimension = Some(dimension);
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
        let Facts { dims, format, fill, .. } = self.facts;
        if format != WeightFormat::F32 {
            return Err(ModelError::Quantised { format });
        }
        let bundle = self.bundle()?;
        let tensors = bundle::tensor_names_and_shapes(&dims)?.into_iter().map(|(name, _)| {
            let missing = || ModelError::Tensor { name: name.clone(), reason: "is missing".to_owned() };
            let values = bundle.state_tensor(&name).ok_or_else(missing)?;
            Ok((name, values))
        });
        Ok(StateDict { dims, fill, tensors: tensors.collect::<Result<_, ModelError>>()? })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { facts: Facts { dims, format, fill, digest, .. }, provenance, .. } = self;
        let digest = crate::hex::encode(digest);
        let mut model = f.debug_struct("Model");
        model
            .field("digest", &digest)
            .field("dims", dims)
            .field("format", format)
            .field("fill", fill)
            .field("provenance", provenance);
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
    fn a_bundle_and_its_provenance_make_the_model_again() {
        let provenance = Provenance {
            labels: vec!["face".to_owned()],
            training_sessions: vec!["run00".to_owned()],
            window: 9,
            recipe: "linear, open set".to_owned(),
            effective_dimension: Some(3.5),
        };
        let model = initialise(linear_dims(24), provenance.clone(), 3).unwrap();
        let bundle = || Model::from_bundle(Aligned::new(model.bytes())).unwrap();
        let again = bundle().with_provenance(provenance.clone()).unwrap();
        assert_eq!((again.bytes(), again.provenance()), (model.bytes(), &provenance));
        assert!(again.window_note().is_none());
        let nameless = Provenance { labels: Vec::new(), ..provenance.clone() };
        assert!(bundle().with_provenance(nameless).is_ok(), "as of a bundle, which names no labels");
        for other in [
            Provenance { window: 8, ..provenance.clone() },
            Provenance { recipe: "whitened".to_owned(), ..provenance.clone() },
            Provenance { labels: vec!["house".to_owned()], ..provenance },
        ] {
            assert!(matches!(bundle().with_provenance(other), Err(ModelError::Bundle(_))));
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
