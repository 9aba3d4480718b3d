//! Every encoding gives the same values, and the messages for what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;
use crate::dataset::fixtures::{committed, expected, same};

/// A document of these data arrays.
fn document(arrays: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE GIFTI SYSTEM \"gifti.dtd\">\n<GIFTI NumberOfDataArrays=\"{}\">{}</GIFTI>\n",
        arrays.len(),
        arrays.concat()
    )
}

/// A data array with these attributes and this text.
fn data_array(kind: &str, encoding: &str, more: &str, text: &str) -> String {
    format!(
        "<DataArray Intent=\"NIFTI_INTENT_TIME_SERIES\" DataType=\"NIFTI_TYPE_{kind}\" Encoding=\"{encoding}\" {more}>\
         <MetaData><MD><Name><![CDATA[Data]]></Name></MD></MetaData><Data>{text}</Data></DataArray>"
    )
}

fn parsed(arrays: &[String]) -> Result<Matrix, DatasetError> {
    read(Path::new("face.gii"), document(arrays).as_bytes())
}

fn message(text: &str) -> String {
    let Err(error) = read(Path::new("face.gii"), text.as_bytes()) else { panic!("it is read") };
    error.to_string()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const ONE: &str = "ArrayIndexingOrder=\"RowMajorOrder\" Dimensionality=\"1\" Dim0=\"3\" Endian=\"LittleEndian\"";

#[test]
fn files_of_nilearn_and_nibabel_are_read() {
    let stems = ["face_hemi-?.gii", "sub-01_task-faces_run-1_space-fsaverage5_hemi-?_bold.func.gii"];
    for stem in stems {
        let [left, right] = ["L", "R"].map(|side| {
            let file = committed(&stem.replace('?', side));
            read(&file, &std::fs::read(&file).unwrap()).unwrap()
        });
        let rows: Vec<f32> =
            (0..3).flat_map(|row| [&left.values[4 * row..][..4], &right.values[4 * row..][..4]].concat()).collect();
        same(&rows, 8, &expected("surface"), 0.0);
    }
}

#[test]
fn every_encoding_gives_the_same_values() {
    let values = [1.5_f32, -2.0, 3.25];
    let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    let wide: Vec<u8> = values.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
    let broken = STANDARD.encode(&little);
    let cases = [
        data_array("FLOAT32", "ASCII", ONE, "\n 1.5 -2\t3.25e0 \n"),
        data_array("FLOAT32", "ASCII", ONE, "<![CDATA[1.5 -2 3.25]]>"),
        data_array("FLOAT32", "Base64Binary", ONE, &STANDARD.encode(&little)),
        data_array("FLOAT32", "Base64Binary", ONE, &format!("\n{}\r\n {}\n", &broken[..7], &broken[7..])),
        data_array("FLOAT32", "Base64Binary", &ONE.replace("Little", "Big"), &STANDARD.encode(&big)),
        data_array("FLOAT64", "Base64Binary", ONE, &STANDARD.encode(&wide)),
        data_array("FLOAT32", "GZipBase64Binary", ONE, &STANDARD.encode(zlib(&little))),
        data_array("FLOAT32", "GZipBase64Binary", ONE, &STANDARD.encode(gzip(&little))),
    ];
    for case in cases {
        let matrix = parsed(&[case.clone(), case.clone()]).unwrap();
        assert_eq!((matrix.rows, matrix.features), (2, 3), "{case}");
        assert_eq!(matrix.values, [values, values].concat(), "{case}");
    }
}

#[test]
fn whole_numbers_are_read() {
    let bytes = STANDARD.encode([7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0]);
    assert_eq!(parsed(&[data_array("INT32", "Base64Binary", ONE, &bytes)]).unwrap().values, [7.0, -1.0, 256.0]);
    let bytes = STANDARD.encode([7, 0, 255]);
    assert_eq!(parsed(&[data_array("UINT8", "Base64Binary", ONE, &bytes)]).unwrap().values, [7.0, 0.0, 255.0]);
}

#[test]
fn the_frames_of_one_array_are_read_in_either_index_order() {
    let shape = "Dimensionality=\"2\" Dim0=\"3\" Dim1=\"2\" ArrayIndexingOrder";
    let rows = data_array("FLOAT32", "ASCII", &format!("{shape}=\"RowMajorOrder\""), "1 4 2 5 3 6");
    let columns = data_array("FLOAT32", "ASCII", &format!("{shape}=\"ColumnMajorOrder\""), "1 2 3 4 5 6");
    for array in [rows, columns] {
        let matrix = parsed(&[array]).unwrap();
        assert_eq!((matrix.rows, matrix.features), (2, 3));
        assert_eq!(matrix.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
}

#[test]
fn what_is_no_recording_is_refused_with_what_to_do() {
    let ascii = |more: &str, text: &str| data_array("FLOAT32", "ASCII", more, text);
    let base64 = |text: &str| data_array("FLOAT32", "Base64Binary", ONE, text);
    let packed = |bytes: &[u8]| data_array("FLOAT32", "GZipBase64Binary", ONE, &STANDARD.encode(bytes));
    let external = ONE.to_owned() + " ExternalFileName=\"values.dat\"";
    let turned = "Dimensionality=\"2\" Dim0=\"7\" Dim1=\"10242\"";
    let cases = [
        (vec![ascii(ONE, "1 2")], "data array 1: it holds 2 numbers where its dimensions ask for 3"),
        (vec![ascii(ONE, "1 2 3 4")], "data array 1: it holds 4 numbers"),
        (vec![ascii(ONE, "1 2 x")], "data array 1: `x` is not a number"),
        (
            vec![ascii(ONE, "1 2 3"), ascii(&ONE.replace("\"3\"", "\"2\""), "1 2")],
            "data array 2: it has 2 vertices where",
        ),
        (vec![base64("AAAA")], "data array 1: it holds 3 bytes where its dimensions ask for 12"),
        (vec![base64("A*AAAAAA")], "data array 1: its base64 is damaged"),
        (vec![packed(&zlib(&[0; 12])[..5])], "data array 1: its compressed data is damaged"),
        (vec![packed(&zlib(&[0; 13]))], "data array 1: it holds 13 bytes where its dimensions ask for 12"),
        (
            vec![data_array("FLOAT32", "ExternalFileBinary", &external, "")],
            "data array 1: its values are in another file, `values.dat`",
        ),
        (
            vec![data_array("COMPLEX64", "ASCII", ONE, "1 2 3")],
            "the file: DataType of a data array is `NIFTI_TYPE_COMPLEX64`",
        ),
        (vec![ascii(turned, &"0 ".repeat(7 * 10242))], "data array 1: its dimensions are 7 x 10242, frames x vertices"),
        (vec![ascii("Dimensionality=\"1\" Dim0=\"18446744073709551615\"", "1")], "data array 1: it holds fewer values"),
        (vec![ascii("Dimensionality=\"3\" Dim0=\"1\"", "1")], "the file: a data array has 3 dimensions"),
        (
            vec![ascii(ONE, "1 2 3").replace("TIME_SERIES", "POINTSET")],
            "no recording, but the coordinates of a surface",
        ),
        (vec![], "there are no rows"),
    ];
    for (arrays, expected) in cases {
        let message = message(&document(&arrays));
        assert!(message.starts_with(&format!("face.gii: {expected}")), "{message}");
    }
}

#[test]
fn a_document_that_is_cut_or_is_none_is_refused() {
    let whole = document(&[data_array("FLOAT32", "ASCII", ONE, "1 2 3"), data_array("FLOAT32", "ASCII", ONE, "1 2 3")]);
    for cut in 0..whole.len() - "</GIFTI>\n".len() {
        message(&whole[..cut]);
    }
    let fewer = whole.replace("NumberOfDataArrays=\"2\"", "NumberOfDataArrays=\"3\"");
    assert!(message(&fewer).contains("it holds 2 data arrays of the 3 that it announces"));
    assert!(message("<svg></svg>").contains("it is not a GIFTI document"));
    assert!(message("video,timestep,prediction\n").contains("it is not a GIFTI document"));
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let file = committed("face_hemi-L.gii");
        let mut bytes = std::fs::read(&file).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = read(&file, &bytes);
    }
}
