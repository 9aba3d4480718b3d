//! Matrix products, each by the arithmetic of its weights' format.

use core::ops::Range;

#[cfg(feature = "weights-f32")]
use crate::encoder::float::{FloatLinear, FloatWeights};
use crate::encoder::format::WeightFormat;
#[cfg(feature = "weights-int8")]
use crate::encoder::integer::IntegerLinear;
use crate::kernel::{Fill, Kernel, LANES, Statistics, standardised};
#[cfg(feature = "weights-int8")]
use crate::kernel::{WeightRows, bfloat_to_float};

/// An affine map `inputs -> outputs`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Linear<'a> {
    #[cfg(feature = "weights-f32")]
    Float(FloatLinear<'a>),
    #[cfg(feature = "weights-int8")]
    Integer(IntegerLinear<'a>),
}

/// The stored parts of a map.
#[cfg_attr(not(feature = "weights-int8"), expect(dead_code, reason = "float products need no input scale"))]
pub(super) struct Parts<'a> {
    pub(super) inputs: usize,
    /// Weights in their format's layout.
    pub(super) weights: &'a [u8],
    /// Scales of the outputs, where the format has them.
    pub(super) scale: &'a [f32],
    pub(super) bias: &'a [f32],
    /// Mean and inverse standard deviation of raw inputs and what replaces those that are not finite, if they are
    /// standardised.
    pub(super) statistics: Option<([&'a [u8]; 2], Fill)>,
    /// Scale of the inputs' codes; `None` where each row has its own, or there are no codes.
    pub(super) input_scale: Option<f32>,
}

/// The same expression for a map of either arithmetic.
macro_rules! either {
    ($map:expr, $linear:ident => $result:expr) => {
        match $map {
            #[cfg(feature = "weights-f32")]
            Linear::Float($linear) => $result,
            #[cfg(feature = "weights-int8")]
            Linear::Integer($linear) => $result,
        }
    };
}

impl<'a> Linear<'a> {
    /// The map in a weight format; `None` when parts are misaligned, or this build lacks the format's arithmetic.
    pub(super) fn new(format: WeightFormat, parts: Parts<'a>) -> Option<Self> {
        let Parts { inputs, scale, bias, .. } = parts;
        let stride = bias.len() / LANES;
        match format {
            #[cfg(feature = "weights-f32")]
            WeightFormat::F32 | WeightFormat::F16 | WeightFormat::I16 => Some(Self::Float(FloatLinear {
                inputs,
                weights: FloatWeights::new(format, parts.weights, stride)?,
                scale: format.is_scaled().then_some(scale),
                bias,
                standardiser: Statistics::from_bytes(parts.statistics)?,
            })),
            #[cfg(feature = "weights-int8")]
            WeightFormat::I8I16 | WeightFormat::I8 => Some(Self::Integer(IntegerLinear {
                inputs,
                weights: WeightRows { columns: bytemuck::try_cast_slice(parts.weights).ok()?, stride },
                scale,
                bias,
                max_code: format.largest_code()?,
                standardiser: Statistics::from_bytes(parts.statistics)?,
                input_scale: parts.input_scale,
            })),
            #[cfg(not(all(feature = "weights-f32", feature = "weights-int8")))]
            _ => None,
        }
    }

    /// Leaves out all but the last `count` outputs.
    pub(super) fn keep_last(&mut self, count: usize) {
        either!(self, linear => linear.keep_last(count));
    }

    /// The same map, of inputs that are standardised already.
    pub(super) fn without_standardiser(mut self) -> Self {
        either!(&mut self, linear => linear.standardiser = None);
        self
    }

    /// Whether it standardises its inputs.
    pub(super) fn is_standardised(&self) -> bool {
        either!(self, linear => linear.standardiser.is_some())
    }

    /// Standardises the raw inputs of a row in place.
    pub(super) fn standardise(&self, row: &mut [f32]) {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::Float(linear) => apply(&linear.standardiser, row, f32::from),
            #[cfg(feature = "weights-int8")]
            Self::Integer(linear) => apply(&linear.standardiser, row, bfloat_to_float),
        }
    }

    /// Maps each row of `x` (rows, inputs) to a row of `y` (rows, outputs); frames are standardised first.
    ///
    /// `partials` is space for sums, as the workspace sets it aside.
    pub(super) fn map(&self, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        self.feed(0..either!(self, linear => linear.inputs), x, y, partials, kernel);
    }

    /// [`Linear::map`] of rows whose inputs before these were fed before: `x` holds the values of these for each row.
    ///
    /// `y` is complete once the last inputs are in. Nothing else may touch `y` and `partials` in between.
    pub(super) fn feed(&self, inputs: Range<usize>, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        either!(self, linear => linear.feed(inputs, x, y, partials, kernel));
    }
}

/// Standardises a row in place by the statistics, if there are any.
fn apply<T: Copy>(statistics: &Option<Statistics<'_, T>>, row: &mut [f32], float: impl Fn(T) -> f32) {
    if let Some(Statistics { mean, inv_std, fill }) = statistics {
        assert!(row.len() == mean.len() && row.len() == inv_std.len(), "statistics of every input");
        for ((value, mean), inv_std) in row.iter_mut().zip(*mean).zip(*inv_std) {
            *value = standardised(*value, float(*mean), float(*inv_std), *fill);
        }
    }
}
