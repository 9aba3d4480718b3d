//! The page on evidence has a row for each promise of the documents, and what a row names is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// A section of the page, the document whose promises it has, and how that document marks them.
const DOCUMENTS: [(&str, &str, Promises); 5] = [
    ("README", "README.md", Promises::Leads),
    ("The core", "core/README.md", Promises::Table("| guarantee |")),
    ("The session", "session/README.md", Promises::Table("| against |")),
    ("The token", "firmware-example/README.md", Promises::Leads),
    ("Threat model", "docs/threat-model.md", Promises::Table("| attack |")),
];

/// Tasks that `cargo xtask test` runs, which need no date of their own.
const IN_EVERY_TEST: [&str; 2] = ["test", "firmware test"];

enum Promises {
    /// The bold beginnings of the list under "What it promises".
    Leads,
    /// The first cells of the tables that begin so.
    Table(&'static str),
}

struct Row {
    section: String,
    cells: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of the tables that begin with this text, and the second-level heading above each.
fn rows(page: &str, beginning: &str) -> Vec<Row> {
    let (mut rows, mut section, mut is_inside) = (Vec::new(), String::new(), false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.to_owned();
        }
        match line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) {
            Some(_) if line.starts_with(beginning) => is_inside = true,
            Some(cells) if is_inside => {
                let cells = cells.split('|').map(|cell| cell.trim().to_owned()).collect();
                rows.push(Row { section: section.clone(), cells });
            }
            None if !line.starts_with('|') => is_inside = false,
            _ => {}
        }
    }
    rows
}

fn promises(document: &str, marked: &Promises) -> Vec<String> {
    match marked {
        Promises::Table(beginning) => {
            rows(document, beginning).into_iter().map(|mut row| row.cells.swap_remove(0)).collect()
        }
        Promises::Leads => {
            let (_, list) = document.split_once("## What it promises\n").expect("it has promises");
            let list = list.split("\n## ").next().unwrap();
            let leads = list.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
            leads.map(|(lead, _)| lead.trim_end_matches('.').to_owned()).collect()
        }
    }
}

/// The texts in code style.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// What is wrong with the name of a test: a file, or a file and a function in it.
fn fault_of(test: &str) -> Option<String> {
    let (file, function) = test.split_once("::").map_or((test, None), |(file, function)| (file, Some(function)));
    let Ok(text) = fs::read_to_string(root().join(file)) else { return Some("no such file".to_owned()) };
    let (attribute, keyword) = match file.rsplit_once('.') {
        Some((_, "rs")) => ("#[test]", "fn "),
        Some((_, "py")) => ("def test_", "def "),
        _ => return Some("no file of tests".to_owned()),
    };
    let Some(function) = function else {
        return (!text.contains(attribute)).then(|| "it has no test".to_owned());
    };
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let declaration = format!("{keyword}{function}(");
    let Some(place) = lines.iter().position(|line| line.starts_with(&declaration)) else {
        return Some("no such function".to_owned());
    };
    let attributes: Vec<&&str> = lines[..place].iter().rev().take_while(|line| line.starts_with(['#', '@'])).collect();
    let is_test = attributes.iter().any(|line| line.starts_with(attribute)) || declaration.contains(attribute);
    let is_skipped = attributes.iter().any(|line| line.contains("ignore") || line.contains("skip"));
    (!is_test || is_skipped).then(|| "it is no test, or is skipped".to_owned())
}

/// Whether a text is a date such as `28 November 2026`.
fn is_date(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words[..], [day, _month, year] if !day.is_empty() && is_number(day) && year.len() == 4 && is_number(year))
}

#[test]
fn every_promise_has_a_row_and_every_row_is_promised() {
    let page = rows(&read("docs/evidence.md"), "| promise |");
    for (section, document, marked) in DOCUMENTS {
        let promised = promises(&read(document), &marked);
        let shown: Vec<&String> = page.iter().filter(|row| row.section == section).map(|row| &row.cells[0]).collect();
        assert!(!promised.is_empty(), "{document} promises nothing");
        assert_eq!(shown, promised.iter().collect::<Vec<_>>(), "the rows of {section}, and the promises of {document}");
    }
    let sections = DOCUMENTS.map(|(section, ..)| section);
    assert!(page.iter().all(|row| sections.contains(&row.section.as_str())), "a section of no document");
}

#[test]
fn what_a_row_names_is_there_and_every_task_has_a_date() {
    let (page, tasks) = (read("docs/evidence.md"), read("xtask/src/main.rs"));
    let is_task = |task: &str| tasks.lines().any(|line| line.trim_start().starts_with(&format!("{task} ")));
    let dated: Vec<String> = rows(&page, "| task |")
        .into_iter()
        .map(|row| {
            let [task, date, figures, more] = row.cells.try_into().unwrap();
            assert!(is_date(&date) && !figures.is_empty() && !more.is_empty(), "{task} has no date or no figures");
            task.trim_matches('`').trim_start_matches("cargo xtask ").to_owned()
        })
        .collect();
    let mut faults = Vec::new();
    for row in rows(&page, "| promise |") {
        let [promise, shown, _figures] = row.cells.try_into().unwrap();
        assert!(shown.contains('`'), "nothing shows: {promise}");
        for name in code(&shown) {
            let fault = match name.strip_prefix("cargo xtask ") {
                Some(task) if !is_task(task) => Some("no such task".to_owned()),
                Some(task) if !dated.iter().any(|dated| dated == task) && !IN_EVERY_TEST.contains(&task) => {
                    Some("a task without a date".to_owned())
                }
                Some(_) => None,
                None => fault_of(name),
            };
            faults.extend(fault.map(|fault| format!("{promise}: {name}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_no_test_is_found() {
    let this = "xtask/tests/evidence.rs";
    assert_eq!(fault_of(&format!("{this}::what_is_no_test_is_found")), None);
    for (name, fault) in [
        (format!("{this}::fault_of"), "it is no test, or is skipped"),
        (format!("{this}::no_such_test"), "no such function"),
        ("xtask/tests/none.rs".to_owned(), "no such file"),
        ("xtask/src/main.rs".to_owned(), "it has no test"),
        ("README.md".to_owned(), "no file of tests"),
    ] {
        assert_eq!(fault_of(&name).as_deref(), Some(fault), "{name}");
    }
}
