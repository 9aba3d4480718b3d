//! Manual pages and the examples in them.

use std::fs;
use std::process::Command;

use neural_vault::dataset::{LoadOptions, load, write_csv};
use neural_vault_models::HAXBY_RECORDINGS;

use super::folder::Folder;

/// The example lines of a command's page.
fn examples(folder: &Folder, command: &[&str]) -> Vec<String> {
    let page = folder.does(&[&["man", "--json"], command].concat()).json();
    let lines = page["examples"].as_array().unwrap().iter().map(|example| example["line"].as_str().unwrap());
    lines.map(str::to_owned).collect()
}

#[test]
fn every_page_has_its_sections_and_man_reads_it_without_a_complaint() {
    let folder = Folder::new();
    let written = folder.does(&["man", "-o", "man1", "--json"]).json();
    let files: Vec<&str> = written["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert!(files.contains(&"man1/neural-vault.1") && files.contains(&"man1/neural-vault-token-enroll.1"), "{files:?}");
    assert_eq!(files.len(), fs::read_dir(folder.path("man1")).unwrap().count());
    for file in files {
        let page = String::from_utf8(folder.read(file)).unwrap();
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""] {
            assert_eq!(page.matches(&format!("\n.SH {section}\n")).count(), 1, "{file}: {section}");
        }
        let lint = Command::new("mandoc").args(["-Tlint", "-Wwarning", file]).current_dir(&folder).output();
        let lint = lint.unwrap_or_else(|error| panic!("mandoc: {error}; `apt-get install mandoc` installs it"));
        let lint = String::from_utf8_lossy(&lint.stdout);
        // What clap_mangen writes around the values of an option; it changes no line.
        let mut complaints = lint.lines().filter(|line| !line.contains("skipping paragraph macro: br"));
        assert_eq!(complaints.next(), None, "{file}");
    }
    folder.refuses(&["man", "-o", "man1"], 2, &["already exists", "--force"]);
    folder.does(&["man", "-o", "man1", "--force"]);
}

#[test]
fn completions_of_all_shells_are_written_into_a_folder() {
    let folder = Folder::new();
    folder.does(&["completions", "-o", "scripts"]);
    for (shell, file) in [("bash", "neural-vault.bash"), ("zsh", "_neural-vault"), ("fish", "neural-vault.fish")] {
        let printed = folder.does(&["completions", shell]).stdout;
        assert_eq!(String::from_utf8(folder.read(&format!("scripts/{file}"))).unwrap(), printed);
    }
    assert_eq!(fs::read_dir(folder.path("scripts")).unwrap().count(), 5);
    folder.refuses(&["completions", "-o", "scripts"], 2, &["already exists", "--force"]);
    folder.refuses(&["completions"], 2, &["SHELL"]);
}

/// The examples that need no token, no recordings of persons and nothing from the network, in the order of an operator's
/// day: the page, and which of its examples.
const DAY: [(&str, usize); 24] = [
    ("synth", 1),
    ("inspect", 0),
    ("convert", 0),
    ("train", 0),
    ("train", 2),
    ("inspect", 1),
    ("embed", 0),
    ("embed", 1),
    ("enroll", 0),
    ("enroll", 1),
    ("inspect", 2),
    ("secret", 0),
    ("verify", 0),
    ("verify", 1),
    ("gallery", 0),
    ("gallery", 1),
    ("identify", 0),
    ("derive", 0),
    ("derive", 1),
    ("export", 0),
    ("export", 1),
    ("export", 2),
    ("runtime status", 0),
    ("man", 1),
];

#[test]
fn the_examples_of_an_operators_day_run_from_start_to_end() {
    let folder = Folder::new();
    folder.write("recordings.csv.gz", HAXBY_RECORDINGS);
    let recordings = load(&[folder.path("recordings.csv.gz").into()], &LoadOptions::default()).unwrap();
    let probe = recordings.restrict_sessions(&["run05"]).unwrap().restrict_labels(&["face"]).unwrap();
    write_csv(&probe, &folder.path("probe.csv")).unwrap();
    for (page, index) in DAY {
        let line = examples(&folder, &page.split(' ').collect::<Vec<_>>()).swap_remove(index);
        let run = folder.run(&line.split_whitespace().skip(1).collect::<Vec<_>>());
        assert_eq!(run.code, 0, "{line}\n{}{}", run.stdout, run.stderr);
    }
}
