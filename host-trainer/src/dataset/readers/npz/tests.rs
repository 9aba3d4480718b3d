//! What the NumPy readers accept, and the messages for what they refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use npyz::half::f16;
use npyz::{AutoSerialize, DType, Order};
use proptest::prelude::*;

use crate::dataset::Row;
use crate::dataset::fixtures::{array, gzip, header, load_as, load_folder, message, npz, text, write};

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
fn whole_numbers_and_truth_values_are_a_matrix_too() {
    let expected = [1.0, 0.0, 3.0, 4.0];
    let signed = DType::Plain(">i2".parse().unwrap());
    for bytes in [
        array(&[1_u8, 0, 3, 4], &[2, 2]),
        array(&[1_i64, 0, 3, 4], &[2, 2]),
        array(&[1_u64, 0, 3, 4], &[2, 2]),
        write(&[1_i16, 0, 3, 4], &[2, 2], Order::C, signed),
        write(&[1.0_f64, 3.0, 0.0, 4.0], &[2, 2], Order::Fortran, DType::Plain(">f8".parse().unwrap())),
    ] {
        assert_eq!(load_as("face.npy", &bytes).unwrap().values, expected);
    }
    assert_eq!(load_as("face.npy", &array(&[true, false], &[1, 2])).unwrap().values, [1.0, 0.0]);
}

#[test]
fn headers_of_python_2_and_of_numpy_numbers_are_read() {
    for shape in ["(2L, 2L)", "(np.int64(2), np.int64(2))"] {
        let mut bytes = header(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"));
        bytes.extend([1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()));
        assert_eq!(load_as("old.npy", &bytes).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
    }
}

#[test]
fn an_array_in_gzip_is_read() {
    let one = array(&[1.0_f32, 2.0], &[1, 2]);
    let dataset = load_as("face.npy.gz", &gzip(&one)).unwrap();
    assert_eq!((dataset.labels, dataset.values), (vec!["face".to_owned()], vec![1.0, 2.0]));
    assert!(message("cut.npy.gz", &gzip(&one)[..30]).contains("cut short"));
}

#[test]
fn bytes_after_an_array_are_noted() {
    let one = array(&[1.0_f32, 2.0], &[1, 2]);
    let cases = [
        (one.clone(), "136 bytes after the array are left out: another array; save each to its own file"),
        (vec![0; 3], "3 bytes after the array are left out: no part of it"),
    ];
    for (more, expected) in cases {
        let bytes = [&one[..], &more].concat();
        let notes = load_as("twice.npy", &bytes).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].ends_with(expected), "{notes:?}");
        let notes = load_as("twice.npz", &npz(&[("preds", bytes)])).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].contains("preds: ") && notes[0].ends_with(expected), "{notes:?}");
    }
    assert!(load_as("once.npy", &one).unwrap().notes.is_empty());
}

#[test]
fn names_may_be_long_bytes_numbers_or_of_either_byte_order() {
    let long = "x".repeat(5000);
    let kind = |kind: &str| DType::Plain(kind.parse().unwrap());
    let names = [long.clone(), "Zo\u{eb}".to_owned()];
    let wide = |kind_of: &str| write(&names, &[2], Order::C, kind(kind_of));
    let bytes = write(&["a".as_bytes().to_vec(), "bc".as_bytes().to_vec()], &[2], Order::C, kind("|S3"));
    let x = || ("X", array(&[1.0_f32, 2.0], &[2, 1]));
    for (labels, expected) in [
        (wide("<U5000"), ["Zo\u{eb}", long.as_str()]),
        (wide(">U5000"), ["Zo\u{eb}", long.as_str()]),
        (bytes, ["a", "bc"]),
        (array(&[u64::MAX, 7], &[2]), ["18446744073709551615", "7"]),
        (array(&[7_i8, -1], &[2, 1]), ["-1", "7"]),
    ] {
        assert_eq!(load_as("names.npz", &npz(&[x(), ("y", labels)])).unwrap().labels, expected);
    }
}

#[test]
fn times_become_timesteps_with_their_gaps() {
    let preds = || ("preds", array(&[1.0_f32, 2.0, 3.0, 4.0], &[4, 1]));
    let record = {
        let mut bytes = header("{'descr': [('id', '|S2'), ('start', '<f8')], 'fortran_order': False, 'shape': (4,), }");
        for start in [0.0, 1.5, 3.0, 9.0_f64] {
            bytes.extend([&b"ab"[..], &start.to_le_bytes()].concat());
        }
        bytes
    };
    for (name, times) in [
        ("timesteps", array(&[0_u64, 1, 2, 6], &[4])),
        ("timesteps", array(&[0.0_f32, 1.0, 2.0, 6.0], &[4])),
        ("timesteps", array(&[0.0_f64, 0.5, 1.0, 3.0], &[4])),
        ("times", array(&[0.0_f64, 1.49, 2.98, 8.94], &[4])),
        ("times", array(&[0_i32, 2, 4, 12], &[4])),
        ("segments", array(&[0.0_f64, 1.0, 1.0, 2.0, 2.0, 3.0, 6.0, 7.0], &[4, 2])),
        ("segments", record),
    ] {
        let dataset = load_as("clip.npz", &npz(&[preds(), (name, times.clone())])).unwrap();
        let timesteps: Vec<i64> = dataset.rows.iter().map(|row| row.timestep).collect();
        assert_eq!(timesteps, [0, 1, 2, 6], "{name}");
        let labels = ("y", text(&["a", "a", "b", "b"]));
        let dataset = load_as("labelled.npz", &npz(&[preds(), labels, (name, times)])).unwrap();
        assert_eq!(dataset.rows[1].timestep - dataset.rows[0].timestep, 1, "{name}");
        assert_eq!(dataset.rows[3].timestep - dataset.rows[2].timestep, 4, "{name}");
    }
}

#[test]
fn pickled_segments_are_left_out_with_a_note() {
    let pickled = header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }");
    let bytes = npz(&[("preds", array(&[1.0_f32, 2.0], &[2, 1])), ("segments", pickled)]);
    let dataset = load_as("clip.npz", &bytes).unwrap();
    assert!(dataset.notes[0].contains("segments holds pickled Python objects"), "{:?}", dataset.notes);
    assert_eq!(dataset.rows[1].timestep, 1);
}

#[test]
fn the_only_array_of_an_archive_is_a_recording() {
    let one = array(&[1.0_f32, 2.0], &[2, 1]);
    assert_eq!(load_as("face.npz", &npz(&[("arr_0", one.clone())])).unwrap().labels, ["face"]);
    assert!(load_as("face.npz", &npz(&[("arr_0", one.clone()), ("arr_1", one)])).is_err());
}

#[test]
fn the_segments_beside_preds_give_its_times() {
    let preds = array(&[1.0_f32, 2.0], &[2, 1]);
    let folder =
        |segments: &str| load_folder(&[("clip/preds.npy", preds.clone()), ("clip/segments.json", segments.into())]);
    let dataset = folder(r#"[{"start": 4.0}, {"start": 6.0}]"#).unwrap();
    assert_eq!(dataset.rows.iter().map(|row| row.timestep).collect::<Vec<_>>(), [2, 3]);
    let message = folder("[0]").err().unwrap().to_string();
    assert!(message.contains("preds.npy: the file: it has 2 frames, but segments.json has 1 segments"), "{message}");
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
        (
            "deeper.npy",
            array(&[1.0_f32, 2.0], &[1, 2, 1]),
            "the file: its shape is [1, 2, 1]; it must have two axes, timesteps x features",
        ),
        (
            "batch.npy",
            array(&[1.0_f32; 4], &[1, 2, 2]),
            "the file: its shape is [1, 2, 2]; it must have two axes, timesteps x features; save numpy.squeeze(array)",
        ),
        ("norows.npy", array::<f32>(&[], &[0, 3]), "there are no rows"),
        ("nofeatures.npy", array::<f32>(&[], &[3, 0]), "the file: it has no features"),
        ("cut.npy", whole[..whole.len() - 1].to_vec(), "the file: it is cut short"),
        ("empty.npy", vec![], "the file is empty"),
        ("text.npy", b"video,timestep,prediction\na,0,1\n".to_vec(), "the file: it is not a NumPy array"),
        ("text.npz", b"video,timestep,prediction\na,0,1\n".to_vec(), "the file: not a sound .npz archive"),
        (
            "complex.npy",
            header("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1), }"),
            "the file: its type is '<c8'; it must be float16",
        ),
        (
            "record.npy",
            header("{'descr': [('i', '<i8'), ('k', '<f8')], 'fortran_order': False, 'shape': (3,), }"),
            "the file: its type is [('i', '<i8'), ('k', '<f8')",
        ),
        (
            "dict.npy",
            header("{'descr': '|O', 'fortran_order': False, 'shape': (), }"),
            "the file: its type is '|O', a pickled Python object, which is not read; save the array that is in",
        ),
        ("emptylabel.npz", npz(&[x(), ("y", text(&["a", " "]))]), "y: row 1: ` ` is not a name"),
        ("nanlabel.npz", npz(&[x(), ("y", text(&["nan", "a"]))]), "y: row 0: `nan` is not a name"),
        (
            "pickled.npz",
            npz(&[x(), ("y", header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"))]),
            "y: its type is '|O', pickled Python objects, which are not read; save numpy.array(names, dtype=str)",
        ),
        (
            "late.npz",
            npz(&[x(), ("y", text(&["a", "a"])), ("timesteps", array(&[0, u64::MAX], &[2]))]),
            "timesteps: row 1 is too large",
        ),
        (
            "time.npz",
            npz(&[("preds", whole.clone()), ("times", array(&[0.0, f64::NAN], &[2]))]),
            "frame 1: its time is not a number",
        ),
        ("hdf.npy", b"\x89HDF\r\n\x1a\n".to_vec(), "it is an HDF5 file"),
        ("zipped.npy", b"PK\x03\x04".to_vec(), "it is a ZIP archive"),
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

#[test]
fn an_archive_that_claims_more_bytes_than_it_has_takes_no_memory_for_them() {
    let rows = 1_u64 << 44;
    let claimed = rows * 32 + 200;
    let array = header(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 8), }}"));
    let name = b"arr_0.npy";
    // ZIP's 64-bit form: sizes of 0xffffffff, and the true ones in a field of kind 1.
    let sizes = [[0xff; 8].as_slice(), &[name.len() as u8, 0, 20, 0]].concat();
    let field = [&[1, 0, 16, 0][..], &claimed.to_le_bytes(), &claimed.to_le_bytes()].concat();
    let local = [b"PK\x03\x04-\0\0\0\0\0\0\0\0\0\0\0\0\0", &sizes[..], name, &field].concat();
    let entry = [b"PK\x01\x02-\0-\0\0\0\0\0\0\0\0\0\0\0\0\0", &sizes[..], &[0; 14], name, &field].concat();
    let (at, length) = ((local.len() + array.len()) as u32, entry.len() as u32);
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &length.to_le_bytes()[..], &at.to_le_bytes(), &[0; 2]].concat();
    let message = message("clips.npz", &[local, array, entry, end].concat());
    assert!(message.starts_with("clips.npz: arr_0: "), "{message}");
}
