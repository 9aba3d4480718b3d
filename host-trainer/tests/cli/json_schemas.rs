//! JSON documents follow the schemas of `docs/schemas`, and the schemas are strict.
//!
//! Every document that a test of the commands reads is checked too, by [`Run::document`].

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use super::folder::{Folder, Run};
use super::samples::secret;
use super::schemas;

/// Schemas whose documents other tests print: the demo takes long, and an installation needs the network.
const ELSEWHERE: [&str; 2] = ["demo", "runtime-install"];

#[test]
fn every_command_has_a_schema_and_every_schema_a_command() {
    let mut commands = BTreeSet::from(["error".to_owned()]);
    for command in neural_vault::cli::command().get_subcommands() {
        let name = command.get_name();
        let mut subcommands = command.get_subcommands().filter(|command| command.get_name() != "help").peekable();
        if subcommands.peek().is_none() {
            commands.insert(name.to_owned());
        }
        commands.extend(subcommands.map(|command| format!("{name}-{}", command.get_name())));
    }
    assert_eq!(schemas::all().keys().cloned().collect::<BTreeSet<_>>(), commands);
}

#[test]
fn schemas_are_strict_and_describe_every_key_which_is_in_snake_case() {
    let mut definitions: BTreeMap<&String, &Value> = BTreeMap::new();
    for (name, schema) in schemas::all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
        strict(schema, schema, name);
        for (definition, value) in schema["$defs"].as_object().into_iter().flatten() {
            assert_eq!(*definitions.entry(definition).or_insert(value), value, "{definition} differs in {name}");
        }
    }
}

/// Asserts that a part of a schema is strict, and its parts too.
fn strict(root: &Value, schema: &Value, place: &str) {
    let snake_case = Regex::new("^[a-z][a-z0-9]*(_[a-z0-9]+)*$").unwrap();
    let parts = schema.as_object().unwrap();
    let typed = ["type", "const", "enum", "oneOf", "$ref"].iter().any(|keyword| parts.contains_key(*keyword));
    assert!(typed, "{place} takes any value");
    if parts.get("type").is_some_and(|rule| schemas::types(rule).contains(&"object")) {
        assert_eq!(schema["additionalProperties"], false, "{place}");
        let properties = schema["properties"].as_object().unwrap();
        let required: Vec<&str> = schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        assert!(
            required.iter().all(|name| properties.contains_key(*name)),
            "{place} requires what it does not describe"
        );
        for (name, property) in properties {
            assert!(snake_case.is_match(name), "{place}.{name}");
            let described = property["description"].is_string()
                || property.get("$ref").is_some_and(|of| schemas::target(root, of)["description"].is_string());
            assert!(described || name == "schema", "{place}.{name} has no description");
            strict(root, property, &format!("{place}.{name}"));
        }
    }
    if parts.get("type").is_some_and(|rule| schemas::types(rule).contains(&"array")) {
        strict(root, &schema["items"], &format!("{place}[]"));
    }
    if let Some(pattern) = parts.get("pattern") {
        let pattern = pattern.as_str().unwrap();
        assert!(
            Regex::new(pattern).is_ok() && pattern.starts_with('^') && pattern.ends_with('$'),
            "{place}: {pattern}"
        );
    }
    for (number, branch) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
        strict(root, branch, &format!("{place}({number})"));
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        strict(root, definition, &format!("{place}: {name}"));
    }
    parts.get("$ref").into_iter().for_each(|of| _ = schemas::target(root, of));
}

#[test]
fn a_document_that_departs_from_its_schema_is_found_out() {
    let folder = Folder::with_model();
    let sound = folder.does(&["inspect", "model", "--json"]).json();
    let schema = &schemas::all()["inspect"];
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = sound.clone();
        change(&mut document);
        schemas::faults(schema, &document)
    };
    let renamed = |document: &mut Value| {
        let digest = document["model_digest"].take();
        document["digest"] = digest;
        document.as_object_mut().unwrap().remove("model_digest");
    };
    assert!(changed(&|_| ()).is_empty());
    let found = changed(&renamed).join("; ");
    assert!(found.contains("has digest") && found.contains("lacks model_digest"), "{found}");
    type Change<'a> = (&'a dyn Fn(&mut Value), &'a str);
    let changes: [Change<'_>; 9] = [
        (&|document| document["schema"] = json!("neural-vault/inspect/1"), "document.schema"),
        (&|document| document["features"] = json!("24"), "document.features: \"24\" is against type"),
        (&|document| document["features"] = json!(24.5), "document.features: 24.5 is against type"),
        (&|document| document["features"] = json!(0), "document.features: 0 is against minimum"),
        (&|document| document["weights"] = json!("f64"), "document.weights"),
        (&|document| document["model_digest"] = json!("abc"), "document.model_digest"),
        (&|document| document["labels_digest"] = json!(7), "document.labels_digest"),
        (&|document| document["tensors"][1]["byte"] = json!(4), "document.tensors[1]: has byte"),
        (&|document| document["regions"] = json!(12), "lacks impostor_scores"),
    ];
    for (change, says) in changes {
        let found = changed(change).join("; ");
        assert!(found.contains(says), "{says}: {found}");
    }
}

/// The schemas of documents, and what `inspect` describes.
#[derive(Default)]
struct Met {
    schemas: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Met {
    fn meet(&mut self, run: &Run) {
        let document = run.document();
        if let Some(kind) = document["kind"].as_str() {
            self.kinds.insert(kind.to_owned());
        }
        self.schemas.insert(schemas::check(&document));
    }
}

#[test]
fn the_documents_of_all_commands_on_this_machine_follow_their_schemas() {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(1));
    let own = ["--label", "class00", "--session", "run02"];
    let verify = [&["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve"], &own[..]].concat();
    let identify = [&["identify", "data.csv", "--model", "model", "--gallery", "g.nvg"], &own[..]].concat();
    let evaluate = ["evaluate", "data.csv", "--replicates", "20", "--engine", "tract", "--steps", "2"];
    let runs: [&[&str]; 40] = [
        &["synth", "-o", "new.csv", "--features", "4"],
        &["convert", "data.csv", "-o", "data.npz", "--zscore"],
        &["train", "data.csv", "--out", "trained", "--steps", "1", "--engine", "tract", "--sessions", "run00,run01"],
        &["train", "data.csv", "--out", "linear", "--recipe", "linear"],
        &["import", "model/model.safetensors", "--out", "imported", "--heads", "4"],
        &["export", "model", "--hex", "0x1000", "--force"],
        &["export", "model", "--weights", "i8", "--data", "data.csv"],
        &["embed", "data.csv", "--model", "model", "-o", "e.npy"],
        &["enroll", "data.csv", "--model", "model", "--label", "class01", "--threshold", "0.5", "-o", "hand.nve"],
        &[
            "enroll",
            "data.csv",
            "--model",
            "model",
            "--label",
            "class02",
            "--sessions",
            "run01",
            "--fmr",
            "0.2",
            "-o",
            "fmr.nve",
        ],
        &[
            &["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01"][..],
            &["--probe-sessions", "run02", "-o", "tested.nve"],
        ]
        .concat(),
        &verify,
        &[&verify[..], &["--show-score"]].concat(),
        &[&verify[..], &["--derive", "--device-secret", "secret"]].concat(),
        &["gallery", "class00.nve", "-o", "g.nvg"],
        &identify,
        &[&identify[..], &["--show-score"]].concat(),
        &["derive", "--enrolment", "class00.nve", "--device-secret", "secret"],
        &["derive", "--enrolment", "class00.nve", "--scheme", "v1", "--bits", "2048"],
        &["secret", "-o", "made"],
        &["secret", "-o", "-"],
        &[&evaluate[..], &["--protocol", "sessions", "-o", "r.json"]].concat(),
        &["compare", "r.json", "r.json"],
        &["runtime", "status"],
        &["completions", "bash"],
        &["man"],
        &["man", "token", "enroll"],
        &["man", "-o", "pages"],
        &["completions", "-o", "scripts"],
        &["enroll", "data.csv", "--model", "model", "--all", "--sessions", "run01", "-o", "all"],
        &["gallery", "all", "-o", "all.nvg"],
        &["export", "trained", "--weights", "i8i16"],
        &["inspect", "data.csv"],
        &["inspect", "trained"],
        &["inspect", "model/model.i8.nvb"],
        &["inspect", "trained/training.safetensors"],
        &["inspect", "tested.nve"],
        &["inspect", "g.nvg"],
        &["inspect", "r.json"],
        &["inspect", "made"],
    ];
    let mut met = Met::default();
    for arguments in runs {
        let run = folder.run(&[arguments, &["--json"]].concat());
        assert!(run.code == 0 || run.code == 1, "{arguments:?}: {}", run.stderr);
        met.meet(&run);
    }
    met.meet(&folder.run(&["inspect", "absent.csv", "--json"]));
    // What is written is what is printed.
    schemas::check(&serde_json::from_slice(&folder.read("r.json")).unwrap());
    let elsewhere = |name: &&String| ELSEWHERE.contains(&name.as_str()) || name.starts_with("token-");
    let missed: Vec<&String> =
        schemas::all().keys().filter(|name| !met.schemas.contains(*name) && !elsewhere(name)).collect();
    assert!(missed.is_empty(), "{missed:?}");
    let kinds = schemas::all()["inspect"]["oneOf"].as_array().unwrap().iter();
    let kinds: BTreeSet<_> = kinds.map(|kind| kind["properties"]["kind"]["const"].as_str().unwrap()).collect();
    // Of a run that was stopped: see `interrupted.rs`.
    let missed: Vec<_> = kinds.iter().filter(|kind| !met.kinds.contains(**kind) && **kind != "checkpoint").collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[cfg(unix)]
#[test]
fn the_documents_of_all_commands_of_a_token_follow_their_schemas() {
    use super::token::simulated::{Line, Simulated};
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    folder.write("secret", secret(0x5e));
    let own = ["data.csv", "--label", "class00", "--session", "run02"];
    let other = ["data.csv", "--label", "class01", "--session", "run02"];
    let admin = ["--admin-key", "admin"];
    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "5"];
    let scan =
        |command: &'static str, scan: [&'static str; 5], more: &[&'static str]| [&[command], &scan[..], more].concat();
    let runs: [Vec<&str>; 19] = [
        vec!["info"],
        [&["provision", "--model", "model", "--device-secret", "secret", "--allow-export"], &admin[..]].concat(),
        vec!["pin", "-o", "pinned"],
        [&enroll[..], &["--challenge-key", "challenge"], &admin].concat(),
        vec!["info"],
        [&["info"], &admin[..]].concat(),
        vec!["self-test"],
        scan("verify", own, &[]),
        scan("verify", other, &[]),
        scan("challenge", own, &["--check", "challenge"]),
        scan("challenge", other, &[]),
        scan("export-key", own, &["-o", "key"]),
        scan("export-key", other, &["-o", "none"]),
        [&["rotate"], &admin[..]].concat(),
        [&["reset-attempts"], &admin[..]].concat(),
        [&["set-policy", "--allow-export", "false"], &admin[..]].concat(),
        [&["revoke"], &admin[..]].concat(),
        [&["info"], &admin[..]].concat(),
        [&["wipe"], &admin[..]].concat(),
    ];
    let mut met = Met::default();
    for arguments in &runs {
        let run = token.run(&folder, &[&arguments[..], &["--json"]].concat());
        assert!(run.code == 0 || run.code == 1, "{arguments:?}: {}", run.stderr);
        met.meet(&run);
    }
    met.meet(&folder.run(&["token", "list", "--json"]));
    let of_tokens = schemas::all().keys().filter(|name| name.starts_with("token-"));
    let missed: Vec<&String> = of_tokens.filter(|name| !met.schemas.contains(*name)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
