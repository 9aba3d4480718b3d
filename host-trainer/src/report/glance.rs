//! Every method's EER with its interval, one panel per protocol.

use maud::{Markup, PreEscaped, html};

use super::methods::{Styles, heading, leaking_last};
use super::numbers::{fixed, with_interval};
use super::svg::{Axis, Plot};
use super::{figure, probe_curve};
use crate::results::{MethodResult, ProtocolResult, Results};

const ROW: f64 = 24.0;

/// The panels, on one scale.
pub fn section(results: &Results, styles: &Styles) -> Markup {
    let largest = results.protocols.iter().flat_map(|protocol| &protocol.methods).map(upper).fold(5.0, f64::max);
    html! {
        section id="glance" {
            h2 { "At a glance" }
            div class="figures" {
                @for protocol in leaking_last(results) {
                    (probe_curve::figure_of(protocol, styles))
                }
                @for protocol in leaking_last(results) {
                    @if !protocol.methods.is_empty() { (panel(protocol, styles, largest)) }
                }
            }
        }
    }
}

fn panel(protocol: &ProtocolResult, styles: &Styles, largest: f64) -> Markup {
    let names = protocol.methods.iter().map(|method| method.name.as_str());
    let plot = Plot::new(
        Axis::linear("Equal error rate (%)", [0.0, largest * 1.15], 5),
        Axis::names("", names).reversed(),
        14.0 + ROW * protocol.methods.len() as f64,
    );
    let title = format!("EER of each method: {}", heading(&protocol.name));
    let description = protocol.methods.iter().map(|m| format!("{} {}", m.name, with_interval(&m.eer, 2, "\u{a0}%")));
    let body = protocol.methods.iter().enumerate().map(|(row, method)| {
        let (row, class) = (row as f64, styles.class(&method.name));
        let (x, y) = plot.at((method.eer.value, row));
        html! {
            @if let Some([low, high]) = method.eer.interval {
                (plot.line(&[(low, row), (high, row)], &format!("whisker {class}"), &with_interval(&method.eer, 2, "\u{a0}%")))
            }
            circle class={ "dot " (class) } cx=(super::svg::px(x)) cy=(super::svg::px(y)) r="4" {}
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
    figure(&id, &heading(&protocol.name), &svg, &note)
}

fn upper(method: &MethodResult) -> f64 {
    let value = method.eer.interval.map_or(method.eer.value, |[_, high]| high.max(method.eer.value));
    if value.is_finite() { value } else { 0.0 }
}
