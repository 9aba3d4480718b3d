//! Core's own loops, compiled again for the instructions of a processor.

/// Functions of core's names that run its loops with these instructions.
///
/// The loops are always inlined, and their arithmetic is core's, so the compiler can use wider registers and nothing else.
macro_rules! loops {
    ($features:literal) => {
        $crate::loops::compiled! {
            $features:
            magnitude(values: &[f32]) -> f32;
            layer_norm(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]);
            attend(queries: &[f32], qkv: &[f32], width: usize, head: usize, scores: &mut [f32], y: &mut [f32]);
            close_block(totals: &mut [f32], partials: &mut [f32]);
            rescale(row: &mut [f32], input_scale: f32, scale: &[f32], bias: &[f32]);
        }
    };
}

/// As [`loops`], those from raw values to the inputs of products.
macro_rules! input_loops {
    ($features:literal) => {
        $crate::loops::compiled! {
            $features:
            standardise(raw: &[f32], mean: &[f32], inv_std: &[f32], into: &mut [f32]);
            quantise(values: &[f32], factor: f32, max_code: i16, codes: &mut [i16]);
            quantise_raw(raw: &[f32], mean: &[u16], inv_std: &[u16], factor: f32, max_code: i16, codes: &mut [i16]);
        }
    };
}

macro_rules! compiled {
    ($features:literal: $($name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        #[allow(unsafe_code)]
        fn $name($($argument: $kind),*) $(-> $result)? {
            #[target_feature(enable = $features)]
            fn compiled($($argument: $kind),*) $(-> $result)? {
                neural_vault_core::encoder::$name($($argument),*)
            }
            // SAFETY: the processor has what it takes, see `KERNEL`.
            unsafe { compiled($($argument),*) }
        }
    )*};
}

pub(crate) use {compiled, input_loops, loops};
