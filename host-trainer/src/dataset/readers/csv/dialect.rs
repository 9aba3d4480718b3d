//! The header of a CSV file, and the separator that it tells.
//!
//! Before the header there may be blank lines, comment lines that begin with `#`, and the line `sep=;` that Excel reads and
//! writes. Without that line the separator is the one of comma, semicolon, tab and bar by which the header has the most
//! of the wanted columns. A comment line that holds all of these is the header itself, as `numpy.savetxt` writes it.

use std::io::{self, BufRead};

use csv::{ByteRecord, ReaderBuilder};

const SEPARATORS: &[u8] = b",;\t|";

/// The header's cells and what was found on the way.
pub(super) struct Header {
    /// The names without white space around them; none in a file without a line.
    pub(super) names: Vec<String>,
    /// The line of the header, from 1.
    pub(super) line: u64,
    /// The last line that was read.
    pub(super) last_line: u64,
    pub(super) separator: u8,
}

/// Reads up to the end of the header; `wanted` are the names of columns that it should have.
pub(super) fn header(input: &mut impl BufRead, wanted: &[&str]) -> io::Result<Header> {
    let mut lines = (1..).zip(input.by_ref().split(b'\n'));
    let (mut named, mut last_line) = (None, 0);
    while let Some((line, text)) = lines.next() {
        last_line = line;
        let mut text = without_return(&text?).trim_ascii_start().to_vec();
        if text.is_empty() {
            continue;
        }
        if let Some(separator) = excel_line(&text) {
            named = Some(separator);
            continue;
        }
        let comment = text.starts_with(b"#");
        if comment {
            text.remove(0);
        }
        // A quoted name may hold line ends.
        while !comment && text.iter().filter(|&&byte| byte == b'"').count() % 2 == 1 {
            let Some((number, more)) = lines.next() else { break };
            last_line = number;
            text.push(b'\n');
            text.extend_from_slice(without_return(&more?));
        }
        let (names, separator) = split(&text, named, wanted);
        if !comment || wanted.iter().all(|wanted| has(&names, wanted)) {
            return Ok(Header { names, line, last_line, separator });
        }
    }
    Ok(Header { names: Vec::new(), line: last_line, last_line, separator: b',' })
}

/// A line without the carriage return that was before its newline.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether one of the names is `wanted`, in any case.
fn has(names: &[String], wanted: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
}

/// The separator of Excel's line `sep=;`.
fn excel_line(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [s, e, p, b'=', separator, ..] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") && separator.is_ascii() => {
            Some(*separator)
        }
        _ => None,
    }
}

/// The names of a header, and the separator: `named` or the one that gives the most wanted columns.
fn split(line: &[u8], named: Option<u8>, wanted: &[&str]) -> (Vec<String>, u8) {
    let candidates = named.map_or(SEPARATORS.to_vec(), |separator| vec![separator]);
    let split = candidates.into_iter().map(|separator| (cells(line, separator), separator));
    let count = |names: &[String]| wanted.iter().filter(|wanted| has(names, wanted)).count();
    // The first of equals, because `max_by_key` would take the last.
    let best = split.rev().max_by_key(|(names, _)| (count(names), names.len()));
    best.unwrap_or_default()
}

fn cells(line: &[u8], separator: u8) -> Vec<String> {
    let mut reader = ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line);
    let mut record = ByteRecord::new();
    // Reading from memory fails at nothing.
    let _ = reader.read_byte_record(&mut record);
    record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["video", "timestep", "prediction"];

    fn read(text: &str) -> (String, u64, u8) {
        let mut input = text.as_bytes();
        let header = header(&mut input, WANTED).unwrap();
        assert!(input.is_empty() || input.starts_with(b"a"), "{text}");
        (header.names.join(" "), header.line, header.separator)
    }

    #[test]
    fn the_separator_is_the_one_that_gives_the_wanted_columns() {
        for separator in [",", ";", "\t", "|"] {
            let text = format!("video{separator}x,y;z{separator} timestep {separator}\"prediction\"\na");
            let (names, line, found) = read(&text);
            assert!(names.contains("timestep prediction"), "{names}");
            assert_eq!((line, found), (1, separator.as_bytes()[0]));
        }
        assert_eq!(read("a b c").2, b',');
        assert_eq!(read("1;2;3").2, b';');
    }

    #[test]
    fn blank_lines_comments_and_the_line_of_excel_come_before_the_header() {
        let text = "\n# made, by; a\ttool\nSEP=;\n\n video ;timestep;prediction\na";
        assert_eq!(read(text), ("video timestep prediction".to_owned(), 5, b';'));
        assert_eq!(read("\"sep=!\"\nvideo!timestep!prediction\n").2, b'!');
        assert_eq!(read("#x\n# video,timestep,prediction\na,0,1"), ("video timestep prediction".to_owned(), 2, b','));
        assert_eq!(read("\n#x\n"), (String::new(), 2, b','));
    }

    #[test]
    fn a_quoted_name_may_hold_a_line_end() {
        let mut input = &b"\"vi\ndeo\",timestep,prediction\na"[..];
        let header = header(&mut input, WANTED).unwrap();
        assert_eq!((header.names[0].as_str(), header.line, header.last_line), ("vi\ndeo", 1, 2));
        assert_eq!(input, b"a");
    }
}
