//! The page: well-formed, self-contained and complete, also with little to show.

use neural_vault::report::html;
use neural_vault::results::{Estimate, MethodResult};
use roxmltree::{Document, Node};

use crate::document::{body, check, of_class, text_of};
use crate::fixture::{self, LABELS, METHODS};

/// The table row that a method has under a protocol in the table of all figures.
fn row(page: &str, protocol: &str, method: &str) -> String {
    let document = Document::parse(body(page)).unwrap();
    let section = document.descendants().find(|node| node.attribute("id") == Some("figures")).unwrap();
    let mut bodies = section.descendants().filter(|node| node.has_tag_name("tbody"));
    let group = bodies.find(|node| text_of(node.first_element_child().unwrap()).starts_with(protocol)).unwrap();
    group.children().map(text_of).find(|text| text.starts_with(method)).unwrap()
}

#[test]
fn the_page_is_well_formed_and_needs_no_other_file() {
    check(&html(&fixture::results()));
    check(&html(&fixture::crowded()));
}

#[test]
fn every_figure_is_there_for_every_protocol() {
    let page = html(&fixture::results());
    for protocol in ["p-in-sample", "p-sessions"] {
        for figure in
            ["glance", "det", "roc", "scores", "confusion", "map", "p-noise", "p-artefacts", "p-probe-windows"]
        {
            assert!(page.contains(&format!("<figure id=\"{protocol}-{figure}\">")), "{protocol} {figure}");
        }
    }
    let document = Document::parse(body(&page)).unwrap();
    for figure in document.descendants().filter(|node| node.has_tag_name("figure")) {
        let id = figure.attribute("id").unwrap();
        let lines =
            figure.descendants().filter(|n| n.attribute("class").is_some_and(|c| c.starts_with("line m"))).count();
        let expected = match id.rsplit_once('-') {
            // The method under test and its best rival, each with one in the key.
            Some(("summary", _)) => 4,
            Some((_, "det" | "roc" | "noise")) => METHODS.len(),
            _ => lines,
        };
        assert_eq!(lines, expected, "{id}");
    }
}

#[test]
fn the_figures_of_a_method_are_in_its_row() {
    let results = fixture::results();
    let page = html(&results);
    for (protocol, heading) in results.protocols.iter().zip(["In sample", "Disjoint sessions"]) {
        for method in &protocol.methods {
            let row = row(&page, heading, &method.name);
            let [low, high] = method.eer.interval.unwrap();
            for figure in [
                format!("{:.2} [{low:.2}, {high:.2}]", method.eer.value),
                format!("{:.2}", method.eer_convex_hull),
                format!("{:.4}", method.roc_auc.value),
                format!("{:.1}", 100.0 * method.fnmr_at_fmr[1].fnmr),
                "120 / 480".to_owned(),
            ] {
                assert!(row.contains(&figure), "{figure} is not in {row}");
            }
        }
    }
    for figure in ["49.9", "6.930", "3.3", "11.47", "48.40", "0.9712"] {
        assert!(page.contains(figure), "{figure}");
    }
    assert!(page.contains(&"03".repeat(32)) && page.contains(&"c4".repeat(32)) && page.contains(&"9f".repeat(32)));
}

#[test]
fn the_summary_is_of_the_strictest_protocol_and_says_what_the_intervals_support() {
    let mut results = fixture::results();
    let estimate = |value, low, high| Estimate { value, interval: Some([low, high]) };
    let mut set = |method: &str, eer| {
        let methods = &mut results.protocols[1].methods;
        methods.iter_mut().find(|candidate| candidate.name == method).unwrap().eer = eer;
    };
    METHODS.iter().for_each(|(name, ..)| set(name, estimate(50.0, 45.0, 55.0)));
    set("NeuralVault (cosine)", estimate(20.0, 17.0, 23.0));
    set("raw cosine", estimate(17.0, 14.0, 21.0));
    set("shrinkage LDA", estimate(10.0, 8.0, 12.0));
    let page = html(&results);
    let document = Document::parse(body(&page)).unwrap();
    let summary = text_of(of_class(&document, "summary"));
    for words in [
        "Is a label recognised in new sessions?",
        "432 frames of 20\u{202f}484 features, 5 labels, 6 sessions. Disjoint sessions: Trained on run00 to run03",
        "20.0\u{a0}% equal error rate of NeuralVault",
        "95\u{a0}% interval: 17.0 to 23.0\u{a0}%",
        "20.0\u{a0}% of genuine probes are rejected and 20.0\u{a0}% of impostor probes accepted",
        "Better than NeuralVault's bits, BioHashing, SHA-256 and HMAC (95\u{a0}%).",
        "Worse than shrinkage LDA (95\u{a0}%).",
        "Not statistically distinguishable from raw frames.",
        "Single frames; 120 genuine and 480 impostor trials.",
        "In sample 0.0\u{a0}% leaks",
    ] {
        assert!(summary.contains(words), "{words} is not in {summary}");
    }
    assert_eq!(of_class(&document, "summary").descendants().filter(|node| node.has_tag_name("figure")).count(), 1);
}

#[test]
fn protocols_are_folded_and_those_that_leak_come_last() {
    let page = html(&fixture::crowded());
    let document = Document::parse(body(&page)).unwrap();
    let folded: Vec<_> = document.descendants().filter(|node| node.has_tag_name("details")).collect();
    assert!(folded.iter().all(|details| details.attribute("open").is_none()));
    let headings = folded.iter().filter(|node| node.attribute("class").is_some_and(|class| class.contains("protocol")));
    let headings = headings.map(|node| text_of(node.descendants().find(|child| child.has_tag_name("h3")).unwrap()));
    assert_eq!(
        headings.collect::<Vec<_>>(),
        [
            "Unseen labels",
            "Disjoint sessions",
            "Episodes of 4 + 4",
            "Time blocks",
            "Random split leaks",
            "In sample leaks"
        ]
    );
    assert!(page.contains("Leaks. ") && page.contains("The probes are the rows that trained the encoder."));
}

#[test]
fn where_every_protocol_leaks_the_summary_says_so() {
    let mut results = fixture::results();
    results.protocols.truncate(1);
    let page = html(&results);
    let document = Document::parse(body(&page)).unwrap();
    let summary = text_of(of_class(&document, "summary"));
    assert!(summary.contains("Leaks. The probes are the rows that trained the encoder."), "{summary}");
    assert!(summary.contains("No figure here says what a new scan can expect."), "{summary}");
}

#[test]
fn the_legend_explains_the_methods_that_were_evaluated() {
    let page = html(&fixture::results());
    let document = Document::parse(body(&page)).unwrap();
    let legend = text_of(of_class(&document, "legend"));
    assert!(legend.contains("BioHashing") && legend.contains("Teoh, Ngo and Goh 2004"), "{legend}");
    assert!(!legend.contains("Finn et al.") && !legend.contains("shrinkage LDA"), "{legend}");
}

#[test]
fn headings_leave_out_no_level() {
    for page in [html(&fixture::results()), html(&fixture::crowded()), html(&fixture::persons())] {
        let document = Document::parse(body(&page)).unwrap();
        let levels =
            document.descendants().filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse::<u8>().ok());
        let levels: Vec<u8> = levels.collect();
        assert_eq!(levels[0], 1);
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    }
}

#[test]
fn tables_say_what_their_header_cells_head() {
    for page in [html(&fixture::results()), html(&fixture::persons())] {
        let document = Document::parse(body(&page)).unwrap();
        assert!(document.descendants().filter(|n| n.has_tag_name("th")).all(|n| n.attribute("scope").is_some()));
    }
}

#[test]
fn persons_have_the_curve_over_the_length_of_a_probe_first_and_no_keys() {
    let results = fixture::persons();
    let page = html(&results);
    check(&page);
    let document = Document::parse(body(&page)).unwrap();
    let curves: Vec<_> = document
        .descendants()
        .filter(|n| n.has_tag_name("figure") && text_of(*n).contains("Error rate by the length of a probe"))
        .collect();
    // The method under test and its rival in the summary, all three below.
    assert_eq!(curves.iter().map(|n| n.attribute("id").unwrap().ends_with("-curve")).collect::<Vec<_>>(), [true, true]);
    for (curve, methods) in curves.iter().zip([2, 3]) {
        let of = |kind: &str| {
            let is = |n: &Node<'_, '_>| n.attribute("class").is_some_and(|class| class.starts_with(kind));
            curve.descendants().filter(is).count()
        };
        // Each method has a line, and one in the key.
        assert_eq!((of("line m"), of("band")), (2 * methods, methods));
    }
    assert!(!page.contains("id=\"keys\"") && !page.contains("id=\"published\""));
    assert!(row(&page, "Unseen persons (25 frames)", "connectome").contains("2\u{202f}400 / 7\u{202f}200"));
    let summary = text_of(of_class(&document, "summary"));
    assert!(summary.contains("Is a person recognised whom the model was not fitted to?"), "{summary}");
    assert!(summary.contains("Probes of 25 frames; 2\u{202f}400 genuine"), "{summary}");
    assert!(summary.contains("At other lengths:Unseen persons (10 frames)"), "{summary}");
}

#[test]
fn no_error_of_repeated_trials_is_judged_by_the_distinct_ones() {
    let mut results = fixture::persons();
    results.protocols[0].methods[0].eer = Estimate { value: 0.0, interval: Some([0.0, 0.0]) };
    assert!(html(&results).contains("No error in 120 trials is not an error rate of zero"));
}

#[test]
fn names_are_escaped() {
    let page = html(&fixture::results());
    assert!(!page.contains("<chair>") && !page.contains("<one>"));
    let document = Document::parse(body(&page)).unwrap();
    assert!(document.descendants().any(|node| node.is_text() && node.text() == Some(LABELS[2])));
    let mut results = fixture::results();
    results.protocols[0].name = "a \"b\" <c> & d".to_owned();
    results.protocols[0].methods[1].name = "</title><b>&amp;".to_owned();
    results.settings.command = Some("\"><svg onload=x>".to_owned());
    check(&html(&results));
}

#[test]
fn results_with_little_or_nothing_in_them_make_a_well_formed_page() {
    let lists: [(&[f64], &[f64]); 5] =
        [(&[], &[]), (&[0.5], &[]), (&[], &[0.5]), (&[0.5], &[0.5]), (&[f64::NAN], &[0.1])];
    for (genuine, impostor) in lists {
        let mut results = fixture::results();
        for method in results.protocols.iter_mut().flat_map(|protocol| &mut protocol.methods) {
            empty(method);
            method.genuine = genuine.to_vec();
            method.impostor = impostor.to_vec();
        }
        check(&html(&results));
    }
    let mut results = fixture::results();
    for protocol in &mut results.protocols {
        protocol.sweeps.iter_mut().for_each(|sweep| {
            sweep.levels.truncate(1);
            sweep.lines.iter_mut().for_each(|line| line.eer[0].value = f64::NAN);
        });
        protocol.map.truncate(1);
        protocol.confusion = vec![vec![0]];
        protocol.labels.truncate(1);
        protocol.effective_dimension = f64::NAN;
        protocol.methods.truncate(1);
    }
    check(&html(&results));
    for protocol in &mut results.protocols {
        protocol.methods.clear();
        protocol.sweeps.iter_mut().for_each(|sweep| sweep.levels.clear());
        protocol.map.clear();
        protocol.confusion.clear();
    }
    check(&html(&results));
    results.protocols.clear();
    check(&html(&results));
}

fn empty(method: &mut MethodResult) {
    let none = Estimate { value: f64::NAN, interval: None };
    (method.eer, method.d_prime, method.roc_auc) = (none, none, none);
    method.eer_convex_hull = f64::INFINITY;
    method.fnmr_at_fmr.clear();
    method.transfer = None;
}

#[test]
fn no_error_in_few_trials_is_not_called_zero() {
    let mut results = fixture::results();
    let method = &mut results.protocols[1].methods[0];
    method.eer = Estimate { value: 0.0, interval: Some([0.0, 0.0]) };
    assert!(html(&results).contains("by the rule of three it may be as high as 2.5\u{a0}%"));
}
