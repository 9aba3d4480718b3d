//! The losses: triplet, with two ways of choosing triplets, and proxy-anchor.

use super::builder::{Attribute, ElementType};
use super::{Dim, Graph, Value, ops};

/// How the triplets of a step are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// Random anchors, positives and negatives, drawn by the host; `count` of them per step.
    Random {
        /// Triplets in one step.
        count: usize,
    },
    /// Every row is an anchor with its farthest positive and nearest negative (Hermans, Beyer and Leibe 2017).
    BatchHard,
}

/// Added to a cosine so that a forbidden pair is never chosen; above 2, the range of cosines.
pub const FORBIDDEN: f32 = 4.0;

/// Mean of `max(0, |a - p|^2 - |a - n|^2 + margin)` over the triplets (Schroff, Kalenichenko and Philbin 2015).
///
/// Declares the inputs that select the triplets among the rows of `embedding` `[rows, latent]`: `anchor`, `positive`
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

/// The sizes and constants of [`proxy_anchor`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProxyAnchor {
    /// Classes, each with a proxy.
    pub classes: usize,
    /// Classes that have windows in a step.
    pub present: usize,
    /// Steepness, alpha in the paper.
    pub scale: f32,
    /// Margin in cosine, delta in the paper.
    pub margin: f32,
}

/// Subtracted from an exponent so that its term vanishes; a sum of such terms alone makes softplus vanish too.
pub const EXCLUDED: f32 = 200.0;

/// Weight of the whole loss, which matters only in proportion to the limit of the gradient's norm.
const PROXY_ANCHOR_WEIGHT: f32 = 0.25;

/// Proxy-anchor loss (Kim, Kim, Cho and Kwak 2020) of `embedding` `[rows, latent]` and `proxies` `[classes, latent]`,
/// which are scaled to unit length.
///
/// Mean over the classes present of `softplus(ln sum_own exp(-scale (S - margin)))` plus mean over all classes of
/// `softplus(ln sum_others exp(scale (S + margin)))`, with S the cosines of a proxy and the rows; log-sum-exp inside
/// softplus is the paper's `ln(1 + sum)`. Declares the input `own` `[classes, rows]`: 0 where the row is of the class,
/// `-`[`EXCLUDED`] where it is not.
pub fn proxy_anchor(graph: &mut Graph, embedding: Value, proxies: Value, options: ProxyAnchor) -> Value {
    let ProxyAnchor { classes, present, scale, margin } = options;
    let rows = graph.fixed_shape(embedding)[0];
    let own = graph.input("own", ElementType::F32, &[Dim::Fixed(classes), Dim::Fixed(rows)]);
    let others = {
        let all = graph.constant(&[classes, rows], &vec![-EXCLUDED; classes * rows]);
        ops::subtract(graph, all, own)
    };
    let unit = ops::l2_normalise(graph, proxies);
    let no_bias = graph.constant(&[rows], &vec![0.0; rows]);
    let cosines = ops::linear(graph, unit, embedding, no_bias);
    let mut term = |sign: f32, members: Value, weight: f32| {
        let margin = graph.scalar(sign * margin);
        let shifted = ops::offset(graph, cosines, margin);
        let steep = ops::scale(graph, shifted, sign * scale);
        let chosen = ops::offset(graph, steep, members);
        let total = ops::log_sum_exp(graph, chosen);
        let soft = ops::softplus(graph, total);
        let mean = ops::mean(graph, soft);
        ops::scale(graph, mean, weight * PROXY_ANCHOR_WEIGHT)
    };
    let pull = term(-1.0, own, classes as f32 / present as f32);
    let push = term(1.0, others, 1.0);
    ops::add(graph, pull, push)
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
