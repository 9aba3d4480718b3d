//! `embed`: one vector a scan, the same on every engine.

use neural_vault::dataset::read_vectors;

use super::folder::Folder;

/// The largest difference between engines that the project promises.
const TOLERANCE: f64 = 1e-5;

#[test]
fn embeddings_are_unit_vectors_in_the_order_of_label_and_session() {
    let folder = Folder::with_model();
    let result = folder.does(&["embed", "data.csv", "--model", "model", "-o", "e.npy", "--json"]).json();
    assert_eq!(result["rows"][1], serde_json::json!({ "label": "class00", "session": "run01" }));
    assert_eq!((&result["scans"], &result["latent"]), (&9.into(), &32.into()));
    let (rows, values) = read_vectors(&folder.path("e.npy")).unwrap();
    assert_eq!((rows, values.len()), (9, 9 * 32));
    // One scan has six frames of different embeddings, so their mean is shorter than 1.
    assert!(values.chunks(32).all(|e| (0.5..=1.0).contains(&e.iter().map(|x| x * x).sum::<f32>())));
}

#[test]
fn every_file_of_a_model_embeds_to_the_same_bits() {
    let folder = Folder::with_model();
    let embed = |model: &str| {
        folder.does(&["embed", "data.csv", "--model", model, "-o", "e.npy", "--force", "--window", "3"]);
        folder.read("e.npy")
    };
    let whole = embed("model");
    for name in ["model/model.safetensors", "model/model.onnx", "model/model.nvb"] {
        assert!(embed(name) == whole, "{name}");
    }
}

#[test]
fn compare_prints_every_pair_of_engines_and_they_agree() {
    let folder = Folder::with_model();
    for window in ["1", "4", "6"] {
        let compare = ["embed", "data.csv", "--model", "model", "--compare", "--window", window];
        let text = folder.does(&compare).stdout;
        let difference = |line: &str| line.split_whitespace().last().unwrap().parse::<f64>().unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| difference(line) <= TOLERANCE), "{text}");

        let result = folder.does(&[&compare[..], &["--json"]].concat()).json();
        let pairs = result["pairs"].as_array().unwrap();
        let engines: Vec<_> = pairs.iter().map(|pair| pair["engines"].to_string()).collect();
        let expected = [r#"["core","tract"]"#, r#"["core","onnxruntime"]"#, r#"["tract","onnxruntime"]"#];
        assert_eq!(engines, expected);
        assert!(pairs.iter().all(|pair| pair["largest_difference"].as_f64().unwrap() <= TOLERANCE), "{result}");
    }
}

#[test]
fn the_core_embeds_to_the_same_bits_every_time() {
    let folder = Folder::with_model();
    for name in ["a.npy", "b.npy"] {
        folder.does(&["embed", "data.csv", "--model", "model", "-o", name]);
    }
    assert!(folder.read("a.npy") == folder.read("b.npy"));
}

#[test]
fn embed_without_an_output_or_a_comparison_is_refused() {
    Folder::with_model().refuses(&["embed", "data.csv", "--model", "model"], 2, &["--output E.npy, or --compare"]);
}
