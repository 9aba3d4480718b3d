//! Bytes as hexadecimal digits.

/// Lower-case hexadecimal, two digits a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}
