//! `derive`: the same inputs give the same key, and any other input another.

use base16ct::lower::encode_string as hex;
use neural_vault::enrolment::Enrolment;
use neural_vault_core::key::{DeviceSecret, KeyContext, derive_v1, derive_v2_into};

use super::folder::Folder;
use super::samples::secret;

/// A folder with an enrolment and `secret`.
fn folder() -> Folder {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(0xa5));
    folder
}

fn v2(folder: &Folder, secret: &str, options: &[&str]) -> String {
    let derive = ["derive", "--enrolment", "class00.nve", "--device-secret", secret];
    folder.does(&[&derive[..], options].concat()).stdout.trim_end().to_owned()
}

#[test]
fn keys_of_an_enrolment_are_those_that_the_core_derives() {
    let folder = folder();
    let record = Enrolment::read(&folder.path("class00.nve")).unwrap();
    let mut key = [0; 32];
    derive_v1(&record.prototype, &mut key).unwrap();
    let run = folder.does(&["derive", "--enrolment", "class00.nve", "--scheme", "v1"]);
    assert_eq!(run.stdout, hex(&key) + "\n");

    let context = KeyContext { model_digest: &record.model_digest, enrolment_id: &record.id, application: b"disk" };
    let mut key = [0; 64];
    derive_v2_into(&record.prototype, &DeviceSecret::from_bytes(&secret(0xa5)), &context, &mut key).unwrap();
    assert_eq!(v2(&folder, "secret", &["--context", "disk", "--bits", "512"]), hex(&key));
}

#[test]
fn a_v2_key_repeats_and_differs_by_context_secret_and_enrolment() {
    let folder = folder();
    folder.write("other", secret(0xa6));
    let key = v2(&folder, "secret", &[]);
    assert_eq!(key, v2(&folder, "secret", &[]));
    assert_eq!(key.len(), 64);
    let mut keys = vec![key, v2(&folder, "secret", &["--context", "a"]), v2(&folder, "secret", &["--context", "b"])];
    keys.push(v2(&folder, "other", &[]));
    // The same scans enrolled anew: only the identifier differs.
    folder.does(&[
        "enroll",
        "data.csv",
        "--model",
        "model",
        "--label",
        "class00",
        "--sessions",
        "run01",
        "-o",
        "class00.nve",
        "--force",
    ]);
    keys.push(v2(&folder, "secret", &[]));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5);
}

#[test]
fn a_secret_may_be_raw_or_hexadecimal() {
    let folder = folder();
    let digits = hex(&secret(0xa5));
    folder.write("lower", &digits);
    folder.write("upper", digits.to_uppercase() + "\n");
    folder.write("mixed", digits[..32].to_uppercase() + &digits[32..] + "\r\n");
    let key = v2(&folder, "secret", &[]);
    for name in ["lower", "upper", "mixed"] {
        assert_eq!(key, v2(&folder, name, &[]), "{name}");
    }
}

#[test]
fn a_v2_key_needs_a_secret_of_32_bytes() {
    let folder = folder();
    let derive = ["derive", "--enrolment", "class00.nve"];
    folder.refuses(&derive, 2, &["--device-secret FILE", "neural-vault secret -o FILE"]);
    for (name, bytes) in [
        ("short", &b"abc"[..]),
        ("less", &[1; 31]),
        ("long", &[1; 33]),
        ("odd", &"a5".repeat(32).as_bytes()[1..]),
        ("more", ("a5".repeat(32) + "a").as_bytes()),
        ("letter", ("a5".repeat(31) + "ag").as_bytes()),
        ("wide", "é".repeat(32).as_bytes()),
        ("sign", "+5".repeat(32).as_bytes()),
    ] {
        folder.write(name, bytes);
        folder.refuses(
            &[&derive[..], &["--device-secret", name]].concat(),
            2,
            &[name, "32 bytes, or 64 hexadecimal digits"],
        );
    }
    folder.refuses(
        &[&derive[..], &["--device-secret", "absent"]].concat(),
        2,
        &["absent", "cannot be read", "check the path"],
    );
}

#[test]
fn an_option_that_the_scheme_does_not_take_is_refused() {
    let folder = folder();
    folder.does(&["embed", "data.csv", "--model", "model", "-o", "e.npy"]);
    let v1 = ["derive", "--enrolment", "class00.nve", "--scheme", "v1"];
    folder.refuses(&[&v1[..], &["--context", "x"]].concat(), 2, &["no context"]);
    folder.refuses(&[&v1[..], &["--device-secret", "secret"]].concat(), 2, &["no device secret"]);
    folder.refuses(&["derive", "--embedding", "e.npy", "--device-secret", "secret"], 2, &["--scheme v1"]);
    folder.refuses(&["derive"], 2, &["--enrolment"]);
    for bits in ["0", "7", "65288"] {
        folder.refuses(&[&v1[..], &["--bits", bits]].concat(), 2, &["--bits", "multiple of 8"]);
    }
}

#[test]
fn embeddings_of_several_scans_give_the_key_of_their_mean() {
    let folder = folder();
    let values: Vec<f32> = (0..32).map(|k| (k as f32 - 16.0) / 40.0).collect();
    let mean: Vec<f32> = values[..16].iter().zip(&values[16..]).map(|(a, b)| (a + b) / 2.0).collect();
    folder.write("two.npy", super::samples::npy(&[2, 16], &values));
    folder.write("mean.npy", super::samples::npy(&[16], &mean));
    let key = |name| folder.does(&["derive", "--scheme", "v1", "--embedding", name]).stdout;
    assert_eq!(key("two.npy"), key("mean.npy"));
}

#[test]
fn a_key_without_a_scan_comes_with_a_note() {
    let folder = folder();
    let run = folder.does(&["derive", "--enrolment", "class00.nve", "--device-secret", "secret"]);
    assert!(run.stderr.contains("no scan was compared and no attempt counted"), "{}", run.stderr);
    assert!(run.stderr.contains("neural-vault verify --derive"), "{}", run.stderr);
    let help = folder.does(&["derive", "--help"]).stdout;
    assert!(help.contains("no attempt is counted") && help.contains("verify --derive"), "{help}");
}
