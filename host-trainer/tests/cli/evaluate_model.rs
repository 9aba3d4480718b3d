//! `evaluate --model`: the figures of a model as it is, on what did not train it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::folder::Folder;

/// Six labels in four sessions of six frames, and a model of the first three sessions with windows of two frames.
fn folder() -> (Folder, Value) {
    let folder = Folder::new();
    let size = ["--classes", "6", "--timesteps", "6", "--sessions", "4", "--features", "24", "--noise", "1.5"];
    folder.does(&[&["synth", "-o", "data.csv"], &size[..]].concat());
    let train = ["train", "data.csv", "--sessions", "run00,run01,run02", "--windows", "1,2", "--steps", "6"];
    let trained = folder.does(&[&train[..], &["--engine", "tract", "--out", "model", "--json"]].concat()).json();
    (folder, trained)
}

fn evaluate(folder: &Folder, options: &[&str]) -> Value {
    let quick = ["evaluate", "data.csv", "--replicates=50", "--json"];
    folder.does(&[&quick[..], options].concat()).json()
}

fn method<'d>(document: &'d Value, name: &str) -> &'d Value {
    let methods = document["protocols"][0]["methods"].as_array().unwrap();
    methods.iter().find(|method| method["name"] == name).unwrap()
}

/// The EER that `train` printed of its held-back sessions, which come last.
fn held_back_eer(trained: &Value) -> &Value {
    &trained["error_rates"].as_array().unwrap().last().unwrap()["eer_percent"]
}

#[test]
fn the_sessions_that_did_not_train_the_model_probe_and_the_rate_is_that_of_train() {
    let (folder, trained) = folder();
    let document = evaluate(&folder, &["--model", "model", "--scores", "s.csv", "--report", "r.html"]);
    let protocol = &document["protocols"][0];
    assert_eq!((&protocol["name"], &protocol["window_frames"]), (&json!("held-back (2 frames)"), &json!(2)));
    assert_eq!((&protocol["leaks"], &protocol["model_digests"]), (&Value::Null, &json!([trained["model_digest"]])));
    let description = protocol["description"].as_str().unwrap();
    assert!(description.contains("run00 run01 run02 are enrolled, run03 probe"), "{description}");
    assert_eq!(method(&document, "NeuralVault")["eer_percent"]["value"], *held_back_eer(&trained));
    let names: Vec<&Value> = protocol["methods"].as_array().unwrap().iter().map(|method| &method["name"]).collect();
    assert_eq!(names, ["SHA-256", "HMAC", "BioHashing", "Neural", "NeuralVault", "raw cosine"]);
    let sweeps: BTreeSet<&str> =
        protocol["sweeps"].as_array().unwrap().iter().map(|sweep| sweep["name"].as_str().unwrap()).collect();
    assert!(sweeps.contains("noise") && sweeps.contains("probe-windows"), "{sweeps:?}");
    let settings = &document["settings"];
    assert_eq!(
        (&settings["model"]["digest"], &settings["model"]["recipe"]),
        (&trained["model_digest"], &json!("whitened"))
    );
    assert!(settings["recipe"].is_null() && settings["trainings"] == 0, "{settings}");
    assert!(String::from_utf8(folder.read("r.html")).unwrap().contains("Held-back sessions"));
}

#[test]
fn the_scores_as_csv_give_the_area_under_the_roc() {
    let (folder, _) = folder();
    let document = evaluate(&folder, &["--model", "model", "--no-sweeps", "--scores", "s.csv"]);
    let text = folder.read("s.csv");
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let rows: Vec<[String; 10]> = reader.deserialize().map(Result::unwrap).collect();
    // Six labels, three windows of the probing session each, against six prototypes.
    let own: Vec<&[String; 10]> = rows.iter().filter(|row| row[1] == "NeuralVault").collect();
    assert_eq!((own.len(), rows.len()), (6 * 3 * 6, 6 * 6 * 3 * 6));
    assert!(own.iter().all(|row| row[7] == "run03" && row[2] == "2" && ["0", "2", "4"].contains(&row[8].as_str())));
    let of = |kind: &str| -> Vec<f64> {
        own.iter().filter(|row| row[4] == kind).map(|row| row[9].parse().unwrap()).collect()
    };
    let (genuine, impostor) = (of("genuine"), of("impostor"));
    let wins = genuine.iter().flat_map(|g| {
        impostor.iter().map(move |i| {
            if g > i {
                1.0
            } else if g == i {
                0.5
            } else {
                0.0
            }
        })
    });
    let area = wins.sum::<f64>() / (genuine.len() * impostor.len()) as f64;
    let found = method(&document, "NeuralVault")["roc_auc"]["value"].as_f64().unwrap();
    assert!((area - found).abs() < 1e-12, "{area} {found}");
}

#[test]
fn sessions_that_trained_the_model_and_probe_are_named_as_a_leak() {
    let (folder, _) = folder();
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "all"]);
    let all = evaluate(&folder, &["--model", "all", "--no-sweeps"]);
    assert!(all["protocols"][0]["leaks"].as_str().unwrap().contains("run00 run01 run02 run03 trained the model"));
    let named = ["--probe-sessions", "run02,run03", "--enroll-sessions", "run00", "--no-sweeps"];
    let some = evaluate(&folder, &[&["--model", "model"], &named[..]].concat());
    assert!(some["protocols"][0]["leaks"].as_str().unwrap().contains("sessions run02 trained the model"));
    // A bundle does not name them; its embeddings are those of the folder.
    let bundle = evaluate(&folder, &[&["--model", "model/model.nvb"], &named[..]].concat());
    assert!(bundle["protocols"][0]["leaks"].as_str().unwrap().contains("does not name"));
    assert_eq!(method(&bundle, "NeuralVault"), method(&some, "NeuralVault"));
}

#[test]
fn weights_of_any_format_are_scored_and_labels_that_did_not_train_the_model_are_named() {
    let (folder, _) = folder();
    folder.does(&["export", "model", "--weights", "i8", "--data", "data.csv"]);
    let int8 = evaluate(&folder, &["--model", "model/model.i8.nvb", "--no-sweeps"]);
    assert_eq!(int8["settings"]["model"]["weights"], "i8");
    let size = ["--classes", "8", "--timesteps", "6", "--sessions", "4", "--features", "24"];
    folder.does(&[&["synth", "-o", "more.csv"], &size[..]].concat());
    let run = folder.does(&["evaluate", "more.csv", "--model", "model", "--no-sweeps", "--replicates=50"]);
    assert!(run.stderr.contains("not trained on class06, class07"), "{}", run.stderr);
    assert!(run.stdout.contains("labels class06, class07 did not train it"), "{}", run.stdout);
    assert!(
        run.stdout.contains("protocol held-back, probes of 2 frames, 24 genuine and 168 impostor trials"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_connectome_model_is_scored_on_persons_whom_it_was_not_fitted_to() {
    let folder = Folder::new();
    let size = ["--classes", "7", "--timesteps", "60", "--sessions", "3", "--features", "12", "--noise", "1"];
    folder.does(&[&["synth", "-o", "persons.csv"], &size[..]].concat());
    folder.does(&["convert", "persons.csv", "-o", "persons.npz"]);
    let few = ["--classes", "4", "--timesteps", "60", "--sessions", "3", "--features", "12", "--seed", "9"];
    folder.does(&[&["synth", "-o", "others.csv"], &few[..]].concat());
    let train = ["train", "others.csv", "--recipe", "connectome", "--frames", "20", "--out", "model", "--json"];
    let trained = folder.does(&train).json();
    let run = folder.does(&["evaluate", "persons.csv", "--model", "model", "--replicates=50", "--json", "--no-sweeps"]);
    assert!(run.stderr.contains("fitted to class00, class01, class02, class03, who are left out"), "{}", run.stderr);
    let document = run.json();
    let protocol = &document["protocols"][0];
    assert_eq!((&protocol["name"], &protocol["leaks"]), (&json!("unseen-persons (20 frames)"), &Value::Null));
    assert_eq!(protocol["model_digests"], json!([trained["model_digest"]]));
    let names: Vec<&Value> = protocol["methods"].as_array().unwrap().iter().map(|method| &method["name"]).collect();
    assert_eq!(names, ["connectome", "centred connectome", "fingerprint", "centred fingerprint"]);
    // Three persons, of whose last session three segments of 20 frames probe.
    assert_eq!(method(&document, "connectome")["genuine"].as_array().unwrap().len(), 9);
}

#[test]
fn what_does_not_go_with_a_model_is_refused() {
    let (folder, _) = folder();
    let with = |options: &[&'static str]| [&["evaluate", "data.csv", "--model", "model"], options].concat();
    folder.refuses(&with(&["--recipe", "linear"]), 2, &["--recipe", "--model"]);
    folder.refuses(&with(&["--protocol", "folds"]), 2, &["--protocol", "--model"]);
    folder.refuses(&with(&["--methods", "lda"]), 2, &["lda", "raw-cosine"]);
    folder.refuses(&with(&["--frames", "25"]), 2, &["--frames", "--probe-windows"]);
    let long = "--probe-windows 40: the longest scan (class";
    folder.refuses(&with(&["--probe-windows", "40"]), 2, &[long, "has 6 frames"]);
    folder.refuses(&["evaluate", "data.csv", "--probe-windows", "1,40"], 2, &[long]);
    folder.does(&[
        "synth",
        "-o",
        "wide.csv",
        "--classes",
        "3",
        "--timesteps",
        "4",
        "--sessions",
        "3",
        "--features",
        "30",
    ]);
    let wide = ["evaluate", "wide.csv", "--model", "model"];
    folder.refuses(&wide, 4, &["a frame has 30 features, the model takes 24", "a model that was trained on such"]);
}
