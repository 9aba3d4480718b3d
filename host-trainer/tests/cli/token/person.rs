//! A person on a token with a connectome model: enrolled by all frames at once, as on this machine.

use super::life::host_key;
use super::simulated::{Line, Simulated};
use crate::folder::{Folder, Run};
use crate::person::folder;

/// A token with the model, and the enrolment of p8 on this machine.
fn provisioned() -> (Folder, Simulated) {
    let folder = folder();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "p8", "--sessions", "s0,s1", "--frames", "50"];
    folder.does(&[&enroll[..], &["-o", "p8.nve"]].concat());
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &["--allow-export"]);
    (folder, token)
}

fn enroll(folder: &Folder, token: &Simulated, more: &[&str]) -> Run {
    let enroll =
        ["enroll", "data.csv", "--enrolment", "p8.nve", "--admin-key", "admin", "--accept-risk", "9", "--json"];
    token.run(folder, &[&enroll[..], more].concat())
}

fn probe<'a>(command: &'a str, label: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "data.csv", "--label", label, "--session", "s2"], more].concat()
}

#[test]
fn a_person_is_enrolled_on_a_token_as_on_this_machine_and_has_the_same_key() {
    let (folder, token) = provisioned();
    let info = token.does(&folder, &["info", "--json"]).json();
    assert_eq!((&info["whole_scans"], &info["window_frames"], &info["latent"]), (&true.into(), &25.into(), &66.into()));
    let enrolled = enroll(&folder, &token, &[]).json();
    assert_eq!((&enrolled["scans"], &enrolled["probe_frames"]), (&2.into(), &50.into()), "{enrolled}");
    assert_eq!(enrolled["prototype_checked"], true);
    let own = token.run(&folder, &probe("verify", "p8", &[]));
    assert_eq!((own.code, own.stdout.as_str()), (0, "accepted\n"), "{}", own.stderr);
    for other in ["p9", "q0", "q1"] {
        assert_eq!(token.run(&folder, &probe("verify", other, &[])).code, 1, "{other}");
    }
    token.does(&folder, &probe("export-key", "p8", &["--context", "door", "-o", "key"]));
    let key = String::from_utf8(folder.read("key")).unwrap();
    assert_eq!(key.trim(), host_key(&folder, "p8.nve", enrolled["id"].as_str().unwrap()));
    // This machine's own embedding of the joined sessions is the token's too.
    let checked = enroll(&folder, &token, &["--model", "model", "--slot", "1"]).json();
    assert_eq!((&checked["prototype_sha256"], &checked["slot"]), (&enrolled["prototype_sha256"], &1.into()));
}

#[test]
fn a_probe_has_the_frames_that_the_threshold_was_measured_with() {
    let (folder, token) = provisioned();
    enroll(&folder, &token, &["--frames", "30"]).failed(2, &["no threshold for probes of 30 frames", "25, 50"]);
    let enrolled = enroll(&folder, &token, &["--frames", "25"]).json();
    assert_eq!(enrolled["probe_frames"], 25);
    let slots = token.does(&folder, &["info", "--admin-key", "admin", "--json"]).json();
    assert_eq!(
        (&slots["probe_frames"], &slots["enrolments"][0]["enrolment"]["probe_frames"]),
        (&25.into(), &25.into()),
        "{slots}"
    );
    let accepted = |more: &[&str]| token.run(&folder, &probe("verify", "p8", more)).code == 0;
    assert!(accepted(&[]) && accepted(&["--frames", "25"]));
    assert!(!accepted(&["--frames", "26"]));
    assert_eq!(token.misses(&folder), 1, "another length costs an attempt");
    token
        .run(&folder, &probe("verify", "p8", &["--frames", "151"]))
        .failed(3, &["`p8`", "150 frames", "no attempt is spent"]);
    token.run(&folder, &probe("verify", "p8", &["--frames", "24"])).failed(3, &["too few frames"]);
    token
        .run(&folder, &probe("verify", "p8", &["--windows", "2"]))
        .failed(2, &["embeds a scan as a whole", "--frames"]);
    assert_eq!(token.misses(&folder), 1);
    // With a second length there is none that all enrolments share.
    enroll(&folder, &token, &["--slot", "1"]);
    assert_eq!(token.does(&folder, &["info", "--json"]).json()["probe_frames"], serde_json::Value::Null);
    assert!(accepted(&["--slot", "1", "--frames", "50"]) && accepted(&["--frames", "25"]) && accepted(&[]));
}
