//! `demo`: train, enrol, verify and derive on the recordings that ship with the program.

use super::folder::Folder;

#[test]
fn the_demo_writes_its_files_and_names_its_protocol() {
    let folder = Folder::new();
    let result = folder.does(&["demo", "--json", "--out", "demo", "--steps", "3", "--engine", "tract"]).json();
    assert_eq!(result["schema"], "neural-vault/demo/2");
    let protocol = result["protocol"].as_str().unwrap();
    for run in ["run00", "run03", "run04", "run05"] {
        assert!(protocol.contains(run), "{protocol}");
    }
    assert!((0.0..=50.0).contains(&result["eer_percent"].as_f64().unwrap()), "{result}");
    let enrolments = result["enrolments"].as_array().unwrap();
    assert_eq!((enrolments.len(), &result["genuine_trials"], &result["impostor_trials"]), (8, &8.into(), &56.into()));
    let (found, rejected) = (&result["false_matches"], result["impostors_rejected"].as_u64().unwrap());
    assert_eq!((&found["trials"], &found["persons"]), (&56.into(), &8.into()));
    assert_eq!((&found["matches"], &found["attempts"]), (&(56 - rejected).into(), &0.into()));
    for enrolment in enrolments {
        let file = enrolment["file"].as_str().unwrap();
        assert_eq!(folder.does(&["inspect", file, "--json"]).json()["model_digest"], result["model_digest"]);
        let v1 = folder.does(&["derive", "--scheme", "v1", "--enrolment", file]).stdout;
        assert_eq!(enrolment["key_v1"], v1.trim_end());
        assert_eq!(enrolment["key_v2"].is_string(), enrolment["genuine_accepted"] == true);
    }
    assert_eq!(folder.does(&["inspect", "demo", "--json"]).json()["model_digest"], result["model_digest"]);
    for name in ["model.safetensors", "model.onnx", "model.nvb", "device-secret"] {
        assert!(folder.path("demo").join(name).is_file(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn the_demo_says_what_its_rates_were_measured_on_and_its_secret_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let run = folder.does(&["demo", "--out", "demo", "--steps", "1", "--engine", "tract"]);
    let development =
        "cross-fitting: models trained on 2 of 4 sessions, each session of the rest against prototypes of the other 1";
    assert!(
        run.stderr.contains(&format!(" % ({development}; probes of 9 frames; 32 genuine and 224 impostor trials)")),
        "{}",
        run.stderr
    );
    let protocol = "trained on run00, run01, run02, run03, enrolled on run04, tested on run05";
    assert!(
        run.stdout.contains(&format!(" % ({protocol}; probes of 9 frames; 8 genuine and 56 impostor trials)")),
        "{}",
        run.stdout
    );
    let mode = std::fs::metadata(folder.path("demo/device-secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_second_demo_keeps_its_device_secret_and_replaces_nothing_that_is_not_its_own() {
    let folder = Folder::new();
    let demo = ["demo", "--out", "demo", "--steps", "1", "--engine", "tract"];
    folder.does(&demo);
    let secret = folder.read("demo/device-secret");
    let run = folder.does(&demo);
    assert!(run.stderr.contains("demo/device-secret is kept"), "{}", run.stderr);
    assert_eq!(folder.read("demo/device-secret"), secret);

    let folder = Folder::with_model();
    folder.refuses(&["demo", "--out", "model"], 2, &["model/model.safetensors already exists", "--force"]);
}
