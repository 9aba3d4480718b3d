//! Weights from named tensors, whose shapes determine the sizes of the model.

use std::collections::BTreeMap;

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, Fill};

use super::initialise::positions;
use super::state_dict::Tensors;
use super::{MAX_WINDOW, ModelError, StateDict, connectome};

/// The weights of a model with these tensors; every tensor is checked.
///
/// A model with a whitening of regions is a connectome, another with 0 heads is linear. Axes of size 1 do not matter:
/// `[n, 1, d]` is a position table like `[1, n, d]`. A missing position table is sinusoidal, and without a standardiser frames are not standardised. Values that are not
/// finite become the mean.
pub(super) fn assemble(tensors: Tensors, heads: usize) -> Result<StateDict, ModelError> {
    let dims = connectome::sizes(&tensors).map_or_else(|| sizes(&tensors, heads), Ok)?;
    complete(tensors, dims)
}

/// The sizes that the shapes of the tensors determine.
fn sizes(tensors: &Tensors, heads: usize) -> Result<Dims, ModelError> {
    let axes = |name: &str| match tensors.get(name) {
        Some((shape, _)) => two_axes(shape).ok_or_else(|| {
            let reason = format!("has shape {shape:?}, expected two axes");
            ModelError::Tensor { name: name.to_owned(), reason }
        }),
        None => Err(missing(name)),
    };
    let [d_model, features] = axes("proj.weight")?;
    if let Some((_, bias)) = tensors.get("proj.bias").filter(|(_, bias)| bias.len() != d_model) {
        let reason = format!("has {d_model} outputs and {features} inputs, proj.bias is of {} outputs", bias.len());
        return Err(ModelError::Tensor { name: "proj.weight".to_owned(), reason });
    }
    if heads == 0 {
        return Ok(Dims::linear(features, d_model, MAX_WINDOW));
    }
    let [feed_forward, _] = axes("enc.layers.0.linear1.weight")?;
    let [latent, _] = axes("head.3.weight")?;
    let layers = (0..).take_while(|l| tensors.contains_key(&format!("enc.layers.{l}.linear1.weight"))).count();
    let positions = tensors.get("pos.pe").map_or(MAX_WINDOW, |(_, table)| table.len() / d_model.max(1));
    if d_model % heads != 0 {
        return Err(ModelError::Heads { d_model, heads });
    }
    Ok(Dims { features, d_model, heads, layers, feed_forward, latent, positions })
}

/// Checks every tensor of a model of these sizes, and fills in the optional ones.
fn complete(mut tensors: Tensors, dims: Dims) -> Result<StateDict, ModelError> {
    let mut weights = StateDict { dims, fill: Fill::Mean, tensors: BTreeMap::new() };
    for (name, shape) in bundle::tensor_names_and_shapes(&dims)? {
        let count = shape.iter().product();
        let data = match (tensors.remove(&name), name.as_str()) {
            (Some((found, data)), _) if without_ones(&found).eq(without_ones(&shape)) => data,
            (Some((found, _)), _) => {
                let reason = format!("has shape {found:?}, expected {shape:?}");
                return Err(ModelError::Tensor { name, reason });
            }
            (None, "pos.pe") => positions(dims.positions, dims.d_model),
            (None, "standardiser.mean") => vec![0.0; count],
            (None, "standardiser.inv_std") => vec![1.0; count],
            (None, _) => return Err(missing(&name)),
        };
        if let Some(at) = data.iter().position(|v| !v.is_finite()) {
            let reason = format!("element {at} of {} is {}", data.len(), data[at]);
            return Err(ModelError::Tensor { name, reason });
        }
        if let Some(at) = data.iter().position(|v| *v <= 0.0).filter(|_| name == "standardiser.inv_std") {
            let reason = format!("element {at} of {} is {}, which must be above 0", data.len(), data[at]);
            return Err(ModelError::Tensor { name, reason });
        }
        weights.tensors.insert(name, data);
    }
    Ok(weights)
}

fn missing(name: &str) -> ModelError {
    ModelError::Tensor { name: name.to_owned(), reason: "is missing".to_owned() }
}

/// The two axes of a matrix, aside from further ones of size 1.
fn two_axes(shape: &[usize]) -> Option<[usize; 2]> {
    let mut axes = shape.to_vec();
    while axes.len() > 2 {
        axes.remove(axes.iter().rposition(|&size| size == 1)?);
    }
    axes.try_into().ok()
}

fn without_ones(shape: &[usize]) -> impl Iterator<Item = usize> {
    shape.iter().copied().filter(|&size| size != 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::initial_weights;

    fn tensors(features: usize) -> Tensors {
        let dims = Dims { features, d_model: 16, heads: 2, layers: 2, feed_forward: 32, latent: 16, positions: 5 };
        let mut weights = initial_weights(dims, 3).unwrap();
        let shapes = bundle::tensor_names_and_shapes(&dims).unwrap().into_iter();
        shapes.map(|(name, shape)| (name.clone(), (shape, weights.tensors.remove(&name).unwrap()))).collect()
    }

    #[test]
    fn axes_of_size_one_do_not_matter() {
        let plain = assemble(tensors(24), 2).unwrap();
        for (name, shape) in [
            ("pos.pe", vec![5, 1, 16]),
            ("pos.pe", vec![5, 16]),
            ("standardiser.mean", vec![1, 1, 24]),
            ("head.1.weight", vec![16, 16, 1]),
            ("proj.weight", vec![16, 24, 1, 1]),
        ] {
            let mut tensors = tensors(24);
            tensors.get_mut(name).unwrap().0 = shape;
            assert!(assemble(tensors, 2).unwrap() == plain, "{name}");
        }
        let mut narrow = tensors(1);
        narrow.get_mut("proj.weight").unwrap().0 = vec![16, 1, 1];
        assert!(assemble(narrow, 2).unwrap() == assemble(tensors(1), 2).unwrap());
    }

    #[test]
    fn other_shapes_are_refused_with_the_expected_one() {
        for (name, shape, expected) in [
            ("pos.pe", vec![16, 5], "[1, 5, 16]"),
            ("proj.weight", vec![16 * 24], "two axes"),
            ("head.1.weight", vec![8, 32], "[16, 16]"),
            ("standardiser.mean", vec![24, 2], "[24]"),
        ] {
            let mut tensors = tensors(24);
            let tensor = tensors.get_mut(name).unwrap();
            tensor.1.resize(shape.iter().product(), 0.0);
            tensor.0 = shape;
            let error = assemble(tensors, 2).unwrap_err().to_string();
            assert!(error.starts_with(&format!("tensor {name}: has shape")) && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_transposed_projection_is_named() {
        let mut tensors = tensors(24);
        tensors.get_mut("proj.weight").unwrap().0 = vec![24, 16];
        let error = assemble(tensors, 2).unwrap_err().to_string();
        assert_eq!(error, "tensor proj.weight: has 24 outputs and 16 inputs, proj.bias is of 16 outputs");
    }

    #[test]
    fn a_value_that_is_not_finite_is_refused_by_name_and_place() {
        let mut tensors = tensors(24);
        tensors.get_mut("enc.layers.1.norm2.weight").unwrap().1[3] = f32::NAN;
        let error = assemble(tensors, 2).unwrap_err().to_string();
        assert_eq!(error, "tensor enc.layers.1.norm2.weight: element 3 of 16 is NaN");
    }

    #[test]
    fn a_standard_deviation_that_is_not_above_zero_is_refused_by_its_place() {
        for (value, shown) in [(0.0, "0"), (-0.5, "-0.5")] {
            let mut tensors = tensors(24);
            tensors.get_mut("standardiser.inv_std").unwrap().1[7] = value;
            let error = assemble(tensors, 2).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("tensor standardiser.inv_std: element 7 of 24 is {shown}, which must be above 0")
            );
        }
    }
}
