//! The probe embeddings on their two leading principal axes.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::heading;
use super::numbers::count;
use super::svg::{Axis, Plot, px, shortened};
use crate::results::{MapPoint, ProtocolResult};

const SIDE: f64 = 300.0;
/// Colours of the style sheet for labels.
const COLOURS: usize = 8;
/// Width of a letter and height of a line of a name.
const LETTER: f64 = 7.5;
const LINE: f64 = 14.0;
/// With more points than this, names are left out.
const NAMED_LIMIT: usize = 2000;

/// The figure; nothing without points.
pub fn figure_of(protocol: &ProtocolResult) -> Markup {
    let points: Vec<&MapPoint> = protocol.map.iter().filter(|p| p.x.is_finite() && p.y.is_finite()).collect();
    if points.is_empty() {
        return html! {};
    }
    let x = padded(points.iter().map(|point| point.x));
    let y = padded(points.iter().map(|point| point.y));
    // The same scale on both axes, so that distances are comparable.
    let half = ((x[1] - x[0]).max(y[1] - y[0]) / 2.0).max(1e-6);
    let around = |[low, high]: [f64; 2]| [(low + high) / 2.0 - half, (low + high) / 2.0 + half];
    let plot = Plot::new(
        Axis::linear("First principal axis", around(x), 5),
        Axis::linear("Second principal axis", around(y), 5),
        SIDE,
    );
    let mut groups: BTreeMap<&str, Vec<&MapPoint>> = BTreeMap::new();
    points.iter().for_each(|point| groups.entry(&point.label).or_default().push(point));
    let (mut body, mut labels, mut named) = (String::new(), String::new(), Vec::new());
    for (place, (label, group)) in groups.iter().enumerate() {
        let marks = html! {
            g class={ "mark c" (place % COLOURS) } {
                @for point in group {
                    @let (x, y) = plot.at((point.x, point.y));
                    path d=(mark(place, x, y)) {
                        @if points.len() <= NAMED_LIMIT { title { (label) ", " (point.session) } }
                    }
                }
            }
        };
        body += &marks.into_string();
        let mean = |of: fn(&MapPoint) -> f64| group.iter().map(|point| of(point)).sum::<f64>() / group.len() as f64;
        let (middle, name) = ((mean(|p| p.x), mean(|p| p.y)), shortened(label));
        let (x, y) = plot.at(middle);
        let half = LETTER * name.chars().count() as f64 / 2.0;
        if named.iter().all(|&(a, b, other): &(f64, f64, f64)| (a - x).abs() > half + other || (b - y).abs() > LINE) {
            labels += &plot.text(middle, (0.0, 3.8), "place middle", &name).into_string();
            named.push((x, y, half));
        }
    }
    let id = format!("{}-map", super::anchor(&protocol.name));
    let title = format!("Map of embeddings: {}", heading(&protocol.name));
    let note = format!(
        "{} probe embeddings of {} labels; names stand at the means, where there is room. Two axes show only part of the distances.",
        count(points.len()),
        groups.len()
    );
    let svg = plot.draw(&id, &title, &note, &PreEscaped(body), &PreEscaped(labels));
    figure(&id, "Map of embeddings", &html! { (svg) (key(groups.keys().copied())) }, &note)
}

fn key<'a>(labels: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        ul class="key" aria-label="Key to the marks" {
            @for (place, label) in labels.enumerate() {
                li {
                    svg class={ "mark c" (place % COLOURS) } viewBox="0 0 10 10" aria-hidden="true" { path d=(mark(place, 5.0, 5.0)) {} }
                    (label)
                }
            }
        }
    }
}

/// Circle, square, triangle, diamond, cross or plus: distinguishable without colour.
fn mark(place: usize, x: f64, y: f64) -> String {
    let r = 3.0;
    let at = |dx: f64, dy: f64| format!("{} {}", px(x + dx), px(y + dy));
    match place % 6 {
        0 => format!("M{}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0 -{} 0Z", at(-r, 0.0), 2.0 * r, 2.0 * r),
        1 => format!("M{}h5v5h-5Z", at(-2.5, -2.5)),
        2 => format!("M{}l3.4 6h-6.8Z", at(0.0, -3.6)),
        3 => format!("M{}l3.4 3.6l-3.4 3.6l-3.4 -3.6Z", at(0.0, -3.6)),
        4 => format!("M{}l5 5M{}l5 -5", at(-2.5, -2.5), at(-2.5, 2.5)),
        _ => format!("M{}h7M{}v7", at(-3.5, 0.0), at(0.0, -3.5)),
    }
}

fn padded(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    let room = 0.05 * (high - low);
    [low - room, high + room]
}
