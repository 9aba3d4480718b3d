//! What a token says of its state, and what follows from its policy and from answers that it sends once.

use super::between::{Between, To, parts};
use super::life::{OTHER, OWN};
use super::simulated::{Line, Simulated, TOKEN_KEY};
use crate::folder::Folder;
use neural_vault_core::wire::Kind;

fn provisioned(more: &[&str]) -> (Folder, Simulated) {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, more);
    (folder, token)
}

fn enrol(folder: &Folder, token: &Simulated, more: &[&str]) {
    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "5", "--admin-key", "admin"];
    token.does(folder, &[&enroll[..], more].concat());
}

#[test]
fn a_disabled_token_says_why_and_is_wiped_without_any_key() {
    let (folder, token) = provisioned(&[]);
    enrol(&folder, &token, &[]);
    token.damage();
    // Its static key is in the records.
    token
        .run(&folder, &["info"])
        .failed(6, &["does not have the pinned key", "damaged records", "without --token-key"]);
    let info = folder.does(&["token", "info", "--port", &token.port]);
    assert!(
        info.stdout.contains("state         disabled: the token's records are damaged: wipe it"),
        "{}",
        info.stdout
    );
    assert!(info.stdout.contains(", not verified\n"), "{}", info.stdout);
    let value = folder.does(&["token", "info", "--port", &token.port, "--json"]).json();
    assert!(value["disabled_reason"].as_str().unwrap().contains("records are damaged"), "{value}");
    let wiped = folder.does(&["token", "wipe", "--port", &token.port]).stderr;
    assert!(wiped.contains(": not verified; compare it with what the token shows"), "{wiped}");
    let value = folder.does(&["token", "info", "--port", &token.port, "--json"]).json();
    assert_eq!((&value["state"], &value["disabled_reason"]), (&"blank".into(), &serde_json::Value::Null));
}

#[test]
fn info_says_how_many_attempts_are_left_and_which_risk_was_accepted() {
    let (folder, token) = provisioned(&[]);
    enrol(&folder, &token, &[]);
    assert_eq!(token.run(&folder, &[&["verify"], &OTHER[..]].concat()).code, 1);
    let text = token.does(&folder, &["info", "--admin-key", "admin"]).stdout;
    assert!(text.contains("attempts      4 of 5 left, over all slots\n"), "{text}");
    assert!(text.contains("risk          accepted: 5 attempts, in which a stranger's chance is up to "), "{text}");
    assert!(text.contains("threshold ") && text.contains("\n              FMR "), "{text}");
    let value = token.does(&folder, &["info", "--admin-key", "admin", "--json"]).json();
    assert_eq!((&value["misses"], &value["attempts"], &value["attempts_left"]), (&1.into(), &5.into(), &4.into()));
    let held = &value["enrolments"][0]["enrolment"];
    assert_eq!(
        (&held["label"], &held["attempts"], &held["accepted_risk"]["attempts"]),
        (&"class00".into(), &5.into(), &5.into())
    );
    assert!(value["enrolments"][1]["enrolment"].is_null());
    let reset = token.does(&folder, &["reset-attempts", "--admin-key", "admin", "--json"]).json();
    assert_eq!((&reset["misses"], &reset["locked"]), (&1.into(), &false.into()));
    assert_eq!(token.misses(&folder), 0);
}

#[test]
fn a_reset_tells_a_locked_token_from_used_up_attempts() {
    let (folder, token) = provisioned(&[]);
    enrol(&folder, &token, &[]);
    for _ in 0..5 {
        assert_eq!(token.run(&folder, &[&["verify"], &OTHER[..]].concat()).code, 1);
    }
    let reset = token.does(&folder, &["reset-attempts", "--admin-key", "admin"]).stdout;
    assert!(reset.contains("back after 5 misses; five misses in a row: take the token's power away"), "{reset}");
}

#[test]
fn a_policy_is_changed_in_part_and_export_is_given_up_for_good() {
    let (folder, token) = provisioned(&["--allow-export", "--confirm-verify"]);
    enrol(&folder, &token, &[]);
    let policy = || {
        let info = token.does(&folder, &["info", "--json"]).json();
        ["allow_export", "confirm_verify", "confirm_challenge"].map(|name| info[name].as_bool().unwrap())
    };
    assert_eq!(policy(), [true, true, false]);
    let asked = |command: &str| {
        token.does(&folder, &[&[command], &OWN[..]].concat()).stderr.contains("confirm it at the token")
    };
    assert_eq!(["verify", "challenge"].map(asked), [true, false]);
    let set = ["set-policy", "--admin-key", "admin"];
    token.does(&folder, &[&set[..], &["--confirm-verify", "false", "--confirm-challenge", "true"]].concat());
    assert_eq!(policy(), [true, false, true]);
    assert_eq!(["verify", "challenge"].map(asked), [false, true]);
    token.does(&folder, &[&set[..], &["--allow-export", "false"]].concat());
    assert_eq!(policy(), [false, false, true]);
    token.run(&folder, &[&set[..], &["--allow-export", "true"]].concat()).failed(6, &["only a wipe brings it back"]);
    token.run(&folder, &set).failed(2, &["--allow-export"]);
}

#[test]
fn a_key_whose_answer_is_lost_on_the_line_is_not_sent_again() {
    let (folder, token) = provisioned(&[]);
    enrol(&folder, &token, &["--challenge-key", "challenge"]);
    let id = || {
        token.does(&folder, &["info", "--admin-key", "admin", "--json"]).json()["enrolments"][0]["enrolment"]["id"]
            .clone()
    };
    let before = id();
    let mut lost = false;
    let line = Between::start(&folder, move |to, bytes| match parts(bytes) {
        Some(parts) if to == To::Host && parts.kind == Kind::Session && !lost => {
            lost = true;
            Vec::new()
        }
        _ => bytes.to_vec(),
    });
    let rotate = ["rotate", "--admin-key", "admin", "--challenge-key", "rotated"];
    line.run(&folder, &rotate).failed(6, &["the answer held a key, which is sent once", "`neural-vault token rotate`"]);
    assert!(!folder.names().iter().any(|name| name == "rotated"));
    assert_ne!(id(), before, "it was carried out");
    token.does(&folder, &rotate);
    assert_eq!(token.run(&folder, &[&["challenge"], &OWN[..], &["--check", "rotated"]].concat()).code, 0);
    let files = [TOKEN_KEY, "challenge", "rotated"].map(|file| folder.read(file));
    let outputs = token.arguments(&rotate);
    folder.refuses(&outputs, 2, &["rotated already exists", "could no longer be checked", "--force"]);
    assert_eq!([TOKEN_KEY, "challenge", "rotated"].map(|file| folder.read(file)), files);
}
