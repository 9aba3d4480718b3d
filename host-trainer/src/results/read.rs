//! Reading a results file, and what to do with one of another schema.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Results;
use crate::escape::Escaped;

/// The schema of [`Results`].
pub const SCHEMA: &str = "neural-vault/evaluate/2";

/// Why a file gives no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file is not JSON, or does not match its schema.
    #[error("{path}: {reason}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column if the parser reports them.
        reason: String,
    },
    /// A file has a schema that this version does not read.
    #[error(
        "{path} has the schema {found}, and this version reads {SCHEMA}: evaluate the recordings again, by `{command}`",
        path = path.display(), found = Escaped(found)
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: String,
        /// The command that makes such results again, as far as the file says it.
        command: String,
    },
}

/// Reads a results file.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path) -> Result<Results, ReadError> {
    let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|source| ReadError::Read { path: path.to_owned(), source })?;
    let document: Value = serde_json::from_slice(&bytes).map_err(|error| content(format!("not JSON: {error}")))?;
    match document.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(found) if found.starts_with("neural-vault/evaluate/") => {
            let (path, found, command) = (path.to_owned(), found.to_owned(), command(&document));
            return Err(ReadError::Schema { path, found, command });
        }
        Some(found) => return Err(content(format!("the document of another command ({})", Escaped(found)))),
        None => return Err(content("JSON without a `schema`".to_owned())),
    }
    let results: Results =
        serde_json::from_value(document).map_err(|error| content(format!("not a whole evaluation: {error}")))?;
    for protocol in &results.protocols {
        let (labels, sessions) = (protocol.labels.len(), results.data.sessions.len());
        if protocol.trials.as_ref().is_some_and(|trials| !trials.is_sound(labels, sessions)) {
            return Err(content(format!("the trials of {} name what is not there", Escaped(&protocol.name))));
        }
    }
    Ok(results)
}

/// The command that made these results, of any schema: its own words, or made of the settings of schema 1.
fn command(document: &Value) -> String {
    let settings = &document["settings"];
    let given = settings["command"].as_str().map(str::to_owned);
    let command = given.unwrap_or_else(|| {
        let mut words = vec!["neural-vault evaluate".to_owned()];
        words.push(document["data"]["file"].as_str().unwrap_or("DATA").to_owned());
        let mut protocols: Vec<&str> = Vec::new();
        let mut windows: Vec<u64> = Vec::new();
        for protocol in document["protocols"].as_array().into_iter().flatten() {
            let name = protocol["name"].as_str().and_then(|name| name.split(' ').next()).unwrap_or_default();
            if !protocols.contains(&name) {
                protocols.push(name);
            }
            windows.extend(protocol["window"].as_u64().filter(|window| !windows.contains(window)));
        }
        words.extend(protocols.iter().map(|name| format!("--protocol {name}")));
        if !windows.is_empty() {
            let option = if protocols.contains(&"unseen-persons") { "--frames" } else { "--probe-windows" };
            let windows: Vec<String> = windows.iter().map(u64::to_string).collect();
            words.push(format!("{option} {}", windows.join(",")));
        }
        for (name, option, usual) in [
            ("recipe", "--recipe", "whitened"),
            ("seed", "--seed", "0"),
            ("seeds", "--seeds", "1"),
            ("bootstrap replicates", "--replicates", "1000"),
        ] {
            let value = settings[name].as_str().filter(|value| *value != usual);
            words.extend(value.map(|value| format!("{option} {value}")));
        }
        words.join(" ")
    });
    // The text comes from a file.
    format!("{} -o FILE.json", Escaped(&command))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        for number in [0.09339810907840727, -0.22960790991783145, 8.928571428571429, 1e-7 / 3.0, f64::MAX] {
            let read: Value = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
            assert_eq!(read.as_f64().unwrap().to_bits(), number.to_bits(), "{number}");
        }
    }

    #[test]
    fn the_command_of_an_older_file_is_made_of_its_settings() {
        let old = json!({
            "schema": "neural-vault/evaluate/1", "data": { "file": "haxby.csv.gz" },
            "settings": { "recipe": "linear", "seed": "0", "seeds": "5", "bootstrap replicates": "1000" },
            "protocols": [{ "name": "folds", "window": 1 }, { "name": "folds (9 frames)", "window": 9 }],
        });
        let expected =
            "neural-vault evaluate haxby.csv.gz --protocol folds --probe-windows 1,9 --recipe linear --seeds 5";
        assert_eq!(command(&old), format!("{expected} -o FILE.json"));
        assert_eq!(command(&json!({})), "neural-vault evaluate DATA -o FILE.json");
        let own = json!({ "settings": { "command": "neural-vault evaluate a.npz" } });
        assert_eq!(command(&own), "neural-vault evaluate a.npz -o FILE.json");
    }
}
