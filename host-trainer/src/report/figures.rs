//! The tables of figures: protocols by methods, and thresholds transferred from development trials.

use maud::{Markup, html};

use super::methods::{Styles, heading, of_persons, strictest_first};
use super::numbers::{count, estimate_cell, fixed, level, rate_cell};
use super::scroll_box;
use crate::results::{OperatingPoint, ProtocolResult, Results};

/// Every figure of every method.
pub fn table_of_all(results: &Results, styles: &Styles) -> Markup {
    html! {
        (scroll_box("All figures by protocol and method", &methods(results, styles)))
        p class="note" {
            "EER: equal error rate, on the interpolated ROC and on its convex hull. d′: distance of the means in pooled "
            "standard deviations. AUC: area under the ROC. FNMR: false non-match rate, in percent, at a threshold that keeps "
            "the false match rate (FMR) to the value named; a dash where the trials are too few for that rate. Accuracy and "
            "macro F1: probes given to the nearest prototype. In brackets: 95 % intervals, by bootstrap, for FNMR by Clopper "
            "and Pearson."
            @if results.protocols.iter().any(of_persons) {
                " Of unseen persons: trials of all splits together, which score a probe several times; accuracy is rank-1 "
                "identification; the interval of an FNMR is the wider of the bootstrap's and that of Clopper and Pearson for "
                "the distinct comparisons. A centred method's score is less its mean over all enrolled persons: it needs "
                "everyone's prototype, and the impostors here are among those enrolled."
            }
        }
    }
}

/// What thresholds reach that were fixed on development trials.
pub fn table_of_thresholds(results: &Results) -> Markup {
    if transfers(results) == 0 {
        return html! { p { "No protocol fixed a threshold on development trials, so none could be tested." } };
    }
    html! {
        (scroll_box("Thresholds fixed on development trials", &thresholds(results)))
        p class="note" {
            "An EER chooses its threshold after the fact. Here the threshold was fixed on development trials, then applied "
            "unchanged, as a token does. In brackets: Clopper-Pearson 95 % intervals."
            @if results.protocols.iter().any(of_persons) {
                " Of unseen persons each enrolment has a threshold of its own, midway between what the background "
                "scores against others and what the last fifth of the enrolment scores against the rest; the mean is "
                "shown."
            }
        }
    }
}

fn methods(results: &Results, styles: &Styles) -> Markup {
    let levels = levels(results);
    let mut scored = results.protocols.iter().flat_map(|protocol| &protocol.methods);
    let seeds = scored.find_map(|method| method.over_seeds.as_ref()).map(|seeds| seeds.each.len());
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Method" }
                th scope="col" { "EER (%)" }
                @if let Some(seeds) = seeds { th scope="col" { "EER, mean of " (seeds) " trainings (%)" } }
                th scope="col" { "EER, hull (%)" }
                th scope="col" { "d′" }
                th scope="col" { "AUC" }
                @for &fmr in &levels { th scope="col" { "FNMR (%) at FMR " (level(fmr)) } }
                th scope="col" { "Accuracy (%)" }
                th scope="col" { "Macro F1" }
                th scope="col" { "Genuine / impostor trials" }
            } }
            @for protocol in strictest_first(results) {
                tbody {
                    (group(protocol, levels.len() + 8 + usize::from(seeds.is_some())))
                    @for method in &protocol.methods {
                        tr class=[styles.class(&method.name).ends_with("chief").then_some("chief")] {
                            th scope="row" { (method.name) }
                            (estimate_cell(&method.eer, 2))
                            @match (seeds, &method.over_seeds) {
                                (None, _) => {},
                                (_, Some(seeds)) => (estimate_cell(&seeds.eer, 2)),
                                (_, None) => td { "–" },
                            }
                            td { (fixed(method.eer_convex_hull, 2)) }
                            (estimate_cell(&method.d_prime, 2))
                            (estimate_cell(&method.roc_auc, 4))
                            @for &fmr in &levels {
                                @match at(&method.fnmr_at_fmr, fmr) {
                                    Some(point) => (rate_cell(point.fnmr, point.interval)),
                                    None => td { "–" },
                                }
                            }
                            td { (fixed(100.0 * method.accuracy, 1)) }
                            td { (fixed(method.macro_f1, 3)) }
                            td { (count(method.trials()[0])) " / " (count(method.trials()[1])) }
                        }
                    }
                }
            }
        }
    }
}

fn thresholds(results: &Results) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "Method" }
                th scope="col" { "Threshold" }
                th scope="col" { "FMR (%)" }
                th scope="col" { "FNMR (%)" }
            } }
            @for protocol in strictest_first(results) {
                @if protocol.methods.iter().any(|method| method.transfer.is_some()) {
                    tbody {
                        (group(protocol, 4))
                        @for method in &protocol.methods {
                            @if let Some(transfer) = &method.transfer {
                                tr {
                                    th scope="row" { (method.name) }
                                    td { (fixed(transfer.threshold, 4)) }
                                    (rate_cell(transfer.fmr, transfer.fmr_interval))
                                    (rate_cell(transfer.fnmr, transfer.fnmr_interval))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn group(protocol: &ProtocolResult, columns: usize) -> Markup {
    html! {
        tr class="group" {
            th scope="rowgroup" colspan=(columns) {
                (heading(&protocol.name)) @if protocol.leaks.is_some() { " " span class="badge" { "leaks" } }
            }
        }
    }
}

/// Every false match rate that some method has, the largest first.
fn levels(results: &Results) -> Vec<f64> {
    let methods = results.protocols.iter().flat_map(|protocol| &protocol.methods);
    let mut levels: Vec<f64> = methods.flat_map(|method| &method.fnmr_at_fmr).map(|point| point.fmr).collect();
    levels.sort_by(|a, b| b.total_cmp(a));
    levels.dedup();
    levels
}

fn at(points: &[OperatingPoint], fmr: f64) -> Option<&OperatingPoint> {
    points.iter().find(|point| point.fmr == fmr)
}

fn transfers(results: &Results) -> usize {
    results.protocols.iter().flat_map(|p| &p.methods).filter(|method| method.transfer.is_some()).count()
}
