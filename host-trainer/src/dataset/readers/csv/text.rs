//! The text of a CSV file as UTF-8, whatever its encoding.

use std::io::{self, BufReader, Cursor, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;

const BUFFER: usize = 128 * 1024;

/// Text as UTF-8 without a byte order mark.
///
/// UTF-16 is told by its byte order mark or by its zeros. `start` is the beginning of `input`, at least four bytes of it
/// where it has as many.
pub(super) fn text(start: &[u8], input: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    match missing_mark(start) {
        Some(mark) => {
            let marked = BufReader::with_capacity(BUFFER, mark.chain(input));
            Ok(Box::new(DecodeReaderBytesBuilder::new().build(marked)))
        }
        None => without_mark(input),
    }
}

/// Whether text that begins with these bytes is UTF-16.
pub(super) fn is_utf16(start: &[u8]) -> bool {
    missing_mark(start).is_some()
}

/// The byte order mark that UTF-16 lacks, empty where it has one; `None` of other text.
fn missing_mark(start: &[u8]) -> Option<&'static [u8]> {
    match *start {
        // The mark of UTF-32.
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(b""),
        [a, 0, b, 0, ..] if a != 0 && b != 0 => Some(b"\xff\xfe"),
        [0, a, 0, b, ..] if a != 0 && b != 0 => Some(b"\xfe\xff"),
        _ => None,
    }
}

/// Leaves out a byte order mark of UTF-8.
fn without_mark(mut input: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut first = Vec::new();
    input.as_mut().take(3).read_to_end(&mut first)?;
    if first == "\u{feff}".as_bytes() {
        first.clear();
    }
    Ok(Box::new(Cursor::new(first).chain(input)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_told_by_its_mark_or_its_zeros() {
        let plain = "vidéo,1\nx\n";
        let little: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = plain.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
        let forms = [
            plain.as_bytes().to_vec(),
            marked("\u{feff}".as_bytes(), plain.as_bytes()),
            marked(b"\xff\xfe", &little),
            marked(b"\xfe\xff", &big),
            little,
            big,
        ];
        for bytes in forms {
            let mut read = String::new();
            text(&bytes, Box::new(Cursor::new(bytes.clone()))).unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, plain);
        }
    }
}
