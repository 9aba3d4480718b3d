//! The lines of a CSV file and their cells, with their numbers.
//!
//! Lines end with a newline, a carriage return or both. Cells are separated by one byte; a cell that begins with a quote
//! ends with the next one, may hold separators and line ends, and doubles the quotes in it. Blank lines are passed over.
//! The csv crate does as much, but numbers lines by newlines alone, and copies every line.

use std::io::{self, Read};
use std::ops::Range;

/// Bytes read at a time; a longer line makes the block longer.
const BLOCK: usize = 256 * 1024;

/// A text read line by line.
pub(super) struct Lines<R> {
    input: R,
    separator: u8,
    block: Vec<u8>,
    /// The bytes of the block that are not read yet.
    rest: Range<usize>,
    /// Whether the block holds a quote.
    quotes: bool,
    ended: bool,
    /// The number of the last line read, from 1.
    last_number: u64,
    /// The number of the first line of the record just read.
    number: u64,
    /// Whether the last line read ended with the text instead of a line end.
    unterminated: bool,
    /// The cells of the record just read, in the block or, of a record with quotes, in `unquoted`.
    cells: Vec<Range<usize>>,
    unquoted: Option<Vec<u8>>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            separator: b',',
            block: vec![0; BLOCK],
            rest: 0..0,
            quotes: false,
            ended: false,
            last_number: 0,
            number: 0,
            unterminated: false,
            cells: Vec::new(),
            unquoted: None,
        }
    }

    /// Reads the next record; false at the end. Whether it [`Lines::follows`] the one before is kept.
    pub(super) fn next_record(&mut self, separator: u8) -> io::Result<bool> {
        self.separator = separator;
        loop {
            let Some(line) = self.next_line()? else { return Ok(false) };
            if line.is_empty() {
                continue;
            }
            self.number = self.last_number;
            if self.quotes && self.block[line.clone()].contains(&b'"') {
                self.split_quoted(line)?;
            } else {
                self.unquoted = None;
                self.cells.clear();
                let mut start = line.start;
                for cell in self.block[line].split(|&byte| byte == separator) {
                    self.cells.push(start..start + cell.len());
                    start += cell.len() + 1;
                }
            }
            return Ok(true);
        }
    }

    /// The bytes of the record just read before one of its cells; none of a record with quotes.
    pub(super) fn before(&self, cell: usize) -> &[u8] {
        match (&self.unquoted, self.cells.first(), self.cells.get(cell)) {
            (None, Some(first), Some(cell)) => &self.block[first.start..cell.start],
            _ => &[],
        }
    }

    /// Reads the next line if it is `start`, a cell `name` if that is given, and a number in its last cell.
    ///
    /// Most lines of a file repeat the beginning of the one before; these are read without being split.
    #[inline]
    pub(super) fn next_value(&mut self, start: &[u8], name: Option<&[u8]>) -> Option<f32> {
        let mut rest = self.block[self.rest.clone()].strip_prefix(start)?;
        if let Some(name) = name {
            let (&separator, after) = rest.strip_prefix(name)?.split_first()?;
            rest = (separator == self.separator).then_some(after)?;
        }
        let (value, length) = fast_float2::parse_partial(rest).ok()?;
        // A line that the block does not hold to its end is read by `next_record`.
        let line_end = match rest.get(length..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [b'\r', _, ..] => 1,
            _ => return None,
        };
        self.rest.start = self.rest.end - rest.len() + length + line_end;
        self.last_number += 1;
        self.number = self.last_number;
        Some(value)
    }

    /// Reads the next line, blank or not, as text.
    pub(super) fn next_text(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.next_line()?.map(|line| &self.block[line]))
    }

    /// The number of the line where the record begins, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The number of the last line read.
    pub(super) fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Whether the text has ended inside the line just read.
    pub(super) fn unterminated(&self) -> bool {
        self.unterminated
    }

    /// How many cells the record has.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// A cell of the record, which has as many.
    #[inline]
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        let cell = self.cells[index].clone();
        match &self.unquoted {
            None => &self.block[cell],
            Some(unquoted) => &unquoted[cell],
        }
    }

    /// The place of the next line in the block, without its line end.
    fn next_line(&mut self) -> io::Result<Option<Range<usize>>> {
        loop {
            let start = self.rest.start;
            match self.block[self.rest.clone()].iter().position(|&byte| byte == b'\n' || byte == b'\r') {
                Some(length) => {
                    let end = start + length;
                    let mut next = end + 1;
                    if self.block[end] == b'\r' {
                        if next == self.rest.end && !self.ended {
                            self.fill()?;
                            continue;
                        }
                        next += usize::from(next < self.rest.end && self.block[next] == b'\n');
                    }
                    self.rest.start = next;
                    self.last_number += 1;
                    return Ok(Some(start..end));
                }
                None if self.ended => {
                    let line = self.rest.clone();
                    if line.is_empty() {
                        return Ok(None);
                    }
                    self.rest.start = line.end;
                    self.last_number += 1;
                    self.unterminated = true;
                    return Ok(Some(line));
                }
                None => self.fill()?,
            }
        }
    }

    /// Moves what is not read yet to the front of the block, and reads more.
    fn fill(&mut self) -> io::Result<()> {
        self.block.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        if self.rest.end == self.block.len() {
            self.block.resize(2 * self.block.len(), 0);
        }
        let read = loop {
            match self.input.read(&mut self.block[self.rest.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.rest.end += read;
        self.ended = read == 0;
        self.quotes = self.block[self.rest.clone()].contains(&b'"');
        Ok(())
    }

    /// Splits a record with quotes, which may go on in the lines after.
    fn split_quoted(&mut self, line: Range<usize>) -> io::Result<()> {
        let mut record = self.block[line].to_vec();
        while cells(&record, self.separator).1 {
            // A line end in a cell.
            if !self.unterminated {
                record.push(b'\n');
            }
            let Some(line) = self.next_line()? else {
                self.unterminated = true;
                break;
            };
            record.extend_from_slice(&self.block[line]);
        }
        let mut text = Vec::with_capacity(record.len());
        self.cells.clear();
        for cell in cells(&record, self.separator).0 {
            let start = text.len();
            text.extend_from_slice(&cell);
            self.cells.push(start..text.len());
        }
        self.unquoted = Some(text);
        Ok(())
    }
}

/// The cells of a record, and whether its last one lacks the quote that ends it.
pub(super) fn cells(record: &[u8], separator: u8) -> (Vec<Vec<u8>>, bool) {
    let mut cells = vec![Vec::new()];
    let (mut inside, mut begins) = (false, true);
    let mut bytes = record.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let cell = cells.len() - 1;
        match byte {
            b'"' if begins => inside = true,
            b'"' if inside => {
                if bytes.next_if_eq(&b'"').is_some() {
                    cells[cell].push(b'"');
                } else {
                    inside = false;
                }
            }
            _ if byte == separator && !inside => {
                cells.push(Vec::new());
                begins = true;
                continue;
            }
            _ => cells[cell].push(byte),
        }
        begins = false;
    }
    (cells, inside)
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

    /// The records of a text, each with its number.
    fn records(text: &str, step: usize) -> Vec<(u64, Vec<String>)> {
        let mut lines = Lines::new(Slow(text.as_bytes(), step));
        let mut records = Vec::new();
        while lines.next_record(b',').unwrap() {
            let cells = (0..lines.count()).map(|cell| String::from_utf8(lines.cell(cell).to_vec()).unwrap());
            records.push((lines.number(), cells.collect()));
        }
        records
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "[ab,\"\r\n]{0,40}", step in 1..9_usize) {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> = reader
                .byte_records()
                .map(|record| record.unwrap().iter().map(|cell| String::from_utf8_lossy(cell).into()).collect())
                .collect();
            let found: Vec<Vec<String>> = records(&text, step).into_iter().map(|(_, cells)| cells).collect();
            // Line ends inside quotes become newlines.
            let plain = |cells: Vec<Vec<String>>| -> Vec<Vec<String>> {
                let plain = |cell: String| cell.replace("\r\n", "\n").replace('\r', "\n");
                cells.into_iter().map(|record| record.into_iter().map(plain).collect()).collect()
            };
            prop_assert_eq!(found, plain(expected));
        }
    }

    #[test]
    fn records_have_the_number_of_their_first_line() {
        let numbers = |text: &str| -> Vec<u64> { records(text, 3).into_iter().map(|(number, _)| number).collect() };
        for end in ["\n", "\r", "\r\n"] {
            let text = ["a", "", "\"b", "b\",1", "", "c"].join(end);
            assert_eq!(numbers(&text), [1, 3, 6], "{text:?}");
        }
    }

    #[test]
    fn a_value_is_read_after_the_same_start_alone() {
        let mut lines = Lines::new(&b"a,0,v,1\na,0,w,2.5\r\na,0,w,3\ra,0,x,4\na,0,x,5,6\na,0,x,7"[..]);
        assert!(lines.next_record(b',').unwrap());
        let start = lines.before(2).to_vec();
        assert_eq!(start, b"a,0,");
        assert_eq!(lines.next_value(&start, Some(b"v")), None);
        assert_eq!(lines.next_value(&start, Some(b"w")), Some(2.5));
        assert_eq!(lines.next_value(b"a,0,w,", None), Some(3.0));
        assert_eq!(lines.next_value(b"a,0,x,", None), Some(4.0));
        assert_eq!(lines.number(), 4);
        assert_eq!(lines.next_value(b"a,0,x,", None), None);
        assert!(lines.next_record(b',').unwrap());
        assert_eq!(lines.count(), 5);
        assert_eq!(lines.next_value(b"a,0,x,", None), None);
        assert!(lines.next_record(b',').unwrap());
        assert_eq!((lines.number(), lines.cell(3), lines.unterminated()), (6, &b"7"[..], true));
    }

    #[test]
    fn a_line_longer_than_the_block_is_read_whole() {
        let text = format!("{},b\nc", "a".repeat(BLOCK + 9));
        let records = records(&text, usize::MAX);
        assert_eq!((records[0].1[0].len(), records[1].1[0].as_str()), (BLOCK + 9, "c"));
    }

    #[test]
    fn a_text_that_ends_inside_a_line_or_a_quote_is_told() {
        for (text, unterminated) in [("a\n", false), ("a\r", false), ("a", true), ("a\n\"b\n", true)] {
            let mut lines = Lines::new(text.as_bytes());
            while lines.next_record(b',').unwrap() {}
            assert_eq!(lines.unterminated(), unterminated, "{text:?}");
        }
    }
}
