//! ONNX graphs written in Rust, with reverse-mode differentiation.
//!
//! Stock ONNX Runtime cannot train, so the training step is an ordinary ONNX graph: the forward pass, the loss and the
//! gradients in standard operators (opset 17). [`Graph`] writes nodes and keeps a tape; every differentiable operator
//! records its vector-Jacobian product; [`Graph::gradients`] runs through the tape in reverse and emits the gradient
//! nodes. The same [`encoder`] function writes the training step and the exported model.

mod builder;
pub mod connectome;
pub mod encoder;
pub mod loss;
pub mod messages;
pub(crate) mod ops;
mod proto;
pub mod step;
mod tape;

pub use builder::{Dim, ElementType, Graph, Revision, Value};

/// Operator set of every graph this crate writes.
pub const OPSET: i64 = 17;
/// ONNX file format version that belongs to [`OPSET`].
pub const IR_VERSION: i64 = 8;
