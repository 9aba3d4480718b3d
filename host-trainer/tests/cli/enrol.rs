//! `enroll` and `verify`: own scans are accepted, others rejected, and no score is printed unless asked for.

use std::fs;

use neural_vault::enrolment::Enrolment;
use neural_vault_core::key::derive_v1;

use super::folder::Folder;
use super::samples::secret;

const VERIFY: [&str; 8] =
    ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--session", "run02"];

fn verify(label: &'static str, options: &[&'static str]) -> Vec<&'static str> {
    [&VERIFY[..], &["--label", label], options].concat()
}

#[test]
fn own_scans_are_accepted_and_others_rejected_on_every_engine() {
    let folder = Folder::with_enrolment();
    for engine in ["core", "tract", "onnxruntime"] {
        let own = folder.run(&verify("class00", &["--engine", engine]));
        assert_eq!((own.code, own.stdout.as_str()), (0, "accepted\n"), "{engine}: {}", own.stderr);
        for other in ["class01", "class02"] {
            let run = folder.run(&verify(other, &["--engine", engine]));
            assert_eq!((run.code, run.stdout.as_str()), (1, "rejected\n"), "{engine}, {other}: {}", run.stderr);
        }
    }
}

#[test]
fn a_verdict_has_no_score_unless_the_operator_asks() {
    let folder = Folder::with_enrolment();
    for (label, code) in [("class00", 0), ("class01", 1)] {
        let run = folder.run(&verify(label, &["--json"]));
        assert_eq!(run.code, code);
        let printed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let keys: Vec<&String> = printed.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["accepted", "label", "schema"]);
        assert_eq!(printed["accepted"], code == 0);
        assert_eq!(run.stderr, "");
        let shown = folder.run(&verify(label, &["--show-score"]));
        assert_eq!(shown.code, code);
        assert!(shown.stdout.contains(" score 0.") || shown.stdout.contains(" score -0."), "{}", shown.stdout);
    }
}

#[test]
fn a_choice_of_several_scans_is_refused() {
    let folder = Folder::with_enrolment();
    folder.refuses(&VERIFY, 2, &["data.csv", "3 scans", "--label (class00, class01, class02)"]);
}

#[cfg(unix)]
#[test]
fn an_enrolment_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_enrolment();
    let mode = fs::metadata(folder.path("class00.nve")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_enrolment_holds_no_key() {
    let folder = Folder::with_enrolment();
    let bytes = folder.read("class00.nve");
    let mut v1 = [0; 32];
    derive_v1(&Enrolment::read(&folder.path("class00.nve")).unwrap().prototype, &mut v1).unwrap();
    folder.write("secret", secret(5));
    let v2 = folder.does(&["derive", "--enrolment", "class00.nve", "--device-secret", "secret"]).stdout;
    let v2: Vec<u8> = (0..32).map(|k| u8::from_str_radix(&v2[2 * k..2 * k + 2], 16).unwrap()).collect();
    for key in [&v1[..], &v2] {
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        for part in [&key[..8], &digits.as_bytes()[..16]] {
            assert!(!bytes.windows(part.len()).any(|window| window == part));
        }
    }
}

#[test]
fn a_seed_repeats_an_enrolment_and_without_one_each_is_new() {
    let folder = Folder::with_model();
    let enroll = |name: &str, seed: &[&str]| {
        let arguments = ["data.csv", "--model", "model", "--label", "class01", "--sessions", "run01,run02", "-o", name];
        folder.does(&[&["enroll"], &arguments[..], seed].concat());
        folder.read(name)
    };
    assert!(enroll("a.nve", &["--seed", "4"]) == enroll("b.nve", &["--seed", "4"]));
    assert!(enroll("a.nve", &["--force"]) != enroll("b.nve", &["--force"]));
}

#[test]
fn a_threshold_is_not_chosen_on_sessions_that_trained_the_model() {
    let folder = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "r.nve"];
    folder.refuses(&enroll, 2, &["session run00 trained the model", "--development-sessions"]);
    let development = [&enroll[..], &["--sessions", "run01", "--development-sessions"]].concat();
    folder.refuses(&[&development[..], &["run00"]].concat(), 2, &["session run00 trained the model"]);
    let result = folder.does(&[&development[..], &["run02", "--json"]].concat()).json();
    assert_eq!((&result["development"]["genuine"], &result["development"]["impostor"]), (&3.into(), &6.into()));
}

#[test]
fn a_threshold_by_hand_must_be_a_cosine() {
    let folder = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "r.nve", "--threshold"];
    for wrong in ["1.5", "-1.5", "nan", "NaN", "inf", "x"] {
        folder.refuses(&[&enroll[..], &[wrong]].concat(), 2, &["--threshold", "not a cosine"]);
    }
    let run = folder.does(&[&enroll[..], &["0.25"]].concat());
    assert!(run.stdout.contains("threshold 0.2500"), "{}", run.stdout);
}
