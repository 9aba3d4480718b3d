//! A page as a document, and what holds for every page.

use std::collections::HashSet;

use roxmltree::{Document, Node};

/// The body, which is well-formed XML as well as HTML, so that a strict parser finds any tag or quote out of place.
pub fn body(page: &str) -> &str {
    let (start, end) = (page.find("<body>").unwrap(), page.find("</body>").unwrap());
    &page[start..end + "</body>".len()]
}

/// Asserts what holds for every page.
pub fn check(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("<meta charset=\"utf-8\">") && page.contains("name=\"viewport\""));
    for outside in ["http", "<script", "<link", "<img", "@import", "src=", "javascript:"] {
        assert!(!page.contains(outside), "{outside} in the page");
    }
    let document = Document::parse(body(page)).unwrap();
    let nodes = || document.descendants();
    let mut ids = HashSet::new();
    for id in nodes().filter_map(|node| node.attribute("id")) {
        assert!(ids.insert(id), "two elements are called {id}");
    }
    for node in nodes() {
        if let Some(target) = node.attribute("href") {
            assert!(ids.contains(target.strip_prefix('#').unwrap()), "nothing is called {target}");
        }
        let clip =
            node.attribute("clip-path").map(|clip| clip.strip_prefix("url(#").unwrap().strip_suffix(')').unwrap());
        let labels = node.attribute("aria-labelledby").into_iter().flat_map(str::split_whitespace);
        for target in clip.into_iter().chain(labels) {
            assert!(ids.contains(target), "nothing is called {target}");
        }
    }
    for svg in nodes().filter(|node| node.has_tag_name("svg") && node.attribute("role") == Some("img")) {
        for part in ["title", "desc"] {
            let found = svg.children().find(|child| child.has_tag_name(part)).unwrap();
            assert!(!found.text().unwrap().is_empty());
        }
        let figure = svg.ancestors().find(|node| node.has_tag_name("figure")).unwrap();
        assert!(figure.children().any(|child| child.has_tag_name("figcaption")));
        let axes = svg.descendants().filter(|n| n.has_tag_name("text") && n.attribute("class") == Some("axis middle"));
        assert!(axes.count() >= 1);
    }
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    for word in
        nodes().flat_map(|node| node.text().into_iter().chain(node.attributes().map(|a| a.value())).flat_map(words))
    {
        assert!(!["NaN", "inf"].contains(&word.as_str()), "{word} in the page");
    }
}

pub fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// The first element of this class.
pub fn of_class<'a>(document: &'a Document<'_>, class: &str) -> Node<'a, 'a> {
    let has = |node: &Node<'_, '_>| node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class));
    document.descendants().find(has).unwrap()
}
