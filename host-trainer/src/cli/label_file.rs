//! Names of files for labels, which any file system takes and which differ in more than the case of letters.

use sha2::{Digest, Sha256};

use crate::hex;

/// Most bytes of a label in a name: file systems take 255 in all, of which endings and temporary names need some.
const LONGEST: usize = 100;

/// Names that Windows keeps for devices, alone or before a full stop.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The name for `label`, one of `all`, that ends in `ending`.
///
/// Letters, digits and `.`, `_`, `-` stay, anything else becomes `_`. Where a name is not the label, or where another label
/// differs in the case of letters alone, the beginning of the label's SHA-256 makes it unique.
pub fn label_file(label: &str, all: &[String], ending: &str) -> String {
    let is_kept = |character: char| character.is_alphanumeric() || "._-".contains(character);
    let mut name: String = label.chars().map(|character| if is_kept(character) { character } else { '_' }).collect();
    name.truncate(name.floor_char_boundary(LONGEST));
    // A name must not be hidden, look like an option or be a device.
    if name.is_empty() || name.starts_with(['.', '-']) || is_device(&name) {
        name.insert(0, '_');
    }
    let folded = label.to_lowercase();
    let is_alike = |other: &String| other != label && other.to_lowercase() == folded;
    if name != label || all.iter().any(is_alike) {
        name += "-";
        name += &hex::encode(&Sha256::digest(label))[..8];
    }
    name + ending
}

fn is_device(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default().to_lowercase();
    DEVICES.contains(&first.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<String> {
        let all: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        all.iter().map(|label| label_file(label, &all, ".nve")).collect()
    }

    #[test]
    fn plain_labels_are_their_own_names() {
        assert_eq!(
            names(&["face", "sub-01_run.2", "Gesicht-ä", "顔"]),
            ["face.nve", "sub-01_run.2.nve", "Gesicht-ä.nve", "顔.nve"]
        );
    }

    #[test]
    fn no_label_leaves_the_folder_or_hides_or_is_a_device() {
        let labels =
            ["../../etc/passwd", "..", ".hidden", "-o", "a/b", "a\\b", "CON", "nul.txt", "a b", "a\nb", "", "a:b*?"];
        let found = names(&labels);
        for (label, name) in labels.iter().zip(&found) {
            let stem = name.trim_end_matches(".nve");
            assert!(stem.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)), "{label:?}: {name}");
            assert!(!stem.starts_with(['.', '-']) && !is_device(name), "{label:?}: {name}");
        }
        assert!(found[0].starts_with("_.._.._etc_passwd-"), "{}", found[0]);
        let unique: std::collections::BTreeSet<&String> = found.iter().collect();
        assert_eq!(unique.len(), labels.len(), "{found:?}");
    }

    #[test]
    fn labels_that_differ_in_case_alone_have_names_that_differ_in_more() {
        let found = names(&["Face", "face", "FACE", "house"]);
        let folded: std::collections::BTreeSet<String> = found.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!((folded.len(), found[3].as_str()), (4, "house.nve"), "{found:?}");
    }

    #[test]
    fn long_labels_are_cut_between_characters() {
        let [one, other] = [format!("{}1", "ä".repeat(200)), format!("{}2", "ä".repeat(200))];
        let found = names(&[&one, &other]);
        assert!(found.iter().all(|name| name.len() < 120) && found[0] != found[1], "{found:?}");
    }
}
