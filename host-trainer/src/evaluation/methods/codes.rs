//! Codes of frames, and how alike two are.

use hmac::{Hmac, KeyInit, Mac};
use neural_vault_core::similarity::cosine;
use sha2::{Digest, Sha256};

/// The reference's HMAC key.
const HMAC_KEY: &[u8] = b"secret_vault";

/// What a class is compared by.
#[derive(Debug)]
pub(super) enum Template {
    Bytes([u8; 32]),
    /// One bit a component, set above the median that probes are binarised at too.
    Bits {
        bits: Vec<u64>,
        median: f32,
    },
    Vector(Vec<f32>),
}

impl Template {
    /// Where probes are binarised, for templates of bits.
    pub(super) fn median(&self) -> Option<f32> {
        match self {
            Template::Bits { median, .. } => Some(*median),
            _ => None,
        }
    }

    /// A template that is a vector.
    pub(super) fn vector(&mut self) -> Option<&mut Vec<f32>> {
        match self {
            Template::Vector(vector) => Some(vector),
            _ => None,
        }
    }
}

/// SHA-256 of a frame's little-endian float32 bytes.
pub(super) fn sha256(frame: &[f32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    pieces(frame, |piece| hash.update(piece));
    hash.finalize().into()
}

/// HMAC-SHA256 of a frame's little-endian float32 bytes under the reference's key.
pub(super) fn hmac(frame: &[f32]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(HMAC_KEY) {
        Ok(mut mac) => {
            pieces(frame, |piece| mac.update(piece));
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of any length.
        Err(_) => [0; 32],
    }
}

/// One bit a component: whether it is above `median`.
pub(super) fn above(vector: &[f32], median: f32) -> Vec<u64> {
    let word = |chunk: &[f32]| {
        let set = chunk.iter().enumerate().filter(|(_, v)| **v > median);
        set.fold(0, |word, (bit, _)| word | 1 << bit)
    };
    vector.chunks(64).map(word).collect()
}

/// One minus the share of bytes that differ.
pub(super) fn byte_score(a: &[u8; 32], b: &[u8; 32]) -> f64 {
    let differing = a.iter().zip(b).filter(|(x, y)| x != y).count();
    1.0 - differing as f64 / a.len() as f64
}

/// One minus the share of `count` bits that differ.
pub(super) fn binary_score(a: &[u64], b: &[u64], count: usize) -> f64 {
    let differing: u32 = a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum();
    1.0 - f64::from(differing) / count as f64
}

/// The cosine; a vector without direction is like nobody.
pub(super) fn cosine_score(a: &[f32], b: &[f32]) -> f64 {
    f64::from(cosine(a, b).unwrap_or(-1.0))
}

/// The mean of vectors of one length; none where there are no vectors.
pub(super) fn mean_vector<'v>(mut vectors: impl Iterator<Item = &'v [f32]>) -> Option<Vec<f32>> {
    let mut sum = vectors.next()?.to_vec();
    let mut count = 1.0f32;
    for vector in vectors {
        sum.iter_mut().zip(vector).for_each(|(total, v)| *total += v);
        count += 1.0;
    }
    sum.iter_mut().for_each(|total| *total /= count);
    Some(sum)
}

/// The median, the mean of the two middle values where they are two.
pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    }
}

/// Hands out the little-endian bytes of a frame, a kilobyte at a time.
fn pieces(frame: &[f32], mut take: impl FnMut(&[u8])) {
    let (pieces, rest) = frame.as_chunks::<256>();
    pieces.iter().for_each(|piece| take(piece.map(f32::to_le_bytes).as_flattened()));
    rest.iter().for_each(|value| take(&value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_bytes_score_one_when_equal_and_by_share_when_not() {
        let bits = above(&[1.0, -1.0, 0.5, 0.0], 0.0);
        assert_eq!(bits, [0b101]);
        assert_eq!(binary_score(&bits, &above(&[1.0, 1.0, 0.5, 0.0], 0.0), 4), 0.75);
        let (a, mut b) = ([7; 32], [7; 32]);
        b[0] = 8;
        assert_eq!(byte_score(&a, &b), 31.0 / 32.0);
    }

    #[test]
    fn the_median_of_an_even_count_is_between_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), 2.5);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
    }

    #[test]
    fn hmac_is_that_of_the_reference_key() {
        // Python: hmac.new(b"secret_vault", struct.pack("<2f", 1.0, -2.5), "sha256").hexdigest()
        let got: String = hmac(&[1.0, -2.5]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(got, "e8abf038cf5a00b9ca179669e48e23c49b95c1a366bf22c6c40227e0ef07cb74");
    }
}
