//! The EER of every method under one protocol, with intervals.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{Styles, heading};
use super::numbers::fixed;
use super::svg::{Axis, Plot, px};
use super::verdict::rate;
use crate::results::{MethodResult, ProtocolResult, Results};

const ROW: f64 = 24.0;

/// The largest rate of any protocol, for one scale in all panels.
pub fn scale(results: &Results) -> f64 {
    results.protocols.iter().flat_map(|protocol| &protocol.methods).map(upper).fold(5.0, f64::max)
}

/// The panel up to the rate `scale`; nothing without methods.
pub fn figure_of(protocol: &ProtocolResult, styles: &Styles, scale: f64) -> Markup {
    if protocol.methods.is_empty() {
        return html! {};
    }
    let names = protocol.methods.iter().map(|method| method.name.as_str());
    let plot = Plot::new(
        Axis::linear("Equal error rate (%)", [0.0, scale * 1.15], 5),
        Axis::names("", names).reversed(),
        14.0 + ROW * protocol.methods.len() as f64,
    );
    let title = format!("EER of each method: {}", heading(&protocol.name));
    let description = protocol.methods.iter().map(|method| format!("{} {}", method.name, rate(&method.eer)));
    let body = protocol.methods.iter().enumerate().map(|(row, method)| {
        let (row, class) = (row as f64, styles.class(&method.name));
        let (x, y) = plot.at((method.eer.value, row));
        html! {
            @if let Some([low, high]) = method.eer.interval {
                (plot.line(&[(low, row), (high, row)], &format!("whisker {class}"), &rate(&method.eer)))
            }
            circle class={ "dot " (class) } cx=(px(x)) cy=(px(y)) r="4" {}
        }
        .into_string()
    });
    let labels = protocol.methods.iter().enumerate().map(|(row, method)| {
        let at = (upper(method), row as f64);
        plot.text(at, (7.0, 3.8), "value start", &fixed(method.eer.value, 1)).into_string()
    });
    let id = format!("{}-glance", super::anchor(&protocol.name));
    let svg = plot.draw(
        &id,
        &title,
        &format!("{}.", description.collect::<Vec<_>>().join("; ")),
        &PreEscaped(body.collect()),
        &PreEscaped(labels.collect()),
    );
    let note = format!("{}. Bars are 95\u{a0}% intervals.", super::trials(protocol));
    figure(&id, "EER of each method", &svg, &note)
}

fn upper(method: &MethodResult) -> f64 {
    let value = method.eer.interval.map_or(method.eer.value, |[_, high]| high.max(method.eer.value));
    if value.is_finite() { value } else { 0.0 }
}
