//! Operators that reduce axes: means and sums.

use super::{like_first, sum_keep};
use crate::graph::builder::Attribute;
use crate::graph::{Dim, Graph, Value};

/// The mean over time: `[batch, time, width]` to `[batch, width]`.
pub fn mean_over_time(graph: &mut Graph, x: Value) -> Value {
    let (batch, width) = (graph.shape(x)[0], graph.shape(x)[2]);
    let attributes = vec![("axes", Attribute::Ints(vec![1])), ("keepdims", Attribute::Int(0))];
    let y = graph.node("ReduceMean", &[x], attributes, vec![batch, width]);
    graph.record(&[y], move |graph, dy| {
        let shape = graph.fixed_shape(x);
        let share = graph.scalar(1.0 / shape[1] as f32);
        let each = like_first(graph, "Mul", &[dy[0], share]);
        let axis = graph.integers(&[1]);
        let column = graph.node("Unsqueeze", &[each, axis], vec![], vec![batch, Dim::Fixed(1), width]);
        vec![(x, expand(graph, column, &shape))]
    });
    y
}

/// The sum of squares of each row: `[rows, columns]` to `[rows, 1]`.
pub fn sum_of_squares(graph: &mut Graph, x: Value) -> Value {
    let shape = vec![graph.shape(x)[0], Dim::Fixed(1)];
    let attributes = vec![("axes", Attribute::Ints(vec![1])), ("keepdims", Attribute::Int(1))];
    let y = graph.node("ReduceSumSquare", &[x], attributes, shape);
    graph.record(&[y], move |graph, dy| {
        let two = graph.scalar(2.0);
        let double = like_first(graph, "Mul", &[x, two]);
        vec![(x, like_first(graph, "Mul", &[double, dy[0]]))]
    });
    y
}

/// `ln(sum(e^x))` of each row: `[rows, columns]` to `[rows, 1]`.
pub fn log_sum_exp(graph: &mut Graph, x: Value) -> Value {
    let column = vec![graph.shape(x)[0], Dim::Fixed(1)];
    let attributes = vec![("axes", Attribute::Ints(vec![1])), ("keepdims", Attribute::Int(1))];
    // The largest is subtracted first, so that no exponential overflows.
    let largest = graph.node("ReduceMax", &[x], attributes, column);
    let shifted = like_first(graph, "Sub", &[x, largest]);
    let exponentials = like_first(graph, "Exp", &[shifted]);
    let total = sum_keep(graph, exponentials, 1);
    let logarithm = like_first(graph, "Log", &[total]);
    let y = like_first(graph, "Add", &[logarithm, largest]);
    graph.record(&[y], move |graph, dy| {
        let share = like_first(graph, "Div", &[exponentials, total]);
        vec![(x, like_first(graph, "Mul", &[share, dy[0]]))]
    });
    y
}

/// The mean of all elements, a scalar.
pub fn mean(graph: &mut Graph, x: Value) -> Value {
    let y = graph.node("ReduceMean", &[x], vec![("keepdims", Attribute::Int(0))], vec![]);
    graph.record(&[y], move |graph, dy| {
        let shape = graph.fixed_shape(x);
        let share = graph.scalar(1.0 / shape.iter().product::<usize>() as f32);
        let each = like_first(graph, "Mul", &[dy[0], share]);
        vec![(x, expand(graph, each, &shape))]
    });
    y
}

/// `x` broadcast to a fixed shape.
fn expand(graph: &mut Graph, x: Value, shape: &[usize]) -> Value {
    let sizes: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
    let target = graph.integers(&sizes);
    graph.node("Expand", &[x, target], vec![], shape.iter().map(|&n| Dim::Fixed(n)).collect())
}
