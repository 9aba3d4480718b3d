//! One model has one window, whichever of its files is given; an old bundle says that it holds none.
#![cfg(unix)]

use std::borrow::Cow;

use neural_vault::model::{Model, Provenance, initialise, load};
use neural_vault_core::bundle::{VERSION, label_digest, write};
use neural_vault_core::encoder::{Dims, WeightFormat};
use serde_json::{Value, json};

use super::folder::Folder;
use super::samples::FEATURES;
use super::token::simulated::{Line, Simulated};

/// The ways to name a model.
const FILES: [&str; 4] = ["model", "model/model.safetensors", "model/model.onnx", "model/model.nvb"];

const LABELS: [&str; 2] = ["class00", "class01"];

/// What an old bundle's reader is told.
const NOTE: &str = "version 1, which holds no window: windows of 1 frame are taken";

/// A model that was trained on windows of four frames.
fn model() -> Model {
    let dims =
        Dims { features: FEATURES, d_model: 32, heads: 4, layers: 1, feed_forward: 32, latent: 32, positions: 16 };
    let provenance = Provenance {
        labels: LABELS.map(str::to_owned).to_vec(),
        training_sessions: vec!["run00".to_owned()],
        window: 4,
        recipe: "whitened: {\"steps\":7}".to_owned(),
        effective_dimension: Some(9.5),
    };
    initialise(dims, provenance, 1).unwrap()
}

fn folder() -> Folder {
    let folder = Folder::with_recordings();
    model().write(&folder.path("model")).unwrap();
    folder
}

/// The bundle of version 1 that holds a model's weights.
fn first_version(model: &Model) -> Vec<u8> {
    let bundle = model.bundle().unwrap();
    let tensor = |name: &str| bundle.state_tensor(name).map(Cow::Owned);
    write(model.dims(), WeightFormat::F32, None, tensor, None).unwrap()
}

/// The embeddings that the command writes with this model, its answer and its notes on the model.
fn embed(folder: &Folder, model: &str, more: &[&str]) -> (Vec<u8>, Value, String) {
    let run =
        folder.does(&[&["embed", "data.csv", "--model", model, "-o", "e.npy", "--force", "--json"], more].concat());
    let of_model = run.stderr.lines().filter(|line| !line.contains("frames outside whole windows"));
    let notes = of_model.map(|line| format!("{line}\n")).collect();
    (folder.read("e.npy"), run.json(), notes)
}

#[test]
fn every_file_of_a_model_has_its_window_and_its_embeddings() {
    let folder = folder();
    let (expected, answer, _) = embed(&folder, "model", &["--window", "4"]);
    assert_eq!(answer["window_frames"], 4);
    assert_ne!(embed(&folder, "model", &["--window", "1"]).0, expected);
    let mut records = Vec::new();
    for name in FILES {
        let (embeddings, answer, notes) = embed(&folder, name, &[]);
        assert_eq!((&answer["window_frames"], embeddings == expected, notes.as_str()), (&json!(4), true, ""), "{name}");
        let enroll =
            ["enroll", "data.csv", "--model", name, "--label", "class00", "--sessions", "run01", "--seed", "1"];
        let said = folder.does(&[&enroll[..], &["-o", "r.nve", "--force"]].concat()).stderr;
        // Only a bundle cannot say which sessions the threshold must not be chosen on.
        assert_eq!(said.contains("does not name the labels and sessions"), name.ends_with("nvb"), "{name}: {said}");
        records.push(folder.read("r.nve"));
        let verify = ["verify", "data.csv", "--model", name, "--enrolment", "r.nve", "--session", "run02"];
        folder.does(&[&verify[..], &["--label", "class00", "--show-score"]].concat());
    }
    assert!(records.iter().all(|record| *record == records[0]));
    // A smaller bundle keeps the window too.
    folder.does(&["export", "model", "--weights", "f16"]);
    assert_eq!(embed(&folder, "model/model.f16.nvb", &[]).1["window_frames"], 4);
}

#[test]
fn inspect_shows_what_a_bundle_says_of_its_model() {
    let folder = folder();
    let digest = base16ct::lower::encode_string(&label_digest(LABELS));
    for name in FILES {
        let value = folder.does(&["inspect", name, "--json"]).json();
        assert_eq!((&value["bundle_version"], &value["window_frames"]), (&json!(VERSION), &json!(4)), "{name}");
        assert_eq!((&value["fill"], &value["labels_digest"]), (&json!("mean"), &json!(digest)), "{name}");
        assert!(value["recipe"].as_str().unwrap().starts_with("whitened"), "{name}");
        let text = folder.does(&["inspect", name]).stdout;
        for line in ["bundle      version 2", "window      4 frames", "recipe      whitened", &digest, "training mean"]
        {
            assert!(text.contains(line), "{name}: {line} is not in {text}");
        }
    }
}

#[test]
fn a_token_is_provisioned_for_the_same_window_by_every_file() {
    for name in FILES {
        let folder = folder();
        let token = Simulated::start(&folder, Line::Sound);
        let provision = ["provision", "--model", name, "--admin-key", "admin", "--generate", "--json"];
        assert_eq!(token.does(&folder, &provision).json()["window_frames"], 4, "{name}");
        let enroll = ["enroll", "data.csv", "--label", "class00", "--sessions", "run01", "--threshold", "0.5"];
        let model = ["--accept-risk", "5", "--model", name, "--admin-key", "admin", "--json"];
        let enrolled = token.does(&folder, &[&enroll[..], &model].concat());
        assert_eq!(enrolled.json()["prototype_checked"], true, "{name}");
    }
}

#[test]
fn metadata_that_the_digest_does_not_confirm_is_refused() {
    let folder = folder();
    for file in ["model/model.safetensors", "model/model.onnx"] {
        let sound = folder.read(file);
        // Of equal length, so that the file stays one of its format; JSON in safetensors is escaped once more.
        let quote = if file.ends_with("onnx") { "\"" } else { "\\\"" };
        for (from, to) in [
            (format!("window{quote}:4"), format!("window{quote}:3")),
            (format!("fill{quote}:{quote}mean{quote}"), format!("fill{quote}:{quote}moan{quote}")),
            (format!("recipe{quote}:{quote}whit"), format!("recipe{quote}:{quote}Whit")),
            ("class01".to_owned(), "class02".to_owned()),
        ] {
            let at = sound.windows(from.len()).position(|bytes| bytes == from.as_bytes());
            let at = at.unwrap_or_else(|| panic!("{from} is not in {file}"));
            let mut changed = sound.clone();
            changed[at..at + to.len()].copy_from_slice(to.as_bytes());
            let name = file.replace("model/model", "changed");
            folder.write(&name, changed);
            for command in [&["inspect", &name][..], &["embed", "data.csv", "--model", &name, "-o", "n.npy"]] {
                folder.refuses(command, 4, &[&name]);
            }
        }
    }
}

#[test]
fn a_bundle_of_the_first_version_is_read_with_a_note_that_it_holds_no_window() {
    let folder = folder();
    folder.write("old.nvb", first_version(&model()));
    let value = folder.does(&["inspect", "old.nvb", "--json"]).json();
    assert_eq!((&value["bundle_version"], &value["fill"]), (&json!(1), &json!("reference")));
    assert_eq!((&value["window_frames"], &value["window_is_known"]), (&json!(1), &json!(false)));
    assert_eq!(value["labels_digest"], Value::Null);
    assert!(folder.does(&["inspect", "old.nvb"]).stdout.contains(NOTE));
    let (by_default, _, notes) = embed(&folder, "old.nvb", &[]);
    assert!(notes.contains(NOTE) && notes.contains("--window"), "{notes}");
    let (chosen, _, notes) = embed(&folder, "old.nvb", &["--window", "4"]);
    assert_eq!((chosen == embed(&folder, "model", &[]).0, chosen == by_default, notes.as_str()), (true, false, ""));
    let enroll = ["enroll", "data.csv", "--model", "old.nvb", "--label", "class00", "--threshold", "0.5"];
    let said = folder.does(&[&enroll[..], &["-o", "r.nve", "--force"]].concat()).stderr;
    assert!(said.contains(NOTE), "{said}");
    // An enrolment knows its window.
    let verify = ["verify", "data.csv", "--model", "old.nvb", "--enrolment", "r.nve", "--label", "class00"];
    let said = folder.does(&[&verify[..], &["--session", "run02"]].concat()).stderr;
    assert!(!said.contains(NOTE), "{said}");

    folder.write("model/model.nvb", first_version(&model()));
    let token = Simulated::start(&folder, Line::Sound);
    let provision = ["provision", "--model", "model/model.nvb", "--admin-key", "admin", "--generate"];
    let provisioned = token.does(&folder, &provision);
    assert!(provisioned.stderr.contains(NOTE) && provisioned.stdout.contains("window 1"), "{}", provisioned.stderr);
}

#[test]
fn a_model_of_the_first_version_keeps_version_and_digest() {
    let shipped = neural_vault_models::file("haxby-demo");
    let model = load(&shipped.join("model.onnx")).unwrap();
    assert_eq!((model.version(), model.provenance().window, model.window_note()), (1, 9, None));
    let folder = Folder::new();
    model.write(&folder.path("again")).unwrap();
    assert!(folder.read("again/model.nvb") == std::fs::read(shipped.join("model.nvb")).unwrap());
    for name in ["again", "again/model.onnx", "again/model.nvb"] {
        assert_eq!(load(&folder.path(name)).unwrap().digest(), model.digest(), "{name}");
    }
    // In another format and with fewer positions it is another model, of the same version.
    folder.does(&["export", "again", "--weights", "f16"]);
    let smaller = load(&folder.path("again/model.f16.nvb")).unwrap();
    assert_eq!((smaller.version(), smaller.window_note().is_some()), (1, true));
    folder.does(&["export", "again", "--positions", "3"]);
    let shorter = load(&folder.path("again/model.p3.onnx")).unwrap();
    assert_eq!((shorter.version(), shorter.provenance().window), (1, 3));
}
