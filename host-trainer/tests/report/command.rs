//! The command `compare`: what it prints, writes and refuses.

use std::path::Path;
use std::process::{Command, Output};

use neural_vault::results::{Results, SCHEMA};
use serde_json::{Value, json};

use crate::{fixture, schemas};

fn compare(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neural-vault"))
        .current_dir(folder)
        .arg("compare")
        .args(arguments)
        .output()
        .unwrap()
}

/// A folder with `a.json`, `b.json`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json", &fixture::results());
    write(folder.path(), "b.json", &fixture::other_results());
    folder
}

fn write(folder: &Path, name: &str, results: &Results) {
    std::fs::write(folder.join(name), serde_json::to_vec(results).unwrap()).unwrap();
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The document on standard output, which follows its schema.
fn document(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout).unwrap();
    schemas::check(&document);
    document
}

#[test]
fn only_a_difference_that_its_interval_supports_is_starred() {
    let folder = folder();
    let output = compare(folder.path(), &["a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let after = |method: &str| {
        let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(method));
        lines.nth(1).unwrap().to_owned()
    };
    assert!(after("raw cosine").contains("+12.00 [") && after("raw cosine").contains("] *"), "{text}");
    assert!(after("BioHashing").contains("+0.25 [") && !after("BioHashing").contains('*'), "{text}");
    assert!(text.contains("in-sample (leaks: The probes are the rows that trained the encoder.)"), "{text}");
}

#[test]
fn the_document_holds_each_method_of_each_protocol_once() {
    let folder = folder();
    let output = compare(folder.path(), &["a.json", "b.json", "a.json", "--json"]);
    let document = document(&output);
    assert_eq!(document["schema"], "neural-vault/compare/2");
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * fixture::METHODS.len());
    for row in rows {
        let figures = row["figures"].as_array().unwrap();
        assert_eq!(figures.len(), 3);
        assert_eq!(figures[0]["difference"], Value::Null);
        assert_eq!(figures[2]["difference"]["eer_percent"]["value"], 0.0);
        assert_eq!(figures[1]["genuine_trials"], 120);
    }
}

#[test]
fn methods_that_one_file_lacks_are_left_out() {
    let folder = folder();
    let mut few = fixture::results();
    few.protocols.remove(0);
    few.protocols[0].methods.retain(|method| method.name == "HMAC");
    few.data.sha256 = "77".repeat(32);
    write(folder.path(), "few.json", &few);
    let output = compare(folder.path(), &["a.json", "few.json", "--json"]);
    let document = document(&output);
    assert_eq!(document["rows"].as_array().unwrap().len(), 1);
    assert_eq!(document["rows"][0]["method"], "HMAC");
    assert!(document["notes"][1].as_str().unwrap().contains("different recordings"));
    few.protocols[0].methods.clear();
    write(folder.path(), "none.json", &few);
    let message = refused(&compare(folder.path(), &["a.json", "none.json"]));
    assert!(
        message.contains("in-sample (NeuralVault (cosine)") && message.contains("none.json has sessions"),
        "{message}"
    );
}

#[test]
fn a_file_of_another_schema_is_refused_with_both_names() {
    let folder = folder();
    let mut other = serde_json::to_value(fixture::results()).unwrap();
    other["schema"] = json!("neural-vault/evaluate/3");
    std::fs::write(folder.path().join("new.json"), other.to_string()).unwrap();
    let message = refused(&compare(folder.path(), &["a.json", "new.json"]));
    assert!(message.contains("new.json") && message.contains("neural-vault/evaluate/3"), "{message}");
    assert!(message.contains(SCHEMA), "{message}");
}

#[test]
fn a_file_that_is_not_an_evaluation_is_refused_with_the_place() {
    let folder = folder();
    let cases = [
        ("text", "not JSON", "line 1 column 2"),
        ("bare", "[1, 2]", "JSON without a `schema`"),
        ("part", &format!("{{\"schema\": \"{SCHEMA}\"}}"), "not a whole evaluation: missing field `created`"),
    ];
    for (name, content, says) in cases {
        std::fs::write(folder.path().join(name), content).unwrap();
        let message = refused(&compare(folder.path(), &["a.json", name]));
        assert!(message.contains(name) && message.contains(says), "{message}");
    }
    assert!(refused(&compare(folder.path(), &["a.json", "absent.json"])).contains("absent.json: cannot be read"));
}

#[test]
fn a_single_file_cannot_be_compared() {
    assert_eq!(compare(folder().path(), &["a.json"]).status.code(), Some(2));
}

#[test]
fn the_page_is_written_or_its_folder_named() {
    let folder = folder();
    let output = compare(folder.path(), &["a.json", "b.json", "--report", "page.html"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(std::fs::read_to_string(folder.path().join("page.html")).unwrap().contains("side by side"));
    let output = compare(folder.path(), &["a.json", "b.json", "--report", "absent/page.html"]);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8(output.stderr).unwrap().contains("absent/page.html"));
}
