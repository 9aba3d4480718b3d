//! The inner loops of an encode, and the table of those of one processor.

#[cfg(feature = "weights-f32")]
mod float;
#[cfg(feature = "weights-int8")]
mod integer;
mod lengths;

use crate::encoder::attention::{Attend, attend};
#[cfg(feature = "weights-int8")]
use crate::encoder::codes::{magnitude, quantise, quantise_raw, rescale};
#[cfg(feature = "weights-f32")]
use crate::encoder::float::close_block;
#[cfg(feature = "weights-int8")]
use crate::encoder::format::QUAD;
use crate::encoder::norm::{Norm, layer_norm};
#[cfg(feature = "weights-f32")]
use crate::encoder::standardise::{Standardise, standardise};

#[cfg(feature = "weights-f32")]
pub(crate) use float::Stored;
pub(super) use lengths::columns_mut;
pub use lengths::{chunk_at, chunk_at_mut, row_width};

/// Neighbouring outputs that are one column.
pub const LANES: usize = 16;

pub(super) const SIMD: bool = cfg!(any(target_feature = "sse2", target_feature = "neon"));

/// Most rows that share a pass over the weights; without SIMD integer products gain nothing by sharing it.
pub const ROWS: usize = match (SIMD, cfg!(feature = "weights-f32")) {
    (true, _) => 8,
    (false, true) => 2,
    (false, false) => 1,
};

/// Most inputs of one pass.
pub const STEP: usize = if SIMD { 256 } else { 32 };

/// Inputs whose float products are summed before their sum joins the total.
pub(super) const BLOCK: usize = 256;

/// Adds to `sums[row][n]` the products of `inputs[row][k]` and `weights[k][n]`, for every k.
///
/// The arguments are inputs, weights, stride and sums. Inputs are one to [`ROWS`] rows, each with a value for every k and
/// perhaps more. Weights and sums come in columns of [`LANES`] outputs. The stride is how many columns lie between an
/// input's weights and the next's; every row has equally many columns of sums, at most the stride, and the last input's
/// weights may end with the last of these. Float sums run over k in order, rounded after the product and after the sum.
///
/// Panics when the lengths do not fit together, see [`row_width`].
pub type Accumulate<Input, Weight, Sum> = fn(&[[Input; STEP]], &[[Weight; LANES]], usize, &mut [[Sum; LANES]]);

#[cfg(feature = "weights-int8")]
/// As [`Accumulate`], for codes and int8 weights: k counts quads of inputs, and the sums are exact.
pub type AccumulateCodes = Accumulate<i16, [i8; QUAD], i32>;

#[cfg(feature = "weights-int8")]
/// Adds to `sums[n]` the products of one row's codes in -127..=127 and `weights`.
///
/// The arguments are raw values, their means and inverse standard deviations (bits of bfloat16), the factor that makes them
/// codes, weights, stride and sums. The last three are as in [`AccumulateCodes`], for any number of inputs.
pub type AccumulateRaw = fn(&[f32], &[u16], &[u16], f32, &[[[i8; QUAD]; LANES]], usize, &mut [[i32; LANES]]);

#[cfg(feature = "weights-int8")]
type QuantiseRaw = fn(&[f32], &[u16], &[u16], f32, i16, &mut [i16]);

/// The inner loops for every format, and those that prepare their inputs.
///
/// Every kernel gives the bits of [`Kernel::PORTABLE`], which are part of the numeric contract.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Products with float32 weights.
    #[cfg(feature = "weights-f32")]
    pub f32: Accumulate<f32, f32, f32>,
    /// Products with half-precision weights, given as their bits.
    #[cfg(feature = "weights-16bit")]
    pub f16: Accumulate<f32, u16, f32>,
    /// Products with int16 weights.
    #[cfg(feature = "weights-16bit")]
    pub i16: Accumulate<f32, i16, f32>,
    /// Products of int8 weights with codes in -32767..=32767.
    #[cfg(feature = "weights-int8")]
    pub i8i16: AccumulateCodes,
    /// Products of int8 weights with codes in -127..=127.
    #[cfg(feature = "weights-int8")]
    pub i8: AccumulateCodes,
    /// [`Kernel::quantise_raw`] and [`Kernel::i8`] of one row in a single pass, where that is faster.
    #[cfg(feature = "weights-int8")]
    pub i8_raw: Option<AccumulateRaw>,
    /// [`standardise`](super::standardise::standardise()).
    #[cfg(feature = "weights-f32")]
    pub standardise: Standardise,
    /// [`layer_norm`](super::norm::layer_norm).
    pub layer_norm: Norm,
    /// [`attend`](super::attention::attend()).
    pub attend: Attend,
    /// [`close_block`](super::float::close_block).
    #[cfg(feature = "weights-f32")]
    pub close_block: fn(&mut [f32], &mut [f32]),
    /// [`magnitude`](super::codes::magnitude).
    #[cfg(feature = "weights-int8")]
    pub magnitude: fn(&[f32]) -> f32,
    /// [`quantise`](super::codes::quantise).
    #[cfg(feature = "weights-int8")]
    pub quantise: fn(&[f32], f32, i16, &mut [i16]),
    /// [`quantise_raw`](super::codes::quantise_raw).
    #[cfg(feature = "weights-int8")]
    pub quantise_raw: QuantiseRaw,
    /// [`rescale`](super::codes::rescale).
    #[cfg(feature = "weights-int8")]
    pub rescale: fn(&mut [f32], f32, &[f32], &[f32]),
}

impl Kernel {
    /// Runs on every processor of the target it is compiled for.
    pub const PORTABLE: Self = Self {
        #[cfg(feature = "weights-f32")]
        f32: float::accumulate,
        #[cfg(feature = "weights-16bit")]
        f16: float::accumulate,
        #[cfg(feature = "weights-16bit")]
        i16: float::accumulate,
        #[cfg(feature = "weights-int8")]
        i8i16: integer::accumulate,
        #[cfg(feature = "weights-int8")]
        i8: integer::accumulate,
        #[cfg(feature = "weights-int8")]
        i8_raw: None,
        #[cfg(feature = "weights-f32")]
        standardise: once::standardise,
        layer_norm: once::layer_norm,
        attend: once::attend,
        #[cfg(feature = "weights-f32")]
        close_block: once::close_block,
        #[cfg(feature = "weights-int8")]
        magnitude: once::magnitude,
        #[cfg(feature = "weights-int8")]
        quantise: once::quantise,
        #[cfg(feature = "weights-int8")]
        quantise_raw: once::quantise_raw,
        #[cfg(feature = "weights-int8")]
        rescale: once::rescale,
    };
}

/// The loops that kernels inline, compiled once: a copy in every caller would be much of a token's code.
mod once {
    macro_rules! once {
        ($($(#[$built:meta])? $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
            $(#[$built])?
            #[inline(never)]
            pub(super) fn $name($($argument: $kind),*) $(-> $result)? {
                super::$name($($argument),*)
            }
        )*};
    }

    once! {
        #[cfg(feature = "weights-f32")]
        standardise(raw: &[f32], mean: &[f32], inv_std: &[f32], into: &mut [f32]);
        layer_norm(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]);
        attend(queries: &[f32], qkv: &[f32], width: usize, head: usize, scores: &mut [f32], y: &mut [f32]);
        #[cfg(feature = "weights-f32")]
        close_block(totals: &mut [f32], partials: &mut [f32]);
        #[cfg(feature = "weights-int8")]
        magnitude(values: &[f32]) -> f32;
        #[cfg(feature = "weights-int8")]
        quantise(values: &[f32], factor: f32, max_code: i16, codes: &mut [i16]);
        #[cfg(feature = "weights-int8")]
        quantise_raw(raw: &[f32], mean: &[u16], inv_std: &[u16], factor: f32, max_code: i16, codes: &mut [i16]);
        #[cfg(feature = "weights-int8")]
        rescale(row: &mut [f32], input_scale: f32, scale: &[f32], bias: &[f32]);
    }
}
