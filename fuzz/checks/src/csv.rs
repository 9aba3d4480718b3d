//! Long CSV: a table loads to the same whatever its encoding, packing and line ends, and to what a slow reading finds.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use neural_vault::dataset::Dataset;

use crate::recordings::{load_as, same};

/// Bytes of the longest text that is taken in other forms too: below it, what a file is told by is in its first bytes.
const LONGEST: usize = 4096;

/// Takes `bytes` as a table, and the text of them in other forms.
pub fn check(bytes: &[u8]) {
    let plain = load_as("clips.csv", bytes);
    load_as("clips.csv.gz", bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let (Some(loaded), Some(read)) = (&plain, slow(text)) {
        is_what_was_read(loaded, &read);
    }
    let is_text = !text.contains('\0') && !text.starts_with('\u{feff}') && !bytes.starts_with(b"\x1f\x8b");
    if !is_text || text.is_empty() || bytes.len() > LONGEST {
        return;
    }
    let compare = |name: &str, bytes: &[u8]| match (&plain, load_as(name, bytes)) {
        (None, None) => {}
        (Some(plain), Some(other)) => same(&other, plain, false),
        (plain, other) => panic!("{name}: {other:?}, but plain {plain:?}"),
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("memory is written");
    compare("clips.csv.gz", &gzip.finish().expect("memory is written"));
    compare("clips.tsv", bytes);
    if !is_told(bytes) {
        return;
    }
    // By the length, so that an input takes no longer than it must.
    match bytes.len() % 3 {
        0 => compare("clips.csv", &["\u{feff}".as_bytes(), bytes].concat()),
        form => {
            let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
            let order = if form == 1 { u16::to_le_bytes } else { u16::to_be_bytes };
            compare("clips.csv", &units.flat_map(order).collect::<Vec<_>>());
        }
    }
    if !text.contains(['\r', '"']) {
        let end = if bytes.len().is_multiple_of(2) { "\r\n" } else { "\r" };
        compare("clips.csv", text.replace('\n', end).as_bytes());
    }
}

/// Whether the first bytes are not those of another kind of file, which are elsewhere in another form.
fn is_told(bytes: &[u8]) -> bool {
    const KINDS: [&[u8]; 12] = [
        b"PK",
        b"BZh",
        b"\xfd7",
        b"PAR1",
        b"ARROW1",
        b"FEA1",
        b"MATLAB",
        b"%PDF-",
        b"version https",
        b"/annex",
        b"<",
        b"\x80",
    ];
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    !KINDS.iter().any(|kind| bytes.starts_with(kind)) && !has(bytes, b"ustar") && !has(bytes, b"n+1")
}

/// Values by label and timestep, in the order of the lines.
type Read<'t> = BTreeMap<(&'t str, i64), Vec<f32>>;

/// Reads a text of the plainest form: three columns, commas, every cell as short as it can be.
fn slow(text: &str) -> Option<Read<'_>> {
    let lines = text.strip_suffix('\n')?.strip_prefix("video,timestep,prediction\n")?;
    let mut read = Read::new();
    for line in lines.split('\n') {
        let cells: Vec<&str> = line.split(',').collect();
        let [label, timestep, value] = cells.as_slice() else { return None };
        let is_plain = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if ![*label, *timestep, *value].into_iter().all(is_plain) || label.is_empty() {
            return None;
        }
        read.entry((label, timestep.parse().ok()?)).or_default().push(value.parse().ok()?);
    }
    Some(read)
}

fn is_what_was_read(loaded: &Dataset, read: &Read<'_>) {
    assert_eq!(loaded.rows.len(), read.len());
    for (at, ((label, timestep), values)) in read.iter().enumerate() {
        let row = loaded.rows[at];
        assert_eq!((loaded.labels[row.label as usize].as_str(), row.timestep), (*label, *timestep));
        let found = loaded.row(at);
        assert_eq!(found.len(), values.len());
        let equal = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(found.iter().zip(values).all(equal), "{found:?} {values:?}");
    }
}
