//! One protocol, folded: a line with its figure, and everything else about it below.

use maud::{Markup, html};

use super::methods::{Styles, heading, of_persons, question, tested, tested_name};
use super::numbers::{count, fixed, interval};
use super::verdict::{against_rival, differences, few_errors, standing};
use super::{anchor, confusion, curves, histogram, map, panel, probe_curve, sweeps};
use crate::results::ProtocolResult;

/// The protocol as one `details` element; `scale` is the largest rate of its panel.
pub fn folded(protocol: &ProtocolResult, styles: &Styles, scale: f64) -> Markup {
    html! {
        details class={ "protocol" @if protocol.leaks.is_some() { " leaks" } } {
            summary {
                h3 { (heading(&protocol.name)) @if protocol.leaks.is_some() { " " span class="badge" { "leaks" } } }
                (line(protocol))
            }
            div id=(anchor(&protocol.name)) { (body(protocol, styles, scale)) }
        }
    }
}

fn line(protocol: &ProtocolResult) -> Markup {
    let Some(method) = tested(protocol) else {
        return html! { span class="verdict" { (tested_name(protocol)) " was not evaluated." } };
    };
    html! {
        span class="rate" {
            span class="value" { (fixed(method.eer.value, 1)) "\u{a0}%" }
            @if let Some(ends) = method.eer.interval { " " span class="interval" { (interval(ends, 1)) } }
        }
        span class="verdict" { (against_rival(protocol, method).unwrap_or_default()) }
    }
}

fn body(protocol: &ProtocolResult, styles: &Styles, scale: f64) -> Markup {
    let key = || styles.key(protocol.methods.iter().map(|method| method.name.as_str()));
    html! {
        p { strong { (question(&protocol.name)) } " " (sentence(&protocol.description)) }
        @if let Some(why) = &protocol.leaks { p class="flag" { strong { "Leaks. " } (sentence(why)) } }
        p class="note" {
            @if of_persons(protocol) {
                "In each split " (count(protocol.training_rows)) " rows are the background and "
                (count(protocol.enrolment_rows)) " are enrolled; " (count(protocol.probes)) " distinct probes in all."
            } @else {
                (count(protocol.training_rows)) " rows trained the model, " (count(protocol.enrolment_rows)) " were enrolled, "
                (count(protocol.probes)) " probes."
            }
        }
        @if let Some(method) = tested(protocol) {
            p { (standing(protocol, method).join(" ")) }
            @if let Some(text) = few_errors(method) { p { (text) } }
            p class="note" { (differences(protocol, method)) }
        }
        (key())
        div class="figures" {
            (panel::of_methods(protocol, styles, scale))
            (probe_curve::figure_of(protocol, styles))
            (curves::figures(protocol, styles))
            (histogram::figure_of(protocol))
            (confusion::figure_of(protocol))
            (map::figure_of(protocol))
        }
        @if !protocol.sweeps.is_empty() {
            h4 { "Along conditions" }
            (key())
            (sweeps::figures(protocol, styles))
        }
    }
}

/// The text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
