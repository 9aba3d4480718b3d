//! Secrets and keys as hexadecimal digits, made in constant time and cleared.

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// A secret or a key as lower-case hexadecimal digits.
pub struct Digits(Zeroizing<String>);

/// A key of any length.
pub struct Key(Zeroizing<Vec<u8>>);

impl Digits {
    /// The digits of these bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(Zeroizing::new(base16ct::lower::encode_string(secret)))
    }

    /// The digits. The caller must clear any copies.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// The digits and a newline.
    pub fn line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(self.0.len() + 1));
        line.push_str(self.expose_secret());
        line.push('\n');
        line
    }
}

/// Only for [`Console::secret_result`], which clears the document that it builds.
impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl Key {
    /// A key of `length` bytes, which `derive` fills.
    pub fn derive<E>(length: usize, derive: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Zeroizing::new(vec![0; length]));
        derive(&mut key.0)?;
        Ok(key)
    }

    /// Its digits.
    pub fn digits(&self) -> Digits {
        Digits::new(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    neural_vault_testkit::assert_secret!(Digits, Key);

    #[test]
    fn digits_are_lower_case() {
        assert_eq!(Digits::new(&[0x00, 0x9a, 0xff]).expose_secret(), "009aff");
    }
}
