//! Matrix products.

use super::sum_rows;
use crate::graph::builder::Attribute;
use crate::graph::{Graph, Value};

/// `x W' + b` for `x` `[rows, inputs]`, `w` `[outputs, inputs]` (PyTorch's layout) and `b` `[outputs]`.
pub fn linear(graph: &mut Graph, x: Value, w: Value, b: Value) -> Value {
    let shape = vec![graph.shape(x)[0], graph.shape(w)[0]];
    let y = graph.node("Gemm", &[x, w, b], vec![("transB", Attribute::Int(1))], shape);
    graph.record(&[y], move |graph, dy| {
        let mut gradients = Vec::with_capacity(3);
        if graph.differentiable(w) {
            let shape = graph.shape(w).to_vec();
            let dw = graph.node("Gemm", &[dy[0], x], vec![("transA", Attribute::Int(1))], shape);
            gradients.push((w, dw));
        }
        if graph.differentiable(b) {
            gradients.push((b, sum_rows(graph, dy[0])));
        }
        // The first layer's input is data: its gradient, the most expensive product of all, is not needed.
        if graph.differentiable(x) {
            let shape = graph.shape(x).to_vec();
            gradients.push((x, graph.node("Gemm", &[dy[0], w], vec![], shape)));
        }
        gradients
    });
    y
}

/// `a b` over the last two axes of two rank-4 tensors with equal leading axes.
pub fn matmul(graph: &mut Graph, a: Value, b: Value) -> Value {
    let y = product(graph, a, b);
    graph.record(&[y], move |graph, dy| {
        let bt = swap_last_two(graph, b);
        let da = product(graph, dy[0], bt);
        let at = swap_last_two(graph, a);
        let db = product(graph, at, dy[0]);
        vec![(a, da), (b, db)]
    });
    y
}

fn product(graph: &mut Graph, a: Value, b: Value) -> Value {
    let mut shape = graph.shape(a).to_vec();
    shape[3] = graph.shape(b)[3];
    graph.node("MatMul", &[a, b], vec![], shape)
}

fn swap_last_two(graph: &mut Graph, x: Value) -> Value {
    let mut shape = graph.shape(x).to_vec();
    shape.swap(2, 3);
    graph.node("Transpose", &[x], vec![("perm", Attribute::Ints(vec![0, 1, 3, 2]))], shape)
}
