//! Histogram of the scores of the method under test: genuine above the axis, impostor below, with the threshold.

use maud::{Markup, PreEscaped, html};
use neural_vault_core::verify::accepts;

use super::figure;
use super::methods::{heading, tested, tested_name};
use super::numbers::{count, fixed};
use super::svg::{Axis, Plot};
use crate::metrics;
use crate::results::ProtocolResult;

const BINS: f64 = 32.0;

/// The figure, or a note if the method under test or its scores are missing.
pub fn figure_of(protocol: &ProtocolResult) -> Markup {
    let name = tested_name(protocol);
    let Some(method) = tested(protocol) else {
        return html! { p class="note" { (name) " was not evaluated, so there are no scores of it to show." } };
    };
    let finite = |scores: &[f64]| scores.iter().copied().filter(|score| score.is_finite()).collect::<Vec<_>>();
    let (genuine, impostor) = (finite(&method.genuine), finite(&method.impostor));
    let all = || genuine.iter().chain(&impostor).copied();
    if all().next().is_none() {
        return html! { p class="note" { (name) " has no scores under this protocol." } };
    }
    // Of persons each has a threshold of their own, which no line shows.
    let (threshold, origin) = match method.transfer.filter(|_| method.repeated.is_none()) {
        Some(transfer) => (transfer.threshold, "fixed on development trials"),
        None => (metrics::eer(&genuine, &impostor).map_or(f64::NAN, |eer| eer.threshold), "at the equal error rate"),
    };
    let shown = || all().chain(Some(threshold).filter(|value| value.is_finite()));
    let (low, high) = (shown().fold(f64::INFINITY, f64::min), shown().fold(f64::NEG_INFINITY, f64::max));
    let bins = Bins::new(low, high, if threshold.is_finite() { threshold } else { low });
    let (above, below) = (bins.shares(&genuine), bins.shares(&impostor));
    let peak = |shares: &[f64]| shares.iter().copied().fold(1.0, f64::max);
    // Room for the labels of both halves.
    let (top, floor) = (1.25 * peak(&above), -1.25 * peak(&below));
    let shares = Axis::linear("Trials (%)", [floor, top], 6).without_signs();
    let plot = Plot::new(Axis::linear("Cosine score", [bins.start, bins.end()], 6), shares, 300.0);

    let mut body = String::new();
    for (shares, side, list) in [(&above, 1.0, "genuine"), (&below, -1.0, "impostor")] {
        for (place, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (from, to) = bins.edges(place);
            let is_wrong = (from + to > 2.0 * threshold) == (side < 0.0);
            let class = format!("bin {list}{}", if is_wrong { " wrong" } else { "" });
            let tooltip = format!("{list}, {} to {}: {} %", fixed(from, 3), fixed(to, 3), fixed(share, 1));
            body += &plot.bar((from, 0.0), (to, side * share), &class, &tooltip).into_string();
        }
    }
    body += &plot.line(&[(bins.start, 0.0), (bins.end(), 0.0)], "zero", "").into_string();
    let rate = |wrong: usize, of: usize| if of == 0 { f64::NAN } else { 100.0 * wrong as f64 / of as f64 };
    let missed = rate(genuine.iter().filter(|score| !accepts(threshold, **score)).count(), genuine.len());
    let let_in = rate(impostor.iter().filter(|score| accepts(threshold, **score)).count(), impostor.len());
    let mut labels = String::new();
    let mut label = |at, shift, class, text: &str| labels += &plot.text(at, shift, class, text).into_string();
    label((bins.start, top), (4.0, 12.0), "label start", &format!("Genuine: {} trials", count(method.trials()[0])));
    label((bins.start, floor), (4.0, -6.0), "label start", &format!("Impostor: {} trials", count(method.trials()[1])));
    if threshold.is_finite() {
        body += &plot.line(&[(threshold, floor), (threshold, top)], "threshold", "Threshold").into_string();
        label((bins.start, top), (4.0, 26.0), "wrong start", &format!("{}\u{a0}% missed", fixed(missed, 1)));
        label((bins.end(), floor), (-4.0, -6.0), "wrong end", &format!("{}\u{a0}% let in", fixed(let_in, 1)));
    }
    let id = format!("{}-scores", super::anchor(&protocol.name));
    let title = format!("Scores of {name}: {}", heading(&protocol.name));
    let note = if threshold.is_finite() {
        format!("The upright line is the threshold, {}, {origin}; solid bars are errors.", fixed(threshold, 3))
    } else {
        "One list of scores is empty, so there is no threshold.".to_owned()
    };
    let description = format!(
        "Histogram of {} genuine scores above the axis and {} impostor scores below it. {note} {} % of the genuine trials are \
         missed and {} % of the impostor trials let in.",
        count(method.trials()[0]),
        count(method.trials()[1]),
        fixed(missed, 1),
        fixed(let_in, 1)
    );
    let svg = plot.draw(&id, &title, &description, &PreEscaped(body), &PreEscaped(labels));
    figure(&id, &format!("Scores of {name}"), &svg, &note)
}

/// Bins of equal width with the threshold on an edge, so that no bin holds both errors and correct decisions.
struct Bins {
    start: f64,
    width: f64,
    number: usize,
}

impl Bins {
    /// Bins over `low..=high`, which contains `edge`.
    fn new(low: f64, high: f64, edge: f64) -> Self {
        let width = ((high - low) / BINS).max(1e-9);
        let start = edge - ((edge - low) / width).ceil() * width;
        let number = ((high - start) / width).floor().clamp(0.0, 2.0 * BINS) as usize + 1;
        Self { start, width, number }
    }

    fn edges(&self, place: usize) -> (f64, f64) {
        (self.start + place as f64 * self.width, self.start + (place + 1) as f64 * self.width)
    }

    fn end(&self) -> f64 {
        self.edges(self.number - 1).1
    }

    /// The share of the scores in each bin, in percent.
    fn shares(&self, scores: &[f64]) -> Vec<f64> {
        let mut shares = vec![0.0; self.number];
        for score in scores {
            let place = (((score - self.start) / self.width).floor().max(0.0) as usize).min(self.number - 1);
            shares[place] += 100.0 / scores.len() as f64;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_an_edge_and_no_score_is_lost() {
        let scores = [-0.3, -0.1, 0.0, 0.2, 0.55, 0.9];
        let bins = Bins::new(-0.3, 0.9, 0.4);
        let edges = (0..bins.number).map(|place| bins.edges(place).0);
        assert!(edges.into_iter().any(|edge| (edge - 0.4).abs() < 1e-12));
        assert!((bins.shares(&scores).iter().sum::<f64>() - 100.0).abs() < 1e-9);
        assert!(bins.start <= -0.3 && bins.end() > 0.9);
    }

    #[test]
    fn one_score_makes_one_bin() {
        let bins = Bins::new(0.5, 0.5, 0.5);
        assert_eq!(bins.shares(&[0.5]).iter().sum::<f64>(), 100.0);
    }
}
