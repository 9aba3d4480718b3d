//! The schemas of `docs/schemas`, and what departs from them.
//!
//! Published validators switch on features of packages that the program itself uses, so that tests would try another program
//! than is shipped. The schemas therefore keep to the keywords below, and any other keyword is refused.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing of a document.
const NOTES: [&str; 4] = ["$schema", "$defs", "title", "description"];

/// The folder of the schemas.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas")
}

/// Every schema by its name, which is that of its file.
pub fn all() -> &'static BTreeMap<String, Value> {
    static ALL: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ALL.get_or_init(|| {
        let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let read = |path: PathBuf| {
            let schema = serde_json::from_slice(&std::fs::read(&path).unwrap());
            let schema = schema.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), schema)
        };
        files.map(read).collect()
    })
}

/// Asserts that a document follows the schema that it names; returns the schema's name.
pub fn check(document: &Value) -> String {
    let named = document["schema"].as_str().unwrap_or_else(|| panic!("no schema: {document}"));
    let name = named.strip_prefix("neural-vault/").and_then(|name| name.split('/').next()).unwrap_or(named);
    let schema = all().get(name).unwrap_or_else(|| panic!("docs/schemas has none for {named}"));
    let faults = faults(schema, document);
    assert!(faults.is_empty(), "docs/schemas/{name}.json: {}\n{document:#}", faults.join("; "));
    name.to_owned()
}

/// What is wrong with a document, each with its place.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    Checker { root: schema }.check(schema, document, "document", &mut faults);
    faults
}

/// Checks values against the parts of one schema.
struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
        for (keyword, rule) in schema.as_object().unwrap() {
            if let Some(fault) = self.keyword(schema, keyword, rule, value, place, faults) {
                faults.push(format!("{place}: {fault}"));
            }
        }
    }

    /// What one keyword finds wrong with the value itself; what it finds within goes to `faults`.
    fn keyword(
        &self,
        schema: &Value,
        keyword: &str,
        rule: &Value,
        value: &Value,
        place: &str,
        faults: &mut Vec<String>,
    ) -> Option<String> {
        let number = value.as_f64();
        let limit = || rule.as_f64().unwrap();
        let wrong = match keyword {
            "type" => !types(rule).iter().any(|name| is_of_type(value, name)),
            "const" => value != rule,
            "enum" => !rule.as_array().unwrap().contains(value),
            "minimum" => number.is_some_and(|number| number < limit()),
            "maximum" => number.is_some_and(|number| number > limit()),
            "minItems" => value.as_array().is_some_and(|list| (list.len() as f64) < limit()),
            "maxItems" => value.as_array().is_some_and(|list| list.len() as f64 > limit()),
            "pattern" => value.as_str().is_some_and(|text| !Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "oneOf" => {
                let branches = rule.as_array().unwrap().iter().map(|branch| {
                    let mut found = Vec::new();
                    self.check(branch, value, place, &mut found);
                    found
                });
                let branches: Vec<_> = branches.collect();
                let nearest = branches.iter().min_by_key(|found| found.len()).unwrap();
                faults.extend(nearest.iter().cloned());
                branches.iter().filter(|found| found.is_empty()).count() > 1
            }
            "$ref" => {
                self.check(target(self.root, rule), value, place, faults);
                false
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{place}[{number}]"), faults);
                }
                false
            }
            _ => return self.object_keyword(schema, keyword, rule, value.as_object(), place, faults),
        };
        wrong.then(|| format!("{value} is against {keyword} {rule}"))
    }

    /// As [`Checker::keyword`], of keywords that say nothing of a value that is no object.
    fn object_keyword(
        &self,
        schema: &Value,
        keyword: &str,
        rule: &Value,
        object: Option<&Map<String, Value>>,
        place: &str,
        faults: &mut Vec<String>,
    ) -> Option<String> {
        let has = |name: &str| object.is_some_and(|object| object.contains_key(name));
        let lacks = |names: &Value| {
            let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            names.filter(|name| !has(name)).map(str::to_owned).collect::<Vec<_>>()
        };
        let (what, names) = match keyword {
            "properties" => {
                for (name, value) in object.into_iter().flatten() {
                    if let Some(rule) = rule.get(name) {
                        self.check(rule, value, &format!("{place}.{name}"), faults);
                    }
                }
                return None;
            }
            "additionalProperties" => {
                let is_known = |name: &str| schema["properties"].get(name).is_some();
                let names = object.into_iter().flatten().map(|(name, _)| name.clone());
                ("has", names.filter(|name| !is_known(name)).collect())
            }
            "required" => ("lacks", if object.is_some() { lacks(rule) } else { Vec::new() }),
            "dependentRequired" => {
                let given = rule.as_object().unwrap().iter().filter(|(name, _)| has(name));
                ("lacks", given.flat_map(|(_, names)| lacks(names)).collect::<Vec<_>>())
            }
            note if NOTES.contains(&note) => return None,
            other => panic!("the schemas may not use {other}, which is not checked here"),
        };
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    }
}

/// The part of a schema that `$ref` names.
pub fn target<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().and_then(|path| path.strip_prefix('#')).unwrap();
    root.pointer(path).unwrap_or_else(|| panic!("{reference} is not there"))
}

/// The types that `type` names: one, or a list.
pub fn types(rule: &Value) -> Vec<&str> {
    match rule {
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
        name => vec![name.as_str().unwrap()],
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
