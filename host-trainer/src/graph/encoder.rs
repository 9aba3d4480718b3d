//! The encoder as a graph: the same nodes for training and for inference.
//!
//! Linear -> sinusoidal positions -> pre-norm Transformer layers (Vaswani et al. 2017; Xiong et al. 2020) -> mean over
//! time -> LayerNorm, Linear, GELU, Linear -> unit length; a linear model goes from the projection to the mean over time
//! and unit length. Weights carry PyTorch's `state_dict` names and layouts.

use std::collections::HashMap;

use neural_vault_core::encoder::Dims;

use super::{Dim, Graph, Revision, Value, ops};

/// LayerNorm's epsilon, PyTorch's default.
pub const LAYER_NORM_EPSILON: f32 = 1e-5;

/// The dropout masks of one Transformer layer, as PyTorch's `TransformerEncoderLayer` places them.
///
/// Each holds 0 or `1 / (1 - p)`. They are graph inputs, drawn by a seeded generator, so that a run repeats exactly.
#[derive(Debug)]
pub struct LayerMasks {
    /// On the attention weights, `[batch, heads, time, time]`.
    pub attention: Value,
    /// On the attention block's output, `[batch * time, d_model]`.
    pub attention_output: Value,
    /// On the feed-forward block's hidden units, `[batch * time, feed_forward]`.
    pub hidden: Value,
    /// On the feed-forward block's output, `[batch * time, d_model]`.
    pub output: Value,
}

/// Weights by their `state_dict` names.
pub type Weights = HashMap<String, Value>;

/// Embeds standardised `frames` `[batch, time, features]` as unit vectors `[batch, latent]`.
///
/// `masks` holds one entry per layer when dropout is on, and is empty otherwise.
pub fn encoder(graph: &mut Graph, frames: Value, dims: &Dims, weights: &Weights, masks: &[LayerMasks]) -> Value {
    let (batch, time) = (graph.shape(frames)[0], graph.shape(frames)[1]);
    let rows = match (batch, time) {
        (Dim::Fixed(batch), Dim::Fixed(time)) => Dim::Fixed(batch * time),
        _ => Dim::Symbol("rows"),
    };
    let width = Dim::Fixed(dims.d_model);

    let flat = ops::reshape(graph, frames, &[rows, Dim::Fixed(dims.features)]);
    let projected = ops::linear(graph, flat, weights["proj.weight"], weights["proj.bias"]);
    let projected = ops::reshape(graph, projected, &[batch, time, width]);
    if dims.is_linear() {
        let pooled = ops::mean_over_time(graph, projected);
        return ops::l2_normalise(graph, pooled);
    }
    let layout = Layout { batch, time, rows, heads: dims.heads, head_width: dims.d_model / dims.heads };
    let positions = first_positions(graph, weights["pos.pe"], time);
    let placed = ops::offset(graph, projected, positions);
    let mut h = ops::reshape(graph, placed, &[rows, width]);
    for layer in 0..dims.layers {
        let named = |name: &str| weights[&format!("enc.layers.{layer}.{name}")];
        h = attention_block(graph, h, &layout, &named, masks.get(layer));
        h = feed_forward_block(graph, h, &named, masks.get(layer));
    }
    let h = ops::reshape(graph, h, &[batch, time, width]);
    let pooled = ops::mean_over_time(graph, h);
    let normal = ops::layer_norm(graph, pooled, weights["head.0.weight"], weights["head.0.bias"], LAYER_NORM_EPSILON);
    let hidden = ops::linear(graph, normal, weights["head.1.weight"], weights["head.1.bias"]);
    let active = ops::gelu(graph, hidden);
    let latent = ops::linear(graph, active, weights["head.3.weight"], weights["head.3.bias"]);
    ops::l2_normalise(graph, latent)
}

/// The axes that `[rows, d_model]` activations are reshaped to inside attention.
struct Layout {
    batch: Dim,
    time: Dim,
    rows: Dim,
    heads: usize,
    head_width: usize,
}

/// `h + dropout(attention(norm1(h)))`.
fn attention_block(
    graph: &mut Graph,
    h: Value,
    layout: &Layout,
    named: &dyn Fn(&str) -> Value,
    masks: Option<&LayerMasks>,
) -> Value {
    let &Layout { batch, time, rows, heads, head_width } = layout;
    let (three, heads_dim, head_dim) = (Dim::Fixed(3), Dim::Fixed(heads), Dim::Fixed(head_width));
    let normal = ops::layer_norm(graph, h, named("norm1.weight"), named("norm1.bias"), LAYER_NORM_EPSILON);
    let qkv = ops::linear(graph, normal, named("self_attn.in_proj_weight"), named("self_attn.in_proj_bias"));
    let qkv = ops::reshape(graph, qkv, &[batch, time, three, heads_dim, head_dim]);
    // To [3, batch, heads, time, head width].
    let qkv = ops::transpose(graph, qkv, &[2, 0, 3, 1, 4]);
    let [q, k, v] = ops::split3(graph, qkv).map(|part| ops::reshape(graph, part, &[batch, heads_dim, time, head_dim]));
    let q = ops::scale(graph, q, 1.0 / (head_width as f32).sqrt());
    let k = ops::transpose(graph, k, &[0, 1, 3, 2]);
    let scores = ops::matmul(graph, q, k);
    let mut attention = ops::softmax(graph, scores);
    if let Some(masks) = masks {
        attention = ops::mask(graph, attention, masks.attention);
    }
    let mixed = ops::matmul(graph, attention, v);
    let mixed = ops::transpose(graph, mixed, &[0, 2, 1, 3]);
    let mixed = ops::reshape(graph, mixed, &[rows, Dim::Fixed(heads * head_width)]);
    let mut out = ops::linear(graph, mixed, named("self_attn.out_proj.weight"), named("self_attn.out_proj.bias"));
    if let Some(masks) = masks {
        out = ops::mask(graph, out, masks.attention_output);
    }
    ops::add(graph, h, out)
}

/// `h + dropout(linear2(dropout(relu(linear1(norm2(h))))))`.
fn feed_forward_block(graph: &mut Graph, h: Value, named: &dyn Fn(&str) -> Value, masks: Option<&LayerMasks>) -> Value {
    let normal = ops::layer_norm(graph, h, named("norm2.weight"), named("norm2.bias"), LAYER_NORM_EPSILON);
    let hidden = ops::linear(graph, normal, named("linear1.weight"), named("linear1.bias"));
    let mut active = ops::relu(graph, hidden);
    if let Some(masks) = masks {
        active = ops::mask(graph, active, masks.hidden);
    }
    let mut out = ops::linear(graph, active, named("linear2.weight"), named("linear2.bias"));
    if let Some(masks) = masks {
        out = ops::mask(graph, out, masks.output);
    }
    ops::add(graph, h, out)
}

/// The rows of the position table `[1, positions, d_model]` that belong to the first `time` frames.
fn first_positions(graph: &mut Graph, table: Value, time: Dim) -> Value {
    let width = graph.shape(table)[2];
    let (zero, axis) = (graph.integers(&[0]), graph.integers(&[1]));
    let end = match time {
        Dim::Fixed(n) => graph.integers(&[n as i64]),
        Dim::Symbol(symbol) => graph.symbol_size(symbol),
    };
    let shape = [Dim::Fixed(1), time, width];
    let rows = graph.node("Slice", &[table, zero, end, axis], vec![], shape.to_vec());
    match time {
        Dim::Symbol(_) if graph.revision == Revision::Current => ops::reshape_exactly(graph, rows, &shape),
        _ => rows,
    }
}
