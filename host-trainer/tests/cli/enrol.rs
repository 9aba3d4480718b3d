//! `enroll` and `verify`: own scans are accepted, others rejected, and no score is printed unless asked for.

use std::fs;

use neural_vault::dataset::{Synthetic, write_csv};
use neural_vault::enrolment::Enrolment;
use neural_vault_core::key::derive_v1;

use super::folder::Folder;
use super::samples::{FEATURES, secret};

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
        let printed = run.document();
        let keys: Vec<&String> = printed.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["accepted", "label", "schema"]);
        assert_eq!(printed["accepted"], code == 0);
        let cut = "note: 3 of the probe's 6 frames are compared, the longest length up to this one that the threshold was \
                   measured with\n";
        assert_eq!(run.stderr, cut);
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
    assert_eq!(
        (&result["development"]["genuine_trials"], &result["development"]["impostor_trials"]),
        (&3.into(), &6.into())
    );
}

#[test]
fn an_enrolment_says_how_many_attempts_its_false_match_rate_allows() {
    let folder = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01"];
    let development = [&enroll[..], &["--development-sessions", "run02", "-o", "r.nve"]].concat();
    let text = folder.does(&development).stdout;
    let value = folder.does(&[&development[..], &["--force", "--json"]].concat()).json();
    let found = &value["false_matches"];
    assert_eq!((&found["trials"], &found["persons"], &found["attempts"]), (&6.into(), &3.into(), &0.into()), "{value}");
    assert!(found["fmr_bound_percent"].as_f64().unwrap() > 45.0 && found["chance_percent"].is_null(), "{value}");
    let frames: Vec<u64> =
        value["thresholds"].as_array().unwrap().iter().map(|t| t["frames"].as_u64().unwrap()).collect();
    assert_eq!(frames, [1, 2, 4, 6]);
    assert_eq!(value["thresholds"][3]["threshold"], value["threshold"]);
    for line in ["of 6 impostor trials accepted, of 3 labels", "attempts    none: one alone", "this machine takes 5"] {
        assert!(text.contains(line), "{line} is not in {text}");
        assert!(folder.does(&["inspect", "r.nve"]).stdout.contains(line), "{line}");
    }
    let inspected = folder.does(&["inspect", "r.nve", "--json"]).json();
    assert_eq!((&inspected["false_matches"], &inspected["thresholds"]), (found, &value["thresholds"]));

    folder.with_trials();
    let text = folder.does(&["inspect", "tried.nve"]).stdout;
    for line in
        ["of 360 impostor trials accepted, of 10 labels", "attempts    1: a stranger's chance", "this machine 1"]
    {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn a_threshold_by_hand_has_the_false_match_rate_of_sessions_that_test_it() {
    let folder = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01", "--json"];
    let enroll = [&enroll[..], &["--threshold", "0.5", "--force", "-o", "r.nve"]].concat();
    let untested = folder.does(&enroll).json();
    assert_eq!((&untested["false_matches"]["trials"], &untested["thresholds"]), (&0.into(), &serde_json::json!([])));
    assert!(folder.does(&["inspect", "r.nve"]).stdout.contains("FMR         unknown"));
    let tested = folder.does(&[&enroll[..], &["--probe-sessions", "run02"]].concat()).json();
    assert_eq!((&tested["false_matches"]["trials"], &tested["false_matches"]["persons"]), (&6.into(), &3.into()));
    // The scores of a session that trained the model are too favourable.
    let trained = folder.does(&[&enroll[..], &["--probe-sessions", "run00"]].concat()).json();
    assert_eq!(trained["false_matches"]["trials"], 0, "{trained}");
}

#[test]
fn a_probe_is_compared_with_the_threshold_of_its_length() {
    let folder = Folder::with_model();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01"];
    let enroll = [&enroll[..], &["--development-sessions", "run02", "-o", "r.nve", "--json"]].concat();
    let thresholds = folder.does(&enroll).json()["thresholds"].clone();
    // Lengths of 1, 2, 4 and 6 frames have thresholds; others are cut to them.
    for (timesteps, entry) in [(1, 0), (2, 1), (3, 1), (5, 2), (6, 3), (9, 3)] {
        let scan = Synthetic { classes: 1, timesteps, features: FEATURES, sessions: 1, noise: 0.3, seed: 1 };
        write_csv(&scan.recordings(), &folder.path("probe.csv")).unwrap();
        let verify = ["verify", "probe.csv", "--model", "model", "--enrolment", "r.nve", "--show-score", "--json"];
        let run = folder.run(&verify);
        let shown = run.document();
        assert_eq!(shown["threshold"], thresholds[entry]["threshold"], "{timesteps} frames: {}", run.stderr);
        let compared = [1, 2, 4, 6][entry];
        let note = format!("note: {compared} of the probe's {timesteps} frames are compared");
        assert_eq!(run.stderr.contains(&note), compared < timesteps, "{timesteps} frames: {}", run.stderr);
    }
}

#[test]
fn an_enrolment_of_version_2_is_read_and_has_no_false_match_rate() {
    let folder = Folder::new();
    folder.write("old.nve", include_bytes!("../data/enrolments/version2.nve"));
    let value = folder.does(&["inspect", "old.nve", "--json"]).json();
    assert_eq!((&value["label"], &value["false_matches"]["attempts"]), (&"face".into(), &0.into()));
    assert_eq!((&value["false_matches"]["trials"], &value["thresholds"]), (&0.into(), &serde_json::json!([])));
    let shipped = |name| neural_vault_models::file(name).to_string_lossy().into_owned();
    let (data, model) = (shipped("data/haxby/haxby_slice_runs00-05.csv.gz"), shipped("haxby-demo/model.nvb"));
    let verify = ["verify", &data, "--model", &model, "--enrolment", "old.nve", "--session", "run05", "--show-score"];
    let own = folder.does(&[&verify[..], &["--label", "face"]].concat()).stdout;
    assert_eq!(own, "accepted score 0.907037 threshold 0.682611\n");
    let other = folder.run(&[&verify[..], &["--label", "shoe"]].concat());
    assert!(other.code == 1 && other.stdout.contains("threshold 0.682611"), "{}", other.stdout);
}

#[test]
fn an_enrolment_of_version_3_is_read_and_embeds_windows() {
    let folder = Folder::new();
    folder.write("old.nve", include_bytes!("../data/enrolments/version3.nve"));
    let value = folder.does(&["inspect", "old.nve", "--json"]).json();
    assert_eq!((&value["is_whole"], &value["false_matches"]["matches"]), (&false.into(), &8.into()), "{value}");
    assert_eq!(value["thresholds"].as_array().unwrap().len(), 5);
    let shipped = |name| neural_vault_models::file(name).to_string_lossy().into_owned();
    let (data, model) = (shipped("data/haxby/haxby_slice_runs00-05.csv.gz"), shipped("haxby-demo/model.nvb"));
    let verify = ["verify", &data, "--model", &model, "--enrolment", "old.nve", "--session", "run05", "--show-score"];
    let own = folder.does(&[&verify[..], &["--label", "face"]].concat()).stdout;
    assert_eq!(own, "accepted score 0.907037 threshold 0.682611\n");
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
