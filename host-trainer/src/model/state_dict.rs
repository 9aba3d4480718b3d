//! Float32 weights by PyTorch's names, which training changes and models are made from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, WeightFormat};

use super::ModelError;

/// The float32 weights of an encoder and its standardiser, before they are checked.
#[derive(Clone, Debug, PartialEq)]
pub struct StateDict {
    /// The encoder's sizes.
    pub dims: Dims,
    /// Every tensor that [`bundle::tensor_names_and_shapes`] lists, row-major, by PyTorch's `state_dict` name.
    pub tensors: BTreeMap<String, Vec<f32>>,
}

impl StateDict {
    /// Sets the statistics of raw features that frames are standardised by: `(value - mean) * inv_std`.
    pub fn set_standardiser(&mut self, mean: Vec<f32>, inv_std: Vec<f32>) {
        self.tensors.insert("standardiser.mean".to_owned(), mean);
        self.tensors.insert("standardiser.inv_std".to_owned(), inv_std);
    }

    /// The bundle of these weights in `format`, without a tag.
    pub(super) fn to_bundle(&self, format: WeightFormat) -> Result<Vec<u8>, ModelError> {
        let tensor = |name: &str| self.tensors.get(name).map(|values| Cow::Borrowed(values.as_slice()));
        bundle::write(&self.dims, format, tensor, None).map_err(|error| ModelError::Bundle(error.to_string()))
    }
}
