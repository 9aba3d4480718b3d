//! `verify --derive`: an accepted scan gives the key, and each enrolment has five attempts.

use super::folder::{Folder, Run};
use super::samples::secret;

const VERIFY: [&str; 9] =
    ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--session", "run02", "--label"];
const DERIVE: [&str; 3] = ["--derive", "--device-secret", "secret"];
const COUNTER: &str = "class00.nve.attempts";
const LOCK: &str = "class00.nve.attempts.lock";

/// A folder with an enrolment and `secret`.
fn folder() -> Folder {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(0x5e));
    folder
}

fn arguments<'a>(label: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&VERIFY[..], &[label], &DERIVE, options].concat()
}

fn own(folder: &Folder, options: &[&str]) -> Run {
    folder.run(&arguments("class00", options))
}

fn stranger(folder: &Folder) -> Run {
    folder.run(&arguments("class01", &[]))
}

#[test]
fn an_accepted_scan_gives_the_key_that_the_enrolment_has() {
    let folder = folder();
    for context in [&[][..], &["--context", "disk 1"]] {
        let key = own(&folder, context);
        let derive = ["derive", "--enrolment", "class00.nve", "--device-secret", "secret"];
        assert_eq!(key.stdout, folder.does(&[&derive[..], context].concat()).stdout);
        assert_eq!((key.code, key.stdout.len()), (0, 65), "{}", key.stderr);
        let printed = own(&folder, &[context, &["--json"]].concat()).json();
        let expected = serde_json::json!({
            "accepted": true, "label": "class00", "key": key.stdout.trim_end(), "scheme": "v2", "bits": 256,
            "attempts_left": 5, "schema": "neural-vault/verify/1",
        });
        assert_eq!(printed, expected);
    }
}

#[test]
fn an_enrolment_that_allows_fewer_attempts_has_no_more_here() {
    let folder = Folder::with_model();
    folder.with_trials();
    folder.write("secret", secret(0x5e));
    let verify = ["verify", "trials.csv", "--model", "model", "--enrolment", "tried.nve", "--session", "s2", "--label"];
    let run = |label: &'static str| folder.run(&[&verify[..], &[label], &DERIVE].concat());
    assert_eq!(run("class00").code, 0);
    assert_eq!(run("class01").stdout, "rejected, 0 attempts left\n");
    assert!(run("class00").stdout.starts_with("no attempts left"));
}

#[test]
fn five_misses_exhaust_it_and_then_the_genuine_scan_gets_nothing() {
    let folder = folder();
    for text in ["4 attempts left", "3 attempts left", "2 attempts left", "1 attempt left", "0 attempts left"] {
        let run = stranger(&folder);
        assert_eq!((run.code, run.stdout), (1, format!("rejected, {text}\n")), "{}", run.stderr);
    }
    let counter = folder.read(COUNTER);
    for label in ["class00", "class01"] {
        let run = folder.run(&arguments(label, &[]));
        assert_eq!(run.code, 1);
        assert_eq!(run.stdout, "no attempts left: the enrolment takes no more; enrol again\n");
    }
    let run = own(&folder, &["--json"]);
    let printed = run.document();
    let expected = serde_json::json!({
        "accepted": false, "label": "class00", "attempts_left": 0, "schema": "neural-vault/verify/1",
    });
    assert_eq!((run.code, printed), (1, expected));
    assert_eq!(folder.read(COUNTER), counter);
    // Without the key nothing is counted, and nothing is refused.
    assert_eq!(folder.run(&[&VERIFY[..], &["class00"]].concat()).stdout, "accepted\n");
}

#[test]
fn an_accepted_scan_restores_the_attempts() {
    let folder = folder();
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(stranger(&folder).code, 1);
        }
        assert_eq!(own(&folder, &["--json"]).json()["attempts_left"], 5);
    }
    assert_eq!(stranger(&folder).stdout, "rejected, 4 attempts left\n");
}

#[test]
fn processes_at_once_take_one_attempt_each() {
    let folder = folder();
    let start = || folder.command(&arguments("class01", &["--quiet"])).stdout(std::process::Stdio::piped()).spawn();
    let children: Vec<_> = (0..3).map(|_| start().unwrap()).collect();
    let printed = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    });
    let mut printed: Vec<String> = printed.collect();
    printed.sort();
    assert_eq!(printed, [2, 3, 4].map(|left| format!("rejected, {left} attempts left\n")));
}

#[test]
fn enrolling_again_begins_a_new_count() {
    let folder = folder();
    for _ in 0..5 {
        assert_eq!(stranger(&folder).code, 1);
    }
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01", "-o"];
    folder.refuses(&[&enroll[..], &["class00.nve"]].concat(), 2, &["class00.nve already exists", "--force"]);
    folder.does(&[&enroll[..], &["class00.nve", "--force"]].concat());
    assert!(!folder.path(COUNTER).exists());
    assert_eq!(stranger(&folder).stdout, "rejected, 4 attempts left\n");
}

#[test]
fn a_damaged_or_foreign_count_releases_nothing() {
    let folder = folder();
    assert_eq!(stranger(&folder).code, 1);
    let sound = folder.read(COUNTER);
    let mut changed = sound.clone();
    changed[24] ^= 1;
    for bytes in [&sound[..59], &[], &changed, b"5\n"] {
        folder.write(COUNTER, bytes);
        folder.refuses(&arguments("class00", &[]), 4, &[COUNTER, "not a sound count of attempts", "enrol again"]);
    }
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01", "-o"];
    folder.does(&[&enroll[..], &["other.nve"]].concat());
    std::fs::rename(folder.path("other.nve"), folder.path("class00.nve")).unwrap();
    folder.write(COUNTER, &sound);
    folder.refuses(&arguments("class00", &[]), 4, &[COUNTER, "another enrolment", "enrol again"]);
}

#[test]
fn without_a_count_there_is_no_key() {
    let folder = folder();
    // The lock is there, so that the folder can be compared.
    folder.write(LOCK, "");
    let before = folder.contents();
    folder.run_on_full_disk(0, &arguments("class00", &[])).failed(7, &[COUNTER, "no key"]);
    assert!(folder.contents() == before, "{:?}", folder.names());
    assert_eq!(stranger(&folder).stdout, "rejected, 4 attempts left\n");
    let before = folder.contents();
    folder.run_on_full_disk(0, &arguments("class00", &[])).failed(7, &[COUNTER, "no key"]);
    assert!(folder.contents() == before, "{:?}", folder.names());
    std::fs::remove_file(folder.path(LOCK)).unwrap();
    std::fs::create_dir(folder.path(LOCK)).unwrap();
    folder.refuses(&arguments("class00", &[]), 7, &[LOCK, "cannot be locked", "no key"]);
}

#[test]
fn what_cannot_be_embedded_costs_no_attempt() {
    let folder = folder();
    folder.does(&["synth", "-o", "wide.csv", "--classes", "1", "--sessions", "1", "--features", "25"]);
    let verify = ["verify", "wide.csv", "--model", "model", "--enrolment", "class00.nve"];
    folder.refuses(&[&verify[..], &DERIVE].concat(), 3, &["wide.csv", "25 features"]);
    assert!(!folder.path(COUNTER).exists());
    assert_eq!(folder.run(&[&VERIFY[..], &["class01"]].concat()).code, 1);
    assert!(!folder.path(COUNTER).exists(), "a scan that asks for no key costs none");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let folder = folder();
    let refuses = |options: &[&str], says: &str| {
        folder.refuses(&[&VERIFY[..], &["class00"], options].concat(), 2, &[says]);
    };
    refuses(&["--derive"], "--device-secret");
    refuses(&DERIVE[1..], "--derive");
    refuses(&["--context", "disk"], "--derive");
    refuses(&[&DERIVE[..], &["--show-score"]].concat(), "--show-score");
    folder.write("secret", "5e".repeat(31));
    refuses(&DERIVE, "32 bytes, or 64 hexadecimal digits");
    let help = folder.does(&["verify", "--help"]).stdout;
    assert!(help.contains("Whoever can delete or replace that file has the attempts back"), "{help}");
}
