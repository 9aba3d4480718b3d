//! The text of a CSV file, whatever its encoding and line ends.

use std::io::{self, BufReader, Cursor, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;

/// The text of a file, line by line.
pub(super) type Text = LastByte<BufReader<Lines<Box<dyn Read>>>>;

/// Text as UTF-8 without a byte order mark, whose lines end with a newline alone.
///
/// UTF-16 is told by its byte order mark or by its zeros. `start` is the beginning of `input`, at least four bytes of it
/// where it has as many.
pub(super) fn text(start: &[u8], input: Box<dyn Read>) -> io::Result<Text> {
    const BUFFER: usize = 128 * 1024;
    let missing_mark: Option<&'static [u8]> = match *start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(b""),
        [a, 0, b, 0, ..] if a != 0 && b != 0 => Some(b"\xff\xfe"),
        [0, a, 0, b, ..] if a != 0 && b != 0 => Some(b"\xfe\xff"),
        _ => None,
    };
    let text: Box<dyn Read> = match missing_mark {
        Some(mark) => {
            let marked = BufReader::with_capacity(BUFFER, mark.chain(input));
            Box::new(DecodeReaderBytesBuilder::new().build(marked))
        }
        None => without_mark(input)?,
    };
    let lines = BufReader::with_capacity(BUFFER, Lines { inner: text, after_return: false });
    Ok(LastByte { inner: lines, last: b'\n', ended: false })
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

/// Ends every line with a newline, whether it ended with one, a carriage return or both.
pub(super) struct Lines<R> {
    inner: R,
    /// Whether the last byte was a carriage return, which a newline may belong to.
    after_return: bool,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            if read == 0 {
                return Ok(0);
            }
            let kept = self.convert(&mut buffer[..read]);
            // A newline alone, left out, is not the end of the text.
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl<R> Lines<R> {
    /// Converts bytes in place; returns how many are left.
    fn convert(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        let mut from = usize::from(std::mem::take(&mut self.after_return) && bytes[0] == b'\n');
        // Most files have none, and this looks at eight bytes at a time.
        if from == 0 && !bytes.contains(&b'\r') {
            return bytes.len();
        }
        while let Some(length) = bytes[from..].iter().position(|&byte| byte == b'\r') {
            bytes.copy_within(from..from + length, kept);
            kept += length;
            bytes[kept] = b'\n';
            kept += 1;
            from += length + 1;
            match bytes.get(from) {
                Some(b'\n') => from += 1,
                Some(_) => {}
                None => self.after_return = true,
            }
        }
        let length = bytes.len();
        bytes.copy_within(from..length, kept);
        kept + length - from
    }
}

/// Remembers the last byte of the text: a file that was cut short rarely ends with a newline.
pub(super) struct LastByte<R> {
    pub(super) inner: R,
    last: u8,
    ended: bool,
}

impl<R> LastByte<R> {
    /// Whether the text has ended inside a line.
    pub(super) fn unterminated(&self) -> bool {
        self.ended && self.last != b'\n'
    }
}

impl<R: Read> Read for LastByte<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match buffer[..read].last() {
            Some(&last) => self.last = last,
            None => self.ended = true,
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that returns at most `step` bytes at a time.
    struct Slow<'b>(&'b [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = buffer.len().min(self.1);
            self.0.read(&mut buffer[..step])
        }
    }

    proptest! {
        #[test]
        fn every_line_end_becomes_a_newline(text in "[ab\r\n]{0,40}", step in 1..9_usize) {
            let mut converted = String::new();
            Lines { inner: Slow(text.as_bytes(), step), after_return: false }.read_to_string(&mut converted).unwrap();
            prop_assert_eq!(converted, text.replace("\r\n", "\n").replace('\r', "\n"));
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
