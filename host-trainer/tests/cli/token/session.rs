//! Who is at the other end of the line, and what somebody between host and token can read and do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use neural_vault_core::wire::{Fault, Kind, encode_refusal};
use neural_vault_token_simulator::client::hello;

use super::between::{Between, Parts, To, frame, parts};
use super::life::{OTHER, OWN};
use super::simulated::{Line, Simulated, TOKEN_KEY};
use crate::folder::Folder;
use crate::samples::{FEATURES, recordings};

/// Commands that carry a scan or the administrator's authority.
const GUARDED: [&[&str]; 9] = [
    &["enroll", "data.csv", "--label", "class00", "--threshold", "0.5", "--accept-risk", "5", "--admin-key", "admin"],
    &["verify", "data.csv", "--label", "class00", "--session", "run02"],
    &["challenge", "data.csv", "--label", "class00", "--session", "run02"],
    &["export-key", "data.csv", "--label", "class00", "--session", "run02", "-o", "key"],
    &["rotate", "--admin-key", "admin"],
    &["revoke", "--admin-key", "admin"],
    &["reset-attempts", "--admin-key", "admin"],
    &["set-policy", "--admin-key", "admin", "--allow-export", "false"],
    &["info", "--admin-key", "admin"],
];

fn enrolled() -> (Folder, Simulated) {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    (folder, token)
}

fn verify<'a>(scan: &[&'a str]) -> Vec<&'a str> {
    [&["verify"], scan].concat()
}

#[test]
fn without_the_tokens_key_no_scan_and_no_command_is_sent() {
    let (folder, token) = enrolled();
    let before = token.frames.load(Ordering::SeqCst);
    for arguments in GUARDED {
        let arguments = [&["token"], arguments, &["--port", &token.port]].concat();
        folder.refuses(&arguments, 2, &["give --token-key FILE", "`neural-vault token pin`"]);
    }
    assert_eq!(token.frames.load(Ordering::SeqCst), before);
    // A token that is sound is not wiped either.
    let wipe = ["token", "wipe", "--admin-key", "admin", "--port", &token.port];
    folder.refuses(&wipe, 2, &["give --token-key FILE"]);
    assert_eq!(token.state(&folder), "enrolled");
}

#[test]
fn what_needs_no_key_says_that_the_token_is_not_verified() {
    let (folder, token) = enrolled();
    let fingerprint = token.does(&folder, &["info", "--json"]).json()["fingerprint"].as_str().unwrap().to_owned();
    for command in ["info", "self-test"] {
        let run = folder.does(&["token", command, "--port", &token.port, "--json"]);
        assert!(run.stderr.contains(&format!("note: fingerprint {fingerprint}: not verified")), "{}", run.stderr);
        assert_eq!((&run.json()["verified"], &run.json()["fingerprint"]), (&false.into(), &fingerprint.clone().into()));
        let pinned = token.does(&folder, &[command, "--json"]);
        assert_eq!((pinned.stderr.as_str(), &pinned.json()["verified"]), ("", &true.into()));
    }
    let text = token.does(&folder, &["info"]).stdout;
    assert!(text.contains(&format!("fingerprint   {fingerprint}, the pinned token's\n")), "{text}");
}

#[test]
fn a_pin_is_a_file_of_64_digits_whole_or_absent_and_not_replaced() {
    let (folder, token) = enrolled();
    let key = folder.read(TOKEN_KEY);
    assert_eq!(key.len(), 65);
    let pinned = token.does(&folder, &["pin", "-o", "again.key", "--json"]);
    assert_eq!(folder.read("again.key"), key);
    let fingerprint = pinned.json()["fingerprint"].as_str().unwrap().to_owned();
    assert!(pinned.stderr.contains(&format!("note: fingerprint {fingerprint}: compare it with what the token shows")));
    let pin = token.arguments(&["pin", "-o", "again.key"]);
    folder.refuses(&pin, 2, &["again.key already exists", "replace it with --force"]);
    token.does(&folder, &["pin", "-o", "again.key", "--force"]);
    // With a fingerprint, in groups or not, in either case: this token and no other.
    let compact = fingerprint.replace(' ', "").to_uppercase();
    for given in [&fingerprint, &compact] {
        let pinned = token.does(&folder, &["pin", "-o", "again.key", "--force", "--fingerprint", given]);
        assert!(!pinned.stderr.contains("compare"), "{}", pinned.stderr);
    }
    let other: String = compact.chars().rev().collect();
    let pin = ["pin", "-o", "elsewhere.key", "--fingerprint", &other];
    folder.refuses(&token.arguments(&pin), 6, &[&fingerprint, "another one than was given"]);
    let pin = ["pin", "-o", "elsewhere.key", "--fingerprint", "12 34"];
    folder.refuses(&token.arguments(&pin), 2, &["`12 34` is not a fingerprint"]);
    folder.refuses(&token.arguments(&["pin", "-o", "absent/key"]), 7, &["absent"]);
    folder.refuses(&["token", "pin", "--port", "unix:nowhere", "-o", "other.key"], 6, &["cannot be opened"]);

    for content in ["", "no key", &"5a".repeat(31), &"0".repeat(64)] {
        folder.write("bad.key", content);
        let code = if content.len() == 64 { 6 } else { 2 };
        let says = if code == 2 { "64 hexadecimal digits" } else { "no key that a token can have" };
        let run = token.run(&folder, &[&verify(&OWN)[..], &["--token-key", "bad.key"]].concat());
        run.failed(code, &[says, "token pin"]);
    }
}

#[test]
fn a_token_that_cannot_be_provisioned_leaves_no_key_behind() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let provision =
        ["provision", "--model", "model", "--admin-key", "admin", "--generate", "--token-key", "absent/key"];
    folder.refuses(&token.arguments(&provision), 7, &["absent"]);
    token.enrol(&folder);
    let provision = ["provision", "--model", "model", "--admin-key", "admin", "--generate", "--token-key", "new.key"];
    folder.refuses(&token.arguments(&provision), 6, &["the token is enrolled, not blank"]);
}

#[test]
fn another_token_than_the_pinned_one_gets_no_scan() {
    let (folder, _token) = enrolled();
    let other = Simulated::start_another_on_tcp(&folder);
    let run = folder.run(&[&["token"], &verify(&OWN)[..], &["--port", &other.port, "--token-key", TOKEN_KEY]].concat());
    run.failed(6, &["does not have the pinned key", "token pin --force"]);
    // The zero before all else, and the handshake.
    assert!(other.frames.load(Ordering::SeqCst) <= 2);
}

#[test]
fn nothing_of_a_scan_a_label_or_a_key_can_be_read_on_the_line() {
    let (folder, token) = enrolled();
    let line = Between::start(&folder, |_, frame| frame.to_vec());
    assert_eq!(line.run(&folder, &verify(&OWN)).code, 0);
    let export = [&["export-key"], &OWN[..], &["-o", "key", "--context", "a door of its own"]].concat();
    assert_eq!(line.run(&folder, &export).code, 0);
    assert_eq!(line.run(&folder, &["info", "--admin-key", "admin"]).code, 0);
    let key = base16ct::lower::decode_vec(folder.read("key").trim_ascii()).unwrap();
    let seen: Vec<u8> = line
        .frames
        .lock()
        .unwrap()
        .iter()
        .filter_map(|frame| parts(&frame.1))
        .fold(Vec::new(), |seen, parts| [seen, parts.payload].concat());
    let holds = |piece: &[u8]| seen.windows(piece.len()).any(|window| window == piece);
    assert!(seen.len() > 2 * 6 * FEATURES * size_of::<f32>(), "two scans");
    for pair in recordings().values.windows(2) {
        assert!(!holds(&[pair[0].to_le_bytes(), pair[1].to_le_bytes()].concat()), "two values of a scan");
    }
    for secret in [&key[..8], &key[24..], b"a door of its own", b"class00"] {
        assert!(!holds(secret));
    }
    assert!(token.misses(&folder) == 0);
}

#[test]
fn an_answer_that_is_altered_or_made_up_is_no_answer() {
    for (at, value) in [(0, 0x01), (8, 0x80), (9, 0x01)] {
        let (folder, token) = enrolled();
        let line = Between::start(&folder, move |to, bytes| match parts(bytes) {
            Some(mut parts) if to == To::Host && parts.kind == Kind::Session && parts.number > 0 => {
                parts.payload[at] ^= value;
                frame(&parts)
            }
            _ => bytes.to_vec(),
        });
        let run = line.run(&folder, &verify(&OTHER));
        run.failed(6, &["answers to `scan-begin` fail authentication", "somebody else may be on the line"]);
        assert_eq!(token.misses(&folder), 0);
    }
}

#[test]
fn a_recorded_yes_does_not_answer_another_verification() {
    let (folder, token) = enrolled();
    let (is_recorded, mut recorded) = (Arc::new(AtomicBool::new(false)), Vec::new());
    let replay = Arc::clone(&is_recorded);
    let line = Between::start(&folder, move |to, bytes| {
        if to == To::Host && !replay.load(Ordering::SeqCst) {
            recorded = bytes.to_vec();
        }
        // The last answer of the first session is the yes, in place of the answer of that number.
        let place = |frame: &[u8]| parts(frame).map(|parts| (parts.kind == Kind::Session, parts.number));
        if to == To::Host && place(bytes) == place(&recorded) { recorded.clone() } else { bytes.to_vec() }
    });
    assert_eq!(line.run(&folder, &verify(&OWN)).code, 0);
    is_recorded.store(true, Ordering::SeqCst);
    line.run(&folder, &verify(&OTHER)).failed(6, &["answers to `verify` fail authentication"]);
    assert_eq!(token.misses(&folder), 1, "the token itself rejected it");
}

#[test]
fn a_recorded_handshake_opens_no_session() {
    let (folder, token) = enrolled();
    let mut recorded: Option<Vec<u8>> = None;
    let line = Between::start(&folder, move |to, bytes| match parts(bytes) {
        Some(now) if to == To::Host && now.kind == Kind::Handshake => {
            let earlier = recorded.get_or_insert_with(|| now.payload.clone());
            frame(&Parts { payload: earlier.clone(), ..now })
        }
        _ => bytes.to_vec(),
    });
    assert_eq!(line.run(&folder, &verify(&OWN)).code, 0);
    line.run(&folder, &verify(&OWN)).failed(6, &["answers to `handshake` fail authentication"]);
    assert_eq!(token.misses(&folder), 0);
}

#[test]
fn a_refusal_that_is_not_sealed_is_no_verdict() {
    let (folder, _token) = enrolled();
    let count = Between::start(&folder, |_, frame| frame.to_vec());
    assert_eq!(count.run(&folder, &verify(&OWN)).code, 0);
    let last = count.frames(To::Host).iter().filter_map(|frame| parts(frame)).map(|parts| parts.number).next_back();
    std::fs::remove_file(folder.path("line.sock")).unwrap();
    let line = Between::start(&folder, move |to, bytes| match parts(bytes) {
        Some(parts) if to == To::Host && parts.kind == Kind::Session && Some(parts.number) == last => {
            let mut forged = vec![0; 64];
            let length = encode_refusal(parts.number, Fault::Rejected.into(), &mut forged).unwrap();
            forged.truncate(length);
            forged
        }
        _ => bytes.to_vec(),
    });
    line.run(&folder, &verify(&OWN)).failed(6, &["verify: rejected", "not sealed: anybody on the line"]);
}

#[test]
fn a_second_host_in_the_middle_of_a_scan_ends_it_and_costs_no_attempt() {
    let (folder, token) = enrolled();
    let mut spoken = false;
    let line = Between::start(&folder, move |to, bytes| match parts(bytes) {
        Some(parts) if to == To::Token && parts.kind == Kind::Session && parts.number == 2 && !spoken => {
            // Another host opens a session, and this request is lost.
            spoken = true;
            hello(None, 98).0
        }
        _ => bytes.to_vec(),
    });
    line.run(&folder, &verify(&OWN))
        .failed(6, &["the session ended before `scan-chunk`: the token was restarted, or another host spoke to it"]);
    assert_eq!(token.misses(&folder), 0);
    assert_eq!(token.run(&folder, &verify(&OWN)).code, 0);
}

#[test]
fn recorded_frames_do_nothing_when_they_are_sent_again() {
    let (folder, token) = enrolled();
    let line = Between::start(&folder, |_, frame| frame.to_vec());
    assert_eq!(line.run(&folder, &verify(&OTHER)).code, 1);
    let recorded = line.frames(To::Token);
    assert_eq!(token.misses(&folder), 1);
    for power_was_away in [false, true] {
        if power_was_away {
            token.cycle_power();
        }
        let mut stream = std::os::unix::net::UnixStream::connect(folder.path("token.sock")).unwrap();
        for frame in &recorded {
            std::io::Write::write_all(&mut stream, frame).unwrap();
        }
        drop(stream);
        assert_eq!(token.misses(&folder), 1, "{power_was_away}");
    }
}
