//! The confusion matrix of the nearest-prototype decisions by the method under test.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{heading, tested_name};
use super::numbers::{count, fixed};
use super::svg::{Axis, Plot};
use crate::results::ProtocolResult;

const SIDE: f64 = 300.0;
/// With more labels than this, cells have no room for counts.
const COUNTS_LIMIT: usize = 12;
/// Shades of the style sheet.
const SHADES: f64 = 8.0;

/// The figure; nothing if the matrix is empty.
pub fn figure_of(protocol: &ProtocolResult) -> Markup {
    let labels = || protocol.labels.iter().map(String::as_str);
    if protocol.confusion.is_empty() || protocol.labels.is_empty() {
        return html! {};
    }
    let plot = Plot::new(Axis::names("Decision", labels()), Axis::names("True label", labels()).reversed(), SIDE);
    let end = |axis: usize| axis as f64 - 0.5;
    let corner = (end(protocol.labels.len()), end(protocol.confusion.len()));
    let (mut body, mut counts) = (plot.bar((-0.5, -0.5), corner, "cell", "").into_string(), String::new());
    let (mut right, mut all) = (0_u64, 0_u64);
    for (row, decisions) in protocol.confusion.iter().enumerate() {
        let total: u64 = decisions.iter().map(|&n| u64::from(n)).sum();
        for (column, &number) in decisions.iter().enumerate() {
            let share = if total == 0 { 0.0 } else { f64::from(number) / total as f64 };
            all += u64::from(number);
            right += if row == column { u64::from(number) } else { 0 };
            // A cell of nothing is the ground.
            if number == 0 {
                continue;
            }
            let (x, y) = (column as f64, row as f64);
            let shade = (share * SHADES).ceil() as usize;
            let name = |place: usize| protocol.labels.get(place).map_or("?", String::as_str);
            let tooltip = format!("{} taken for {}: {number} of {total}", name(row), name(column));
            body += &plot
                .bar((x - 0.47, y - 0.47), (x + 0.47, y + 0.47), &format!("cell s{shade}"), &tooltip)
                .into_string();
            if protocol.labels.len() <= COUNTS_LIMIT {
                let class = if shade > 4 { "count middle strong" } else { "count middle" };
                counts += &plot.text((x, y), (0.0, 3.8), class, &number.to_string()).into_string();
            }
        }
    }
    let id = format!("{}-confusion", super::anchor(&protocol.name));
    let title = format!("Confusion of {}: {}", tested_name(protocol), heading(&protocol.name));
    let share = if all == 0 { f64::NAN } else { 100.0 * right as f64 / all as f64 };
    let note = format!(
        "Nearest prototype for {} probes, {}\u{a0}% right. Shade: share of the true label's probes.",
        count(usize::try_from(all).unwrap_or(usize::MAX)),
        fixed(share, 1)
    );
    let rows = protocol.labels.iter().zip(&protocol.confusion);
    let rows: Vec<String> = rows.map(|(label, row)| format!("{label}: {row:?}")).collect();
    let description = format!("{note} Rows of counts, columns in the same order: {}.", rows.join("; "));
    let svg = plot.draw(&id, &title, &description, &PreEscaped(body), &PreEscaped(counts));
    figure(&id, "Confusion", &svg, &note)
}
