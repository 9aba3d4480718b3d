//! Scans as nilearn reads them, and the messages for what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::dataset::fixtures::{committed, expected, same};

/// A scan of 2 x 1 x 2 voxels of int16, whose values count up.
fn scan(frames: i16) -> Vec<u8> {
    let values: Vec<u8> = (0..4 * frames).flat_map(i16::to_le_bytes).collect();
    [&header([2, 1, 2, frames], 4)[..], &values].concat()
}

/// A mask of 2 x 1 x 2 voxels of uint8.
fn mask(voxels: [u8; 4]) -> Vec<u8> {
    [&header([2, 1, 2, 1], 2)[..], &voxels].concat()
}

/// A little-endian header and the four bytes after it.
fn header(sizes: [i16; 4], kind: i16) -> Vec<u8> {
    let mut header = vec![0; 352];
    header[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (place, size) in (40..).step_by(2).zip([4].into_iter().chain(sizes)) {
        header[place..place + 2].copy_from_slice(&size.to_le_bytes());
    }
    header[70..72].copy_from_slice(&kind.to_le_bytes());
    header[108..112].copy_from_slice(&352_f32.to_le_bytes());
    header[344..348].copy_from_slice(b"n+1\0");
    header
}

fn with(mut bytes: Vec<u8>, place: usize, new: &[u8]) -> Vec<u8> {
    bytes[place..place + new.len()].copy_from_slice(new);
    bytes
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, scan: &[u8], mask: &[u8]) -> Result<Image, DatasetError> {
        read_files(&self.write("scan.nii", scan), &self.write("mask.nii", mask))
    }
}

fn read_files(scan: &Path, mask: &Path) -> Result<Image, DatasetError> {
    let stream = |file: &Path| -> Box<dyn Read> {
        let bytes = io::Cursor::new(std::fs::read(file).unwrap());
        if bytes.get_ref().starts_with(&[0x1f, 0x8b]) { Box::new(GzDecoder::new(bytes)) } else { Box::new(bytes) }
    };
    read(scan, stream(scan), &Mask::read(mask, stream(mask))?)
}

fn message(scan: &[u8], mask: &[u8]) -> String {
    let Err(error) = Files::new().read(scan, mask) else { panic!("it is read") };
    let error = error.to_string();
    error[error.rfind('/').map_or(0, |at| at + 1)..].to_owned()
}

#[test]
fn a_scan_is_the_matrix_that_nilearn_makes_of_it() {
    for (name, mask, seconds) in [("scaled", "mask.nii.gz", 2.0), ("big_endian", "whole.nii", 1.5)] {
        let file = committed(&format!("{name}.nii"));
        let file = if file.exists() { file } else { committed(&format!("{name}.nii.gz")) };
        let image = read_files(&file, &committed(mask)).unwrap();
        same(&image.matrix.values, image.matrix.features, &expected(name), 1e-5);
        assert_eq!(image.seconds, Some(seconds), "{name}");
    }
}

#[test]
fn voxels_come_with_the_last_axis_fastest() {
    let image = Files::new().read(&scan(2), &mask([1, 1, 1, 1])).unwrap();
    assert_eq!(image.matrix.values, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
    let image = Files::new().read(&scan(2), &mask([0, 3, 0, 255])).unwrap();
    assert_eq!((image.matrix.rows, image.matrix.values), (2, vec![1.0, 3.0, 5.0, 7.0]));
    assert_eq!(image.seconds, None);
}

#[test]
fn one_volume_is_a_recording_of_one_frame() {
    let flat = with(scan(1), 40, &3_i16.to_le_bytes());
    assert_eq!(Files::new().read(&flat, &mask([1, 0, 0, 1])).unwrap().matrix.values, [0.0, 3.0]);
}

#[test]
fn gzip_that_ends_too_early_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&scan(3)).unwrap();
    let packed = gzip.finish().unwrap();
    assert_eq!(Files::new().read(&packed, &mask([1, 1, 1, 1])).unwrap().matrix.rows, 3);
    let cut = message(&packed[..packed.len() - 9], &mask([1, 1, 1, 1]));
    assert!(cut.contains("the gzip data is cut short"), "{cut}");
}

#[test]
fn what_does_not_fit_is_refused_with_what_to_do() {
    let whole = || mask([1, 1, 1, 1]);
    let moved = |byte: u8| with(with(scan(1), 254, &[1, 0]), 292, &[0, 0, byte, 0x40]);
    let cases = [
        (scan(2)[..352 + 13].to_vec(), whole(), "scan.nii: the image: it ends in volume 2 of 2"),
        (scan(1)[..100].to_vec(), whole(), "scan.nii: the image: it is shorter than a header"),
        (with(scan(1), 0, &540_i32.to_le_bytes()), whole(), "scan.nii: the image: it is NIfTI-2"),
        (b"video,timestep,prediction\n".repeat(20), whole(), "scan.nii: the image: it is not a NIfTI-1 file"),
        (with(scan(1), 344, b"ni1\0"), whole(), "scan.nii: the image: its values are in a second file"),
        (with(scan(1), 344, &[0; 4]), whole(), "scan.nii: the image: it is Analyze 7.5"),
        (with(scan(1), 70, &[128, 0]), whole(), "scan.nii: the image: its data type 128 (complex or colour)"),
        (with(scan(1), 40, &[2, 0]), whole(), "scan.nii: the image: it has 2 axes"),
        (with(scan(1), 42, &[0, 0]), whole(), "scan.nii: the image: its sizes are 0 x 1 x 2 x 1"),
        (
            with(with(scan(1), 40, &[5, 0]), 50, &[3, 0]),
            whole(),
            "scan.nii: the image: its sizes are 2 x 1 x 2 x 1 x 3",
        ),
        (with(scan(1), 108, &8_f32.to_le_bytes()), whole(), "scan.nii: the image: its vox_offset is 8"),
        (
            with(scan(2), 42, &[4, 0]),
            whole(),
            "scan.nii: the image: its volumes are 4 x 1 x 2, but the mask is 2 x 1 x 2",
        ),
        (
            with(scan(1), 42, &[4, 0]),
            whole(),
            "scan.nii: no recording, but one volume of 4 x 1 x 2 voxels, not the mask's",
        ),
        (moved(0x80), moved(0x81), "scan.nii: the image: its affine differs from the mask's: 4 where the mask has"),
        (scan(1), mask([0; 4]), "mask.nii: the image: no voxel of the mask differs from zero"),
        (scan(1), scan(2), "mask.nii: the image: it has 2 volumes; a mask has one"),
    ];
    for (scan, mask, expected) in cases {
        let message = message(&scan, &mask);
        assert!(message.starts_with(expected), "{message} for {expected}");
    }
}

#[test]
fn a_slope_of_zero_means_no_scale() {
    let scaled = |slope: f32, intercept: f32| {
        let scan = with(with(scan(1), 112, &slope.to_le_bytes()), 116, &intercept.to_le_bytes());
        Files::new().read(&scan, &mask([0, 0, 0, 1])).map(|image| image.matrix.values[0])
    };
    assert_eq!(scaled(0.0, 7.0).unwrap(), 3.0);
    assert_eq!(scaled(f32::NAN, f32::NAN).unwrap(), 3.0);
    assert_eq!(scaled(2.0, -1.0).unwrap(), 5.0);
    assert!(scaled(2.0, f32::NAN).is_err());
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (scan, mask) = (scan(2), mask([1, 0, 1, 1]));
        let changed = with(scan.clone(), place.index(scan.len()), &[byte]);
        let _ = Files::new().read(&changed, &mask);
        let changed = with(mask.clone(), place.index(mask.len()), &[byte]);
        let _ = Files::new().read(&scan, &changed);
    }
}
