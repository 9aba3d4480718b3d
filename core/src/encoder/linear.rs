//! Matrix products, each by the arithmetic of its weights' format.

#[cfg(feature = "weights-f32")]
use crate::encoder::float::FloatLinear;
#[cfg(feature = "weights-int8")]
use crate::encoder::integer::IntegerLinear;
use crate::encoder::kernel::Kernel;
#[cfg(feature = "weights-int8")]
use crate::encoder::standardise::bfloat_to_float;
use crate::encoder::standardise::{Statistics, standardised};

/// An affine map `inputs -> outputs`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Linear<'a> {
    #[cfg(feature = "weights-f32")]
    F32(FloatLinear<'a, f32>),
    #[cfg(feature = "weights-16bit")]
    F16(FloatLinear<'a, u16>),
    #[cfg(feature = "weights-16bit")]
    I16(FloatLinear<'a, i16>),
    #[cfg(feature = "weights-int8")]
    I8(IntegerLinear<'a>),
}

impl Linear<'_> {
    /// Leaves out all but the last `count` outputs.
    pub(super) fn keep_last(&mut self, count: usize) {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::F32(linear) => linear.keep_last(count),
            #[cfg(feature = "weights-16bit")]
            Self::F16(linear) => linear.keep_last(count),
            #[cfg(feature = "weights-16bit")]
            Self::I16(linear) => linear.keep_last(count),
            #[cfg(feature = "weights-int8")]
            Self::I8(linear) => linear.keep_last(count),
        }
    }

    /// The same map of inputs that are standardised already.
    pub(super) fn of_standardised(self) -> Self {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::F32(linear) => Self::F32(FloatLinear { standardiser: None, ..linear }),
            #[cfg(feature = "weights-16bit")]
            Self::F16(linear) => Self::F16(FloatLinear { standardiser: None, ..linear }),
            #[cfg(feature = "weights-16bit")]
            Self::I16(linear) => Self::I16(FloatLinear { standardiser: None, ..linear }),
            #[cfg(feature = "weights-int8")]
            Self::I8(linear) => Self::I8(IntegerLinear { standardiser: None, ..linear }),
        }
    }

    /// Standardises the raw inputs of a row in place.
    pub(super) fn standardise(&self, row: &mut [f32]) {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::F32(linear) => apply(&linear.standardiser, row, f32::from),
            #[cfg(feature = "weights-16bit")]
            Self::F16(linear) => apply(&linear.standardiser, row, f32::from),
            #[cfg(feature = "weights-16bit")]
            Self::I16(linear) => apply(&linear.standardiser, row, f32::from),
            #[cfg(feature = "weights-int8")]
            Self::I8(linear) => apply(&linear.standardiser, row, bfloat_to_float),
        }
    }

    /// Maps each row of `x` (rows, inputs) to a row of `y` (rows, outputs); frames are standardised first.
    ///
    /// `partials` is space for sums, as the workspace sets it aside.
    pub(super) fn map(&self, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::F32(linear) => linear.map(x, y, partials, kernel),
            #[cfg(feature = "weights-16bit")]
            Self::F16(linear) => linear.map(x, y, partials, kernel),
            #[cfg(feature = "weights-16bit")]
            Self::I16(linear) => linear.map(x, y, partials, kernel),
            #[cfg(feature = "weights-int8")]
            Self::I8(linear) => linear.map(x, y, partials, kernel),
        }
    }

    /// [`Linear::map`] of rows whose inputs before `first` were fed before: `x` holds the next `width` of each.
    ///
    /// `y` is complete once the last inputs are in. Nothing else may touch `y` and `partials` in between.
    pub(super) fn feed(
        &self,
        first: usize,
        width: usize,
        x: &[f32],
        y: &mut [f32],
        partials: &mut [f32],
        kernel: &Kernel,
    ) {
        match self {
            #[cfg(feature = "weights-f32")]
            Self::F32(linear) => linear.feed(first, width, x, y, partials, kernel),
            #[cfg(feature = "weights-16bit")]
            Self::F16(linear) => linear.feed(first, width, x, y, partials, kernel),
            #[cfg(feature = "weights-16bit")]
            Self::I16(linear) => linear.feed(first, width, x, y, partials, kernel),
            #[cfg(feature = "weights-int8")]
            Self::I8(linear) => linear.feed(first, width, x, y, partials, kernel),
        }
    }
}

/// Standardises a row in place by the statistics, if there are any.
fn apply<T: Copy>(statistics: &Option<Statistics<'_, T>>, row: &mut [f32], float: impl Fn(T) -> f32) {
    if let Some(Statistics { mean, inv_std }) = statistics {
        assert!(row.len() == mean.len() && row.len() == inv_std.len(), "statistics of every input");
        for ((value, mean), inv_std) in row.iter_mut().zip(*mean).zip(*inv_std) {
            *value = standardised(*value, float(*mean), float(*inv_std));
        }
    }
}
