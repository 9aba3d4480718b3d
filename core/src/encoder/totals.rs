//! Sums of 64 bits as two words, which fit memory for floats.

/// The sum of a low and a high word.
pub(super) fn whole([low, high]: [u32; 2]) -> i64 {
    (u64::from(low) | u64::from(high) << 32) as i64
}

/// The float nearest to a sum of at most 2^20 products, each below 2^22.
///
/// Both halves are exact, so only their sum rounds; converting 64 bits would link another routine on a token.
pub(super) fn nearest(total: i64) -> f32 {
    const LOW: u32 = 20;
    (total >> LOW) as i32 as f32 * (1 << LOW) as f32 + (total as u32 % (1 << LOW)) as f32
}

/// The low and the high word of a sum.
pub(super) fn words(total: i64) -> [u32; 2] {
    [total as u32, (total as u64 >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_rounded_once(total in -(1i64 << 42)..=1 << 42, shift in 0..42) {
            prop_assert_eq!(nearest(total >> shift).to_bits(), ((total >> shift) as f32).to_bits());
        }
    }
}
