//! A bundle in memory, aligned for fast reading by the core.

use std::fmt;
use std::ops::Deref;

/// Bytes of a cache line, and of the widest vector register.
const LINE: usize = 64;

/// Bytes that start on a cache line.
///
/// A bundle's tensors start at multiples of 64 bytes, so its floats are aligned in place and no vector of weights
/// straddles two cache lines.
pub struct Aligned {
    buffer: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// A copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut buffer = vec![0; bytes.len() + LINE];
        let start = buffer.as_ptr().align_offset(LINE);
        buffer[start..start + bytes.len()].copy_from_slice(bytes);
        Self { buffer, start, length: bytes.len() }
    }
}

impl Clone for Aligned {
    /// The copy is aligned again, because it is at another address.
    fn clone(&self) -> Self {
        Self::new(self)
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aligned({} bytes)", self.length)
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_any_length_start_on_a_line() {
        for length in [0, 1, 63, 64, 65, 1000, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|k| k as u8).collect();
            let aligned = Aligned::new(&bytes);
            let copy = aligned.clone();
            for found in [&aligned, &copy] {
                assert_eq!(&found[..], bytes);
                assert_eq!(found.as_ptr().addr() % LINE, 0);
            }
        }
    }
}
