//! A token's life from blank to wiped, by the commands alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hmac::{Hmac, KeyInit, Mac};
use neural_vault::enrolment::Enrolment;
use sha2::Sha256;

use super::simulated::{Line, Simulated, TOKEN_KEY};
use crate::folder::Folder;
use crate::samples::secret;

pub const OWN: [&str; 5] = ["data.csv", "--label", "class00", "--session", "run02"];
pub const OTHER: [&str; 5] = ["data.csv", "--label", "class01", "--session", "run02"];
const NONCE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

/// The host's own key of an enrolment to which a token gave this identifier, in hexadecimal.
pub fn host_key(folder: &Folder, enrolment: &str, id: &str) -> String {
    let mut record = Enrolment::read(&folder.path(enrolment)).unwrap();
    record.id = bytes(id).try_into().unwrap();
    record.write(&folder.path("token.nve")).unwrap();
    let derive = ["derive", "--enrolment", "token.nve", "--device-secret", "secret", "--context", "door"];
    folder.does(&derive).stdout.trim().to_owned()
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// The answer to a challenge under the key in a file.
fn answer_under(folder: &Folder, file: &str, context: &str, nonce: &str) -> Vec<u8> {
    let key = String::from_utf8(folder.read(file)).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(key.trim())).unwrap();
    mac.update(b"neural-vault/challenge/v2");
    mac.update(&[context.len() as u8]);
    mac.update(context.as_bytes());
    mac.update(&bytes(nonce));
    mac.finalize().into_bytes().to_vec()
}

fn live(folder: &Folder, token: &Simulated) {
    let run = |command: &str, scan: &[&str], more: &[&str]| token.run(folder, &[&[command], scan, more].concat());
    assert_eq!(token.state(folder), "blank");
    let provisioned = token.provision(folder, &["--allow-export"]);
    assert!(provisioned.stderr.contains("confirm it at the token"), "{}", provisioned.stderr);
    assert!(provisioned.stderr.contains("admin: a new administrator's key"), "{}", provisioned.stderr);
    let info = token.does(folder, &["info", "--json"]).json();
    assert_eq!(info["verified"], true);
    let fingerprint = info["fingerprint"].as_str().unwrap();
    assert!(
        provisioned.stderr.contains(&format!("note: fingerprint {fingerprint}: compare")),
        "{}",
        provisioned.stderr
    );
    assert_eq!(token.state(folder), "provisioned");

    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--admin-key", "admin", "--json"];
    let enroll = [&enroll[..], &["--accept-risk", "5", "--challenge-key", "challenge"]].concat();
    let enrolled = token.does(folder, &enroll).json();
    assert_eq!((&enrolled["label"], &enrolled["scans"]), (&"class00".into(), &1.into()));
    assert_eq!(enrolled["prototype_checked"], true);
    let id = enrolled["id"].as_str().unwrap();
    assert_eq!(token.state(folder), "enrolled");
    let own = run("verify", &OWN, &[]);
    assert_eq!((own.code, own.stdout.as_str()), (0, "accepted\n"), "{}", own.stderr);
    let other = run("verify", &OTHER, &[]);
    assert_eq!((other.code, other.stdout.as_str()), (1, "rejected\n"), "{}", other.stderr);
    assert_eq!(token.misses(folder), 1);

    let key = host_key(folder, "class00.nve", id);
    let check = ["--context", "door", "--check", "challenge"];
    let answer = run("challenge", &OWN, &["--context", "door", "--nonce", NONCE]);
    assert_eq!(bytes(answer.stdout.trim()), answer_under(folder, "challenge", "door", NONCE));
    let drawn = run("challenge", &OWN, &[&check[..], &["--json"]].concat()).json();
    let nonce = drawn["nonce"].as_str().unwrap();
    assert_eq!(bytes(drawn["answer"].as_str().unwrap()), answer_under(folder, "challenge", "door", nonce));
    assert_eq!((&drawn["checked"], &drawn["accepted"]), (&true.into(), &true.into()));
    assert_eq!(run("challenge", &OTHER, &[&check[..], &["--nonce", NONCE]].concat()).code, 1);

    let export = ["--context", "door", "-o", "key"];
    assert_eq!(run("export-key", &OWN, &export).code, 0);
    assert_eq!(String::from_utf8(folder.read("key")).unwrap().trim(), key);
    for secret in ["key", "admin", "challenge"] {
        assert_eq!(fs::metadata(folder.path(secret)).unwrap().permissions().mode() & 0o777, 0o600, "{secret}");
    }

    let rotate = ["rotate", "--admin-key", "admin", "--challenge-key", "challenge2", "--json"];
    let rotated = token.does(folder, &rotate).json();
    let rotated = rotated["id"].as_str().unwrap();
    assert_ne!(rotated, id);
    run("challenge", &OWN, &check).failed(6, &["the answer is not that of the enrolment", "challenge"]);
    assert_eq!(run("challenge", &OWN, &["--context", "door", "--check", "challenge2"]).code, 0);
    assert_eq!(run("export-key", &OWN, &["--context", "door", "-o", "key2"]).code, 0);
    assert_eq!(String::from_utf8(folder.read("key2")).unwrap().trim(), host_key(folder, "class00.nve", rotated));

    token.does(folder, &["set-policy", "--admin-key", "admin", "--allow-export", "false"]);
    run("export-key", &OWN, &[&export[..], &["--force"]].concat()).failed(6, &["scan-begin", "does not export keys"]);
    token.does(folder, &["reset-attempts", "--admin-key", "admin"]);
    assert_eq!(token.misses(folder), 0);
    token.does(folder, &["self-test"]);
    token.does(folder, &["revoke", "--admin-key", "admin"]);
    assert_eq!(token.state(folder), "provisioned");
    assert_eq!(run("verify", &OWN, &[]).code, 1);
    token.does(folder, &["wipe", "--admin-key", "admin"]);
    // A wiped token draws another key.
    token.run(folder, &["info"]).failed(6, &["does not have the pinned key", "token pin --force"]);
    fs::remove_file(folder.path(TOKEN_KEY)).unwrap();
    assert_eq!(token.state(folder), "blank");
}

#[test]
fn a_token_goes_from_blank_to_wiped_and_its_keys_are_the_hosts_own() {
    let folder = Folder::with_enrolment();
    live(&folder, &Simulated::start(&folder, Line::Sound));
}

#[test]
fn a_token_lives_on_tcp_as_well() {
    let folder = Folder::with_enrolment();
    live(&folder, &Simulated::start_on_tcp(&folder));
}

#[test]
fn a_token_lives_on_a_serial_port_as_well() {
    let folder = Folder::with_enrolment();
    live(&folder, &Simulated::start_on_serial(&folder));
}

#[test]
fn an_enrolment_may_be_replaced_by_one_with_a_threshold_by_hand() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let id = token.enrol(&folder);
    let enroll =
        ["enroll", "data.csv", "--label", "class01", "--threshold", "0.9", "--accept-risk", "3", "--name", "bob"];
    let enroll = [&enroll[..], &["--model", "model", "--admin-key", "admin", "--json"]].concat();
    let enrolled = token.does(&folder, &enroll).json();
    assert_eq!((&enrolled["label"], &enrolled["scans"]), (&"bob".into(), &3.into()));
    assert_eq!(enrolled["prototype_checked"], true, "three scans, the same prototype in every bit");
    assert_ne!(enrolled["id"], id);
    assert_eq!(token.run(&folder, &[&["verify"], &OTHER[..]].concat()).code, 0);
    assert_eq!(token.run(&folder, &[&["verify"], &OWN[..]].concat()).code, 1);
}

#[test]
fn a_token_may_draw_its_device_secret_itself() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.does(&folder, &["provision", "--model", "model", "--admin-key", "admin", "--generate", "--window", "2"]);
    let info = token.does(&folder, &["info", "--json"]).json();
    assert_eq!((&info["window_frames"], &info["allow_export"]), (&2.into(), &false.into()));
    // The record was made with windows of one frame.
    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "5", "--admin-key", "admin"];
    token.run(&folder, &enroll).failed(4, &["class00.nve", "windows of 1 frames", "provisioned for 2"]);
}

#[test]
fn no_secret_is_ever_printed() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    let mut said = token.provision(&folder, &["--allow-export"]).stdout;
    for arguments in [
        &[
            "enroll",
            "data.csv",
            "--enrolment",
            "class00.nve",
            "--accept-risk",
            "5",
            "--admin-key",
            "admin",
            "--challenge-key",
            "challenge",
            "--json",
        ][..],
        &[&["challenge"], &OWN[..], &["--check", "challenge", "--json"]].concat(),
        &[&["export-key"], &OWN[..], &["-o", "key", "--json"]].concat(),
        &["info", "--admin-key", "admin", "--json"],
        &["info", "--admin-key", "admin"],
    ] {
        let run = token.does(&folder, arguments);
        said += &(run.stdout + &run.stderr);
    }
    for secret in ["key", "admin", "challenge"] {
        let digits = String::from_utf8(folder.read(secret)).unwrap();
        assert!(digits.trim().len() == 64 && !said.contains(digits.trim()), "{secret}");
    }
    assert!(!said.contains(&base16ct::lower::encode_string(&secret(0x5e))));
}
