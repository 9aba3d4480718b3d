//! Instructions, memory, code and model size of the core and the session on a token, compared with their limits.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::core_images::{Images, expected};
use crate::panics::Panics;
use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{root, target};

/// A figure: the workload, its value and unit, and the limit if it has one.
struct Row {
    work: String,
    value: u64,
    unit: &'static str,
    limit: Option<u64>,
}

impl Row {
    fn is_within(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }
}

/// Embeddings with int8 weights: features, window, and limits of instructions and of bytes of stack and scratch.
const EMBEDDINGS: [(usize, usize, Option<u64>, Option<u64>); 4] = [
    (1024, 1, Some(1_200_000), None),
    (1024, 8, None, None),
    (20_484, 1, Some(6_000_000), Some(6 * 1024)),
    (20_484, 8, None, Some(24 * 1024)),
];

/// The size images: name, features they are built with, package, limit of bytes of code and constants.
const SIZES: [(&str, &str, &str, u64); 3] = [
    ("trusted-core", "trusted-core", "neural_vault_core", 12 * 1024),
    ("whole-core", "weights-int8", "neural_vault_core", 20 * 1024),
    ("session", "session", "neural_vault_session", 20 * 1024),
];

/// Limits of a session on the token: instructions of a handshake, bytes of its stack, instructions of sealing or opening
/// 1,040 bytes.
const SESSION: [u64; 3] = [8_000_000, 4 * 1024, 60_000];

/// The list of panics that these images may link.
const PANICS: &str = "firmware-example/images/panics.txt";

/// Most bytes of a model of 20,484 features.
const MODEL: u64 = 3_200_000;

/// Measures everything and prints it as a table or as JSON; fails if a figure is above its limit.
pub fn run(as_json: bool) -> Result<(), Failure> {
    let rows = measure(&mut Steps::new())?;
    print!("{}", if as_json { json(&rows) } else { table(&rows) });
    match rows.iter().find(|row| !row.is_within()) {
        Some(row) => Err(Failure::new(format!("{} is above its limit", row.work))),
        None => Ok(()),
    }
}

/// Measures everything and writes it as JSON; returns the file.
pub fn write(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let rows = json(&measure(steps)?);
    let file = target()?.join("core-on-token.json");
    std::fs::write(&file, rows).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    Ok(file)
}

fn measure(steps: &mut Steps) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut row = |work, value, unit, limit| rows.push(Row { work, value, unit, limit });
    let toolchain = thumb::provide_with_machine(steps)?;
    let models = expected(steps)?;
    let images = Images::build(steps, &toolchain, "weights-int8,semihosting", None)?;
    for (features, window, instructions, memory) in EMBEDDINGS {
        let name = format!("i8-{features}.nvb");
        let model = models.iter().find(|expected| expected.model.ends_with(&name));
        let model = &model.ok_or_else(|| Failure::new(format!("{name} was not written")))?.model;
        // The second of two scans is counted: the first one starts in another state of the machine.
        let found = images.embed(steps, model, window, 2, true)?;
        row(format!("embedding {features}x{window} i8"), found.instructions, "instructions", instructions);
        row(format!("scratch {features}x{window} i8"), found.scratch, "bytes", None);
        row(format!("stack and scratch {features}x{window} i8"), found.stack + found.scratch, "bytes", memory);
        if window == 1 {
            let file = std::fs::metadata(model);
            let file = file.map_err(|error| Failure::new(format!("{}: {error}", model.display())))?;
            row(
                format!("model {features} i8, 8 positions"),
                file.len(),
                "bytes",
                (features == 20_484).then_some(MODEL),
            );
        }
    }
    let images = Images::build(steps, &toolchain, "session,semihosting", None)?;
    for (pattern, taken) in ["NX", "NK"].into_iter().zip(images.sessions(steps)?) {
        let [handshake, stack, opening, opening_stack, sealing, sealing_stack] = taken;
        let [most_instructions, most_stack, most_message] = SESSION.map(Some);
        row(format!("handshake {pattern}"), handshake, "instructions", most_instructions);
        let stack = stack.max(opening_stack).max(sealing_stack);
        row(format!("stack, session {pattern}"), stack, "bytes", most_stack);
        row(format!("opening 1040 bytes, {pattern}"), opening, "instructions", most_message);
        row(format!("sealing 1040 bytes, {pattern}"), sealing, "instructions", most_message);
    }
    let mut panics = Panics::read(&root().join(PANICS))?;
    for (image, features, package, limit) in SIZES {
        for level in ["s", "z"] {
            let images = Images::build(steps, &toolchain, features, Some(&format!("\"{level}\"")))?;
            row(
                format!("{image}, opt-level {level}"),
                images.bytes(image, package, &mut panics)?,
                "bytes",
                Some(limit),
            );
        }
    }
    panics.finish()?;
    Ok(rows)
}

fn table(rows: &[Row]) -> String {
    let mut table = String::new();
    for row in rows {
        let Row { work, value, unit, limit } = row;
        let limit = limit.map(|limit| format!("at most {limit}: {}", if row.is_within() { "yes" } else { "no" }));
        let _ = writeln!(table, "{work:36} {value:>9} {unit:13}{}", limit.unwrap_or_default());
    }
    table
}

fn json(rows: &[Row]) -> String {
    let row = |Row { work, value, unit, limit }: &Row| {
        let limit = limit.map_or("null".to_owned(), |limit| limit.to_string());
        format!("    {{\"work\": \"{work}\", \"value\": {value}, \"unit\": \"{unit}\", \"limit\": {limit}}}")
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("{{\n  \"schema\": \"neural-vault/core-on-token/1\",\n  \"rows\": [\n{}\n  ]\n}}\n", rows.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_limit_is_reported() {
        let row = |value| Row { work: "code".to_owned(), value, unit: "bytes", limit: Some(10) };
        assert!(table(&[row(10)]).contains("at most 10: yes"));
        assert!(table(&[row(11)]).contains("at most 10: no"));
        assert!(json(&[row(11)]).contains(r#"{"work": "code", "value": 11, "unit": "bytes", "limit": 10}"#));
    }
}
