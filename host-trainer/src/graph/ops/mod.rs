//! Differentiable operators, each with its vector-Jacobian product.
//!
//! Every function writes ONNX nodes into a [`Graph`] and records how a gradient of its output becomes gradients of its
//! inputs. Shapes are those of the mathematics: `[rows, columns]` for activations, `[batch, heads, time, width]` inside
//! attention.

mod elementwise;
mod layout;
mod matrix;
mod normalisation;
mod reduction;

pub use elementwise::{add, fill, gelu, mask, offset, relu, scale, softplus, standardise, subtract};
pub use layout::{gather_rows, reshape, reshape_exactly, split3, transpose};
pub use matrix::{linear, matmul};
pub use normalisation::{l2_normalise, layer_norm, softmax};
pub use reduction::{log_sum_exp, mean, mean_over_time, sum_of_squares};

use super::{Dim, Graph, Value};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

/// Writes a node whose output has the shape of its first input.
fn like_first(graph: &mut Graph, operator: &'static str, inputs: &[Value]) -> Value {
    let shape = graph.shape(inputs[0]).to_vec();
    graph.node(operator, inputs, vec![], shape)
}

/// `ReduceSum` over one axis, which stays with size 1.
fn sum_keep(graph: &mut Graph, x: Value, axis: usize) -> Value {
    let mut shape = graph.shape(x).to_vec();
    shape[axis] = Dim::Fixed(1);
    let axes = graph.integers(&[axis as i64]);
    graph.node("ReduceSum", &[x, axes], vec![], shape)
}

/// `ReduceSum` of `[rows, columns]` over the rows: the gradient of anything added to every row.
fn sum_rows(graph: &mut Graph, x: Value) -> Value {
    let columns = graph.shape(x)[1];
    let axes = graph.integers(&[0]);
    graph.node("ReduceSum", &[x, axes], vec![("keepdims", super::builder::Attribute::Int(0))], vec![columns])
}
