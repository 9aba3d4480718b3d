//! Sizes and instruction counts of the firmware, as JSON and as a table, with their limits.

use std::fmt::Write as _;

use crate::image::Image;
use crate::steps::Failure;

/// Limit of code and constants without a model, in bytes.
const MAX_CODE: f64 = 128.0 * 1024.0;

/// Limit of static memory in bytes, as in the boards' `memory.x`: without and with connectome models.
const MAX_MEMORY: f64 = 40.0 * 1024.0;
const MAX_CONNECTOME_MEMORY: f64 = 72.0 * 1024.0;

/// Limit of the stack in bytes: what `memory.x` gives it, without one word. A stack that reached this word could have
/// overflowed.
const MAX_STACK: f64 = 24.0 * 1024.0 - 4.0;

/// Limit of bytes on the link for each byte of a scan.
const MAX_LINK: f64 = 1.2;

/// Limits of instructions of a verification with a window of one, by features. A third is the session: 46 instructions a byte
/// to open a chunk, and the stack that is cleared after it.
const MAX_INSTRUCTIONS: [(f64, f64); 2] = [(1024.0, 2.5e6), (20_484.0, 16e6)];

/// Limit of instructions of a verification with a connectome model of 94 regions and a probe of 25 frames.
const MAX_CONNECTOME_INSTRUCTIONS: f64 = 10e6;

/// Relative difference from the committed numbers that is allowed, because compilers differ a little.
const TOLERANCE: f64 = 0.05;

/// The document: sizes of `image`, and the list of `verifications` that was measured.
pub fn document(board: &str, image: &Image, verifications: &str) -> String {
    let text = image.size(&[".vector_table", ".text"]);
    // Initial values of static memory take flash too.
    let (rodata, ram) = (image.size(&[".rodata", ".data"]), image.size(&[".data", ".bss", ".uninit"]));
    format!(
        "{{\n  \"schema\": \"neural-vault/firmware-size/1\",\n  \"board\": \"{board}\",\n  \"text\": {text},\n  \
         \"rodata\": {rodata},\n  \"ram\": {ram},\n  \"verifications\": {}\n}}\n",
        verifications.trim_end().replace('\n', "\n  ")
    )
}

/// The document's numbers, one a line.
pub fn table(document: &str) -> String {
    let mut table = String::new();
    for (name, value) in numbers(document) {
        if name == "features" {
            table.push('\n');
        }
        let _ = writeln!(table, "{name:>17} {value}");
    }
    table
}

/// Fails on a number above its limit.
pub fn within_limits(document: &str) -> Result<(), Failure> {
    let check = |what: &str, found: f64, max: f64| {
        if found <= max { Ok(()) } else { Err(Failure::new(format!("{what} is {found}, above the limit of {max}"))) }
    };
    let numbers = numbers(document);
    let is_connectome = numbers.iter().any(|(name, _)| name == "regions");
    let (memory, limited) =
        if is_connectome { (MAX_CONNECTOME_MEMORY, 1) } else { (MAX_MEMORY, MAX_INSTRUCTIONS.len()) };
    let (mut code, mut case) = (0.0, Case::default());
    let (mut checked, mut cases) = (0, 0);
    for (name, value) in numbers {
        match name.as_str() {
            "text" | "rodata" => code += value,
            "features" => (case, cases) = (Case { features: value, ..Case::default() }, cases + 1),
            "regions" => case.regions = value,
            "frames" => case.frames = value,
            "window" => case.window = value,
            "memory" => check("static memory", value, memory)?,
            "stack" => check("the stack", value, MAX_STACK)?,
            "link" => check("the link's cost of a byte", value, MAX_LINK)?,
            "instructions" => {
                if let Some(limit) = case.limit() {
                    check(&format!("instructions at {} features", case.features), value, limit)?;
                    checked += 1;
                }
            }
            "equal_embeddings" if value < 1.0 => {
                return Err(Failure::new("an embedding of the token differs from its host's".to_owned()));
            }
            _ => {}
        }
    }
    check("code and constants", code, MAX_CODE)?;
    if code == 0.0 || checked != limited || cases == 0 {
        return Err(Failure::new("a measurement with a limit is missing".to_owned()));
    }
    Ok(())
}

/// A case that was measured: a window, or a whole scan with a connectome model.
#[derive(Default)]
struct Case {
    features: f64,
    window: f64,
    regions: f64,
    frames: f64,
}

impl Case {
    /// The limit of its instructions, if it has one.
    fn limit(&self) -> Option<f64> {
        let Self { features, window, regions, frames } = *self;
        if (features, regions, frames) == (94.0, 94.0, 25.0) {
            return Some(MAX_CONNECTOME_INSTRUCTIONS);
        }
        let limit = MAX_INSTRUCTIONS.iter().find(|limit| window == 1.0 && limit.0 == features);
        limit.map(|(_, limit)| *limit)
    }
}

/// Fails on a document that differs from the committed one by more than the tolerance.
pub fn like(found: &str, committed: &str) -> Result<(), Failure> {
    let (found, committed) = (numbers(found), numbers(committed));
    let names = |numbers: &[(String, f64)]| numbers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let mut differ = Vec::new();
    if names(&found) != names(&committed) {
        differ.push("the list of measurements differs".to_owned());
    }
    for ((name, found), (_, committed)) in found.iter().zip(&committed) {
        if (found - committed).abs() > TOLERANCE * committed {
            differ.push(format!("{name} is {found}, committed is {committed}"));
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    let differ = differ.join("\n  ");
    Err(Failure::new(format!(
        "sizes differ from the committed ones:\n  {differ}\nif that is intended, run\n  cargo xtask firmware size --write"
    )))
}

/// Every `"name": number` in order.
pub fn numbers(document: &str) -> Vec<(String, f64)> {
    let mut numbers = Vec::new();
    let mut rest = document;
    while let Some((_, after)) = rest.split_once('"') {
        let Some((name, after)) = after.split_once('"') else {
            break;
        };
        rest = after;
        let Some(value) = after.strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let end = value.find(|c: char| !(c.is_ascii_digit() || ".-e".contains(c))).unwrap_or(value.len());
        if let Ok(value) = value[..end].parse() {
            numbers.push((name.to_owned(), value));
        }
    }
    numbers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{ "board": "x", "text": 60000, "rodata": 3000, "ram": 37000, "verifications": [
        {"features": 1024, "window": 1, "memory": 37000, "stack": 9000, "instructions": 2000000, "link": 1.05},
        {"features": 20484, "window": 1, "memory": 37000, "stack": 9000, "instructions": 15000000, "link": 1.05} ] }"#;

    #[test]
    fn numbers_are_found_in_order() {
        assert_eq!(numbers(r#"{"a": 1, "b": "c", "d": [{"e": 2.5}]}"#), [("a".into(), 1.0), ("e".into(), 2.5)]);
    }

    #[test]
    fn a_number_above_its_limit_fails() {
        assert!(within_limits(SOUND).is_ok());
        for (sound, broken) in [
            ("60000", "130000"),
            ("37000", "41000"),
            ("9000", "24576"),
            ("2000000", "2600000"),
            ("15000000", "16100000"),
            ("1.05", "1.3"),
        ] {
            assert!(within_limits(&SOUND.replace(sound, broken)).is_err(), "{broken}");
        }
        assert!(within_limits("{}").is_err(), "nothing was measured");
    }

    #[test]
    fn connectome_models_have_limits_of_their_own() {
        let sound = r#"{ "text": 60000, "rodata": 3000, "verifications": [
            {"features": 94, "regions": 94, "frames": 25, "memory": 60000, "stack": 9000, "instructions": 9800000},
            {"features": 94, "regions": 94, "frames": 100, "memory": 60000, "stack": 9000, "instructions": 15000000} ] }"#;
        assert!(within_limits(sound).is_ok());
        for (value, broken) in [("60000,", "74000,"), ("9800000", "10100000"), ("25", "26")] {
            assert!(within_limits(&sound.replace(value, broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_difference_from_the_committed_file_fails() {
        assert!(like(SOUND, SOUND).is_ok());
        assert!(like(&SOUND.replace("60000", "61000"), SOUND).is_ok());
        assert!(like(&SOUND.replace("60000", "64000"), SOUND).is_err());
        assert!(like(&SOUND.replace("stack", "heap"), SOUND).is_err());
    }
}
