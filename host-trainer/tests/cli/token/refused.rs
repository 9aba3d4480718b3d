//! What a token or the command refuses: the reason, the exit code, and nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use super::life::OWN;
use super::simulated::{Line, Simulated, TOKEN_KEY};
use crate::folder::Folder;
use crate::samples::{model, secret};

/// Runs what must fail with `code`, say each of `says`, and leave the folder and the token's epoch as they were.
fn refuses(folder: &Folder, token: &Simulated, arguments: &[&str], code: i32, says: &[&str]) {
    let epoch = || token.does(folder, &["info", "--json"]).json()["epoch"].clone();
    let (before, names) = (epoch(), folder.names());
    token.run(folder, arguments).failed(code, says);
    assert_eq!((epoch(), folder.names()), (before, names), "{arguments:?}");
}

#[test]
fn commands_in_the_wrong_state_say_what_to_do_first() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let verify = [&["verify"], &OWN[..]].concat();
    let pinned = token.does(&folder, &["pin", "-o", TOKEN_KEY]).stderr;
    assert!(pinned.contains("the token is blank: until it is provisioned, it draws another key"), "{pinned}");
    refuses(&folder, &token, &verify, 6, &["unix:token.sock: scan-begin: the token is blank: provision it first"]);
    refuses(&folder, &token, &["wipe"], 6, &["the token is blank"]);
    token.enrol(&folder);
    let provision = ["provision", "--model", "model", "--admin-key", "new", "--generate"];
    refuses(&folder, &token, &provision, 6, &["the token is enrolled, not blank: wipe it first"]);
    refuses(&folder, &token, &["revoke", "--slot", "3", "--admin-key", "admin"], 6, &["the slot holds no enrolment"]);
    refuses(&folder, &token, &["rotate", "--slot", "4", "--admin-key", "admin"], 2, &["no such slot (error 22, 4)"]);
    assert_eq!(token.run(&folder, &verify).code, 0);
}

#[test]
fn another_admin_key_does_nothing() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    folder.write("other", secret(7));
    for arguments in [
        &["rotate"][..],
        &["revoke"],
        &["reset-attempts"],
        &["wipe"],
        &["info"],
        &["set-policy", "--allow-export", "true"],
        &["enroll", "data.csv", "--label", "class01", "--threshold", "0", "--accept-risk", "1"],
    ] {
        let arguments = [arguments, &["--admin-key", "other"]].concat();
        refuses(&folder, &token, &arguments, 6, &["not authorised", "the right admin key"]);
    }
    refuses(&folder, &token, &["wipe"], 6, &["not authorised"]);
    assert_eq!(token.run(&folder, &[&["verify"], &OWN[..]].concat()).code, 0);
}

#[test]
fn recordings_of_another_width_are_refused_by_both_numbers() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    folder.does(&[
        "synth",
        "-o",
        "wide.csv",
        "--classes",
        "1",
        "--sessions",
        "1",
        "--timesteps",
        "3",
        "--features",
        "25",
    ]);
    refuses(&folder, &token, &["verify", "wide.csv"], 3, &["wide.csv: a frame has 25 features", "takes 24"]);
    assert_eq!(token.misses(&folder), 0);
}

#[test]
fn another_model_is_refused_by_both_digests() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    model(2).write(&folder.path("other")).unwrap();
    let digests = [1, 2].map(|seed| base16ct::lower::encode_string(model(seed).digest()));
    let says = [digests[0].as_str(), &digests[1]];
    let provision = ["provision", "--model", "other", "--admin-key", "new", "--generate"];
    refuses(&folder, &token, &provision, 4, &says);
    token.provision(&folder, &[]);
    let enroll = ["enroll", "data.csv", "--model", "other", "--label", "class00", "-o", "other.nve"];
    folder.does(&[&enroll[..], &["--threshold", "0.5"]].concat());
    let enroll = ["enroll", "data.csv", "--enrolment", "other.nve", "--accept-risk", "1", "--admin-key", "admin"];
    refuses(&folder, &token, &enroll, 4, &says);
    let enroll = ["enroll", "data.csv", "--model", "other", "--label", "class00", "--threshold", "0.5"];
    refuses(&folder, &token, &[&enroll[..], &["--accept-risk", "1", "--admin-key", "admin"]].concat(), 4, &says);
}

#[test]
fn a_token_that_embedded_something_else_is_not_authorised_to_enrol_it() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &[]);
    // The record is of run01; the token is sent run02.
    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--sessions", "run02", "--accept-risk", "5"];
    let enroll = [&enroll[..], &["--admin-key", "admin"]].concat();
    refuses(&folder, &token, &enroll, 6, &["the token's prototype is not the enrolment's", "nothing was enrolled"]);
    assert_eq!(token.state(&folder), "provisioned");
    token.does(&folder, &[&enroll[..], &["--model", "model"]].concat());
}

#[test]
fn an_enrolment_whose_error_rate_allows_no_attempt_is_refused_unless_a_risk_is_accepted() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &[]);
    let own = ["enroll", "data.csv", "--enrolment", "class00.nve", "--admin-key", "admin"];
    refuses(&folder, &token, &own, 4, &["class00.nve: its false match rate is", "none: one alone", "--accept-risk N"]);
    let by_hand = ["enroll", "data.csv", "--label", "class00", "--threshold", "0.9", "--admin-key", "admin"];
    refuses(&folder, &token, &by_hand, 2, &["--accept-risk"]);
    folder.write("old.nve", include_bytes!("../../data/enrolments/version2.nve"));
    let old = ["enroll", "data.csv", "--enrolment", "old.nve", "--label", "class00", "--sessions", "run01"];
    let old = [&old[..], &["--admin-key", "admin"]].concat();
    refuses(&folder, &token, &old, 4, &["its false match rate is unknown", "none"]);
    for nonsense in ["0", "51", "-1", "many", "1.5", ""] {
        refuses(&folder, &token, &[&own[..], &["--accept-risk", nonsense]].concat(), 2, &["--accept-risk"]);
    }
    assert_eq!(token.state(&folder), "provisioned");

    let enrolled = token.does(&folder, &[&own[..], &["--accept-risk", "5"]].concat());
    assert!(enrolled.stderr.contains("note: 5 attempts are accepted"), "{}", enrolled.stderr);
    assert!(enrolled.stdout.contains("attempts 5 over all slots") && enrolled.stdout.contains("which was accepted"));
    let by_hand = token.does(&folder, &[&by_hand[..], &["--accept-risk", "2", "--json"]].concat()).json();
    assert_eq!((&by_hand["attempts"], &by_hand["chance_percent"]), (&2.into(), &100.0.into()), "{by_hand}");
    assert_eq!((&by_hand["risk_accepted"], &by_hand["false_matches"]["attempts"]), (&true.into(), &0.into()));
}

#[test]
fn an_enrolment_of_enough_trials_needs_no_risk_and_none_is_taken_for_it() {
    let folder = Folder::with_model();
    folder.with_trials();
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &[]);
    let enroll = ["enroll", "trials.csv", "--enrolment", "tried.nve", "--admin-key", "admin"];
    refuses(&folder, &token, &[&enroll[..], &["--accept-risk", "1"]].concat(), 2, &["allows 1 attempts", "leave"]);
    for others in [["--label", "class01"], ["--sessions", "s1"]] {
        let others = [&enroll[..], &others, &["--model", "model"]].concat();
        refuses(&folder, &token, &others, 4, &["not the enrolment's label and sessions", "unknown", "none"]);
    }
    let enrolled = token.does(&folder, &[&enroll[..], &["--json"]].concat()).json();
    assert_eq!((&enrolled["attempts"], &enrolled["risk_accepted"]), (&1.into(), &false.into()), "{enrolled}");
    assert!(enrolled["chance_percent"].as_f64().unwrap() <= 2.0, "{enrolled}");
}

#[test]
fn what_the_command_line_lacks_is_said_before_the_token_is_asked() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let refuses = |arguments: &[&str], says: &str| folder.refuses(&token.arguments(arguments), 2, &[says]);
    folder.write(TOKEN_KEY, "5a".repeat(32));
    let provision = ["provision", "--model", "model", "--admin-key", "admin"];
    refuses(&provision, "--generate");
    refuses(&[&provision[..], &["--device-secret", "absent"]].concat(), "absent: cannot be read");
    refuses(&["rotate"], "--admin-key");
    refuses(&["rotate", "--admin-key", "absent"], "absent: cannot be read");
    refuses(&["info", "--timeout", "0"], "seconds from 0.05 to 3600");
    refuses(&[&["challenge"], &OWN[..], &["--nonce", "12"]].concat(), "64 hexadecimal digits");
    refuses(&["challenge", "data.csv", "--context", &"x".repeat(65)], "at most 64 bytes");
    refuses(&["verify", "data.csv"], "choose one with --label");
    folder.write("key", secret(1));
    let enroll = ["enroll", "data.csv", "--label", "class00", "--accept-risk", "5", "--admin-key", "key"];
    refuses(&enroll, "--threshold");
    for wrong in ["1.5", "-1.5", "nan", "inf"] {
        refuses(&[&enroll[..], &["--threshold", wrong]].concat(), "is not a cosine");
    }
    let long = "a name of more than sixteen bytes";
    refuses(&[&enroll[..], &["--threshold", "0.5", "--name", long]].concat(), "a token's 16 bytes");
    refuses(&[&enroll[..], &["--threshold", "0.5", "--sessions", "run09"]].concat(), "no session `run09`");
    assert_eq!(token.frames.load(Ordering::SeqCst), 0);
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    let said = token.does(&folder, &["rotate", "--admin-key", "admin"]).stderr;
    assert!(!said.contains("open to others"), "{said}");
    fs::set_permissions(folder.path("admin"), fs::Permissions::from_mode(0o640)).unwrap();
    let said = token.does(&folder, &["rotate", "--admin-key", "admin"]).stderr;
    assert!(said.contains("admin is open to others") && said.contains("chmod 600"), "{said}");
}

#[test]
fn an_export_that_cannot_be_written_costs_no_attempt() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    let export = [&["export-key"], &OWN[..], &["-o", "absent/key"]].concat();
    refuses(&folder, &token, &export, 7, &["absent/key"]);
    assert_eq!(token.misses(&folder), 0);
}

#[test]
fn a_full_disk_shows_before_a_token_makes_a_key() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let (pin, provision) =
        (["pin", "-o", "new"], ["provision", "--model", "model", "--admin-key", "new", "--generate"]);
    for (arguments, file) in [(&pin[..], "new"), (&provision, TOKEN_KEY)] {
        let before = folder.names();
        let run = folder.run_on_full_disk(0, &token.arguments(arguments));
        run.failed(7, &[&format!("cannot write {file}: "), "free some space"]);
        assert_eq!(folder.names(), before, "{arguments:?}");
    }
    assert_eq!(token.frames.load(Ordering::SeqCst), 0, "the token was asked for something");
}
