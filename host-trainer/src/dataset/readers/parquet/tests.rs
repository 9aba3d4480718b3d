//! Tables as pandas and pyarrow write them, and the messages for what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::dataset::fixtures::{committed, expected, load_as, same};
use crate::dataset::{Dataset, load};

fn loaded(name: &str) -> Dataset {
    load(&[committed(name).into()], &LoadOptions::default()).unwrap()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(committed(name)).unwrap()
}

#[test]
fn one_table_reads_the_same_in_every_form_and_compression() {
    let wide = ["snappy", "gzip", "lz4", "zstd", "none", "v2_zstd"].map(|kind| format!("wide_{kind}.parquet"));
    let others = ["list.parquet", "list_zstd.parquet", "long.parquet"];
    for name in wide.iter().map(String::as_str).chain(others) {
        let dataset = loaded(name);
        assert_eq!(dataset.labels, ["face", "house"]);
        assert_eq!(dataset.sessions, ["run1", "run2"]);
        same(&dataset.values, dataset.features, &expected("table"), 0.0);
        // Of the value that is null, and of nothing else.
        assert_eq!(dataset.notes.len(), 1, "{:?}", dataset.notes);
    }
}

#[test]
fn a_table_of_numbers_alone_is_one_recording() {
    let dataset = loaded("alone.parquet");
    assert_eq!((&dataset.labels[..], dataset.rows.len()), (&["alone".to_owned()][..], 4));
    same(&dataset.values, dataset.features, &expected("table"), 0.0);
}

#[test]
fn every_type_of_number_is_read_and_a_null_is_nan() {
    let dataset = loaded("types.parquet");
    assert_eq!(dataset.labels, ["a", "b"]);
    assert_eq!(dataset.rows.iter().map(|row| row.timestep).collect::<Vec<_>>(), [0, 2, 0]);
    same(&dataset.values, dataset.features, &expected("types"), 0.0);
}

#[test]
fn another_compression_is_refused_with_what_to_do() {
    let message = load_as("t.parquet", &bytes("wide_brotli.parquet")).unwrap_err().to_string();
    assert!(message.contains("compressed by BROTLI") && message.contains("compression='snappy'"), "{message}");
}

#[test]
fn a_table_cut_anywhere_is_refused() {
    let whole = bytes("wide_snappy.parquet");
    for cut in (1..whole.len()).step_by(7) {
        assert!(load_as("cut.parquet", &whole[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn a_column_left_out_is_named_without_control_characters() {
    let mut bytes = bytes("wide_none.parquet");
    let (name, other) = (b"timestep", b"tim\x1b[2Jp");
    let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    for at in places {
        bytes[at..at + name.len()].copy_from_slice(other);
    }
    let notes = load_as("table.parquet", &bytes).unwrap().notes.join("; ");
    assert!(notes.contains("columns left out: `tim\\u{1b}[2Jp`"), "{notes}");
}

#[test]
fn rows_that_no_column_has_take_no_memory() {
    let whole = bytes("wide_none.parquet");
    let footer = whole.len() - 8 - u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().unwrap()) as usize;
    // The only group of rows ends with its number of rows: four, in the encoding of Thrift, of 2^60 in nine bytes.
    let place = (footer..whole.len() - 1).rev().find(|&at| whole[at..].starts_with(&[0x16, 8])).unwrap() + 1;
    let many = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    let mut claims = [&whole[..place], &many, &whole[place + 1..whole.len() - 8]].concat();
    let length = (claims.len() - footer) as u32;
    claims.extend(length.to_le_bytes());
    claims.extend(b"PAR1");
    let message = load_as("table.parquet", &claims).unwrap_err().to_string();
    assert!(message.contains("4 of 1152921504606846976 rows are there"), "{message}");
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), file in 0..4_usize) {
        let name = ["wide_snappy.parquet", "list_zstd.parquet", "types.parquet", "wide_v2_zstd.parquet"][file];
        let mut bytes = bytes(name);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = load_as("changed.parquet", &bytes);
    }
}
