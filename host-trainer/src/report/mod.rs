//! The report: one self-contained HTML file, and the scores as CSV.
//!
//! The page has no script, font or link outside itself. Its figures are inline SVG in the page's colours.

mod comparison;
mod confusion;
mod curves;
mod figures;
mod glance;
mod headline;
mod histogram;
mod keys;
mod map;
mod methods;
mod numbers;
mod page;
mod probe_curve;
mod provenance;
mod published;
mod roc;
mod scores;
mod svg;
mod sweeps;

use maud::{Markup, html};

use crate::results::{MethodResult, ProtocolResult, Results};
use methods::{Styles, heading, leaking_last, of_persons};
use numbers::count;

pub use comparison::comparison_html;
pub use scores::scores_csv;

/// The evaluation as one HTML page.
#[must_use]
pub fn html(results: &Results) -> String {
    let styles = Styles::new(results);
    let protocols = leaking_last(results);
    let data = &results.data;
    // Keys and published figures are of encoders that a protocol of windows trains.
    let of_windows = results.protocols.is_empty() || !results.protocols.iter().all(of_persons);
    page::page(
        &format!("Evaluation of {}", data.name()),
        &html! {
            header {
                p class="kicker" { "Neural Vault · evaluation" }
                h1 { (data.name()) }
                p class="note" {
                    (count(data.rows)) " rows × " (count(data.features)) " features · " (data.labels.len()) " labels · "
                    (data.sessions.len()) " sessions"
                    " · " (results.created)
                }
            }
            nav aria-label="Contents" {
                a href="#headline" { "Findings" }
                a href="#glance" { "At a glance" }
                a href="#figures" { "All figures" }
                @for protocol in &protocols { a href={ "#" (anchor(&protocol.name)) } { (heading(&protocol.name)) } }
                @if of_windows {
                    a href="#keys" { "Keys" }
                    a href="#published" { "Published figures" }
                }
                a href="#provenance" { "Settings" }
            }
            (headline::section(results))
            (glance::section(results, &styles))
            (figures::section(results, &styles))
            @for protocol in &protocols { (protocol_section(protocol, &styles)) }
            @if of_windows {
                (keys::section(results))
                (published::section(results))
            }
            (provenance::section(results))
        },
    )
}

fn protocol_section(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let key = || styles.key(protocol.methods.iter().map(|method| method.name.as_str()));
    html! {
        section id=(anchor(&protocol.name)) {
            h2 { (heading(&protocol.name)) @if protocol.leaks.is_some() { " " span class="badge" { "leaks" } } }
            p { (protocol.description) }
            @if let Some(why) = &protocol.leaks { p class="flag" { strong { "Leaks. " } (why) } }
            p class="note" {
                @if of_persons(protocol) {
                    "In each split " (count(protocol.training_rows)) " rows are the background and "
                    (count(protocol.enrolment_rows)) " are enrolled; " (count(protocol.probes)) " distinct probes in all."
                } @else {
                    (count(protocol.training_rows)) " rows trained the model, " (count(protocol.enrolment_rows)) " were enrolled, "
                    (count(protocol.probes)) " probes."
                }
            }
            (key())
            div class="figures" {
                (curves::figures(protocol, styles))
                (histogram::figure_of(protocol))
                (confusion::figure_of(protocol))
                (map::figure_of(protocol))
            }
            @if !protocol.sweeps.is_empty() {
                h3 { "Along conditions" }
                (key())
                (sweeps::figures(protocol, styles))
            }
        }
    }
}

/// A figure with its title above and a note below.
fn figure(id: &str, title: &str, svg: &Markup, note: &str) -> Markup {
    html! { figure id=(id) { figcaption { (title) } (svg) p class="note" { (note) } } }
}

/// A table in a box that scrolls separately, also by keyboard.
fn scroll_box(name: &str, table: &Markup) -> Markup {
    html! { div class="scroll" role="region" tabindex="0" aria-label=(name) { (table) } }
}

/// The number of a protocol's trials, in words; methods usually share their probes.
fn trials(protocol: &ProtocolResult) -> String {
    let of = |list: fn(&MethodResult) -> usize| {
        let (low, high) = (protocol.methods.iter().map(list).min(), protocol.methods.iter().map(list).max());
        match (low.unwrap_or(0), high.unwrap_or(0)) {
            (low, high) if low == high => count(high),
            (low, high) => format!("{} to {}", count(low), count(high)),
        }
    };
    let trials = format!("{} genuine and {} impostor trials", of(|m| m.trials()[0]), of(|m| m.trials()[1]));
    match protocol.methods.iter().any(|method| method.repeated.is_some()) {
        true => format!("{trials}, of {} distinct probes", count(protocol.probes)),
        false => trials,
    }
}

/// A name as the id of an element: other characters than ASCII letters, digits and dashes become their code points.
fn anchor(name: &str) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_string() } else { format!("u{:x}", u32::from(c)) };
    format!("p-{}", name.chars().map(plain).collect::<String>())
}
