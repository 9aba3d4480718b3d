//! What the NumPy readers accept, and the messages for what they refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use npyz::half::f16;
use npyz::{AutoSerialize, DType, Order};
use proptest::prelude::*;

use crate::dataset::Row;
use crate::dataset::fixtures::{array, header, load_as, message, npz, text, write};

#[test]
fn a_labelled_matrix_is_ordered_by_label_session_and_timestep() {
    let bytes = npz(&[
        ("X", array(&[4.0_f32, 4.5, 1.0, 1.5, 3.0, 3.5, 2.0, 2.5], &[4, 2])),
        ("y", text(&["b", "a", "b", "a"])),
        ("sessions", array(&[7_i64, 3, 3, 3], &[4])),
        ("timesteps", array(&[0_i32, 1, 9, 2], &[4])),
    ]);
    let dataset = load_as("matrix.npz", &bytes).unwrap();
    assert_eq!(dataset.labels, ["a", "b"]);
    assert_eq!(dataset.sessions, ["3", "7"]);
    assert_eq!(dataset.values, [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]);
    assert_eq!(dataset.rows[3], Row { label: 1, session: 1, timestep: 0, run: 0 });
}

#[test]
fn rows_without_timesteps_count_from_the_first_of_their_label() {
    let labels = [5_u8, 5, 4, 4, 4, 5, 5];
    let values: Vec<f64> = (0..7).map(f64::from).collect();
    let dataset =
        load_as("matrix.npz", &npz(&[("data", array(&values, &[7, 1])), ("labels", array(&labels, &[7]))])).unwrap();
    assert_eq!(dataset.labels, ["4", "5"]);
    assert_eq!(dataset.rows.iter().map(|row| row.timestep).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 5, 6]);
    assert_eq!(dataset.values, [2.0, 3.0, 4.0, 0.0, 1.0, 5.0, 6.0]);
    assert_eq!(dataset.rows.iter().map(|row| row.run).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 1]);
}

#[test]
fn every_float_type_and_either_order_give_the_same_matrix() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let half: Vec<f16> = values.iter().copied().map(f16::from_f32).collect();
    let double: Vec<f64> = values.iter().copied().map(f64::from).collect();
    let columns = [1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0];
    let fortran = write(&columns, &[2, 3], Order::Fortran, f32::default_dtype());
    let swapped = write(&values, &[2, 3], Order::C, DType::Plain(">f4".parse().unwrap()));
    for bytes in [array(&values, &[2, 3]), array(&half, &[2, 3]), array(&double, &[2, 3]), fortran, swapped] {
        let dataset = load_as("face.npy", &bytes).unwrap();
        assert_eq!(dataset.labels, ["face"]);
        assert_eq!(dataset.features, 3);
        assert_eq!(dataset.values, values);
    }
}

#[test]
fn an_archive_of_preds_alone_is_one_recording() {
    let dataset = load_as("advert.npz", &npz(&[("preds", array(&[1.0_f32, 2.0], &[2, 1]))])).unwrap();
    assert_eq!((dataset.labels, dataset.sessions), (vec!["advert".to_owned()], vec![String::new()]));
}

#[test]
fn each_kind_of_bad_array_has_its_own_message() {
    let x = || ("X", array(&[1.0_f32, 2.0], &[2, 1]));
    let whole = array(&[1.0_f32, 2.0], &[2, 1]);
    let twice = [x(), ("y", text(&["a", "a"])), ("timesteps", array(&[0_i64, 0], &[2]))];
    let cases = [
        ("none.npz", npz(&[("Z", whole.clone())]), "no array named X or preds or data; found `Z`"),
        ("unlabelled.npz", npz(&[x()]), "no array named y or labels; found `X`"),
        (
            "short.npz",
            npz(&[x(), ("y", text(&["a"]))]),
            "y: its shape is [1]; it must have one entry for each of the 2",
        ),
        (
            "float.npz",
            npz(&[x(), ("y", array(&[1.0_f64, 2.0], &[2]))]),
            "y: its type is '<f8'; it must be text or whole",
        ),
        ("twice.npz", npz(&twice), "row 1: label, session and timestep are those of row 0"),
        ("flat.npy", array(&[1.0_f32, 2.0], &[2]), "the file: its shape is [2]; it must have two axes"),
        ("int.npy", array(&[1_i32, 2], &[2, 1]), "the file: its type is '<i4'; it must be float16"),
        ("norows.npy", array::<f32>(&[], &[0, 3]), "there are no rows"),
        ("nofeatures.npy", array::<f32>(&[], &[3, 0]), "the file: it has no features"),
        ("cut.npy", whole[..whole.len() - 1].to_vec(), "the file: it is cut short"),
        ("empty.npy", vec![], "the file is empty"),
        ("text.npy", b"video,timestep,prediction\na,0,1\n".to_vec(), "the file: magic not found"),
        ("text.npz", b"video,timestep,prediction\na,0,1\n".to_vec(), "the file: not a sound .npz archive"),
        (
            "object.npy",
            header("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }"),
            "the file: its type is '|O'",
        ),
        (
            "huge.npy",
            header(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({0}, {0}), }}", 1_u64 << 40)),
            "the file: its shape [1099511627776, 1099511627776] is too large",
        ),
        ("deep.npy", header(&"(".repeat(60_000)), "the file: its header is not a plain array's"),
    ];
    for (name, bytes, expected) in cases {
        let message = message(name, &bytes);
        assert!(message.starts_with(&format!("{name}: {expected}")), "{message}");
    }
}

#[test]
fn a_nested_header_is_refused_before_it_is_parsed() {
    for bracket in ["(", "[", "{1:"] {
        let message = message("deep.npy", &header(&bracket.repeat(100)));
        assert!(message.contains("its header is not a plain array's"), "{message}");
    }
}

#[test]
fn an_archive_cut_at_any_length_is_an_error() {
    let whole = npz(&[("X", array(&[1.0_f32, 2.0], &[2, 1])), ("y", text(&["a", "b"]))]);
    assert!(load_as("whole.npz", &whole).is_ok());
    for cut in 0..whole.len() {
        assert!(load_as("cut.npz", &whole[..cut]).is_err(), "{cut}");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = load_as("noise.npz", &bytes);
        let _ = load_as("noise.npy", &bytes);
        let _ = load_as("noise.npy", &[b"\x93NUMPY\x01\x00", &bytes[..]].concat());
    }

    #[test]
    fn a_changed_byte_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let array = array(&[1.0_f32, 2.0], &[2, 1]);
        for (name, mut bytes) in [("a.npz", npz(&[("X", array.clone()), ("y", text(&["a", "b"]))])), ("a.npy", array)] {
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = load_as(name, &bytes);
        }
    }

    #[test]
    fn strange_headers_never_panic(
        kind in "[<>|=]?[fiuSUObcMmV][0-9]{0,20}",
        shape in "\\(([0-9]{1,20},? ?){0,3}\\)",
        fortran in any::<bool>(),
    ) {
        let fortran = if fortran { "True" } else { "False" };
        let mut bytes = header(&format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}"));
        bytes.extend([0; 64]);
        let _ = load_as("strange.npy", &bytes);
        let _ = load_as("strange.npz", &npz(&[("X", array(&[1.0_f32], &[1, 1])), ("y", bytes)]));
    }
}
