//! Links between the pages, and the book's table of contents.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::page::{Page, ROOT};

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let pages: BTreeMap<String, Page> = Page::all().into_iter().map(|page| (page.name.clone(), page)).collect();
    let mut wrong = Vec::new();
    for page in pages.values() {
        for link in page.links.iter().filter(|link| !is_external(link)) {
            if let Err(what) = check(page, link, &pages) {
                wrong.push(format!("{}: {link}: {what}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_of_the_documentation_is_in_the_book() {
    let pages = Page::all();
    let contents = pages.iter().find(|page| page.name == "docs/SUMMARY.md").unwrap();
    let listed: Vec<String> = contents.links.iter().map(|link| target(&contents.name, link).unwrap()).collect();
    for page in pages.iter().filter(|page| page.name.starts_with("docs/") && page.name != contents.name) {
        assert!(listed.contains(&page.name), "docs/SUMMARY.md does not list {}", page.name);
    }
    // The book is built of the listed pages alone, so that a link to another one would lead nowhere.
    for page in pages.iter().filter(|page| listed.contains(&page.name)) {
        for link in page.links.iter().filter(|link| !is_external(link)) {
            let (path, _) = link.split_once('#').unwrap_or((link, ""));
            let file = target(&page.name, path).unwrap();
            assert!(!file.ends_with(".md") || listed.contains(&file), "docs/SUMMARY.md does not list {file}");
        }
    }
}

fn is_external(link: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

fn check(page: &Page, link: &str, pages: &BTreeMap<String, Page>) -> Result<(), &'static str> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let file = target(&page.name, path).ok_or("leads out of the repository")?;
    if !pages.contains_key(&file) && !Path::new(ROOT).join(&file).exists() {
        return Err("there is no such file");
    }
    match (anchor, pages.get(&file)) {
        (None, _) => Ok(()),
        (Some(anchor), Some(page)) if page.anchors.contains(anchor) => Ok(()),
        (Some(_), _) => Err("there is no such heading"),
    }
}

/// The file from the root that a link of a page leads to; the page itself for an anchor alone.
fn target(page: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let mut file = PathBuf::new();
    for part in Path::new(page).parent()?.join(path).components() {
        match part {
            Component::ParentDir => file.pop().then_some(())?,
            part => file.push(part),
        }
    }
    Some(file.to_str()?.replace('\\', "/"))
}

#[test]
fn a_link_to_no_file_or_heading_is_found() {
    let text = "# One heading\n\n[a](#one-heading) [b](#other) [c](absent.md) [d](../../out.md) [e](../README.md)";
    let page = Page::parse("docs/page.md".to_owned(), text);
    let pages = BTreeMap::from([(page.name.clone(), Page::parse(page.name.clone(), text))]);
    let found: Vec<bool> = page.links.iter().map(|link| check(&page, link, &pages).is_ok()).collect();
    assert_eq!(found, [true, false, false, false, true]);
}
