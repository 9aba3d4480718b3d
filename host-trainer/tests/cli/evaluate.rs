//! `evaluate`: every protocol is described, and the same seed gives the same document.

use serde_json::Value;

use super::folder::Folder;

/// Six labels, three sessions of eight timesteps.
fn recordings() -> Folder {
    let folder = Folder::new();
    let size = ["--classes", "6", "--timesteps", "8", "--sessions", "3", "--features", "24", "--noise", "1.5"];
    folder.does(&[&["synth", "-o", "data.csv"], &size[..]].concat());
    folder
}

const QUICK: [&str; 7] = ["evaluate", "data.csv", "--engine", "tract", "--steps", "6", "--replicates=50"];

fn evaluate(options: &[&'static str]) -> Vec<&'static str> {
    [&QUICK[..], options].concat()
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_one_thread_and_on_two() {
    let folder = recordings();
    let protocols = ["--protocol", "blocks", "--protocol", "unseen", "--protocol", "sessions"];
    let makes = |options: &[&'static str]| {
        let run = folder.run_with("SOURCE_DATE_EPOCH", "1000000000", &evaluate(&[&protocols[..], options].concat()));
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    makes(&["--threads", "1", "-o", "one.json"]);
    makes(&["--threads", "2", "-o", "two.json"]);
    assert_eq!(folder.read("one.json"), folder.read("two.json"));
    makes(&["--seed", "1", "-o", "other.json"]);
    assert_ne!(folder.read("one.json"), folder.read("other.json"));
}

#[test]
fn every_protocol_is_named_and_those_that_leak_say_so() {
    let folder = recordings();
    let all = ["in-sample", "random", "blocks", "folds", "sessions", "unseen", "episodes"];
    let named: Vec<&str> = all.iter().flat_map(|name| ["--protocol", name]).collect();
    let document = folder
        .does(&[&evaluate(&["--json", "--no-sweeps", "--report", "r.html", "--scores", "s.csv"]), &named[..]].concat())
        .json();
    assert_eq!(document["schema"], "neural-vault/evaluate/2");
    let protocols = document["protocols"].as_array().unwrap();
    let names: Vec<&Value> = protocols.iter().map(|p| &p["name"]).collect();
    assert_eq!(names, all);
    let leaking: Vec<bool> = protocols.iter().map(|p| p["leaks"].is_string()).collect();
    assert_eq!(leaking, [true, true, false, false, false, false, false]);
    for protocol in protocols {
        let methods = protocol["methods"].as_array().unwrap();
        assert_eq!(methods.len(), if protocol["name"] == "unseen" { 10 } else { 9 });
        for method in methods {
            let trials = method["genuine"].as_array().unwrap().len() + method["impostor"].as_array().unwrap().len();
            assert!(trials > 0 && method["eer_percent"]["value"].is_f64(), "{method}");
            // The hash of a frame that was not enrolled matches by chance.
            if method["name"] == "SHA-256" && protocol["name"] != "in-sample" {
                assert!((35.0..65.0).contains(&method["eer_percent"]["value"].as_f64().unwrap()), "{method}");
            }
        }
    }
    let page = String::from_utf8(folder.read("r.html")).unwrap();
    let scores = String::from_utf8(folder.read("s.csv")).unwrap();
    for name in all {
        assert!(page.contains(name) && scores.contains(name), "{name}");
    }
}

#[test]
fn the_document_has_the_keys_of_the_reference() {
    let folder = recordings();
    let document = folder.does(&evaluate(&["--json"])).json();
    let baseline = document["baseline_metrics"].as_array().unwrap();
    let hashing = baseline.iter().find(|metrics| metrics["method"] == "BioHashing").unwrap();
    assert!(hashing["eer_percent"].is_f64() && hashing["d_prime"].is_f64());
    for key in ["accuracy", "f1_score", "roc_auc"] {
        assert!((0.0..=1.0).contains(&document["neural_metrics"][key].as_f64().unwrap()), "{key}");
    }
    assert_eq!(document["noise_tests"]["levels"], serde_json::json!([30.0, 20.0, 15.0, 10.0, 5.0, 0.0]));
    let lines = document["noise_tests"]["lines"].as_array().unwrap();
    let hmac = lines.iter().find(|line| line["method"] == "HMAC").unwrap();
    assert_eq!(hmac["eer_percent"].as_array().unwrap().len(), 6);
    assert_eq!(document["artifact_tests"]["levels"].as_array().unwrap().len(), 6);
    let keys = document["prototype_keys"].as_array().unwrap();
    assert_eq!((&keys[0]["label"], keys.len()), (&"class00".into(), 6));
    assert_eq!(keys[0]["key_sha256"].as_str().unwrap().len(), 64);
    let vault = &document["vault_scores"];
    assert_eq!(vault["impostor"].as_array().unwrap().len(), 5 * vault["genuine"].as_array().unwrap().len());
}

#[test]
fn a_protocol_that_does_not_fit_says_what_it_lacks_and_which_protocols_fit() {
    let folder = Folder::new();
    folder.does(&[
        "synth",
        "-o",
        "data.csv",
        "--classes",
        "2",
        "--timesteps",
        "12",
        "--sessions",
        "1",
        "--features",
        "8",
    ]);
    let fitting = "in-sample, random, blocks, episodes";
    folder.refuses(&evaluate(&["--protocol", "unseen"]), 2, &["unseen", "four labels", fitting]);
    folder.refuses(&evaluate(&["--protocol", "sessions"]), 2, &["sessions", "three sessions", fitting]);
    let folder = recordings();
    let names = |train, enroll, probe| {
        evaluate(&[
            "--protocol",
            "sessions",
            "--train-sessions",
            train,
            "--enroll-sessions",
            enroll,
            "--probe-sessions",
            probe,
        ])
    };
    folder.refuses(&names("run00", "run01", "run01"), 2, &["run01", "in two"]);
    folder.refuses(&names("run00", "run01", "run77"), 2, &["no session `run77`", "`run00`"]);
}

#[test]
fn a_path_that_cannot_be_written_is_refused_before_the_evaluation() {
    let folder = recordings();
    folder.refuses(&evaluate(&["--report", "absent/r.html", "-o", "r.json"]), 7, &["absent"]);
}

#[test]
fn windows_and_seeds_are_scored_side_by_side() {
    let folder = recordings();
    let options = ["--protocol", "folds", "--probe-windows", "1,4", "--seeds", "3", "--no-sweeps", "--json"];
    let document = folder.does(&evaluate(&options)).json();
    let protocols = document["protocols"].as_array().unwrap();
    let names: Vec<&Value> = protocols.iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["folds", "folds (4 frames)"]);
    for (protocol, windows) in protocols.iter().zip([8, 2]) {
        for method in protocol["methods"].as_array().unwrap() {
            // Six labels and three sessions of eight frames, each a probe once.
            assert_eq!(method["genuine"].as_array().unwrap().len(), 6 * 3 * windows, "{method}");
            let trained = ["Neural", "NeuralVault", "reference"].contains(&method["name"].as_str().unwrap());
            assert_eq!(method["over_seeds"]["each_percent"].as_array().map(Vec::len), trained.then_some(3));
            if trained {
                let each = method["over_seeds"]["each_percent"].as_array().unwrap();
                assert_eq!(each[0], method["eer_percent"]["value"]);
            }
        }
    }
}

#[test]
fn protocol_unseen_scores_frozen_refit_and_linear_models() {
    let folder = recordings();
    let options = ["--protocol", "unseen", "--no-sweeps", "--json", "--methods", "neuralvault,linear,refit"];
    let document = folder.does(&evaluate(&options)).json();
    let methods = document["protocols"][0]["methods"].as_array().unwrap();
    let names: Vec<&str> = methods.iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["NeuralVault", "linear", "refit"]);
    let eer = |at: usize| methods[at]["eer_percent"]["value"].as_f64().unwrap();
    // What is enrolled trained the refit encoder: no threshold can be fixed on it.
    let fixed: Vec<bool> = methods.iter().map(|m| m["transfer"].is_object()).collect();
    assert_eq!(fixed, [true, true, false]);
    assert!(eer(2) < eer(0), "made again with them: {}, frozen: {}", eer(2), eer(0));
}

#[test]
fn weight_formats_are_scored_beside_the_float32_model() {
    let folder = recordings();
    let options = ["--protocol", "folds", "--seeds", "2", "--methods", "neuralvault", "--weights", "f32,i16,i8"];
    let document = folder.does(&evaluate(&[&options[..], &["--json"]].concat())).json();
    let protocol = &document["protocols"][0];
    let methods = protocol["methods"].as_array().unwrap();
    let names: Vec<&str> = methods.iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["NeuralVault", "NeuralVault i16", "NeuralVault i8"]);
    let genuine = |at: usize| -> Vec<f64> {
        methods[at]["genuine"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect()
    };
    let distance = |at: usize| genuine(0).iter().zip(genuine(at)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // Other weights give other scores, near ones, and int16 is nearer than int8.
    assert!(0.0 < distance(1) && distance(1) < distance(2) && distance(2) < 0.1, "{} {}", distance(1), distance(2));
    for method in methods {
        assert_eq!(method["over_seeds"]["each_percent"].as_array().map(Vec::len), Some(2));
    }
    let differences = protocol["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 2);
}
