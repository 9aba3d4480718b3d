//! Enrolments that would accept every scan or none, and scans that cannot be compared.

use neural_vault::enrolment::Enrolment;
use neural_vault::model::{Model, Provenance, initialise, linear_dims};
use neural_vault_core::verify::Threshold;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::samples::{FEATURES, npy, secret};

const VERIFY: [&str; 9] =
    ["verify", "data.csv", "--model", "model", "--enrolment", "r.nve", "--session", "run02", "--label"];

fn record(folder: &Folder) -> Enrolment {
    Enrolment::read(&folder.path("class00.nve")).unwrap()
}

#[test]
fn an_enrolment_whose_threshold_is_not_a_cosine_is_refused() {
    let folder = Folder::with_enrolment();
    // Bytes that occur nowhere else in the file.
    let known = 0.123_456_79_f32;
    Enrolment { threshold: Threshold::new(known).unwrap(), ..record(&folder) }.write(&folder.path("r.nve")).unwrap();
    let sound = folder.read("r.nve");
    let at = sound.windows(4).position(|bytes| bytes == known.to_le_bytes()).unwrap();
    for forged in [f32::NAN, 1.5, -1.5, f32::INFINITY] {
        let mut bytes = sound[..sound.len() - 32].to_vec();
        bytes[at..at + 4].copy_from_slice(&forged.to_le_bytes());
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        folder.write("r.nve", bytes);
        for arguments in [
            &[&VERIFY[..], &["class00"]].concat()[..],
            &["inspect", "r.nve"],
            &["derive", "--enrolment", "r.nve", "--scheme", "v1"],
            &["gallery", "r.nve", "-o", "g.nvg"],
        ] {
            folder.refuses(arguments, 4, &["r.nve: not a sound enrolment", "not allowed", "enrol again"]);
        }
    }
}

#[test]
fn an_enrolment_whose_prototype_has_no_direction_is_refused() {
    let folder = Folder::with_enrolment();
    for prototype in [vec![], vec![0.0; 32], vec![f32::NAN; 32], vec![f32::INFINITY; 32], vec![0.5; 8193]] {
        Enrolment { prototype, ..record(&folder) }.write(&folder.path("r.nve")).unwrap();
        for arguments in [&[&VERIFY[..], &["class00"]].concat()[..], &["gallery", "r.nve", "-o", "g.nvg"]] {
            folder.refuses(arguments, 4, &["r.nve: not a sound enrolment: enrolment prototype", "enrol again"]);
        }
    }
}

#[test]
fn an_enrolment_whose_prototype_is_longer_or_shorter_than_embeddings_is_refused() {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(7));
    for length in [16, 48] {
        Enrolment { prototype: vec![0.5; length], ..record(&folder) }.write(&folder.path("r.nve")).unwrap();
        let verify = [&VERIFY[..], &["class00"]].concat();
        let says = [&format!("r.nve: a prototype of {length} components"), "have 32", "enrol again"];
        folder.refuses(&verify, 4, &says);
        folder.refuses(&[&verify[..], &["--derive", "--device-secret", "secret"]].concat(), 4, &says);
        folder.refuses(&["gallery", "class00.nve", "r.nve", "-o", "g.nvg"], 4, &["r.nve: a prototype of"]);
    }
}

/// A folder with a linear model, an enrolment and a gallery, and scans of two frames that cancel.
fn with_cancelling_scans() -> Folder {
    let folder = Folder::with_recordings();
    let provenance = Provenance { window: 1, ..Provenance::default() };
    let mut weights = initialise(linear_dims(FEATURES), provenance.clone(), 1).unwrap().state_dict().unwrap();
    weights.tensors.get_mut("proj.bias").unwrap().fill(0.0);
    Model::new(&weights, provenance).unwrap().write(&folder.path("model")).unwrap();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--threshold", "-1", "-o", "r.nve"];
    folder.does(&enroll);
    folder.does(&["gallery", "r.nve", "-o", "g.nvg"]);
    let frame: Vec<f32> = (0..FEATURES).map(|k| (k as f32 - 11.0) / 7.0).collect();
    let frames: Vec<f32> = frame.iter().copied().chain(frame.iter().map(|value| -value)).collect();
    std::fs::create_dir(folder.path("scans")).unwrap();
    folder.write("scans/nobody.npy", npy(&[2, FEATURES], &frames));
    folder.write("secret", secret(7));
    folder
}

#[test]
fn a_scan_whose_windows_cancel_is_rejected() {
    let folder = with_cancelling_scans();
    for engine in ["core", "tract"] {
        let verify = ["verify", "scans", "--model", "model", "--enrolment", "r.nve", "--engine", engine];
        let run = folder.run(&verify);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (1, "rejected\n", ""), "{engine}");
        let run = folder.run(&[&verify[..], &["--show-score"]].concat());
        assert_eq!(run.stdout, "rejected, no score: the scan cannot be compared; threshold -1.000000\n");
        let run = folder.run(&[&verify[..], &["--show-score", "--json"]].concat());
        let printed = run.document();
        assert_eq!((&printed["accepted"], &printed["score"]), (&false.into(), &serde_json::Value::Null));
        assert!(printed.as_object().unwrap().contains_key("score"));
    }
    let verify = ["verify", "scans", "--model", "model", "--enrolment", "r.nve"];
    let run = folder.run(&[&verify[..], &["--derive", "--device-secret", "secret"]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (1, "rejected, 4 attempts left\n"), "{}", run.stderr);
}

#[test]
fn a_scan_whose_windows_cancel_matches_no_prototype() {
    let folder = with_cancelling_scans();
    let identify = ["identify", "scans", "--model", "model", "--gallery", "g.nvg"];
    let run = folder.run(&identify);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (1, "no match\n", ""));
    let run = folder.run(&[&identify[..], &["--show-score"]].concat());
    assert_eq!(run.stdout, "no match, no score: the scan cannot be compared\n");
    let run = folder.run(&[&identify[..], &["--show-score", "--json"]].concat());
    let printed = run.document();
    let expected = serde_json::json!({
        "accepted": false, "prototypes": 1, "nearest": null, "schema": "neural-vault/identify/1",
    });
    assert_eq!((run.code, printed), (1, expected));
}

#[test]
fn scans_that_cancel_are_not_enrolled() {
    let folder = with_cancelling_scans();
    let enroll = ["enroll", "scans", "--model", "model", "--label", "nobody", "--threshold", "0.5", "-o", "n.nve"];
    folder.refuses(&enroll, 3, &["enrolment prototype: a vector is zero"]);
}
