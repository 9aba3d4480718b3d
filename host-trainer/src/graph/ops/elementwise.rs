//! Operators on each element: sums, products with constants, activations.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use neural_vault_core::encoder::Fill;

use super::like_first;
use crate::graph::{Graph, Value};

/// `a + b`, of equal shapes.
pub fn add(graph: &mut Graph, a: Value, b: Value) -> Value {
    let y = like_first(graph, "Add", &[a, b]);
    graph.record(&[y], move |_, dy| vec![(a, dy[0]), (b, dy[0])]);
    y
}

/// `a - b`, of equal shapes.
pub fn subtract(graph: &mut Graph, a: Value, b: Value) -> Value {
    let y = like_first(graph, "Sub", &[a, b]);
    graph.record(&[y], move |graph, dy| {
        let negative = like_first(graph, "Neg", &[dy[0]]);
        vec![(a, dy[0]), (b, negative)]
    });
    y
}

/// `x + c`, where `c` broadcasts to the shape of `x` and takes no gradient.
pub fn offset(graph: &mut Graph, x: Value, c: Value) -> Value {
    let y = like_first(graph, "Add", &[x, c]);
    graph.record(&[y], move |_, dy| vec![(x, dy[0])]);
    y
}

/// `x * factor`.
pub fn scale(graph: &mut Graph, x: Value, factor: f32) -> Value {
    let factor = graph.scalar(factor);
    mask(graph, x, factor)
}

/// `x * m`, where `m` broadcasts to the shape of `x` and takes no gradient, as in dropout.
pub fn mask(graph: &mut Graph, x: Value, m: Value) -> Value {
    let y = like_first(graph, "Mul", &[x, m]);
    graph.record(&[y], move |graph, dy| vec![(x, like_first(graph, "Mul", &[dy[0], m]))]);
    y
}

/// `(x - mean) * inverse` over the last axis; for exported models, so nothing is recorded.
pub fn standardise(graph: &mut Graph, x: Value, mean: Value, inverse: Value) -> Value {
    let centred = like_first(graph, "Sub", &[x, mean]);
    like_first(graph, "Mul", &[centred, inverse])
}

/// Replaces values that are not finite by the rule, over features of these means; for exported models, so nothing is
/// recorded.
pub fn fill(graph: &mut Graph, x: Value, mean: Value, rule: Fill) -> Value {
    let is_nan = like_first(graph, "IsNaN", &[x]);
    let is_infinite = like_first(graph, "IsInf", &[x]);
    let shape = graph.shape(x).to_vec();
    match rule {
        Fill::Mean => {
            let missing = like_first(graph, "Or", &[is_nan, is_infinite]);
            graph.node("Where", &[missing, mean, x], vec![], shape)
        }
        Fill::Reference => {
            let (sign, zero) = (like_first(graph, "Sign", &[x]), graph.scalar(0.0));
            let bounded = graph.node("Where", &[is_infinite, sign, x], vec![], shape.clone());
            graph.node("Where", &[is_nan, zero, bounded], vec![], shape)
        }
    }
}

/// `max(x, 0)`; its gradient at 0 is 0.
pub fn relu(graph: &mut Graph, x: Value) -> Value {
    let y = like_first(graph, "Relu", &[x]);
    graph.record(&[y], move |graph, dy| {
        let positive = like_first(graph, "Sign", &[y]);
        vec![(x, like_first(graph, "Mul", &[dy[0], positive]))]
    });
    y
}

/// `ln(1 + e^x)`, a smooth `max(x, 0)`.
pub fn softplus(graph: &mut Graph, x: Value) -> Value {
    let y = like_first(graph, "Softplus", &[x]);
    graph.record(&[y], move |graph, dy| {
        let slope = like_first(graph, "Sigmoid", &[x]);
        vec![(x, like_first(graph, "Mul", &[dy[0], slope]))]
    });
    y
}

/// Gaussian error linear unit in its exact form, `x Phi(x)` (Hendrycks and Gimpel 2016).
pub fn gelu(graph: &mut Graph, x: Value) -> Value {
    let (half, one) = (graph.scalar(0.5), graph.scalar(1.0));
    let root = graph.scalar(FRAC_1_SQRT_2);
    let scaled = like_first(graph, "Mul", &[x, root]);
    let erf = like_first(graph, "Erf", &[scaled]);
    let shifted = like_first(graph, "Add", &[erf, one]);
    let cumulative = like_first(graph, "Mul", &[shifted, half]);
    let y = like_first(graph, "Mul", &[x, cumulative]);
    graph.record(&[y], move |graph, dy| {
        let (minus_half, peak) = (graph.scalar(-0.5), graph.scalar(1.0 / (2.0 * PI).sqrt()));
        let square = like_first(graph, "Mul", &[x, x]);
        let exponent = like_first(graph, "Mul", &[square, minus_half]);
        let bell = like_first(graph, "Exp", &[exponent]);
        let density = like_first(graph, "Mul", &[bell, peak]);
        let weighted = like_first(graph, "Mul", &[x, density]);
        let slope = like_first(graph, "Add", &[cumulative, weighted]);
        vec![(x, like_first(graph, "Mul", &[dy[0], slope]))]
    });
    y
}
