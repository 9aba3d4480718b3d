//! Operators that move elements without changing them.

use crate::graph::builder::Attribute;
use crate::graph::{Dim, Graph, Value};

/// The same elements under another shape; at most one symbolic axis may be absent from the inputs.
pub fn reshape(graph: &mut Graph, x: Value, shape: &[Dim]) -> Value {
    let target = target_shape(graph, shape);
    let y = graph.node("Reshape", &[x, target], vec![], shape.to_vec());
    let original = graph.shape(x).to_vec();
    graph.record(&[y], move |graph, dy| {
        let target = target_shape(graph, &original);
        vec![(x, graph.node("Reshape", &[dy[0], target], vec![], original.clone()))]
    });
    y
}

/// As [`reshape`], with the run-time size of every symbolic axis; for exported models, so nothing is recorded.
///
/// An axis of another size is an error of the engine, and shape inference takes the axis for the symbol.
pub fn reshape_exactly(graph: &mut Graph, x: Value, shape: &[Dim]) -> Value {
    let parts = shape.iter().map(|dim| match dim {
        Dim::Fixed(n) => Ok(*n as i64),
        Dim::Symbol(symbol) => Err(*symbol),
    });
    let target = joined(graph, parts.collect());
    graph.node("Reshape", &[x, target], vec![], shape.to_vec())
}

/// Axes in the order of `permutation`.
pub fn transpose(graph: &mut Graph, x: Value, permutation: &[usize]) -> Value {
    let y = permute(graph, x, permutation);
    let mut inverse = vec![0; permutation.len()];
    for (to, &from) in permutation.iter().enumerate() {
        inverse[from] = to;
    }
    graph.record(&[y], move |graph, dy| vec![(x, permute(graph, dy[0], &inverse))]);
    y
}

/// The three equal parts of the first axis, as attention splits queries, keys and values.
pub fn split3(graph: &mut Graph, x: Value) -> [Value; 3] {
    let mut part = graph.shape(x).to_vec();
    part[0] = match part[0] {
        Dim::Fixed(n) => Dim::Fixed(n / 3),
        symbol @ Dim::Symbol(_) => symbol,
    };
    let attributes = vec![("axis", Attribute::Int(0))];
    let parts = graph.node_with_outputs("Split", &[x], attributes, vec![part; 3]);
    graph.record(&parts, move |graph, dy| {
        let shape = graph.shape(x).to_vec();
        vec![(x, graph.node("Concat", dy, vec![("axis", Attribute::Int(0))], shape))]
    });
    [parts[0], parts[1], parts[2]]
}

/// Rows of `x` `[rows, columns]` by `indices` `[n]`; a row taken twice collects both gradients.
pub fn gather_rows(graph: &mut Graph, x: Value, indices: Value) -> Value {
    let shape = vec![graph.shape(indices)[0], graph.shape(x)[1]];
    let y = graph.node("Gather", &[x, indices], vec![("axis", Attribute::Int(0))], shape);
    graph.record(&[y], move |graph, dy| {
        // A product with a matrix of zeros and ones adds in one order on every device; a scatter on a GPU does not.
        let [rows, columns] = [graph.shape(x)[0], graph.shape(x)[1]];
        let depth = graph.integers(&[graph.fixed_shape(x)[0] as i64]);
        let values = graph.constant(&[2], &[0.0, 1.0]);
        let axis = vec![("axis", Attribute::Int(0))];
        let selected = graph.node("OneHot", &[indices, depth, values], axis, vec![rows, graph.shape(indices)[0]]);
        vec![(x, graph.node("MatMul", &[selected, dy[0]], vec![], vec![rows, columns]))]
    });
    y
}

fn permute(graph: &mut Graph, x: Value, permutation: &[usize]) -> Value {
    let from = graph.shape(x);
    let shape = permutation.iter().map(|&axis| from[axis]).collect();
    let permutation = permutation.iter().map(|&axis| axis as i64).collect();
    graph.node("Transpose", &[x], vec![("perm", Attribute::Ints(permutation))], shape)
}

/// The shape operand of `Reshape`: -1 for the first symbolic axis, run-time sizes for any other.
fn target_shape(graph: &mut Graph, shape: &[Dim]) -> Value {
    let mut inferred = false;
    let mut parts = Vec::with_capacity(shape.len());
    for dim in shape {
        parts.push(match dim {
            Dim::Fixed(n) => Ok(*n as i64),
            Dim::Symbol(_) if !inferred => {
                inferred = true;
                Ok(-1)
            }
            Dim::Symbol(symbol) => Err(*symbol),
        });
    }
    if let Ok(numbers) = parts.iter().copied().collect::<Result<Vec<_>, _>>() {
        return graph.integers(&numbers);
    }
    joined(graph, parts)
}

/// A list of integers, some of which are run-time sizes.
fn joined(graph: &mut Graph, parts: Vec<Result<i64, &'static str>>) -> Value {
    let parts: Vec<Value> = parts
        .into_iter()
        .map(|part| match part {
            Ok(n) => graph.integers(&[n]),
            Err(symbol) => graph.symbol_size(symbol),
        })
        .collect();
    let rank = vec![Dim::Fixed(parts.len())];
    graph.node("Concat", &parts, vec![("axis", Attribute::Int(0))], rank)
}
