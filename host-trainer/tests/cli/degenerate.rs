//! Scans with a frame that says nothing are refused by label, session and timestep, and cost no attempt.
#![cfg(unix)]

use neural_vault::dataset::{Synthetic, write_csv};

use super::folder::Folder;
use super::samples::{FEATURES, secret};
use super::token::simulated::{Line, Simulated};

/// The label and session whose scan is spoiled.
const SCAN: [&str; 4] = ["--label", "class00", "--session", "run02"];

/// Frames that say nothing, with what the message says of them.
fn frames() -> [(&'static str, [f32; FEATURES], &'static str); 5] {
    let mut one = [f32::NAN; FEATURES];
    one[5] = 1.0;
    let mut third = [f32::INFINITY; FEATURES];
    (0..FEATURES).step_by(3).for_each(|k| third[k] = k as f32);
    [
        ("NaN alone", [f32::NAN; FEATURES], "0 of its 24 values are finite"),
        ("zeros", [0.0; FEATURES], "its finite values are all equal"),
        ("a constant", [-3.5; FEATURES], "its finite values are all equal"),
        ("one finite value", one, "1 of its 24 values are finite"),
        ("a third finite", third, "8 of its 24 values are finite"),
    ]
}

/// Writes `bad.csv`: `data.csv` with this frame in place of the second of the spoiled scan.
fn spoil(folder: &Folder, frame: &[f32; FEATURES]) {
    let mut dataset =
        Synthetic { classes: 3, timesteps: 6, features: FEATURES, sessions: 3, noise: 0.3, seed: 1 }.recordings();
    let named = |index: u32, names: &[String], name: &str| names[index as usize] == name;
    let scans = dataset.scans();
    let scan = scans
        .iter()
        .find(|scan| named(scan.label, &dataset.labels, "class00") && named(scan.session, &dataset.sessions, "run02"));
    let row = scan.unwrap().rows.start + 1;
    dataset.values[row * FEATURES..][..FEATURES].copy_from_slice(frame);
    write_csv(&dataset, &folder.path("bad.csv")).unwrap();
}

/// A folder with an enrolment, a gallery and a device secret.
fn folder() -> Folder {
    let folder = Folder::with_enrolment();
    folder.does(&["gallery", "class00.nve", "-o", "g.nvg"]);
    folder.write("secret", secret(0x5e));
    folder
}

#[test]
fn every_command_refuses_such_a_scan_by_name_and_spends_no_attempt() {
    let folder = folder();
    let model = ["--model", "model"];
    let verify = [&["verify", "bad.csv", "--enrolment", "class00.nve"][..], &model, &SCAN].concat();
    let identify = [&["identify", "bad.csv", "--gallery", "g.nvg"][..], &model, &SCAN].concat();
    let enroll = ["enroll", "bad.csv", "--label", "class00", "--sessions", "run02", "-o", "n.nve"];
    let enroll = [&enroll[..], &["--threshold", "0.5"], &model].concat();
    let embed = [&["embed", "bad.csv", "-o", "e.npy"][..], &model].concat();
    for (kind, frame, says) in frames() {
        spoil(&folder, &frame);
        let says = ["label `class00`, session `run02`, timestep 1: the frame says nothing", says];
        for engine in ["core", "tract"] {
            for command in [&verify, &identify, &enroll, &embed] {
                folder.refuses(&[&command[..], &["--engine", engine]].concat(), 3, &says);
            }
        }
        folder.refuses(&[&verify[..], &["--show-score"]].concat(), 3, &says);
        // The folder is as it was: there is no count of attempts.
        folder.refuses(&[&verify[..], &["--derive", "--device-secret", "secret"]].concat(), 3, &says);
        // Another scan of the same file is not concerned.
        let other = ["verify", "bad.csv", "--enrolment", "class00.nve", "--label", "class00", "--session", "run01"];
        assert_eq!(folder.run(&[&other[..], &model].concat()).code, 0, "{kind}");
    }
}

#[test]
fn a_token_is_not_asked_about_such_a_scan() {
    let folder = folder();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    for (_, frame, says) in frames() {
        spoil(&folder, &frame);
        let says = ["label `class00`, session `run02`, timestep 1: the frame says nothing", says];
        let enroll = ["enroll", "bad.csv", "--label", "class00", "--sessions", "run02", "--threshold", "0.5"];
        for command in [
            [&["verify", "bad.csv"][..], &SCAN].concat(),
            [&["challenge", "bad.csv"][..], &SCAN].concat(),
            [&enroll[..], &["--accept-risk", "5", "--admin-key", "admin"]].concat(),
        ] {
            token.run(&folder, &command).failed(3, &says);
        }
    }
    assert_eq!(token.misses(&folder), 0);
    token.does(&folder, &["verify", "data.csv", "--label", "class00", "--session", "run02"]);
}
