//! Statistics of v1 keys: avalanche, bit balance, entropy, uniqueness.
//!
//! All four describe HKDF-SHA256, whose output looks random for any input: they reveal faults of the derivation, but
//! not how hard a prototype is to guess.

use neural_vault_core::key::{KeyError, derive_v1};
use zeroize::Zeroizing;

use crate::results::KeyQuality;

/// The change that the reference makes to one component: 50 steps of the quantiser.
const DISTURBANCE: f32 = 0.05;

const KEY_BYTES: usize = 32;
const KEY_BITS: f64 = 8.0 * KEY_BYTES as f64;

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The quality of the 256-bit v1 keys of `prototypes`, one per class.
///
/// The entropy is that of the frequencies of byte values in all keys, so at most the log2 of their number: 8 keys of 32
/// random bytes have about 7.2 bits per byte, not 8. Uniqueness is 0 for fewer than two prototypes; without prototypes
/// all figures are 0.
///
/// # Errors
/// When a prototype is not finite or is too long.
pub fn key_quality<P: AsRef<[f32]>>(prototypes: &[P]) -> Result<KeyQuality, KeyError> {
    let keys = prototypes.iter().map(|prototype| key(prototype.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let bytes = || keys.iter().flat_map(|key| key.iter().copied());
    let ones: u32 = bytes().map(u8::count_ones).sum();
    let pairs = keys.iter().enumerate().flat_map(|(i, a)| keys[..i].iter().map(move |b| differing_share(a, b)));
    Ok(KeyQuality {
        avalanche: avalanche(prototypes, &keys)?,
        bit_balance: f64::from(ones) / (KEY_BITS * keys.len().max(1) as f64),
        entropy: byte_entropy(bytes()),
        uniqueness: mean(pairs),
    })
}

/// The mean share of key bits that flip when one component is disturbed, over all components of all prototypes.
fn avalanche<P: AsRef<[f32]>>(prototypes: &[P], keys: &[Key]) -> Result<f64, KeyError> {
    let mut shares = Vec::new();
    for (prototype, before) in prototypes.iter().zip(keys) {
        let mut disturbed = prototype.as_ref().to_vec();
        for component in 0..disturbed.len() {
            let value = disturbed[component];
            disturbed[component] = value + DISTURBANCE;
            shares.push(differing_share(before, &key(&disturbed)?));
            disturbed[component] = value;
        }
    }
    Ok(mean(shares))
}

fn key(prototype: &[f32]) -> Result<Key, KeyError> {
    let mut key = Key::default();
    derive_v1(prototype, &mut *key)?;
    Ok(key)
}

fn differing_share(a: &Key, b: &Key) -> f64 {
    let bits: u32 = a.iter().zip(b.iter()).map(|(a, b)| (a ^ b).count_ones()).sum();
    f64::from(bits) / KEY_BITS
}

/// Shannon entropy of the byte values, in bits per byte.
fn byte_entropy(bytes: impl IntoIterator<Item = u8>) -> f64 {
    let (mut counts, mut total) = ([0_u32; 256], 0_u32);
    for byte in bytes {
        counts[usize::from(byte)] += 1;
        total += 1;
    }
    let shares = counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / f64::from(total));
    shares.map(|share| -share * share.log2()).sum::<f64>() + 0.0
}

/// The mean; 0 without values.
fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (count, sum) = values.into_iter().fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    sum / f64::from(count.max(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn keys_of_different_prototypes_look_random() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let prototypes: Vec<Vec<f32>> =
            (0..8).map(|_| (0..128).map(|_| random.random_range(-0.1..0.1_f32)).collect()).collect();
        let found = key_quality(&prototypes).unwrap();
        // Four standard errors: 1024 x 256, 8 x 256 and 28 x 256 fair bits.
        assert!((found.avalanche - 0.5).abs() < 0.004, "{found:?}");
        assert!((found.bit_balance - 0.5).abs() < 0.045, "{found:?}");
        assert!((found.uniqueness - 0.5).abs() < 0.024, "{found:?}");
        assert!((6.9..7.5).contains(&found.entropy), "{found:?}");
    }

    #[test]
    fn one_prototype_twice_is_not_unique() {
        let found = key_quality(&[[0.3_f32, -0.2], [0.3, -0.2]]).unwrap();
        assert_eq!(found.uniqueness, 0.0);
        assert!((found.avalanche - 0.5).abs() < 0.15);
        assert_eq!(key_quality::<[f32; 2]>(&[]).unwrap(), KeyQuality::default());
    }

    #[test]
    fn the_entropy_is_that_of_byte_frequencies() {
        assert_eq!(byte_entropy([7; 32]), 0.0);
        assert_eq!(byte_entropy([1, 2, 3, 4]), 2.0);
        assert_eq!(byte_entropy([1, 1, 2, 3]), 1.5);
    }

    #[test]
    fn a_prototype_that_is_not_finite_is_an_error() {
        assert!(key_quality(&[[f32::NAN, 0.0]]).is_err());
    }
}
