//! Normalisations over the last axis.

use super::{like_first, sum_keep, sum_rows};
use crate::graph::builder::Attribute;
use crate::graph::{Dim, Graph, Value};

/// Norms below this are replaced by it, as `torch.nn.functional.normalize` does.
const SMALLEST_NORM: f32 = 1e-12;

/// Layer normalisation of `[rows, columns]` with gain `w` and bias `b` (Ba, Kiros and Hinton 2016).
pub fn layer_norm(graph: &mut Graph, x: Value, w: Value, b: Value, epsilon: f32) -> Value {
    let attributes = vec![("axis", Attribute::Int(-1)), ("epsilon", Attribute::Float(epsilon))];
    let shape = graph.shape(x).to_vec();
    if ![x, w, b].iter().any(|&v| graph.differentiable(v)) {
        return graph.node("LayerNormalization", &[x, w, b], attributes, shape);
    }
    let statistic = vec![shape[0], Dim::Fixed(1)];
    let shapes = vec![shape, statistic.clone(), statistic];
    let outputs = graph.node_with_outputs("LayerNormalization", &[x, w, b], attributes, shapes);
    let (y, mean, inverse) = (outputs[0], outputs[1], outputs[2]);
    graph.record(&[y], move |graph, dy| {
        let centred = like_first(graph, "Sub", &[x, mean]);
        let normal = like_first(graph, "Mul", &[centred, inverse]);
        let db = sum_rows(graph, dy[0]);
        let product = like_first(graph, "Mul", &[dy[0], normal]);
        let dw = sum_rows(graph, product);
        let d_normal = like_first(graph, "Mul", &[dy[0], w]);
        let along = like_first(graph, "Mul", &[d_normal, normal]);
        let (mean_d, mean_along) = (mean_keep(graph, d_normal), mean_keep(graph, along));
        let shift = like_first(graph, "Mul", &[normal, mean_along]);
        let without_mean = like_first(graph, "Sub", &[d_normal, mean_d]);
        let projected = like_first(graph, "Sub", &[without_mean, shift]);
        vec![(x, like_first(graph, "Mul", &[projected, inverse])), (w, dw), (b, db)]
    });
    y
}

/// Softmax over the last axis of a tensor of any rank.
pub fn softmax(graph: &mut Graph, x: Value) -> Value {
    let shape = graph.shape(x).to_vec();
    let last = shape.len() - 1;
    let y = graph.node("Softmax", &[x], vec![("axis", Attribute::Int(-1))], shape);
    graph.record(&[y], move |graph, dy| {
        let product = like_first(graph, "Mul", &[dy[0], y]);
        let total = sum_keep(graph, product, last);
        let shift = like_first(graph, "Mul", &[y, total]);
        vec![(x, like_first(graph, "Sub", &[product, shift]))]
    });
    y
}

/// Each row of `[rows, columns]` divided by its Euclidean norm.
pub fn l2_normalise(graph: &mut Graph, x: Value) -> Value {
    let column = vec![graph.shape(x)[0], Dim::Fixed(1)];
    let attributes = vec![("axes", Attribute::Ints(vec![1])), ("keepdims", Attribute::Int(1))];
    let raw = graph.node("ReduceL2", &[x], attributes, column.clone());
    let smallest = graph.scalar(SMALLEST_NORM);
    let norm = graph.node("Max", &[raw, smallest], vec![], column);
    let y = like_first(graph, "Div", &[x, norm]);
    graph.record(&[y], move |graph, dy| {
        let product = like_first(graph, "Mul", &[dy[0], y]);
        let along = sum_keep(graph, product, 1);
        let radial = like_first(graph, "Mul", &[y, along]);
        let tangential = like_first(graph, "Sub", &[dy[0], radial]);
        vec![(x, like_first(graph, "Div", &[tangential, norm]))]
    });
    y
}

/// The mean of each row, kept as a column.
fn mean_keep(graph: &mut Graph, x: Value) -> Value {
    let shape = vec![graph.shape(x)[0], Dim::Fixed(1)];
    let attributes = vec![("axes", Attribute::Ints(vec![1])), ("keepdims", Attribute::Int(1))];
    graph.node("ReduceMean", &[x], attributes, shape)
}
