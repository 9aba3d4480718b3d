//! The error rate over the length of a probe, with intervals: what more scanning time gives.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{Styles, base, heading};
use super::svg::{Axis, Plot, px};
use super::sweeps::{PROBE_FRAMES, tooltip};
use crate::results::{ProtocolResult, Sweep, SweepLine};

/// Rates that the axis shows, in percent; lower ones lie at its lower end.
const RATES: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
const HEIGHT: f64 = 300.0;

/// The curve of every method; nothing if the protocol has none.
pub fn figure_of(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let id = format!("{}-curve", super::anchor(&protocol.name));
    let curve = sweep_of(protocol).map(|sweep| draw(&id, protocol, sweep, styles, HEIGHT, None));
    curve.unwrap_or_default()
}

/// One picture of these methods for a summary; none if the protocol has no curve.
pub fn picture(protocol: &ProtocolResult, styles: &Styles, methods: &[&str]) -> Option<Markup> {
    sweep_of(protocol).map(|sweep| draw("summary-curve", protocol, sweep, styles, super::SUMMARY_HEIGHT, Some(methods)))
}

fn sweep_of(protocol: &ProtocolResult) -> Option<&Sweep> {
    protocol.sweeps.iter().find(|sweep| sweep.name == PROBE_FRAMES && sweep.levels.len() > 1)
}

/// The curve of every method or of `only` these, on logarithmic axes.
fn draw(
    id: &str,
    protocol: &ProtocolResult,
    sweep: &Sweep,
    styles: &Styles,
    height: f64,
    only: Option<&[&str]>,
) -> Markup {
    let rate = |percent: f64| percent.clamp(RATES[0], RATES[RATES.len() - 1]).ln();
    let frames: Vec<(f64, String)> = sweep.levels.iter().map(|&frames| (frames.ln(), frames.to_string())).collect();
    let plot = Plot::new(
        Axis::with_ticks("Frames a probe", [frames[0].0, frames[frames.len() - 1].0], frames.clone()),
        Axis::with_ticks(
            "Equal error rate (%)",
            [rate(0.0), rate(100.0)],
            RATES.map(|percent| (rate(percent), percent.to_string())).to_vec(),
        ),
        height,
    );
    let mut body = String::new();
    let finite = |line: &SweepLine| line.eer.iter().all(|estimate| estimate.value.is_finite());
    let lines = || {
        sweep.lines.iter().filter(|line| finite(line) && only.is_none_or(|only| only.contains(&line.method.as_str())))
    };
    for line in lines() {
        let ends = line.eer.iter().zip(&frames).filter_map(|(estimate, (at, _))| Some((at, estimate.interval?)));
        let band: Vec<_> = ends.map(|(&at, [low, high])| (at, rate(low), rate(high))).collect();
        body += &plot.band(&band, &styles.class(&line.method)).into_string();
    }
    for line in lines() {
        let class = styles.class(&line.method);
        let points: Vec<_> = frames.iter().zip(&line.eer).map(|((at, _), eer)| (*at, rate(eer.value))).collect();
        body += &plot.line(&points, &class, &tooltip(line, &sweep.levels)).into_string();
        for &point in &points {
            let (x, y) = plot.at(point);
            body += &html! { circle class={ "dot " (class) } cx=(px(x)) cy=(px(y)) r="3" {} }.into_string();
        }
    }
    let title = "Error rate by the length of a probe";
    let full = format!("{title}: {}", heading(base(&protocol.name)));
    let description: Vec<String> = lines().map(|line| tooltip(line, &sweep.levels)).collect();
    let nothing = PreEscaped(String::new());
    let svg = plot.draw(id, &full, &format!("{}.", description.join("; ")), &PreEscaped(body), &nothing);
    let note = format!(
        "Bands are 95\u{a0}% intervals. Both axes are logarithmic; rates below {}\u{a0}% lie on the lower edge.",
        RATES[0]
    );
    let names = lines().map(|line| line.method.as_str());
    let key = if only.is_some() { styles.plain_key(names) } else { styles.key(names) };
    figure(id, title, &html! { (svg) (key) }, &note)
}
