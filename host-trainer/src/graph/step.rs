//! One training step as an ONNX model: forward pass, loss and gradients.

use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;
use tract_onnx::pb::ModelProto;

use super::builder::ElementType;
use super::encoder::{LayerMasks, encoder};
use super::loss::{Mining, triplet};
use super::{Dim, Graph};

/// The sizes and choices that a step's graph is written for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// Distinct windows fed at once; triplets index into them.
    pub rows: usize,
    /// Frames a window.
    pub window: usize,
    /// How triplets are chosen.
    pub mining: Mining,
    /// The triplet loss's margin, in squared distance between unit vectors.
    pub margin: f32,
    /// Whether dropout masks are inputs.
    pub dropout: bool,
}

/// A tensor that the caller feeds: its name and shape.
pub type Slot = (String, Vec<usize>);

/// The step's graph and what feeds it.
///
/// Inputs: `frames` `[rows, window, features]` (standardised), `pos.pe`, every parameter by its `state_dict` name, the
/// dropout masks, and the triplet inputs of [`triplet`]. Outputs: `loss`, then `gradient.NAME` for each parameter in
/// order.
pub struct TrainingStep {
    /// The ONNX model.
    pub model: ModelProto,
    /// Trainable parameters, in the order of the gradients.
    pub parameters: Vec<Slot>,
    /// Dropout masks; empty when dropout is off.
    pub masks: Vec<Slot>,
}

/// Tensors of a model that are stored with it but not trained.
pub const NOT_TRAINED: [&str; 3] = ["pos.pe", "standardiser.mean", "standardiser.inv_std"];

/// Names and shapes of the trainable parameters of an encoder.
#[must_use]
pub fn parameters(dims: &Dims) -> Vec<Slot> {
    bundle::tensor_shapes(dims).into_iter().filter(|(name, _)| !NOT_TRAINED.contains(&name.as_str())).collect()
}

/// Writes the graph of one training step.
#[must_use]
pub fn training_step(dims: &Dims, options: &StepOptions) -> TrainingStep {
    let mut graph = Graph::new();
    let fixed = |shape: &[usize]| shape.iter().map(|&n| Dim::Fixed(n)).collect::<Vec<_>>();
    let frames = fixed(&[options.rows, options.window, dims.features]);
    let frames = graph.input("frames", ElementType::F32, &frames);
    let table = graph.input("pos.pe", ElementType::F32, &fixed(&[dims.positions, dims.d_model]));
    let parameters = parameters(dims);
    let values: Vec<_> = parameters.iter().map(|(name, shape)| graph.parameter(name, shape)).collect();
    let mut weights: super::encoder::Weights =
        parameters.iter().map(|(name, _)| name.clone()).zip(values.iter().copied()).collect();
    weights.insert("pos.pe".to_owned(), table);

    let mut masks = Vec::new();
    let mut mask = |graph: &mut Graph, layer: usize, name: &str, shape: &[usize]| {
        let name = format!("dropout.{layer}.{name}");
        let value = graph.input(&name, ElementType::F32, &fixed(shape));
        masks.push((name, shape.to_vec()));
        value
    };
    let frame_rows = options.rows * options.window;
    let layers = if options.dropout { dims.layers } else { 0 };
    let layer_masks: Vec<LayerMasks> = (0..layers)
        .map(|layer| LayerMasks {
            attention: mask(
                &mut graph,
                layer,
                "attention",
                &[options.rows, dims.heads, options.window, options.window],
            ),
            attention_output: mask(&mut graph, layer, "attention_output", &[frame_rows, dims.d_model]),
            hidden: mask(&mut graph, layer, "hidden", &[frame_rows, dims.feed_forward]),
            output: mask(&mut graph, layer, "output", &[frame_rows, dims.d_model]),
        })
        .collect();

    let embedding = encoder(&mut graph, frames, dims, &weights, &layer_masks);
    let loss = triplet(&mut graph, embedding, options.mining, options.margin);
    let gradients = graph.gradients(loss, &values);
    graph.output("loss", loss);
    for ((name, _), gradient) in parameters.iter().zip(gradients) {
        graph.output(&format!("gradient.{name}"), gradient);
    }
    TrainingStep { model: graph.into_model("neural-vault training step", &[]), parameters, masks }
}
