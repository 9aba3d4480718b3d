//! The DET curve and the ROC of every method under one protocol.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{Styles, heading};
use super::numbers::{fixed, level};
use super::roc;
use super::svg::{Axis, Plot};
use crate::results::{MethodResult, ProtocolResult};

const SIDE: f64 = 300.0;
/// Rates that a DET axis may show.
const DET_TICKS: [f64; 11] = [0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8];

const NO_CURVE: &str = "No method has both genuine and impostor scores, so there is no curve to draw.";

/// Both figures, or a note if there are no scores.
pub fn figures(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let curves: Vec<Curve<'_>> = protocol.methods.iter().filter_map(Curve::new).collect();
    if curves.is_empty() {
        return html! { p class="note" { (NO_CURVE) } };
    }
    let id = super::anchor(&protocol.name);
    let nothing = html! {};
    html! {
        (draw(&format!("{id}-det"), protocol, &curves, &det(protocol, styles, &curves, SIDE), &nothing))
        (draw(&format!("{id}-roc"), protocol, &curves, &roc(protocol, styles, &curves, SIDE), &nothing))
    }
}

/// One picture of these methods for a summary: the DET curve, or the ROC where a method has errors at no threshold.
pub fn picture(protocol: &ProtocolResult, styles: &Styles, methods: &[&str]) -> Markup {
    let shown = protocol.methods.iter().filter(|method| methods.contains(&method.name.as_str()));
    let curves: Vec<Curve<'_>> = shown.filter_map(Curve::new).collect();
    if curves.is_empty() {
        return html! { p class="note" { (NO_CURVE) } };
    }
    let least = least_rate(&curves);
    let (id, shape) = match curves.iter().all(|curve| curve.has_errors_within(least)) {
        true => ("summary-det", det(protocol, styles, &curves, super::SUMMARY_HEIGHT)),
        false => ("summary-roc", roc(protocol, styles, &curves, super::SUMMARY_HEIGHT)),
    };
    draw(id, protocol, &curves, &shape, &styles.plain_key(curves.iter().map(|curve| curve.method.name.as_str())))
}

/// A figure but for its key.
struct Shape {
    title: &'static str,
    plot: Plot,
    body: String,
    note: String,
}

struct Curve<'a> {
    method: &'a MethodResult,
    points: Vec<(f64, f64)>,
}

impl<'a> Curve<'a> {
    /// None without both kinds of scores.
    fn new(method: &'a MethodResult) -> Option<Self> {
        let points = roc::points(&method.genuine, &method.impostor);
        (!points.is_empty()).then_some(Self { method, points })
    }

    /// Whether a part of the curve lies where both rates are `least` or more.
    fn has_errors_within(&self, least: f64) -> bool {
        self.points.iter().any(|&(fmr, fnmr)| fmr >= least && fnmr >= least)
    }

    fn tooltip(&self) -> String {
        format!("{}: EER {}\u{a0}%", self.method.name, fixed(self.method.eer.value, 2))
    }
}

/// The least rate that a DET axis shows: rates below half a trial do not occur.
fn least_rate(curves: &[Curve<'_>]) -> f64 {
    let trials = curves.iter().map(|c| c.method.genuine.len().max(c.method.impostor.len())).max().unwrap_or(1);
    DET_TICKS.into_iter().rev().find(|tick| *tick < 0.5 / trials as f64).unwrap_or(DET_TICKS[0])
}

fn det(protocol: &ProtocolResult, styles: &Styles, curves: &[Curve<'_>], height: f64) -> Shape {
    let least = least_rate(curves);
    let axis = |label| {
        let ticks = DET_TICKS.into_iter().filter(|tick| *tick >= least);
        let named = ticks.map(|rate| (probit(rate), level(rate).trim_end_matches("\u{a0}%").to_owned()));
        Axis::with_ticks(label, [probit(least), probit(0.8)], named.collect())
    };
    let plot = Plot::new(axis("False match rate (%)"), axis("False non-match rate (%)"), height);
    let lines = curves.iter().map(|curve| {
        let points: Vec<_> = curve.points.iter().map(|&(fmr, fnmr)| (probit(fmr), probit(fnmr))).collect();
        plot.line(&points, &styles.class(&curve.method.name), &curve.tooltip()).into_string()
    });
    let mut body = plot
        .line(&[(probit(least), probit(least)), (probit(0.8), probit(0.8))], "guide", "Equal error rates")
        .into_string();
    body.extend(lines);
    let hidden: Vec<&str> =
        curves.iter().filter(|curve| !curve.has_errors_within(least)).map(|curve| curve.method.name.as_str()).collect();
    let mut note = format!("Normal deviate scales; the thin diagonal marks equal rates. {}.", super::trials(protocol));
    if !hidden.is_empty() {
        note += &format!(" Along the axes or beyond them, without error at some threshold: {}.", hidden.join(", "));
    }
    Shape { title: "Errors at every threshold (DET curves)", plot, body, note }
}

fn roc(protocol: &ProtocolResult, styles: &Styles, curves: &[Curve<'_>], height: f64) -> Shape {
    let axis = |label| Axis::linear(label, [0.0, 100.0], 5);
    let plot = Plot::new(axis("False match rate (%)"), axis("True match rate (%)"), height);
    let lines = curves.iter().map(|curve| {
        let points: Vec<_> = curve.points.iter().map(|&(fmr, fnmr)| (100.0 * fmr, 100.0 - 100.0 * fnmr)).collect();
        let tooltip = format!("{}: AUC {}", curve.method.name, fixed(curve.method.roc_auc.value, 4));
        plot.line(&points, &styles.class(&curve.method.name), &tooltip).into_string()
    });
    let mut body = plot.line(&[(0.0, 0.0), (100.0, 100.0)], "guide", "Chance").into_string();
    body.extend(lines);
    let note = format!("The thin diagonal is chance. {}.", super::trials(protocol));
    Shape { title: "Matches at every threshold (ROC curves)", plot, body, note }
}

fn draw(id: &str, protocol: &ProtocolResult, curves: &[Curve<'_>], shape: &Shape, key: &Markup) -> Markup {
    let Shape { title, plot, body, note } = shape;
    let descriptions: Vec<String> = curves.iter().map(Curve::tooltip).collect();
    let svg = plot.draw(
        id,
        &format!("{title}: {}", heading(&protocol.name)),
        &format!("{}.", descriptions.join("; ")),
        &PreEscaped(body.clone()),
        &PreEscaped(String::new()),
    );
    figure(id, title, &html! { (svg) (key) }, note)
}

/// The normal deviate of a rate, to 4.5e-4 (Abramowitz and Stegun 26.2.23); rates of 0 and 1 lie far outside.
fn probit(rate: f64) -> f64 {
    let tail = rate.min(1.0 - rate).max(1e-9);
    let t = (-2.0 * tail.ln()).sqrt();
    let deviate =
        t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    if rate < 0.5 { -deviate } else { deviate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_deviates_are_the_tabulated_ones() {
        for (rate, deviate) in [(0.5, 0.0), (0.8413447, 1.0), (0.025, -1.959964), (0.001, -3.090232), (0.9, 1.281552)] {
            assert!((probit(rate) - deviate).abs() < 5e-4, "{rate}: {}", probit(rate));
        }
        assert!(probit(0.0) < -5.0 && probit(1.0) > 5.0);
    }
}
