//! Which settings of evaluations differ.

use std::collections::BTreeMap;

use crate::results::Results;

/// Settings that say how an evaluation was made and determine no figure.
const LEFT_OUT: [&str; 2] = ["command", "program"];

/// A note on each setting that is not the same in all evaluations, with its value in each.
pub(super) fn differing(evaluations: &[(String, Results)]) -> Vec<String> {
    let settings: Vec<BTreeMap<String, String>> =
        evaluations.iter().map(|(_, results)| results.settings.flat()).collect();
    let mut names: Vec<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !LEFT_OUT.contains(&name.as_str()));
    let differs = |name: &str| settings.windows(2).any(|pair| pair[0].get(name) != pair[1].get(name));
    names.retain(|name| differs(name));
    // Two recipes have other settings altogether.
    if differs("recipe.name") {
        names.retain(|name| *name == "recipe.name" || !name.starts_with("recipe."));
    }
    let line = |name: &String| {
        let values = settings.iter().map(|one| one.get(name).map_or("none", String::as_str));
        format!("{name}: {}", values.collect::<Vec<_>>().join(" | "))
    };
    let lines: Vec<String> = names.iter().map(|name| line(name)).collect();
    if lines.is_empty() { Vec::new() } else { vec![format!("Settings that differ: {}.", lines.join("; "))] }
}
