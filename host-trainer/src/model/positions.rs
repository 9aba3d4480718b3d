//! A model with a shorter position table, for tokens that take short windows.

use neural_vault_core::encoder::WeightFormat;

use super::{Model, ModelError, Provenance};

impl Model {
    /// The model with the first `positions` of its table: embeddings of windows that fit keep their bits.
    ///
    /// Its window becomes no longer than the table.
    ///
    /// # Errors
    /// When `positions` is 0 or above its number of positions, it has no table, or its weights are not float32.
    pub fn with_positions(self, positions: usize) -> Result<Self, ModelError> {
        let mut weights = self.state_dict()?;
        let missing = |kind: &str| {
            let reason = format!("a {kind} model has none: there are no positions to leave out");
            ModelError::Tensor { name: "pos.pe".to_owned(), reason }
        };
        if weights.dims.is_connectome() {
            return Err(missing("connectome"));
        }
        let most = weights.dims.positions;
        if !(1..=most).contains(&positions) {
            return Err(ModelError::Positions { given: positions, most });
        }
        let table = weights.tensors.get_mut("pos.pe").ok_or_else(|| missing("linear"))?;
        table.truncate(positions * weights.dims.d_model);
        weights.dims.positions = positions;
        let window = self.provenance.window.min(positions);
        let provenance = Provenance { window, ..self.provenance.clone() };
        self.remade(&weights, WeightFormat::F32, provenance)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;
    use crate::embedding::{Embedder, EmbeddingEngine, EmbeddingError};
    use crate::model::{initialise, linear_dims, reference_dims};

    const FEATURES: usize = 24;

    #[test]
    fn windows_that_fit_keep_their_bits_in_every_format_and_longer_ones_are_refused() {
        let data =
            Synthetic { classes: 2, timesteps: 8, features: FEATURES, sessions: 2, noise: 0.3, seed: 5 }.recordings();
        let whole = initialise(reference_dims(FEATURES), Provenance::default(), 3).unwrap();
        let short = whole.clone().with_positions(3).unwrap();
        for format in WeightFormat::ALL {
            let embedder = |model: &Model| match format {
                WeightFormat::F32 => Embedder::open(model, EmbeddingEngine::Core).unwrap(),
                _ => Embedder::open(&model.quantise(format, &data.values).unwrap(), EmbeddingEngine::Core).unwrap(),
            };
            let (mut whole, mut short) = (embedder(&whole), embedder(&short));
            for window in 1..=3 {
                let bits = |embedder: &mut Embedder| {
                    let embeddings = embedder.scans(&data, &data.scans(), window).unwrap().concat();
                    embeddings.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                };
                assert_eq!(bits(&mut short), bits(&mut whole), "{}, windows of {window}", format.name());
            }
            let refused = short.scans(&data, &data.scans(), 4);
            assert!(matches!(refused, Err(EmbeddingError::Window { window: 4, positions: 3 })));
        }
    }

    #[test]
    fn zero_too_many_and_positions_of_a_linear_model_are_refused() {
        let model = initialise(reference_dims(FEATURES), Provenance::default(), 3).unwrap();
        for given in [0, 513] {
            let error = model.clone().with_positions(given).err().unwrap();
            assert!(matches!(error, ModelError::Positions { given: found, most: 512 } if found == given), "{error}");
        }
        assert_eq!(model.clone().with_positions(512).unwrap().digest(), model.digest());
        assert_ne!(model.clone().with_positions(511).unwrap().digest(), model.digest());
        let linear = initialise(linear_dims(FEATURES), Provenance::default(), 3).unwrap();
        assert!(matches!(linear.with_positions(8), Err(ModelError::Tensor { .. })));
    }
}
