//! NIfTI-1 scans: what loads has the voxels of the mask, frame by frame, as a slow reading scales them.

use std::fs;
use std::io::Write;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use flate2::Compression;
use flate2::write::GzEncoder;
use neural_vault::dataset::{Dataset, LoadOptions};

use crate::numbers::{canonical, filled, wide};
use crate::recordings::{folder, load_in};

/// Types of numbers: the header's code, letter and size.
const NUMBERS: [(i16, char, usize); 10] = [
    (16, 'f', 4),
    (64, 'f', 8),
    (2, 'u', 1),
    (4, 'i', 2),
    (8, 'i', 4),
    (256, 'i', 1),
    (512, 'u', 2),
    (768, 'u', 4),
    (1024, 'i', 8),
    (1280, 'u', 8),
];
/// Where values begin.
const OFFSET: usize = 352;

/// A scan and its mask, with damage.
#[derive(Arbitrary, Debug)]
struct Scan {
    shape: [u8; 3],
    frames: u8,
    kind: u8,
    is_big_endian: bool,
    scale: Option<(f32, f32)>,
    place: Place,
    mask: Vec<bool>,
    mask_kind: u8,
    is_packed: bool,
    bytes: Vec<u8>,
    edits: Vec<(u16, u8)>,
    mask_edits: Vec<(u16, u8)>,
    cut: Option<u16>,
}

/// What says where the voxels are.
#[derive(Arbitrary, Debug)]
enum Place {
    Sizes([f32; 3]),
    Quaternion([f32; 7]),
    Affine([f32; 12]),
}

/// Takes `bytes` as a scan, with its first volume as the mask, and as a description of one.
pub fn check(bytes: &[u8]) {
    let mut mask = bytes.to_vec();
    for axis in [48, 49] {
        if let Some(byte) = mask.get_mut(axis) {
            // One volume, in either byte order.
            *byte = u8::from((axis == 48) == (bytes[0] != 0));
        }
    }
    load_with(bytes, &mask);
    if let Ok(scan) = Scan::arbitrary(&mut Unstructured::new(bytes)) {
        scan.check();
    }
}

fn load_with(scan: &[u8], mask: &[u8]) -> Option<Dataset> {
    let folder = folder();
    let write = |name: &Path, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file is written");
    write(Path::new("scan.nii"), scan);
    write(Path::new("mask.nii"), mask);
    let mask = Some(folder.path().join("mask.nii"));
    load_in(folder.path(), "scan.nii", &LoadOptions { mask, ..LoadOptions::default() })
}

impl Scan {
    fn check(&self) {
        let voxels = self.shape().iter().product::<usize>();
        let (_, _, size) = self.number(self.kind);
        let data = filled(&self.bytes, voxels * self.frames() * size);
        let mut scan = [self.header(self.kind, self.frames() as i16, self.scale), data.clone()].concat();
        let (_, letter, mask_size) = self.number(self.mask_kind);
        let one = |place: usize| self.is_chosen(place).then_some(if letter == 'f' { 0x40 } else { 1 });
        let stored = |place: usize| [vec![0; mask_size - 1], vec![one(place).unwrap_or(0)]].concat();
        let mut mask = self.header(self.mask_kind, 1, None);
        for place in 0..voxels {
            let mut bytes = stored(place);
            if self.is_big_endian {
                bytes.reverse();
            }
            mask.extend(bytes);
        }

        let values = self.values(&data);
        let is_finite = match &self.place {
            Place::Sizes(sizes) => sizes.iter().all(|size| size.is_finite()),
            Place::Affine(affine) => affine.iter().all(|value| value.is_finite()),
            // A rotation of numbers without bound may be too large.
            Place::Quaternion(_) => false,
        };
        let loaded = load_with(&self.packed(&scan), &self.packed(&mask));
        match &loaded {
            Some(loaded) => {
                assert_eq!(loaded.rows.len(), self.frames());
                assert_eq!(canonical(&loaded.values), canonical(&values), "{self:?}");
            }
            None => {
                let says_something = values.iter().any(|value| !value.is_nan());
                let (slope, intercept) = self.scale.unwrap_or_default();
                let is_scaled = slope.is_finite() && slope != 0.0;
                let is_refused = !is_finite || !says_something || is_scaled && !intercept.is_finite();
                assert!(is_refused, "{self:?}");
            }
        }

        let damage = |bytes: &mut Vec<u8>, edits: &[(u16, u8)]| {
            for &(place, value) in edits {
                let place = usize::from(place) % bytes.len();
                bytes[place] = value;
            }
        };
        damage(&mut scan, &self.edits);
        damage(&mut mask, &self.mask_edits);
        scan.truncate(self.cut.map_or(scan.len(), usize::from));
        if !scan.is_empty() {
            load_with(&self.packed(&scan), &mask);
        }
    }

    fn shape(&self) -> [usize; 3] {
        self.shape.map(|size| usize::from(size % 4) + 1)
    }

    fn frames(&self) -> usize {
        usize::from(self.frames % 5) + 1
    }

    fn number(&self, kind: u8) -> (i16, char, usize) {
        NUMBERS[usize::from(kind) % NUMBERS.len()]
    }

    fn is_chosen(&self, place: usize) -> bool {
        self.mask.is_empty() || self.mask[place % self.mask.len()]
    }

    fn header(&self, kind: u8, frames: i16, scale: Option<(f32, f32)>) -> Vec<u8> {
        let mut header = vec![0; OFFSET];
        let mut put = |place: usize, little: &[u8]| {
            let bytes = header[place..][..little.len()].iter_mut();
            match self.is_big_endian {
                true => bytes.rev().zip(little).for_each(|(byte, value)| *byte = *value),
                false => bytes.zip(little).for_each(|(byte, value)| *byte = *value),
            }
        };
        put(0, &348_i32.to_le_bytes());
        let [x, y, z] = self.shape().map(|size| size as i16);
        for (axis, size) in [4, x, y, z, frames].into_iter().enumerate() {
            put(40 + 2 * axis, &size.to_le_bytes());
        }
        put(70, &self.number(kind).0.to_le_bytes());
        let mut floats = |place: usize, values: &[f32]| {
            for (at, value) in values.iter().enumerate() {
                put(place + 4 * at, &value.to_le_bytes());
            }
        };
        floats(108, &[OFFSET as f32]);
        let (slope, intercept) = scale.unwrap_or_default();
        floats(112, &[slope, intercept]);
        match &self.place {
            Place::Sizes(sizes) => floats(80, sizes),
            Place::Quaternion([qfac, numbers @ ..]) => {
                floats(76, &[*qfac, 1.0, 2.0, 3.0]);
                floats(256, numbers);
                put(252, &1_i16.to_le_bytes());
            }
            Place::Affine(affine) => {
                floats(280, affine);
                put(254, &1_i16.to_le_bytes());
            }
        }
        header[344..348].copy_from_slice(b"n+1\0");
        header
    }

    /// Frames x voxels of the mask, the last axis fastest.
    fn values(&self, data: &[u8]) -> Vec<f32> {
        let ([x, y, z], (_, letter, size)) = (self.shape(), self.number(self.kind));
        let mut values = Vec::new();
        for frame in 0..self.frames() {
            for (at_x, at_y, at_z) in (0..x * y * z).map(|at| (at / (y * z), at / z % y, at % z)) {
                let place = at_x + x * at_y + x * y * at_z;
                if !self.is_chosen(place) {
                    continue;
                }
                let mut bytes = data[(frame * x * y * z + place) * size..][..size].to_vec();
                if self.is_big_endian {
                    bytes.reverse();
                }
                let stored = wide(letter, &bytes);
                values.push(match self.scale {
                    Some((slope, intercept)) if slope.is_finite() && slope != 0.0 => {
                        (f64::from(slope) * stored + f64::from(intercept)) as f32
                    }
                    _ => stored as f32,
                });
            }
        }
        values
    }

    fn packed(&self, bytes: &[u8]) -> Vec<u8> {
        if !self.is_packed {
            return bytes.to_vec();
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).expect("memory is written");
        packer.finish().expect("memory is written")
    }
}
