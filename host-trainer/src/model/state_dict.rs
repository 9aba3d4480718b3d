//! Float32 weights by PyTorch's names, which training changes and models are made from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, Fill, WeightFormat};

use super::{ModelError, Provenance};
use crate::dataset::Standardiser;

/// Tensors by their `state_dict` names: shape, and values row-major.
pub(super) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The float32 weights of an encoder and its standardiser, before they are checked.
#[derive(Clone, Debug, PartialEq)]
pub struct StateDict {
    /// The encoder's sizes.
    pub dims: Dims,
    /// What replaces raw values that are not finite, before they are standardised.
    pub fill: Fill,
    /// Every tensor that [`bundle::tensor_names_and_shapes`] lists, row-major, by PyTorch's `state_dict` name.
    pub tensors: BTreeMap<String, Vec<f32>>,
}

impl StateDict {
    /// Sets the statistics of raw features that frames are standardised by, and what replaces values that are not finite.
    pub fn set_standardiser(&mut self, standardiser: Standardiser) {
        let Standardiser { mean, inv_std, fill } = standardiser;
        self.tensors.insert("standardiser.mean".to_owned(), mean);
        self.tensors.insert("standardiser.inv_std".to_owned(), inv_std);
        self.fill = fill;
    }

    /// The bundle of these weights in `format`, without a tag; of version 1 without provenance.
    pub(super) fn to_bundle(
        &self,
        format: WeightFormat,
        provenance: Option<&Provenance>,
    ) -> Result<Vec<u8>, ModelError> {
        let tensor = |name: &str| self.tensors.get(name).map(|values| Cow::Borrowed(values.as_slice()));
        let description = provenance.map(|provenance| provenance.description(self.fill));
        bundle::write(&self.dims, format, description.as_ref(), tensor, None)
            .map_err(|error| ModelError::Bundle(error.to_string()))
    }
}
