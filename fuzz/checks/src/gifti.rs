//! GIFTI surfaces: what loads has the values that were encoded, and a pair of hemispheres is one recording.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use neural_vault::dataset::LoadOptions;

use crate::numbers::{canonical, filled, wide};
use crate::recordings::{folder, load_as, load_in};

/// Types of numbers: their name, letter and size.
const NUMBERS: [(&str, char, usize); 10] = [
    ("FLOAT32", 'f', 4),
    ("FLOAT64", 'f', 8),
    ("INT8", 'i', 1),
    ("UINT8", 'u', 1),
    ("INT16", 'i', 2),
    ("UINT16", 'u', 2),
    ("INT32", 'i', 4),
    ("UINT32", 'u', 4),
    ("INT64", 'i', 8),
    ("UINT64", 'u', 8),
];

/// A document of arrays, with damage.
#[derive(Arbitrary, Debug)]
struct Document {
    arrays: Vec<Array>,
    vertices: u8,
    announced: Option<u8>,
    /// Vertices and frames of the other hemisphere.
    partner: Option<(u8, u8)>,
    /// Places, and what is written there.
    edits: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Debug)]
struct Array {
    kind: u8,
    frames: u8,
    is_big_endian: bool,
    is_column_major: bool,
    encoding: Encoding,
    /// Taken again and again, until all values have their bytes.
    bytes: Vec<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Encoding {
    Ascii,
    Base64,
    Lines,
    Zlib,
    Gzip,
    CData,
}

/// Takes `bytes` as a document, and as a description of one.
pub fn check(bytes: &[u8]) {
    load_as("face.gii", bytes);
    let mut input = Unstructured::new(bytes);
    if let Ok(mut document) = Document::arbitrary(&mut input) {
        document.arrays.truncate(4);
        document.check();
    }
}

impl Document {
    fn check(&self) {
        let (vertices, text) = (usize::from(self.vertices % 9), self.text());
        let values: Vec<f32> = self.arrays.iter().flat_map(|array| array.values(vertices)).collect();
        let is_complete = self.announced.is_none_or(|count| usize::from(count) == self.arrays.len());
        let is_whole = is_complete && self.arrays.iter().all(|array| array.frames() > 0);
        let is_sound = is_whole && !values.iter().all(|value| value.is_nan());
        let loaded = load_as("face.gii", text.as_bytes());
        assert_eq!(loaded.is_some(), is_sound, "{self:?}");
        if let Some(loaded) = &loaded {
            assert_eq!(canonical(&loaded.values), canonical(&values), "{self:?}");
        }

        if let Some((other, frames)) = self.partner {
            let (other, frames) = (usize::from(other % 9) + 1, usize::from(frames % 9));
            let folder = folder();
            let array = "<DataArray DataType=\"NIFTI_TYPE_UINT8\" Encoding=\"ASCII\" Dimensionality=\"1\" Dim0=";
            let array = format!("{array}\"{other}\"><Data>{}</Data></DataArray>", "1 ".repeat(other));
            let right = format!("<GIFTI>{}</GIFTI>", array.repeat(frames));
            fs::write(folder.path().join("face_hemi-L.func.gii"), &text).expect("a file is written");
            fs::write(folder.path().join("face_hemi-R.func.gii"), right).expect("a file is written");
            let both = load_in(folder.path(), "face_hemi-R.func.gii", &LoadOptions::default());
            if let Some(both) = both {
                assert_eq!((both.features, both.rows.len()), (vertices + other, frames));
                let wanted = values.chunks_exact(vertices).flat_map(|left| [left, &vec![1.0; other]].concat());
                assert_eq!(canonical(&both.values), canonical(&wanted.collect::<Vec<_>>()));
            } else {
                let rows: usize = self.arrays.iter().map(Array::frames).sum();
                assert!(!is_whole || vertices == 0 || rows != frames || frames == 0, "{self:?}");
            }
        }

        let mut damaged = text.into_bytes();
        for &(place, value) in &self.edits {
            let place = usize::from(place) % damaged.len();
            damaged[place] = value;
        }
        load_as("face.gii", &damaged);
    }

    fn text(&self) -> String {
        let count = self.announced.map_or(self.arrays.len(), usize::from);
        let mut text = format!("<?xml version=\"1.0\"?><GIFTI NumberOfDataArrays=\"{count}\">");
        for array in &self.arrays {
            array.write(usize::from(self.vertices % 9), &mut text);
        }
        text + "</GIFTI>"
    }
}

impl Array {
    fn frames(&self) -> usize {
        usize::from(self.frames % 6)
    }

    /// The numbers as bytes, each in the order of the array, frame after frame.
    fn stored(&self, vertices: usize) -> Vec<Vec<u8>> {
        let (_, _, size) = NUMBERS[usize::from(self.kind) % NUMBERS.len()];
        let bytes = filled(&self.bytes, vertices * self.frames() * size);
        bytes.chunks_exact(size).map(<[u8]>::to_vec).collect()
    }

    /// Frames x vertices.
    fn values(&self, vertices: usize) -> Vec<f32> {
        let (_, letter, _) = NUMBERS[usize::from(self.kind) % NUMBERS.len()];
        let value = |bytes: &Vec<u8>| {
            let mut bytes = bytes.clone();
            if self.is_big_endian {
                bytes.reverse();
            }
            wide(letter, &bytes) as f32
        };
        self.stored(vertices).iter().map(value).collect()
    }

    fn write(&self, vertices: usize, text: &mut String) {
        let (kind, ..) = NUMBERS[usize::from(self.kind) % NUMBERS.len()];
        let (frames, values) = (self.frames(), self.stored(vertices));
        // Row by row, all frames of a vertex follow each other.
        let at = |place: usize| match self.is_column_major {
            true => place,
            false => place % frames * vertices + place / frames,
        };
        let order: Vec<usize> = (0..values.len()).map(at).collect();
        let bytes: Vec<u8> = order.iter().flat_map(|&place| values[place].clone()).collect();
        let (encoding, data) = match self.encoding {
            Encoding::Ascii | Encoding::CData => {
                let numbers = self.values(vertices);
                let digits: Vec<String> = order.iter().map(|&place| format!("{:?}", numbers[place])).collect();
                let digits = digits.join(" \n");
                let is_text = matches!(self.encoding, Encoding::Ascii);
                ("ASCII", if is_text { digits } else { format!("<![CDATA[{digits}]]>") })
            }
            Encoding::Base64 => ("Base64Binary", STANDARD.encode(&bytes)),
            Encoding::Lines => {
                let packed = STANDARD.encode(&bytes);
                let lines: Vec<String> =
                    packed.as_bytes().chunks(6).map(|line| String::from_utf8_lossy(line).into()).collect();
                ("Base64Binary", lines.join("\n"))
            }
            Encoding::Zlib => {
                let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(&bytes).expect("memory is written");
                ("GZipBase64Binary", STANDARD.encode(packer.finish().expect("memory is written")))
            }
            Encoding::Gzip => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(&bytes).expect("memory is written");
                ("GZipBase64Binary", STANDARD.encode(packer.finish().expect("memory is written")))
            }
        };
        let endian = if self.is_big_endian { "BigEndian" } else { "LittleEndian" };
        let indexing = if self.is_column_major { "ColumnMajorOrder" } else { "RowMajorOrder" };
        let _ = write!(
            text,
            "<DataArray Intent=\"NIFTI_INTENT_TIME_SERIES\" DataType=\"NIFTI_TYPE_{kind}\" Endian=\"{endian}\" \
             ArrayIndexingOrder=\"{indexing}\" Encoding=\"{encoding}\" Dimensionality=\"2\" Dim0=\"{vertices}\" \
             Dim1=\"{frames}\"><MetaData></MetaData><Data>{data}</Data></DataArray>"
        );
    }
}
