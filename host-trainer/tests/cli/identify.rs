//! `gallery` and `identify`: a scan matches one of many enrolments, or none.

use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::samples::model;

const LABELS: [&str; 3] = ["class00", "class01", "class02"];

/// A folder with a gallery of three enrolments of `run01`, thresholds of `threshold`, in each format.
fn with_galleries(threshold: &str) -> Folder {
    let folder = Folder::with_model();
    for label in LABELS {
        let record = format!("{label}.nve");
        let enrol = ["enroll", "data.csv", "--model", "model", "--label", label, "--sessions", "run01"];
        folder.does(&[&enrol[..], &["--threshold", threshold, "-o", &record]].concat());
    }
    for format in ["f32", "i8"] {
        let output = format!("{format}.nvg");
        let printed =
            folder.does(&["gallery", "class00.nve", "class01.nve", "class02.nve", "--format", format, "-o", &output]);
        assert!(printed.stdout.contains("3 prototypes"), "{}", printed.stdout);
    }
    folder
}

const IDENTIFY: [&str; 6] = ["identify", "data.csv", "--model", "model", "--session", "run02"];

#[test]
fn inspect_describes_a_gallery() {
    let folder = with_galleries("0.1");
    for format in ["f32", "i8"] {
        let printed = folder.does(&["inspect", &format!("{format}.nvg"), "--json"]).json();
        assert_eq!((&printed["format"], &printed["labels"]), (&format.into(), &LABELS.as_slice().into()));
    }
}

#[test]
fn a_scan_is_named_by_its_nearest_prototype() {
    let folder = with_galleries("0.1");
    for gallery in ["f32.nvg", "i8.nvg"] {
        for label in LABELS {
            let identify = [&IDENTIFY[..], &["--gallery", gallery, "--label", label]].concat();
            let found = folder.does(&[&identify[..], &["--json", "--show-score"]].concat()).json();
            assert_eq!((&found["label"], &found["prototypes"]), (&label.into(), &3.into()), "{gallery}");
            assert_eq!(folder.does(&identify).stdout, format!("{label}\n"));
        }
    }
}

#[test]
fn a_scan_that_its_nearest_prototype_does_not_accept_has_no_name() {
    let folder = with_galleries("1");
    for gallery in ["f32.nvg", "i8.nvg"] {
        let run = folder.run(&[&IDENTIFY[..], &["--gallery", gallery, "--label", "class00"]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (1, "no match\n"));
    }
}

#[test]
fn a_gallery_of_another_model_is_refused() {
    let folder = with_galleries("0.1");
    model(2).write(&folder.path("other")).unwrap();
    let identify = ["identify", "data.csv", "--model", "other", "--session", "run02", "--label", "class00"];
    for gallery in ["f32.nvg", "i8.nvg"] {
        folder.refuses(&[&identify[..], &["--gallery", gallery]].concat(), 4, &[gallery, "made with model"]);
    }
    let enrol = ["enroll", "data.csv", "--model", "other", "--label", "class00", "--threshold", "0", "-o", "other.nve"];
    folder.does(&enrol);
    folder.refuses(&["gallery", "class00.nve", "other.nve", "-o", "g.nvg"], 4, &["other.nve", "made with model"]);
    let enrol = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--threshold", "0", "--window", "2"];
    folder.does(&[&enrol[..], &["-o", "longer.nve"]].concat());
    folder.refuses(
        &["gallery", "class00.nve", "longer.nve", "-o", "g.nvg"],
        4,
        &["longer.nve", "enrol all in the same way"],
    );
}

#[test]
fn a_damaged_or_absent_gallery_is_refused() {
    let folder = with_galleries("0.1");
    let identify = [&IDENTIFY[..], &["--label", "class00", "--gallery", "g.nvg"]].concat();
    folder.refuses(&identify, 4, &["g.nvg", "cannot be read", "check the path"]);
    let sound = folder.read("i8.nvg");
    let refused = |bytes: &[u8]| {
        folder.write("g.nvg", bytes);
        folder.refuses(&identify, 4, &["g.nvg"]);
    };
    for length in [0, 7, 63, 64, sound.len() - 1] {
        refused(&sound[..length]);
    }
    for at in (0..sound.len()).step_by(211) {
        let mut changed = sound.clone();
        changed[at] ^= 0x10;
        refused(&changed);
    }
    // Of another width, with a right checksum.
    let mut narrower = sound[..sound.len() - 32].to_vec();
    narrower[12] = 16;
    let checksum = Sha256::digest(&narrower);
    narrower.extend(checksum);
    refused(&narrower);
}
