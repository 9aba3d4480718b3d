//! `inspect`: every kind of file, described.

use serde_json::{Value, json};

use super::folder::Folder;

fn inspect(folder: &Folder, name: &str) -> Value {
    let value = folder.does(&["inspect", name, "--json"]).json();
    assert_eq!((&value["schema"], &value["file"]), (&json!("neural-vault/inspect/1"), &json!(name)));
    assert_eq!(value["sound"], true);
    let text = folder.does(&["inspect", name]).stdout;
    assert!(text.starts_with(&format!("{name}: ")), "{text}");
    value
}

#[test]
fn the_files_of_a_model_have_one_digest_and_one_shape() {
    let folder = Folder::with_model();
    let whole = inspect(&folder, "model");
    assert_eq!((&whole["kind"], &whole["features"], &whole["latent"]), (&json!("model"), &json!(24), &json!(32)));
    assert_eq!((&whole["heads"], &whole["layers"], &whole["positions"]), (&json!(4), &json!(1), &json!(16)));
    assert_eq!(whole["training_sessions"], json!(["run00"]));
    for name in ["model/model.safetensors", "model/model.onnx"] {
        let mut one = inspect(&folder, name);
        one["file"] = json!("model");
        assert_eq!(one, whole, "{name}");
    }
    let bundle = inspect(&folder, "model/model.nvb");
    assert_eq!((&bundle["digest"], &bundle["tensors"]), (&whole["digest"], &whole["tensors"]));
}

#[test]
fn an_enrolment_is_described_without_its_prototype() {
    let folder = Folder::with_enrolment();
    let value = inspect(&folder, "class00.nve");
    assert_eq!(
        (&value["kind"], &value["label"], &value["components"]),
        (&json!("enrolment"), &json!("class00"), &json!(32))
    );
    assert_eq!(value["model_digest"], inspect(&folder, "model")["digest"]);
    assert_eq!((&value["sessions"], &value["scans"]), (&json!(["run01"]), &json!(1)));
    assert!(value.get("prototype").is_none());
}

#[test]
fn recordings_are_counted() {
    let folder = Folder::with_recordings();
    let value = inspect(&folder, "data.csv");
    assert_eq!((&value["kind"], &value["rows"], &value["features"]), (&json!("data"), &json!(54), &json!(24)));
    assert_eq!((&value["scans"], &value["shortest_scan"], &value["longest_scan"]), (&json!(9), &json!(6), &json!(6)));
    assert_eq!((&value["not_finite"], &value["constant_features"]), (&json!(0), &json!(0)));
    folder.write("gaps.csv", "video,timestep,prediction\na,0,1\na,0,\na,1,1\na,1,inf\n");
    let value = inspect(&folder, "gaps.csv");
    // Neither feature varies: one has a single value, the other none that is finite.
    assert_eq!((&value["not_finite"], &value["constant_features"]), (&json!(2), &json!(2)));
}
