//! The triplet loss and the two ways of choosing triplets.

use super::builder::{Attribute, ElementType};
use super::{Dim, Graph, Value, ops};

/// How the triplets of a step are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// Random anchors, positives and negatives, drawn by the host; `count` of them a step.
    Random {
        /// Triplets in one step.
        count: usize,
    },
    /// Every row is an anchor with its farthest positive and nearest negative (Hermans, Beyer and Leibe 2017).
    BatchHard,
}

/// Added to a cosine so that a forbidden pair is never chosen: cosines span 2.
pub const FORBIDDEN: f32 = 4.0;

/// Mean of `max(0, |a - p|^2 - |a - n|^2 + margin)` over the triplets (Schroff, Kalenichenko and Philbin 2015).
///
/// Declares the inputs that choose the triplets among the rows of `embedding` `[rows, latent]`: `anchor`, `positive`
/// and `negative` `[count]` for [`Mining::Random`]; `positives` and `negatives` `[rows, rows]` for
/// [`Mining::BatchHard`], which hold 0 for an allowed pair, and [`FORBIDDEN`] and its negative for any other.
pub fn triplet(graph: &mut Graph, embedding: Value, mining: Mining, margin: f32) -> Value {
    let [anchor, positive, negative] = match mining {
        Mining::Random { count } => ["anchor", "positive", "negative"].map(|name| {
            let rows = graph.input(name, ElementType::I64, &[Dim::Fixed(count)]);
            ops::gather_rows(graph, embedding, rows)
        }),
        Mining::BatchHard => {
            let rows = graph.shape(embedding)[0];
            let attributes = vec![("transB", Attribute::Int(1))];
            let cosines = graph.node("Gemm", &[embedding, embedding], attributes, vec![rows, rows]);
            let positive = hardest(graph, cosines, "positives", "ArgMin");
            let negative = hardest(graph, cosines, "negatives", "ArgMax");
            [embedding, ops::gather_rows(graph, embedding, positive), ops::gather_rows(graph, embedding, negative)]
        }
    };
    let to_positive = squared_distance(graph, anchor, positive);
    let to_negative = squared_distance(graph, anchor, negative);
    let difference = ops::subtract(graph, to_positive, to_negative);
    let margin = graph.scalar(margin);
    let shifted = ops::offset(graph, difference, margin);
    let hinge = ops::relu(graph, shifted);
    ops::mean(graph, hinge)
}

/// For each row, the index of the extreme cosine among the pairs that the input `name` allows.
fn hardest(graph: &mut Graph, cosines: Value, name: &str, extreme: &'static str) -> Value {
    let shape = graph.shape(cosines).to_vec();
    let allowed = graph.input(name, ElementType::F32, &shape);
    let shifted = graph.node("Add", &[cosines, allowed], vec![], shape.clone());
    let attributes = vec![("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0))];
    graph.node(extreme, &[shifted], attributes, vec![shape[0]])
}

fn squared_distance(graph: &mut Graph, a: Value, b: Value) -> Value {
    let difference = ops::subtract(graph, a, b);
    ops::sum_of_squares(graph, difference)
}
