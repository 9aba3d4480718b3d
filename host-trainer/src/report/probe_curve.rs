//! The error rate over the length of a probe, with intervals: what more scanning time gives.

use maud::{Markup, PreEscaped, html};

use super::figure;
use super::methods::{Styles, heading};
use super::svg::{Axis, Plot, px};
use super::sweeps::{PROBE_FRAMES, tooltip};
use crate::results::ProtocolResult;

/// Rates that the axis shows, in percent; lower ones lie at its lower end.
const RATES: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
const HEIGHT: f64 = 300.0;

/// The curve, on logarithmic axes; nothing if the protocol has none.
pub fn figure_of(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let curve = protocol.sweeps.iter().find(|sweep| sweep.name == PROBE_FRAMES && sweep.levels.len() > 1);
    let Some(sweep) = curve else { return html! {} };
    let rate = |percent: f64| percent.clamp(RATES[0], RATES[RATES.len() - 1]).ln();
    let frames: Vec<(f64, String)> = sweep.levels.iter().map(|&frames| (frames.ln(), frames.to_string())).collect();
    let plot = Plot::new(
        Axis::with_ticks("Frames a probe", [frames[0].0, frames[frames.len() - 1].0], frames.clone()),
        Axis::with_ticks(
            "Equal error rate (%)",
            [rate(0.0), rate(100.0)],
            RATES.map(|percent| (rate(percent), percent.to_string())).to_vec(),
        ),
        HEIGHT,
    );
    let mut body = String::new();
    let lines = || sweep.lines.iter().filter(|line| line.eer.iter().all(|estimate| estimate.value.is_finite()));
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
    let id = format!("{}-curve", super::anchor(&protocol.name));
    let name = protocol.name.split(' ').next().unwrap_or_default();
    let title = format!("Error rate by the length of a probe: {}", heading(name));
    let description: Vec<String> = lines().map(|line| tooltip(line, &sweep.levels)).collect();
    let svg =
        plot.draw(&id, &title, &format!("{}.", description.join("; ")), &PreEscaped(body), &PreEscaped(String::new()));
    let note = format!(
        "{}. Bands are 95\u{a0}% intervals, over persons and then segments. Both axes are logarithmic; rates below {}\u{a0}% lie on \
         the lower edge.",
        protocol.description, RATES[0]
    );
    let key = styles.key(lines().map(|line| line.method.as_str()));
    figure(&id, &title, &html! { (svg) (key) }, &note)
}
