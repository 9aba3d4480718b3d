//! NumPy arrays and archives of them: what loads has the values that a slow reading finds.

use std::io::{Cursor, Write};

use arbitrary::{Arbitrary, Unstructured};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::numbers::{canonical, filled, number};
use crate::recordings::load_as;

/// Types of numbers: their letter and size.
const NUMBERS: [(char, usize); 12] = [
    ('f', 4),
    ('f', 8),
    ('f', 2),
    ('i', 8),
    ('i', 4),
    ('i', 2),
    ('i', 1),
    ('u', 8),
    ('u', 4),
    ('u', 2),
    ('u', 1),
    ('b', 1),
];

/// Types of names: text of four bytes a character, of one, and whole numbers.
const NAMES: [(char, usize); 6] = [('U', 4), ('S', 1), ('i', 8), ('u', 1), ('i', 2), ('O', 8)];

/// An archive as a program of Python might write it, with damage.
#[derive(Arbitrary, Debug)]
struct Archive {
    data: u8,
    matrix: Matrix,
    labels: Option<(bool, Names)>,
    sessions: Option<Names>,
    times: Option<(u8, Times)>,
    is_compressed: bool,
    /// Places, and what is written there.
    edits: Vec<(u16, u8)>,
    cut: Option<u16>,
}

#[derive(Arbitrary, Debug)]
struct Matrix {
    kind: u8,
    is_big_endian: bool,
    is_fortran: bool,
    version: u8,
    rows: u8,
    features: u8,
    /// Taken again and again, until all values have their bytes.
    bytes: Vec<u8>,
    added: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
struct Names {
    kind: u8,
    is_big_endian: bool,
    length: u8,
    bytes: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Times {
    Numbers { kind: u8, columns: Option<u8>, bytes: Vec<u8> },
    Counted { first: i64 },
    Fields { before: u8, kind: u8, bytes: Vec<u8> },
    Pickled,
}

/// Takes `bytes` as a `.npy` file, as a `.npz` file, and as a description of an archive.
pub fn check(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        load_as("clips.npz", bytes);
    } else if let (Some(loaded), Some(values)) = (load_as("face.npy", bytes), slow(bytes)) {
        assert!(loaded.values.iter().map(|value| value.to_bits()).eq(values), "{loaded:?}");
    }
    if let Ok(archive) = Archive::arbitrary(&mut Unstructured::new(bytes)) {
        archive.check();
    }
}

/// The bits of the values of a plain matrix of float32, by a header as NumPy writes it.
fn slow(bytes: &[u8]) -> Option<Vec<u32>> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\0")?;
    let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
    let header = std::str::from_utf8(rest.get(2..2 + length)?).ok()?;
    let shape = header.strip_prefix("{'descr': '<f4', 'fortran_order': False, 'shape': (")?;
    let (shape, end) = shape.split_once(')')?;
    let (rows, features) = shape.split_once(", ")?;
    let count = rows.parse::<usize>().ok()?.checked_mul(features.parse().ok()?)?;
    if end.trim_end() != ", }" || count > bytes.len() {
        return None;
    }
    let values = rest[2 + length..].chunks_exact(4).take(count);
    Some(values.map(|value| u32::from_le_bytes([value[0], value[1], value[2], value[3]])).collect())
}

impl Archive {
    fn check(&self) {
        let matrix = &self.matrix;
        let rows = matrix.rows();
        let alone = load_as("face.npy", &matrix.npy());
        // A type of numbers and a matrix that is not empty.
        let stored = matrix.values();
        match (&alone, rows * matrix.features() > 0 && !stored.iter().all(|value| value.is_nan())) {
            (Some(loaded), true) => is_equal(&loaded.values, &stored),
            (None, false) => {}
            other => panic!("{other:?} {self:?}"),
        }

        let names = ["X", "preds", "data", "arr_0"];
        let mut arrays = vec![(names[usize::from(self.data) % names.len()], matrix.npy())];
        if let Some((is_y, labels)) = &self.labels {
            arrays.push((if *is_y { "y" } else { "labels" }, labels.npy(rows)));
        }
        if let Some(sessions) = &self.sessions {
            arrays.push(("sessions", sessions.npy(rows)));
        }
        if let Some((name, times)) = &self.times {
            let names = ["timesteps", "timestep", "times", "segments", "onset"];
            arrays.push((names[usize::from(*name) % names.len()], times.npy(rows)));
        }
        let mut zip = self.zip(&arrays);
        if let Some(loaded) = load_as("clips.npz", &zip) {
            let sorted = |values: &[f32]| {
                let mut rows: Vec<Vec<u32>> = values.chunks_exact(matrix.features()).map(canonical).collect();
                rows.sort();
                rows
            };
            assert_eq!(sorted(&loaded.values), sorted(&stored), "{self:?}");
            if self.labels.is_none() && self.times.is_none() {
                is_equal(&loaded.values, &stored);
            }
        }

        for &(place, value) in &self.edits {
            let place = usize::from(place) % zip.len();
            zip[place] = value;
        }
        zip.truncate(self.cut.map_or(zip.len(), usize::from));
        load_as("clips.npz", &zip);
        // The header of an array with the same damage, in an archive that is whole.
        for (_, array) in &mut arrays {
            for &(place, value) in &self.edits {
                let place = usize::from(place) % array.len();
                array[place] = value;
            }
        }
        load_as("clips.npz", &self.zip(&arrays));
    }

    fn zip(&self, arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
        archive(arrays, self.is_compressed)
    }
}

impl Matrix {
    fn rows(&self) -> usize {
        usize::from(self.rows % 9)
    }

    fn features(&self) -> usize {
        usize::from(self.features % 9)
    }

    fn kind(&self) -> (char, usize) {
        NUMBERS[usize::from(self.kind) % NUMBERS.len()]
    }

    fn data(&self) -> Vec<u8> {
        filled(&self.bytes, self.rows() * self.features() * self.kind().1)
    }

    fn npy(&self) -> Vec<u8> {
        let (letter, size) = self.kind();
        let kind = format!("'{}{letter}{size}'", order(self.is_big_endian));
        let shape = format!("({}, {})", self.rows(), self.features());
        array(self.version, &kind, self.is_fortran, &shape, &[self.data(), self.added.clone()].concat())
    }

    /// The values in rows, each by itself.
    fn values(&self) -> Vec<f32> {
        let (letter, size) = self.kind();
        let (rows, features, data) = (self.rows(), self.features(), self.data());
        let places = (0..rows).flat_map(|row| (0..features).map(move |feature| (row, feature)));
        places
            .map(|(row, feature)| {
                let at = if self.is_fortran { feature * rows + row } else { row * features + feature };
                let mut bytes = data[at * size..][..size].to_vec();
                if self.is_big_endian {
                    bytes.reverse();
                }
                number(letter, &bytes)
            })
            .collect()
    }
}

impl Names {
    fn npy(&self, rows: usize) -> Vec<u8> {
        let (letter, unit) = NAMES[usize::from(self.kind) % NAMES.len()];
        let is_text = "US".contains(letter);
        let length = if is_text { usize::from(self.length % 6) } else { unit };
        let size = if is_text { length * unit } else { unit };
        let mut data = filled(&self.bytes, rows * size);
        if letter == 'U' {
            // Most codes of four bytes are no characters.
            for code in data.chunks_exact_mut(4) {
                let low = if self.is_big_endian { code[3] } else { code[0] };
                code.copy_from_slice(&if self.is_big_endian { [0, 0, 0, low] } else { [low, 0, 0, 0] });
            }
        }
        let kind =
            if letter == 'O' { "'|O'".to_owned() } else { format!("'{}{letter}{length}'", order(self.is_big_endian)) };
        array(1, &kind, false, &format!("({rows},)"), &data)
    }
}

impl Times {
    fn npy(&self, rows: usize) -> Vec<u8> {
        match self {
            Times::Numbers { kind, columns, bytes } => {
                let (letter, size) = NUMBERS[usize::from(*kind) % NUMBERS.len()];
                let columns = columns.map(|columns| usize::from(columns % 4));
                let shape = columns.map_or(format!("({rows},)"), |columns| format!("({rows}, {columns})"));
                let data = filled(bytes, rows * columns.unwrap_or(1) * size);
                array(1, &format!("'<{letter}{size}'"), false, &shape, &data)
            }
            Times::Counted { first } => {
                let times = (0..rows as i64).map(|row| first.wrapping_add(row));
                let data: Vec<u8> = times.flat_map(i64::to_le_bytes).collect();
                array(1, "'<i8'", false, &format!("({rows},)"), &data)
            }
            Times::Fields { before, kind, bytes } => {
                let (letter, size) = NUMBERS[usize::from(*kind) % NUMBERS.len()];
                let before = usize::from(before % 5);
                let kind = format!("[('name', '|S{before}'), ('start', '<{letter}{size}'), ('more', '<f4')]");
                array(1, &kind, false, &format!("({rows},)"), &filled(bytes, rows * (before + size + 4)))
            }
            Times::Pickled => array(1, "'|O'", false, &format!("({rows},)"), b"\x80\x04"),
        }
    }
}

/// A `.npz` file of these arrays.
pub(crate) fn archive(arrays: &[(&str, Vec<u8>)], is_compressed: bool) -> Vec<u8> {
    let method = if is_compressed { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), options).expect("an entry is begun");
        zip.write_all(bytes).expect("an entry is written");
    }
    zip.finish().expect("an archive is finished").into_inner()
}

/// A `.npy` file of this type and shape, each as NumPy writes it in the header.
pub(crate) fn array(version: u8, kind: &str, is_fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let header = format!("{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let version = version % 3 + 1;
    let length = (header.len() as u32).to_le_bytes();
    let length = if version == 1 { &length[..2] } else { &length[..] };
    [b"\x93NUMPY", &[version, 0][..], length, header.as_bytes(), data].concat()
}

fn order(is_big_endian: bool) -> char {
    if is_big_endian { '>' } else { '<' }
}

fn is_equal(loaded: &[f32], stored: &[f32]) {
    assert_eq!(canonical(loaded), canonical(stored));
}
