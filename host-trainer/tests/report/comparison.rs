//! The page that compares evaluations.

use neural_vault::comparison::compare;
use neural_vault::report::comparison_html;
use roxmltree::{Document, Node};

use crate::document::{body, check, of_class, text_of};
use crate::fixture::{self, METHODS};

/// Evaluations by these recipes, the second of which errs more by raw cosine.
fn compared(recipes: [&str; 2]) -> String {
    let results = [fixture::results(), fixture::other_results()];
    let both: Vec<_> = ["a <1>.json", "b.json"]
        .iter()
        .zip(recipes)
        .zip(results)
        .map(|((file, recipe), mut results)| {
            results.settings.recipe.as_mut().unwrap().insert("name".to_owned(), recipe.into());
            ((*file).to_owned(), results)
        })
        .collect();
    comparison_html(&compare(&both).unwrap())
}

#[test]
fn the_page_of_a_comparison_is_well_formed() {
    let page = compared(["whitened", "whitened"]);
    check(&page);
    assert!(page.contains("<strong>+12.00</strong>") && page.contains("+0.25"));
    assert!(!page.contains("<strong>+0.25</strong>"));
}

#[test]
fn a_comparison_begins_with_the_strictest_protocol_and_a_picture_of_every_evaluation() {
    let page = compared(["whitened", "linear"]);
    let document = Document::parse(body(&page)).unwrap();
    let summary = of_class(&document, "summary");
    let text = text_of(summary);
    for words in [
        "Which errs least: whitened or linear?",
        "All on recordings <one> & two.csv.gz (SHA-256 9f9f9f9f9f9f…). Disjoint sessions: Is a label recognised in new sessions?",
        "equal error rate of NeuralVault, whitened",
        "Not statistically distinguishable from whitened: linear ",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let bars = |node: Node<'_, '_>| {
        node.descendants().filter(|n| n.attribute("class").is_some_and(|c| c.starts_with("line whisker"))).count()
    };
    assert_eq!(bars(summary), 2);
    // And of each method of each protocol.
    assert_eq!(bars(document.root()), 2 + 2 * 2 * METHODS.len());
    assert!(document.descendants().filter(|n| n.has_tag_name("th")).all(|n| n.attribute("scope").is_some()));
}

#[test]
fn evaluations_of_one_recipe_are_named_by_what_differs() {
    let text = |page: &str| text_of(Document::parse(body(page)).unwrap().root());
    assert!(
        text(&compared(["whitened", "whitened"]))
            .contains("Which errs least: whitened (a <1>.json) or whitened (b.json)?")
    );
    assert!(text(&compared(["whitened", "linear"])).contains("Which errs least: whitened or linear?"));
}
