//! The portable loops, each compiled once: a copy for every kernel would be much of a token's code.

#[cfg(feature = "weights-int8")]
use super::codes::{self, OutputScale, Quantiser};
#[cfg(feature = "weights-f32")]
use super::float;
#[cfg(feature = "weights-int8")]
use super::integer;
#[cfg(feature = "connectome")]
use super::outer;
#[cfg(feature = "weights-int8")]
use super::sizes::QUAD;
use super::sizes::{LANES, STEP};
use super::weights::WeightRows;
use super::{attention, norm, standardise};

macro_rules! once {
    ($($(#[$built:meta])? $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)? = $loop:path;)*) => {$(
        $(#[$built])?
        #[inline(never)]
        pub(super) fn $name($($argument: $kind),*) $(-> $result)? {
            $loop($($argument),*)
        }
    )*};
}

once! {
    #[cfg(feature = "weights-f32")]
    add_f32(inputs: &[[f32; STEP]], weights: WeightRows<'_, f32>, sums: &mut [[f32; LANES]]) = float::add;
    #[cfg(feature = "weights-16bit")]
    add_f16(inputs: &[[f32; STEP]], weights: WeightRows<'_, u16>, sums: &mut [[f32; LANES]]) = float::add;
    #[cfg(feature = "weights-16bit")]
    add_i16(inputs: &[[f32; STEP]], weights: WeightRows<'_, i16>, sums: &mut [[f32; LANES]]) = float::add;
    #[cfg(feature = "weights-int8")]
    add_codes(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) = integer::add;
    #[cfg(feature = "weights-f32")]
    standardise(raw: &[f32], statistics: standardise::Statistics<'_, f32>, into: &mut [f32]) = standardise::standardise;
    layer_norm(norm: norm::LayerNorm<'_>, x: &[f32], y: &mut [f32]) = norm::layer_norm;
    attend(attention: attention::Attention<'_>, queries: &[f32], scores: &mut [f32], y: &mut [f32]) = attention::attend;
    #[cfg(feature = "connectome")]
    add_outer(pairs: outer::RowPairs<'_>, square: &mut [[f32; LANES]]) = outer::add_outer;
    #[cfg(feature = "weights-f32")]
    close_block(totals: &mut [f32], partials: &mut [f32]) = float::close_block;
    #[cfg(feature = "weights-int8")]
    magnitude(values: &[f32]) -> f32 = codes::magnitude;
    #[cfg(feature = "weights-int8")]
    quantise(values: &[f32], quantiser: Quantiser, codes: &mut [i16]) = codes::quantise;
    #[cfg(feature = "weights-int8")]
    quantise_raw(
        raw: &[f32], statistics: standardise::Statistics<'_, u16>, quantiser: Quantiser, codes: &mut [i16]
    ) = codes::quantise_raw;
    #[cfg(feature = "weights-int8")]
    rescale(row: &mut [f32], scale: OutputScale<'_>) = codes::rescale;
}
