//! The inner loops of an encode, as an interface that fast loops implement.
//!
//! A [`Kernel`] is a table of the loops for one processor; those that it does not replace are [`Kernel::PORTABLE`]'s.
//! Every kernel gives the bits of that one, which are part of the numeric contract.
//!
//! # Layout of a product
//! Inputs come in rows of up to [`STEP`], up to [`ROWS`] rows at once. Neighbouring outputs form columns of [`LANES`],
//! of weights and of sums alike. [`WeightRows`] holds a row of columns for each input, int8 weights for each quad of
//! inputs; it may be wider than the sums, which have equally many columns in every row. [`row_width`] checks that all
//! of it fits.

mod attention;
#[cfg(feature = "weights-int8")]
mod codes;
mod exp;
#[cfg(feature = "weights-f32")]
mod float;
#[cfg(feature = "weights-int8")]
mod integer;
mod lanes;
mod norm;
#[cfg(feature = "connectome")]
mod outer;
mod portable;
mod rows;
mod sizes;
pub(crate) mod standardise;
mod weights;

pub use attention::Attention;
#[cfg(feature = "weights-int8")]
pub use codes::{OutputScale, Quantiser, RawRow};
pub use norm::LayerNorm;
#[cfg(feature = "connectome")]
pub use outer::RowPairs;
pub use sizes::{LANES, QUAD, ROWS, STEP};
pub use standardise::{Fill, Statistics};
pub use weights::{WeightRows, chunk_at, chunk_at_mut, row_width};

pub(crate) use exp::polynomial;
pub(crate) use rows::groups;
pub(crate) use sizes::BLOCK;
#[cfg(feature = "weights-int8")]
pub(crate) use sizes::SIMD;
#[cfg(feature = "weights-int8")]
pub(crate) use standardise::bfloat_to_float;
pub(crate) use standardise::standardised;
pub(crate) use weights::columns_mut;

/// Core's loops, always inlined: a kernel compiles them again for wider registers, with the same arithmetic.
pub mod loops {
    pub use super::attention::attend;
    #[cfg(feature = "weights-int8")]
    pub use super::codes::{magnitude, quantise, quantise_raw, rescale};
    #[cfg(feature = "weights-f32")]
    pub use super::float::close_block;
    pub use super::norm::layer_norm;
    #[cfg(feature = "connectome")]
    pub use super::outer::add_outer;
    #[cfg(feature = "weights-f32")]
    pub use super::standardise::standardise;
}

/// The inner loops for every format, and those that prepare their inputs.
///
/// A loop `add_*` adds to `sums[row][n]` the products of `inputs[row][k]` and the weight of input k for output n, for
/// every k for which there are weights. Float sums run over k in order, rounded after the product and after the sum;
/// sums of codes are exact, and the caller leaves room for them in 32 bits. It panics when the lengths do not fit, see
/// [`row_width`].
// A table, not a trait: a trait's provided methods would be compiled again for every kernel of a token, or cost a jump
// each.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Adds products with float32 weights.
    #[cfg(feature = "weights-f32")]
    pub add_f32: Add<f32, f32, f32>,
    /// Adds products with half-precision weights, given as their bits.
    #[cfg(feature = "weights-16bit")]
    pub add_f16: Add<f32, u16, f32>,
    /// Adds products with int16 weights.
    #[cfg(feature = "weights-16bit")]
    pub add_i16: Add<f32, i16, f32>,
    /// Adds products of codes in -32767..=32767 and int8 weights; k counts quads of inputs.
    #[cfg(feature = "weights-int8")]
    pub add_i8i16: Add<i16, [i8; QUAD], i32>,
    /// As [`Kernel::add_i8i16`], for codes in -127..=127.
    #[cfg(feature = "weights-int8")]
    pub add_i8: Add<i16, [i8; QUAD], i32>,
    /// [`Kernel::quantise_raw`] to codes in -127..=127 and [`Kernel::add_i8`] of one row in a single pass, where that
    /// is faster.
    ///
    /// The row may be of any length. Returns how many of its values, from the first, are done: a multiple of [`QUAD`],
    /// or none.
    #[cfg(feature = "weights-int8")]
    pub add_raw_i8: AddRaw,
    /// Standardises raw values, those that are not finite replaced by the rule of the statistics, into the last argument.
    #[cfg(feature = "weights-f32")]
    pub standardise: fn(raw: &[f32], statistics: Statistics<'_, f32>, into: &mut [f32]),
    /// Normalises each row of `x` to zero mean and unit (population) variance, then scales and shifts it into `y`.
    pub layer_norm: fn(norm: LayerNorm<'_>, x: &[f32], y: &mut [f32]),
    /// Attends some frames, `queries` (frames, 3 x width: as [`Attention::qkv`]), to every frame, into `y` (frames,
    /// width).
    ///
    /// `scores` is space for one float a head and frame.
    pub attend: fn(attention: Attention<'_>, queries: &[f32], scores: &mut [f32], y: &mut [f32]),
    /// Adds the outer products of pairs of rows to a square matrix, on and above its diagonal.
    ///
    /// For each pair in order, `left[i] * right[j]` is added to the element in row i and place j, from the start of the column
    /// of [`LANES`] that holds place i. Rounded after the product and after the sum. It panics when the lengths do not fit.
    #[cfg(feature = "connectome")]
    pub add_outer: fn(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]),
    /// Adds the sums of a block to the totals, and clears them for the next.
    #[cfg(feature = "weights-f32")]
    pub close_block: fn(totals: &mut [f32], partials: &mut [f32]),
    /// The largest magnitude of the values; infinite or NaN when one of them is.
    #[cfg(feature = "weights-int8")]
    pub magnitude: fn(values: &[f32]) -> f32,
    /// Each value times the factor, rounded to nearest with ties to even and clamped to the largest code either side of
    /// zero.
    ///
    /// NaN has the same code everywhere. Codes past the last value stay as they are.
    #[cfg(feature = "weights-int8")]
    pub quantise: fn(values: &[f32], quantiser: Quantiser, codes: &mut [i16]),
    /// As [`Kernel::quantise`], of raw values standardised by statistics in bfloat16, given as their bits.
    #[cfg(feature = "weights-int8")]
    pub quantise_raw: fn(raw: &[f32], statistics: Statistics<'_, u16>, quantiser: Quantiser, codes: &mut [i16]),
    /// Replaces the sums of a row, int32 given by their bits, by outputs: times the scales of inputs and weights, plus
    /// the bias.
    #[cfg(feature = "weights-int8")]
    pub rescale: fn(row: &mut [f32], scale: OutputScale<'_>),
}

/// A loop that adds the products of inputs and weights to sums.
pub type Add<Input, Weight, Sum> =
    fn(inputs: &[[Input; STEP]], weights: WeightRows<'_, Weight>, sums: &mut [[Sum; LANES]]);

/// A loop that adds the products of one row of raw values and int8 weights to sums.
#[cfg(feature = "weights-int8")]
pub type AddRaw = fn(row: RawRow<'_>, weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) -> usize;

impl Kernel {
    /// The loops that run on every processor of the target they are compiled for.
    pub const PORTABLE: Self = Self {
        #[cfg(feature = "weights-f32")]
        add_f32: portable::add_f32,
        #[cfg(feature = "weights-16bit")]
        add_f16: portable::add_f16,
        #[cfg(feature = "weights-16bit")]
        add_i16: portable::add_i16,
        #[cfg(feature = "weights-int8")]
        add_i8i16: portable::add_codes,
        #[cfg(feature = "weights-int8")]
        add_i8: portable::add_codes,
        #[cfg(feature = "weights-int8")]
        add_raw_i8: |_, _, _| 0,
        #[cfg(feature = "weights-f32")]
        standardise: portable::standardise,
        layer_norm: portable::layer_norm,
        attend: portable::attend,
        #[cfg(feature = "connectome")]
        add_outer: portable::add_outer,
        #[cfg(feature = "weights-f32")]
        close_block: portable::close_block,
        #[cfg(feature = "weights-int8")]
        magnitude: portable::magnitude,
        #[cfg(feature = "weights-int8")]
        quantise: portable::quantise,
        #[cfg(feature = "weights-int8")]
        quantise_raw: portable::quantise_raw,
        #[cfg(feature = "weights-int8")]
        rescale: portable::rescale,
    };
}
