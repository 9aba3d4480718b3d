//! Error rates side by side, one row each, with their intervals.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{Styles, heading};
use super::numbers::fixed;
use super::svg::{Axis, Plot, px};
use super::verdict::rate;
use crate::results::{Estimate, ProtocolResult, Results};

const ROW: f64 = 24.0;

/// A rate with its interval.
pub struct Row<'r> {
    pub name: &'r str,
    /// The class of its colour.
    pub class: String,
    pub eer: Estimate,
}

/// Rows in a figure up to the rate `scale`.
pub fn figure_of(id: &str, title: &str, full_title: &str, rows: &[Row<'_>], scale: f64, note: &str) -> Markup {
    let plot = Plot::new(
        Axis::linear("Equal error rate (%)", [0.0, scale * 1.15], 5),
        Axis::names("", rows.iter().map(|row| row.name)).reversed(),
        14.0 + ROW * rows.len() as f64,
    );
    let (mut body, mut labels) = (String::new(), String::new());
    for (place, row) in rows.iter().enumerate() {
        let (place, class) = (place as f64, &row.class);
        if let Some([low, high]) = row.eer.interval {
            let whisker = plot.line(&[(low, place), (high, place)], &format!("whisker {class}"), &rate(&row.eer));
            body += &whisker.into_string();
        }
        let (x, y) = plot.at((row.eer.value, place));
        body += &html! { circle class={ "dot " (class) } cx=(px(x)) cy=(px(y)) r="4" {} }.into_string();
        let value = plot.text((upper(&row.eer), place), (7.0, 3.8), "value start", &fixed(row.eer.value, 1));
        labels += &value.into_string();
    }
    let description: Vec<String> = rows.iter().map(|row| format!("{} {}", row.name, rate(&row.eer))).collect();
    let description = format!("{}.", description.join("; "));
    let svg = plot.draw(id, full_title, &description, &PreEscaped(body), &PreEscaped(labels));
    figure(id, title, &svg, note)
}

/// The methods of a protocol; nothing without methods.
pub fn of_methods(protocol: &ProtocolResult, styles: &Styles, scale: f64) -> Markup {
    if protocol.methods.is_empty() {
        return html! {};
    }
    let rows = protocol.methods.iter();
    let rows: Vec<Row<'_>> =
        rows.map(|method| Row { name: &method.name, class: styles.class(&method.name), eer: method.eer }).collect();
    let note = format!("{}. Bars are 95\u{a0}% intervals.", super::trials(protocol));
    let (id, title) = (format!("{}-glance", super::anchor(&protocol.name)), "EER of each method");
    figure_of(&id, title, &format!("{title}: {}", heading(&protocol.name)), &rows, scale, &note)
}

/// The largest rate of any protocol, for one scale in all figures.
pub fn scale_of(results: &Results) -> f64 {
    scale(results.protocols.iter().flat_map(|protocol| &protocol.methods).map(|method| method.eer))
}

/// The largest of these rates, with their intervals.
pub fn scale(rates: impl Iterator<Item = Estimate>) -> f64 {
    rates.map(|eer| upper(&eer)).fold(5.0, f64::max)
}

fn upper(eer: &Estimate) -> f64 {
    let value = eer.interval.map_or(eer.value, |[_, high]| high.max(eer.value));
    if value.is_finite() { value } else { 0.0 }
}
