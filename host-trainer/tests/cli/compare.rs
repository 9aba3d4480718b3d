//! `compare`: evaluations of the same trials are paired, and each says how it was made.

use serde_json::{Value, json};

use super::folder::Folder;

/// Evaluations of one recording: `a.json` twice, by another recipe, and of another protocol's trials.
fn evaluations() -> Folder {
    let folder = Folder::new();
    let size = ["--classes", "6", "--timesteps", "8", "--sessions", "3", "--features", "24", "--noise", "1.5"];
    folder.does(&[&["synth", "-o", "data.csv"], &size[..]].concat());
    let evaluate = |options: &[&'static str]| {
        let quick = ["evaluate", "data.csv", "--engine", "tract", "--steps", "6", "--replicates=200", "--no-sweeps"];
        folder.does(&[&quick[..], &["--methods", "neuralvault,raw-cosine"], options].concat());
    };
    evaluate(&["--protocol", "folds", "-o", "a.json"]);
    evaluate(&["--protocol", "folds", "--seed", "1", "-o", "seed.json"]);
    folder
}

/// The figures of a method in each file.
fn figures(document: &Value, method: &str) -> Vec<Value> {
    let rows = document["rows"].as_array().unwrap();
    rows.iter().find(|row| row["method"] == method).unwrap()["figures"].as_array().unwrap().clone()
}

/// A results file without the list of its comparisons.
fn without_trials(folder: &Folder, name: &str) -> String {
    let mut results: Value = serde_json::from_slice(&folder.read(name)).unwrap();
    results["protocols"][0].as_object_mut().unwrap().remove("trials");
    results.to_string()
}

fn width(estimate: &Value) -> f64 {
    let end = |place: usize| estimate["interval"][place].as_f64().unwrap();
    end(1) - end(0)
}

#[test]
fn a_file_differs_from_itself_by_zero_with_an_interval_of_no_width() {
    let folder = evaluations();
    // Also without the list of comparisons, which is left out where not every score is kept.
    folder.write("bare.json", without_trials(&folder, "a.json"));
    for other in ["a.json", "bare.json"] {
        let document = folder.does(&["compare", "a.json", other, "--json"]).json();
        for method in ["NeuralVault", "raw cosine"] {
            let difference = &figures(&document, method)[1]["difference"];
            assert_eq!(difference["eer_percent"], json!({ "value": 0.0, "interval": [0.0, 0.0] }), "{method}");
            assert_eq!(difference["paired"], true);
        }
    }
    let text = folder.does(&["compare", "a.json", "a.json"]).stdout;
    assert_eq!(text.matches("0.00 [0.00, 0.00]").count(), 2, "{text}");
}

#[test]
fn evaluations_of_the_same_trials_are_paired_and_their_difference_is_narrower_than_of_others() {
    let folder = evaluations();
    let document = folder.does(&["compare", "a.json", "seed.json", "--json"]).json();
    let paired = &figures(&document, "NeuralVault")[1]["difference"];
    assert_eq!(paired["paired"], true);
    folder.write("bare.json", without_trials(&folder, "seed.json"));
    let document = folder.does(&["compare", "a.json", "bare.json", "--json"]).json();
    let unpaired = &figures(&document, "NeuralVault")[1]["difference"];
    assert_eq!(unpaired["paired"], false);
    assert_eq!(paired["eer_percent"]["value"], unpaired["eer_percent"]["value"]);
    assert!(width(&paired["eer_percent"]) < width(&unpaired["eer_percent"]), "{paired} {unpaired}");
    // Raw frames do not depend on the seed of the training.
    assert_eq!(figures(&document, "raw cosine")[1]["difference"]["eer_percent"]["value"], 0.0);
    let text = folder.does(&["compare", "a.json", "bare.json"]).stdout;
    assert!(text.contains("(not paired)"), "{text}");
}

#[test]
fn each_file_says_its_recipe_its_date_and_its_data_and_settings_that_differ_are_listed() {
    let folder = evaluations();
    let linear =
        ["evaluate", "data.csv", "--recipe", "linear", "--protocol", "folds", "--no-sweeps", "-o", "linear.json"];
    let run = folder.run_with("SOURCE_DATE_EPOCH", "1000000000", &linear);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = folder.does(&["compare", "a.json", "linear.json"]).stdout;
    assert!(!text.contains("recipe.steps"), "{text}");
    let says = [
        "recipe linear, 2001-09-09T01:46:40Z, data.csv (SHA-256 ",
        "recipe whitened, ",
        "recipe.name: whitened | linear",
    ];
    for part in says {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let document = folder.does(&["compare", "a.json", "linear.json", "--json"]).json();
    assert_eq!(document["files"][1]["recipe"], "linear");
    assert_eq!(document["files"][1]["created"], "2001-09-09T01:46:40Z");
    let wrong = folder.run_with("SOURCE_DATE_EPOCH", "tomorrow", &["evaluate", "data.csv", "-o", "other.json"]);
    wrong.failed(2, &["SOURCE_DATE_EPOCH=tomorrow"]);
}

#[test]
fn an_older_file_is_refused_with_the_command_that_evaluates_again() {
    let folder = evaluations();
    let old = json!({
        "schema": "neural-vault/evaluate/1", "data": { "file": "data.csv" }, "settings": { "recipe": "linear" },
        "protocols": [{ "name": "folds", "window": 1 }],
    });
    folder.write("old.json", old.to_string());
    let again = "neural-vault evaluate data.csv --protocol folds --probe-windows 1 --recipe linear -o FILE.json";
    for arguments in [&["compare", "a.json", "old.json"][..], &["inspect", "old.json"]] {
        folder.refuses(arguments, 3, &["old.json", "neural-vault/evaluate/1", "neural-vault/evaluate/2", again]);
    }
}
