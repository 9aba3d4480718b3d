//! The header of a `.npy` file, of any version of Python.

use std::io::{self, Read};

use npyz::NpyHeader;
use py_literal::Value;

/// Longest header: NumPy pads a plain array's to 64 or 128 bytes, and a structured one's grows with its fields.
const LONGEST: usize = 8192;
/// Deepest nesting: a dictionary with a list of fields, which are tuples that hold the tuple of a shape.
const DEEPEST: usize = 4;
/// Most brackets: those of some hundred fields.
const BRACKETS: usize = 256;
const NOT_PLAIN: &str = "its header is not a plain array's";

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads a header; the input then stands at the first byte of the data, which is at the place returned with it.
///
/// # Errors
/// Of [`io::ErrorKind::InvalidData`] with the reason, where the header is none.
pub(super) fn read_header(input: &mut dyn Read) -> io::Result<(NpyHeader, u64)> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut start = [0; 8];
    input.read_exact(&mut start)?;
    if !start.starts_with(MAGIC) {
        return Err(invalid("it is not a NumPy array"));
    }
    let mut length = [0; 4];
    // Version 1 has a length of two bytes.
    let width = if start[6] == 1 { 2 } else { 4 };
    input.read_exact(&mut length[..width])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(invalid(NOT_PLAIN));
    }
    let mut text = vec![0; length];
    input.read_exact(&mut text)?;
    // The header's parser takes time exponential in the depth of nesting: deeper headers must not reach it.
    if !is_shallow(&text) {
        return Err(invalid(NOT_PLAIN));
    }
    let text = plain_numbers(&String::from_utf8_lossy(&text));
    check_shape(&text).map_err(|reason| invalid(&reason))?;
    // As version 3, whatever it was: text in UTF-8 and a length of four bytes.
    let header = [MAGIC, b"\x03\x00", &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let parsed = NpyHeader::from_reader(header.as_slice()).map_err(|_| invalid(NOT_PLAIN))?;
    Ok((parsed, (8 + width + length) as u64))
}

fn is_shallow(text: &[u8]) -> bool {
    let (mut depth, mut deepest, mut brackets) = (0_usize, 0, 0);
    for byte in text {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                brackets += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest <= DEEPEST && brackets <= BRACKETS
}

/// Refuses a shape of more values than 64 bits can count: npyz multiplies its lengths without a check.
fn check_shape(text: &str) -> Result<(), String> {
    let Ok(Value::Dict(entries)) = text.strip_suffix('\n').unwrap_or(text).parse() else {
        return Err(NOT_PLAIN.to_owned());
    };
    // A key that is stated twice is checked twice.
    for (_, shape) in entries.iter().filter(|(key, _)| key.as_string().is_some_and(|key| key == "shape")) {
        let (Value::Tuple(axes) | Value::List(axes)) = shape else { return Err(NOT_PLAIN.to_owned()) };
        let lengths = axes.iter().map(|axis| u64::try_from(axis.as_integer()?).ok());
        let lengths: Vec<u64> = lengths.collect::<Option<_>>().ok_or(NOT_PLAIN)?;
        // npyz multiplies axis by axis, from either end: a 0 may come only after a product that is too large.
        let values = lengths.iter().try_fold(1_u64, |values, &length| values.checked_mul(length.max(1)));
        values.ok_or_else(|| format!("its shape {lengths:?} is too large"))?;
    }
    Ok(())
}

/// The numbers of a header as plain digits: Python 2 wrote `3L`, and some tools write `np.int64(3)`.
fn plain_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after_digit = plain.ends_with(|before: char| before.is_ascii_digit());
        if quote.is_none() && character == 'L' && after_digit {
            rest = &rest[1..];
            continue;
        }
        if quote.is_none()
            && let Some((digits, after)) = numpy_number(rest)
        {
            plain.push_str(digits);
            rest = after;
            continue;
        }
        match quote {
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        plain.push(character);
        rest = &rest[character.len_utf8()..];
    }
    plain
}

/// The digits of `np.int64(3)` at the start of a text, and the text after it.
fn numpy_number(text: &str) -> Option<(&str, &str)> {
    let call = text.strip_prefix("numpy.").or_else(|| text.strip_prefix("np."))?;
    let (name, rest) = call.split_once('(')?;
    let (digits, after) = rest.split_once(')')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some((digits, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_64_bits_cannot_count_is_refused() {
        let read = |shape: &str| {
            let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
            let file = [MAGIC, b"\x01\x00", &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat();
            read_header(&mut file.as_slice())
                .map(|(header, _)| header.shape().to_vec())
                .map_err(|error| error.to_string())
        };
        for (shape, lengths) in [
            ("(5643967457967210493, 24)", "[5643967457967210493, 24]"),
            ("(4294967296, 4294967296, 0)", "[4294967296, 4294967296, 0]"),
            ("(0, 4294967296, 4294967296L)", "[0, 4294967296, 4294967296]"),
            ("(1,), 'shape': [9223372036854775808, 2]", "[9223372036854775808, 2]"),
            ("(9223372036854775808, 2), 'shape': (1,)", "[9223372036854775808, 2]"),
        ] {
            assert_eq!(read(shape), Err(format!("its shape {lengths} is too large")));
        }
        for wrong in ["(18446744073709551616,)", "(-1,)", "(1.0,)", "('1',)", "{1}", "1"] {
            assert_eq!(read(wrong), Err(NOT_PLAIN.to_owned()), "{wrong}");
        }
        assert_eq!(read("(4294967295, 4294967297)"), Ok(vec![4_294_967_295, 4_294_967_297]));
        assert_eq!(read("()"), Ok(vec![]));
        assert_eq!(read("(0, 3)"), Ok(vec![0, 3]));
    }

    #[test]
    fn numbers_of_python_2_and_of_numpy_are_read_as_plain_ones() {
        let text = "{'descr': '3L np.int64(3)', 'shape': (3L, np.int64(40), numpy.intp(5)), 'f': False, }";
        let plain = "{'descr': '3L np.int64(3)', 'shape': (3, 40, 5), 'f': False, }";
        assert_eq!(plain_numbers(text), plain);
        assert_eq!(plain_numbers(plain), plain);
        assert_eq!(plain_numbers("np.int64(x) L 'é' np.("), "np.int64(x) L 'é' np.(");
    }
}
