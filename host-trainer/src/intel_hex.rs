//! Intel HEX: bytes and their addresses as text, which programmers of microcontrollers take.

use ihex::{Record, create_object_file_representation};
use thiserror::Error;

/// Bytes of a line.
const LINE: usize = 16;

/// Bytes that share the upper half of their address.
const SEGMENT: u32 = 1 << 16;

/// Why bytes cannot be placed at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IntelHexError {
    /// The bytes reach beyond the last address.
    #[error("{length} bytes from {address:#010x} on reach beyond the last address, 0xffffffff")]
    TooLong {
        /// The first address.
        address: u32,
        /// The number of bytes.
        length: usize,
    },
    /// A record was refused.
    #[error("Intel HEX: {0}")]
    Record(#[from] ihex::WriterError),
}

/// The bytes as Intel HEX with 32-bit addresses, from `address` on.
///
/// # Errors
/// The bytes reach beyond the last address.
pub fn intel_hex(address: u32, bytes: &[u8]) -> Result<String, IntelHexError> {
    let end = u64::from(address) + bytes.len() as u64;
    if end > 1 << 32 {
        return Err(IntelHexError::TooLong { address, length: bytes.len() });
    }
    let (mut records, mut rest, mut place) = (Vec::new(), bytes, address);
    while !rest.is_empty() {
        if place == address || place.is_multiple_of(SEGMENT) {
            records.push(Record::ExtendedLinearAddress((place / SEGMENT) as u16));
        }
        // No line crosses into the next segment.
        let length = LINE.min((SEGMENT - place % SEGMENT) as usize).min(rest.len());
        let (value, after) = rest.split_at(length);
        records.push(Record::Data { offset: (place % SEGMENT) as u16, value: value.to_vec() });
        (rest, place) = (after, place.wrapping_add(length as u32));
    }
    records.push(Record::EndOfFile);
    Ok(create_object_file_representation(&records)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_at_their_addresses_across_segments() {
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        for address in [0x1200_0000u32, 0x1200_fff8, 4] {
            let text = intel_hex(address, &bytes).unwrap();
            let (mut upper, mut found) = (0, Vec::new());
            for record in ihex::Reader::new(&text) {
                match record.unwrap() {
                    Record::ExtendedLinearAddress(half) => upper = u32::from(half) << 16,
                    Record::Data { offset, value } => {
                        assert_eq!(upper + u32::from(offset), address + found.len() as u32);
                        found.extend(value);
                    }
                    Record::EndOfFile => assert_eq!(found.len(), bytes.len()),
                    other => panic!("{other:?}"),
                }
            }
            assert!(found == bytes);
        }
    }

    #[test]
    fn the_first_lines_are_those_of_the_format() {
        let text = intel_hex(0x1200_0000, b"NVB").unwrap();
        assert_eq!(text, ":020000041200E8\n:030000004E564217\n:00000001FF\n");
    }

    #[test]
    fn bytes_beyond_the_last_address_are_refused() {
        assert!(intel_hex(0xffff_fff0, &[0; 16]).is_ok());
        assert!(matches!(intel_hex(0xffff_fff0, &[0; 17]), Err(IntelHexError::TooLong { length: 17, .. })));
    }
}
