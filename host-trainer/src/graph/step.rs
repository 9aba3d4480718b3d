//! One training step as an ONNX model: forward pass, loss and gradients.

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, DimsError};

use super::builder::ElementType;
use super::encoder::{LayerMasks, Weights, encoder};
use super::loss::{Mining, ProxyAnchor, proxy_anchor, triplet};
use super::messages::ModelProto;
use super::{Dim, Graph};

/// The sizes and options of a step's graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// Distinct windows fed at once; triplets index into them.
    pub rows: usize,
    /// Frames per window.
    pub window: usize,
    /// What is minimised.
    pub objective: Objective,
    /// Whether dropout masks are inputs.
    pub dropout: bool,
}

/// The loss that a step minimises, which also decides what is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// [`triplet`]; the whole encoder is trained.
    Triplet {
        /// How triplets are chosen.
        mining: Mining,
        /// The margin, in squared distance between unit vectors.
        margin: f32,
    },
    /// [`proxy_anchor`]; the projection stays as it is, the proxies are trained.
    ProxyAnchor(ProxyAnchor),
}

/// The parameter that holds the proxies of [`proxy_anchor`], `[classes, latent]`.
pub const PROXIES: &str = "proxies";

/// A tensor that the caller feeds: its name and shape.
pub type Slot = (String, Vec<usize>);

/// The step's graph and its inputs.
///
/// Inputs: `frames` `[rows, window, features]` (standardised), the constants and parameters by their `state_dict` names,
/// the dropout masks, and the inputs of the loss. Outputs: `loss`, then `gradient.NAME` for each parameter in order.
#[derive(Debug)]
pub struct TrainingStep {
    /// The ONNX model.
    pub model: ModelProto,
    /// Tensors of the model that are not trained.
    pub constants: Vec<Slot>,
    /// Trainable parameters, in the order of the gradients.
    pub parameters: Vec<Slot>,
    /// Dropout masks; empty when dropout is off.
    pub masks: Vec<Slot>,
}

/// Tensors of the standardiser, which is applied before a step.
const STANDARDISER: [&str; 2] = ["standardiser.mean", "standardiser.inv_std"];

/// Writes the graph of one training step.
///
/// # Errors
/// When the core does not support these sizes.
pub fn training_step(dims: &Dims, options: &StepOptions) -> Result<TrainingStep, DimsError> {
    let mut graph = Graph::new();
    let fixed = |shape: &[usize]| shape.iter().map(|&n| Dim::Fixed(n)).collect::<Vec<_>>();
    let frames = fixed(&[options.rows, options.window, dims.features]);
    let frames = graph.input("frames", ElementType::F32, &frames);
    let frozen: &[&str] = match options.objective {
        Objective::Triplet { .. } => &["pos.pe"],
        Objective::ProxyAnchor(_) => &["pos.pe", "proj.weight", "proj.bias"],
    };
    let mut tensors = bundle::tensor_names_and_shapes(dims)?;
    tensors.retain(|(name, _)| !STANDARDISER.contains(&name.as_str()));
    let (constants, mut parameters): (Vec<Slot>, Vec<Slot>) =
        tensors.into_iter().partition(|(name, _)| frozen.contains(&name.as_str()));
    if let Objective::ProxyAnchor(ProxyAnchor { classes, .. }) = options.objective {
        parameters.push((PROXIES.to_owned(), vec![classes, dims.latent]));
    }
    let values: Vec<_> = parameters.iter().map(|(name, shape)| graph.parameter(name, shape)).collect();
    let mut weights: Weights = parameters.iter().map(|(name, _)| name.clone()).zip(values.iter().copied()).collect();
    for (name, shape) in &constants {
        let value = graph.input(name, ElementType::F32, &fixed(shape));
        weights.insert(name.clone(), value);
    }

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
    let loss = match options.objective {
        Objective::Triplet { mining, margin } => triplet(&mut graph, embedding, mining, margin),
        Objective::ProxyAnchor(options) => proxy_anchor(&mut graph, embedding, weights[PROXIES], options),
    };
    let gradients = graph.gradients(loss, &values);
    graph.output("loss", loss);
    for ((name, _), gradient) in parameters.iter().zip(gradients) {
        graph.output(&format!("gradient.{name}"), gradient);
    }
    Ok(TrainingStep { model: graph.into_model("neural-vault training step"), constants, parameters, masks })
}
