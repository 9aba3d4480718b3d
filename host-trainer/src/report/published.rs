//! The published figures of the Python pipeline that this project reproduces, beside those found here.

use maud::{Markup, html};

use super::methods::{heading, strictest_first};
use super::numbers::{estimate_cell, fixed};
use super::scroll_box;
use crate::evaluation::methods;
use crate::evaluation::protocols::REFERENCE;
use crate::results::{MethodResult, ProtocolResult, ReferenceSweep, Results};

/// Method under its published name, EER in percent, d'.
const VERIFICATION: [(&str, f64, f64); 5] = [
    (BINARISED, 0.75, 5.95),
    ("NeuralVault (cosine)", 0.94, 4.84),
    ("BioHashing", 15.09, 2.21),
    ("SHA-256", 48.4, 0.14),
    ("HMAC", 52.6, 0.25),
];
/// The method of the published sweeps.
const BINARISED: &str = "Neural (binarised)";
/// EER in percent of the binarised embeddings at 30, 20, 15, 10, 5 and 0 dB.
const NOISE: [f64; 6] = [0.75, 0.75, 0.75, 1.13, 0.47, 1.13];
/// EER in percent of the binarised embeddings with 0, 5, 10, 15, 20 and 30 % of the values replaced.
const ARTEFACTS: [f64; 6] = [0.75, 1.26, 1.42, 0.94, 1.13, 0.94];

/// The tables, with a note on how the published figures were made.
pub fn body(results: &Results) -> Markup {
    let in_sample = results.protocols.iter().find(|protocol| protocol.name == REFERENCE.name());
    let sound = strictest_first(results).into_iter().find(|protocol| protocol.leaks.is_none());
    html! {
            p {
                "The published figures were made "
                strong { "on other data" }
                " (predicted responses to five videos, not available) and "
                strong { "in sample" }
                ": scored on the rows that trained the encoder. They show what the method was designed for and are no target for "
                "other recordings; only the in-sample column below was made the same way. The published embeddings were made by "
                "recipe reference, those here by recipe "
                (results.settings.recipe_name()) "."
            }
            (scroll_box("Published verification figures beside those found here", &verification(in_sample, sound)))
            (scroll_box("Published few-shot figures beside those found here", &few_shot(results)))
            (scroll_box("Published sweeps of the binarised embeddings beside those found here", &sweeps(results)))
    }
}

fn verification(in_sample: Option<&ProtocolResult>, sound: Option<&ProtocolResult>) -> Markup {
    let columns: Vec<&ProtocolResult> = in_sample.into_iter().chain(sound).collect();
    html! {
        table {
            thead {
                tr {
                    td {}
                    th scope="colgroup" colspan="2" { "Published" }
                    @for protocol in &columns { th scope="colgroup" colspan="2" { "Here: " (heading(&protocol.name)) } }
                }
                tr {
                    th scope="col" class="text" { "Method" }
                    @for _ in 0..=columns.len() { th scope="col" { "EER (%)" } th scope="col" { "d′" } }
                }
            }
            tbody {
                @for (name, eer, d_prime) in VERIFICATION {
                    tr {
                        th scope="row" { (name) }
                        td { (fixed(eer, 2)) } td { (fixed(d_prime, 2)) }
                        @for protocol in &columns {
                            @match counterpart(protocol, name) {
                                Some(method) => { (estimate_cell(&method.eer, 2)) (estimate_cell(&method.d_prime, 2)) }
                                None => { td { "–" } td { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn few_shot(results: &Results) -> Markup {
    let found = &results.neural_metrics;
    let first = results.protocols.first().map_or_else(|| "here".to_owned(), |protocol| heading(&protocol.name));
    let row = |name: &str, published: &str, found: String| {
        html! { tr { th scope="row" { (name) } td { (published) } td { (found) } } }
    };
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Few-shot figure" }
                th scope="col" { "Published" }
                th scope="col" { "Here: " (first) }
            } }
            tbody {
                (row("Accuracy (%)", "98.1", fixed(100.0 * found.accuracy, 1)))
                (row("Macro F1", "0.981", fixed(found.f1_score, 3)))
                (row("AUC", "0.9995", fixed(found.roc_auc, 4)))
            }
        }
    }
}

fn sweeps(results: &Results) -> Markup {
    let found = |tests: &ReferenceSweep| {
        let line = tests.lines.iter().find(|line| is_same(&line.method, BINARISED));
        line.map(|line| line.eer.clone()).unwrap_or_default()
    };
    let row = |name: &str, values: &[f64]| {
        html! {
            tr { th scope="row" { (name) } @for place in 0..6 { td { (values.get(place).map_or("–".to_owned(), |v| fixed(*v, 2))) } } }
        }
    };
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Neural (binarised), EER (%)" }
                th scope="colgroup" colspan="6" {}
            } }
            tbody {
                (levels("Noise, SNR (dB)", &["30", "20", "15", "10", "5", "0"]))
                (row("Published", &NOISE))
                (row("Here", &found(&results.noise_tests)))
            }
            tbody {
                (levels("Artefacts, values replaced (%)", &["0", "5", "10", "15", "20", "30"]))
                (row("Published", &ARTEFACTS))
                (row("Here", &found(&results.artifact_tests)))
            }
        }
    }
}

fn levels(name: &str, levels: &[&str; 6]) -> Markup {
    html! { tr class="group" { th scope="row" { (name) } @for level in levels { th scope="col" { (level) } } } }
}

fn counterpart<'a>(protocol: &'a ProtocolResult, published: &str) -> Option<&'a MethodResult> {
    protocol.methods.iter().find(|method| is_same(&method.name, published))
}

/// Whether two names denote the same method.
fn is_same(name: &str, published: &str) -> bool {
    let of = |name| methods::find(name).map(|method| method.name());
    of(name).is_some() && of(name) == of(published)
}
