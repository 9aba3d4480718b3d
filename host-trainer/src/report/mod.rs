//! The report: one self-contained HTML file, and the scores as CSV.
//!
//! The page has no script, font or link outside itself. Its figures are inline SVG in the page's colours.

mod comparison;
mod comparison_table;
mod confusion;
mod curves;
mod figures;
mod histogram;
mod keys;
mod legend;
mod map;
mod methods;
mod numbers;
mod page;
mod panel;
mod probe_curve;
mod protocol;
mod provenance;
mod published;
mod roc;
mod scores;
mod summary;
mod svg;
mod sweeps;
mod verdict;

use std::io;
use std::path::Path;

use maud::{Markup, html};

use crate::files::{self, Existing, Readers};
use crate::results::{MethodResult, ProtocolResult, Results};
use methods::{Styles, of_persons, strictest_first};
use numbers::count;

pub use comparison::comparison_html;
pub use scores::write_scores;

/// Height of the picture in a summary, in SVG units: with it the summary fits a slide.
const SUMMARY_HEIGHT: f64 = 200.0;

/// The evaluation as one HTML page: a summary that fits a slide, and everything else folded below it.
#[must_use]
pub fn html(results: &Results) -> String {
    let styles = Styles::new(results);
    let scale = panel::scale_of(results);
    // Keys and published figures are of encoders that a protocol of windows trains.
    let of_windows = results.protocols.is_empty() || !results.protocols.iter().all(of_persons);
    page::page(
        &format!("Evaluation of {}", results.data.name()),
        &html! {
            (summary::section(results, &styles))
            section id="protocols" {
                h2 { "By protocol, the strictest first" }
                p class="note" { (verdict::CRITERION) " " (resampled(results)) }
                @for protocol in strictest_first(results) { (protocol::folded(protocol, &styles, scale)) }
            }
            section id="topics" {
                h2 { "By topic" }
                (folded("figures", "All figures in one table", &figures::table_of_all(results, &styles)))
                (folded("thresholds", "Thresholds fixed beforehand", &figures::table_of_thresholds(results)))
                @if of_windows {
                    (folded("keys", "Keys", &keys::body(results)))
                    (folded("published", "Beside the published figures", &published::body(results)))
                }
                (folded("settings", "Settings and digests", &provenance::table(results)))
            }
            (legend::section(&styles))
            (provenance::section(results))
        },
    )
}

/// Writes the page of an evaluation, whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write(results: &Results, path: &Path) -> io::Result<()> {
    files::write(path, html(results).as_bytes(), Readers::All, Existing::Replace)
}

/// As [`write()`], but replaces no file.
///
/// # Errors
/// As [`write()`], also when a file is there.
pub fn write_new(results: &Results, path: &Path) -> io::Result<()> {
    files::write(path, html(results).as_bytes(), Readers::All, Existing::Keep)
}

/// A topic that is unfolded when asked for, and always on paper.
fn folded(id: &str, title: &str, body: &Markup) -> Markup {
    html! { details { summary { h3 { (title) } } div id=(id) { (body) } } }
}

/// What the intervals were resampled from.
fn resampled(results: &Results) -> Markup {
    let (persons, windows) =
        (results.protocols.iter().any(of_persons), results.protocols.iter().any(|protocol| !of_persons(protocol)));
    html! {
        "Intervals are 95\u{a0}% and come from resampling "
        @if windows { "sessions (blocks of six frames where there is only one), then labels" }
        @if windows && persons { "; of unseen persons " }
        @if persons { "persons, then the segments of each" }
        "."
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
