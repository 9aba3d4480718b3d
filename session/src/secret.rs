//! Secret bytes that are cleared when they are dropped.

use noise_protocol::U8Array;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Secret bytes; zeroised on drop, without `Clone`, `Debug` or `PartialEq`.
///
/// `noise-protocol` keeps keys and the chaining key in such arrays and does not clear them itself.
pub(crate) struct SecretBytes<const N: usize>([u8; N]);

impl<const N: usize> SecretBytes<N> {
    pub(crate) fn from_bytes(bytes: &[u8; N]) -> Self {
        Self(*bytes)
    }

    pub(crate) fn expose_secret(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn expose_secret_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> U8Array for SecretBytes<N> {
    fn new() -> Self {
        Self([0; N])
    }

    fn new_with(byte: u8) -> Self {
        Self([byte; N])
    }

    fn from_slice(bytes: &[u8]) -> Self {
        let mut secret = Self::new();
        secret.0.copy_from_slice(bytes);
        secret
    }

    fn len() -> usize {
        N
    }

    fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const N: usize> Drop for SecretBytes<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for SecretBytes<N> {}
