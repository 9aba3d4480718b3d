//! Macros that compile functions, such as core's loops, for a processor's instructions.

/// Defines functions with core's names that run core's loops with these instructions.
///
/// The loops are always inlined and keep core's arithmetic, so the compiler can only use wider registers.
macro_rules! loops {
    ($features:literal) => {
        $crate::loops::compiled! {
            $features:
            magnitude(values: &[f32]) -> f32 = neural_vault_core::kernel::loops::magnitude;
            layer_norm(norm: neural_vault_core::kernel::LayerNorm<'_>, x: &[f32], y: &mut [f32])
                = neural_vault_core::kernel::loops::layer_norm;
            attend(
                attention: neural_vault_core::kernel::Attention<'_>, queries: &[f32], scores: &mut [f32], y: &mut [f32]
            ) = neural_vault_core::kernel::loops::attend;
            close_block(totals: &mut [f32], partials: &mut [f32]) = neural_vault_core::kernel::loops::close_block;
            rescale(row: &mut [f32], scale: neural_vault_core::kernel::OutputScale<'_>)
                = neural_vault_core::kernel::loops::rescale;
        }
    };
}

/// As [`loops`], for the loops from raw values to the inputs of products.
macro_rules! input_loops {
    ($features:literal) => {
        $crate::loops::compiled! {
            $features:
            standardise(raw: &[f32], statistics: neural_vault_core::kernel::Statistics<'_, f32>, into: &mut [f32])
                = neural_vault_core::kernel::loops::standardise;
            quantise(values: &[f32], quantiser: neural_vault_core::kernel::Quantiser, codes: &mut [i16])
                = neural_vault_core::kernel::loops::quantise;
            quantise_raw(
                raw: &[f32],
                statistics: neural_vault_core::kernel::Statistics<'_, u16>,
                quantiser: neural_vault_core::kernel::Quantiser,
                codes: &mut [i16]
            ) = neural_vault_core::kernel::loops::quantise_raw;
        }
    };
}

/// Defines safe functions for a kernel's table, which call functions that need these instructions.
macro_rules! compiled {
    ($features:literal: $($name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)? = $function:path;)*) => {$(
        #[allow(unsafe_code)]
        fn $name($($argument: $kind),*) $(-> $result)? {
            #[target_feature(enable = $features)]
            fn compiled($($argument: $kind),*) $(-> $result)? {
                $function($($argument),*)
            }
            // SAFETY: the processor has the instructions, see `KERNEL`.
            unsafe { compiled($($argument),*) }
        }
    )*};
}

pub(crate) use {compiled, input_loops, loops};
