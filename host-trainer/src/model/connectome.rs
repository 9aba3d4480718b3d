//! Connectome models, made of fitted parameters.

use std::collections::BTreeMap;

use neural_vault_core::encoder::{Dims, Fill, MAX_REGIONS};

use super::state_dict::Tensors;
use super::{Model, ModelError, Provenance, StateDict};
use crate::connectome::{Fitted, ImpostorTable, Parcels, ParcelsError};
use crate::dataset::RegionNumbers;

/// Fewest frames of a probe, unless something else is asked for: 18 s at the usual 0.72 s a frame.
pub const PROBE_FRAMES: usize = 25;

/// Tensors of a connectome model, by their names in its files.
const PARCELS: &str = "connectome.parcels";
const WHITENING: &str = "connectome.whitening";
const MEAN: &str = "connectome.mean";
const IMPOSTOR_FRAMES: &str = "connectome.impostor_frames";
const IMPOSTOR_SCORES: &str = "connectome.impostor_scores";

impl Model {
    /// The connectome model of these parameters, for frames of features that `parcels` assign to regions, or of regions.
    ///
    /// # Errors
    /// When the core does not support the sizes, or a parameter is of the wrong length, not finite or not symmetric.
    pub fn connectome(fitted: Fitted, parcels: Option<&Parcels>, provenance: Provenance) -> Result<Self, ModelError> {
        Self::new(&StateDict::connectome(fitted, parcels), provenance)
    }

    /// The region of each feature of a connectome model; `None` where features are regions.
    ///
    /// # Errors
    /// [`ModelError::Tensor`] when they are not those of a connectome model.
    pub fn parcels(&self) -> Result<Option<Parcels>, ModelError> {
        let Some(numbers) = self.bundle()?.state_tensor(PARCELS) else { return Ok(None) };
        let numbers = numbers.into_iter().map(|number| number as i64).collect();
        let parcels = Parcels::new(&[RegionNumbers { numbers, ..RegionNumbers::default() }]);
        let reason = |error: ParcelsError| ModelError::Tensor { name: PARCELS.to_owned(), reason: error.to_string() };
        parcels.map(Some).map_err(reason)
    }
}

impl StateDict {
    /// The weights of a connectome model, see [`Model::connectome`].
    #[must_use]
    pub fn connectome(fitted: Fitted, parcels: Option<&Parcels>) -> Self {
        let Fitted { regions, whitening, mean, impostor: ImpostorTable { frames, scores } } = fitted;
        // Parcels that leave every feature to itself average nothing.
        let parcels = parcels.filter(|parcels| !parcels.is_trivial());
        let features = parcels.map_or(regions, |parcels| parcels.numbers().len());
        let frames = frames.map(|frames| frames as f32).to_vec();
        let tensors =
            [(WHITENING, whitening), (MEAN, mean), (IMPOSTOR_FRAMES, frames), (IMPOSTOR_SCORES, scores.to_vec())];
        let mut tensors: BTreeMap<String, Vec<f32>> =
            tensors.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        if let Some(parcels) = parcels {
            tensors.insert(PARCELS.to_owned(), parcels.numbers().iter().map(|number| f32::from(*number)).collect());
        }
        Self { dims: Dims::connectome(features, regions), fill: Fill::Mean, tensors }
    }
}

/// Sizes of a connectome model with these tensors, if they are those of one.
pub(super) fn sizes(tensors: &Tensors) -> Option<Dims> {
    let (shape, _) = tensors.get(WHITENING)?;
    // More are refused with the sizes: a shape of a damaged file may be of any number.
    let regions = (*shape.first()?).min(MAX_REGIONS + 1);
    let features = tensors.get(PARCELS).map_or(regions, |(_, parcels)| parcels.len());
    Some(Dims::connectome(features, regions))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::bundle::Bundle;

    use super::*;
    use crate::model::assemble::assemble;
    use crate::model::{Aligned, load, safetensors};

    const REGIONS: usize = 5;

    fn fitted() -> Fitted {
        let whitening = (0..REGIONS * REGIONS).map(|at| if at % (REGIONS + 1) == 0 { 2.0 } else { -0.125 }).collect();
        let mean = (0..10).map(|pair| pair as f32 * 0.01).collect();
        Fitted { regions: REGIONS, whitening, mean, impostor: ImpostorTable::new([(10, 0.02), (25, 0.05)]) }
    }

    fn parcels() -> Parcels {
        let numbers = RegionNumbers { numbers: vec![1, 2, 3, 0, 4, 5, 5, 1], ..RegionNumbers::default() };
        Parcels::new(&[numbers]).unwrap()
    }

    fn provenance() -> Provenance {
        let labels = ["ada", "bob", "eve"].map(str::to_owned).to_vec();
        Provenance { labels, window: 25, recipe: "connectome".to_owned(), ..Provenance::default() }
    }

    #[test]
    fn every_file_of_a_connectome_model_is_read_back_with_its_digest() {
        for parcels in [None, Some(parcels())] {
            let model = Model::connectome(fitted(), parcels.as_ref(), provenance()).unwrap();
            assert_eq!(model.impostor_table().unwrap(), fitted().impostor);
            let numbers = |parcels: Option<Parcels>| parcels.map(|parcels| parcels.numbers().to_vec());
            assert_eq!(numbers(model.parcels().unwrap()), numbers(parcels.clone()));
            let folder = tempfile::tempdir().unwrap();
            model.write(folder.path()).unwrap();
            for file in [
                "",
                "model.safetensors",
                "model.nvb",
                #[cfg(feature = "_engine")]
                "model.onnx",
            ] {
                let read = load(&folder.path().join(file)).unwrap();
                assert_eq!(read.digest(), model.digest(), "{file}");
                assert_eq!(read.impostor_table().unwrap(), fitted().impostor, "{file}");
                assert_eq!((read.provenance().window, read.provenance().recipe_name()), (25, "connectome"));
            }
        }
    }

    #[test]
    fn parcels_that_leave_every_feature_to_itself_are_not_stored() {
        let own = Parcels::new(&[RegionNumbers { numbers: vec![3, 1, 2, 9, 5], ..RegionNumbers::default() }]).unwrap();
        let with = Model::connectome(fitted(), Some(&own), provenance()).unwrap();
        assert_eq!(with.digest(), Model::connectome(fitted(), None, provenance()).unwrap().digest());
    }

    #[test]
    fn other_sizes_and_values_are_refused() {
        let refused = |change: &dyn Fn(&mut Fitted)| {
            let mut fitted = fitted();
            change(&mut fitted);
            Model::connectome(fitted, None, provenance()).is_err()
        };
        assert!(!refused(&|_| ()));
        assert!(refused(&|fitted| fitted.whitening[1] = 0.5), "not symmetric");
        assert!(refused(&|fitted| fitted.whitening[0] = f32::NAN));
        assert!(refused(&|fitted| fitted.mean.truncate(9)));
        assert!(refused(&|fitted| fitted.regions = 4));
    }

    #[test]
    fn shapes_of_a_damaged_file_are_refused() {
        for shape in [vec![usize::MAX, 0], vec![0, 3], vec![25], vec![5, 5, 1], vec![]] {
            let tensors = [(WHITENING.to_owned(), (shape.clone(), vec![0.0; shape.iter().product::<usize>()]))];
            assert!(assemble(tensors.into(), 0).is_err(), "{shape:?}");
        }
    }

    #[test]
    fn a_changed_mean_in_a_file_is_found_by_the_digest() {
        let model = Model::connectome(fitted(), None, provenance()).unwrap();
        let mut bytes = safetensors::to_bytes(&model).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, bytes).unwrap();
        assert!(safetensors::read(&path).unwrap_err().to_string().contains("do not match its digest"));
        let bundle = model.to_bundle(None).unwrap();
        assert!(Bundle::open(&Aligned::new(&bundle)).is_ok());
    }
}
