//! The sizes on which kernels and the encoder agree.

/// Neighbouring outputs that form one column.
pub const LANES: usize = 16;

/// Inputs whose int8 weights for one output lie side by side.
pub const QUAD: usize = 4;

/// Most rows that share a pass over the weights; without SIMD integer products gain nothing by sharing it.
pub const ROWS: usize = match (SIMD, cfg!(feature = "weights-f32")) {
    (true, _) => 8,
    (false, true) => 2,
    (false, false) => 1,
};

/// Most inputs of one pass.
pub const STEP: usize = if SIMD { 256 } else { 32 };

/// Inputs whose float products are summed before their sum joins the total.
pub(crate) const BLOCK: usize = 256;

/// Whether every processor of the target has vectors of floats.
pub(crate) const SIMD: bool = cfg!(any(target_feature = "sse2", target_feature = "neon"));
