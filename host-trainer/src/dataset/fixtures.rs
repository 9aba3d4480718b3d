//! Files for tests.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::io::{Cursor, Write};
use std::path::PathBuf;

use npyz::{AutoSerialize, DType, Order, Serialize, WriterBuilder};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::{Dataset, DatasetError, LoadOptions, load};

/// Loads `bytes` as a file of this name.
pub(crate) fn load_as(name: &str, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    load_with(name, bytes, None)
}

/// As [`load_as`], with the label in another column.
pub(crate) fn load_with(name: &str, bytes: &[u8], column: Option<&str>) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    load(&[path.into()], &LoadOptions { label_column: column.map(str::to_owned), ..LoadOptions::default() })
}

/// The error message of loading `bytes`, without the file's folder.
pub(crate) fn message(name: &str, bytes: &[u8]) -> String {
    let error = load_as(name, bytes).unwrap_err().to_string();
    let start = error.find(name).unwrap_or_else(|| panic!("`{error}` names no file"));
    error[start..].to_owned()
}

/// A committed file that a library of Python wrote; `make.py` beside it says how.
pub(crate) fn committed(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data/formats", name].iter().collect()
}

/// Rows of a matrix of `expected.json`, which these libraries read; a missing value is NaN.
pub(crate) fn expected(name: &str) -> Vec<Vec<f32>> {
    let text = std::fs::read_to_string(committed("expected.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows: Vec<Vec<Option<f64>>> = serde_json::from_value(all[name].clone()).unwrap();
    let value = |value: Option<f64>| value.map_or(f32::NAN, |value| value as f32);
    rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect()
}

/// Compares a matrix with rows, to this part of a value of 1 or more.
pub(crate) fn same(values: &[f32], features: usize, rows: &[Vec<f32>], tolerance: f32) {
    assert_eq!((values.len(), features), (rows.concat().len(), rows[0].len()));
    for (at, (value, wanted)) in values.iter().zip(rows.concat()).enumerate() {
        let near = (value - wanted).abs() <= tolerance * wanted.abs().max(1.0);
        assert!(near || value.is_nan() && wanted.is_nan(), "value {at}: {value} where {wanted} is expected");
    }
}

/// Loads a folder of these files.
pub(crate) fn load_folder(files: &[(&str, Vec<u8>)]) -> Result<Dataset, DatasetError> {
    let folder = folder_of(files);
    load(&[folder.path().into()], &LoadOptions::default())
}

/// A folder of these files.
pub(crate) fn folder_of(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A `.npz` file of these arrays.
pub(crate) fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A `.npy` file in C order.
pub(crate) fn array<T: AutoSerialize>(values: &[T], shape: &[u64]) -> Vec<u8> {
    write(values, shape, Order::C, T::default_dtype())
}

/// A `.npy` file of names.
pub(crate) fn text(names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    write(&names, &[names.len() as u64], Order::C, DType::Plain("<U5".parse().unwrap()))
}

/// A `.npy` file of values in the order given.
pub(crate) fn write<T: Serialize>(values: &[T], shape: &[u64], order: Order, kind: DType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer =
        npyz::WriteOptions::new().dtype(kind).shape(shape).order(order).writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A `.npy` file of this header and no data.
pub(crate) fn header(text: &str) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}
