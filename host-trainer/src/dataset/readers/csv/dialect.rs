//! The header of a CSV file, and the separator that it tells.
//!
//! Before the header there may be blank lines, comment lines that begin with `#`, and the line `sep=;` that Excel reads and
//! writes. Without that line the separator is the one of comma, semicolon, tab and bar by which the header has the most
//! of the wanted columns. A comment line that holds all of these is the header itself, as `numpy.savetxt` writes it.

use std::io::{self, Read};

use super::lines::{Lines, cells};

const SEPARATORS: &[u8] = b",;\t|";

/// The header's cells and what was found on the way.
pub(super) struct Header {
    /// The names without white space around them; none in a file without a line.
    pub(super) names: Vec<String>,
    /// The line of the header, from 1.
    pub(super) line: u64,
    pub(super) separator: u8,
}

/// Reads up to the end of the header; `wanted` are the names of columns that it should have.
pub(super) fn header(lines: &mut Lines<impl Read>, wanted: &[&str]) -> io::Result<Header> {
    let mut named = None;
    loop {
        let Some(text) = lines.next_text()? else {
            return Ok(Header { names: Vec::new(), line: lines.last_number(), separator: b',' });
        };
        let mut text = text.trim_ascii_start().to_vec();
        let line = lines.last_number();
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
            let Some(more) = lines.next_text()? else { break };
            text.push(b'\n');
            text.extend_from_slice(more);
        }
        let (names, separator) = split(&text, named, wanted);
        if !comment || wanted.iter().all(|wanted| has(&names, wanted)) {
            return Ok(Header { names, line, separator });
        }
    }
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
    let split = candidates.into_iter().map(|separator| {
        let names =
            cells(line, separator).0.into_iter().map(|cell: Vec<u8>| String::from_utf8_lossy(&cell).trim().to_owned());
        (names.collect::<Vec<String>>(), separator)
    });
    let count = |names: &[String]| wanted.iter().filter(|wanted| has(names, wanted)).count();
    // The first of equals, because `max_by_key` would take the last.
    let best = split.rev().max_by_key(|(names, _)| (count(names), names.len()));
    best.unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["video", "timestep", "prediction"];

    fn read(text: &str) -> (String, u64, u8) {
        let mut lines = Lines::new(text.as_bytes());
        let header = header(&mut lines, WANTED).unwrap();
        let rest = lines.next_text().unwrap();
        assert!(rest.is_none_or(|rest| rest.starts_with(b"a")), "{text}");
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
        let mut lines = Lines::new(&b"\"vi\ndeo\",timestep,prediction\na"[..]);
        let header = header(&mut lines, WANTED).unwrap();
        assert_eq!((header.names[0].as_str(), header.line), ("vi\ndeo", 1));
        assert_eq!(lines.next_text().unwrap(), Some(&b"a"[..]));
    }
}
