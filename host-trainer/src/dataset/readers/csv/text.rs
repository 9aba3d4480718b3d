//! The text of a CSV file as UTF-8, whatever its encoding and line ends.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;

pub(super) const BUFFER: usize = 128 * 1024;

/// The text of a file.
pub(super) type Text = BufReader<LineEnds<BufReader<Box<dyn Read>>>>;

/// Text as UTF-8 without a byte order mark, whose lines end with a newline, after a carriage return or not.
///
/// UTF-16 is told by its byte order mark or by its zeros. `start` is the beginning of `input`, at least four bytes of it
/// where it has as many.
pub(super) fn text(start: &[u8], input: Box<dyn Read>) -> io::Result<Text> {
    let text: Box<dyn Read> = match missing_mark(start) {
        Some(mark) => {
            let marked = BufReader::with_capacity(BUFFER, mark.chain(input));
            Box::new(DecodeReaderBytesBuilder::new().build(marked))
        }
        None => without_mark(input)?,
    };
    let inner = BufReader::with_capacity(BUFFER, text);
    Ok(BufReader::with_capacity(BUFFER, LineEnds { inner, ended: false }))
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

/// Text in which a carriage return that no newline follows becomes a newline.
pub(super) struct LineEnds<R> {
    inner: R,
    ended: bool,
}

impl<R> LineEnds<R> {
    /// Whether a reader has come to the end of the text.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

impl<R: BufRead> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.ended = read == 0;
        let text = &mut buffer[..read];
        // Without a branch, so that the compiler does many bytes at once.
        for pair in Cell::from_mut(&mut *text).as_slice_of_cells().windows(2) {
            let alone = (pair[0].get() == b'\r') & (pair[1].get() != b'\n');
            pair[0].set(if alone { b'\n' } else { pair[0].get() });
        }
        if let Some(last @ b'\r') = text.last_mut()
            && self.inner.fill_buf()?.first() != Some(&b'\n')
        {
            *last = b'\n';
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn carriage_returns_alone_become_newlines(text in "[ab\r\n]{0,40}", step in 1..9_usize) {
            let mut converted = String::new();
            let inner = BufReader::with_capacity(step, text.as_bytes());
            let mut lines = BufReader::with_capacity(step, LineEnds { inner, ended: false });
            lines.read_to_string(&mut converted).unwrap();
            prop_assert_eq!(converted.replace("\r\n", "\n"), text.replace("\r\n", "\n").replace('\r', "\n"));
            prop_assert_eq!(converted.len(), text.len());
        }
    }

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
