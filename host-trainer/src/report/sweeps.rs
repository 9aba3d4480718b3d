//! EER along a condition: lines of all methods, bands of the method under test and its best simple rival.

use maud::{Markup, PreEscaped, html};

use super::methods::{Styles, best_rival, heading, tested};
use super::numbers::{estimate_cell, fixed, with_interval};
use super::svg::{Axis, Plot};
use super::{figure, scroll_box};
use crate::results::{ProtocolResult, Sweep, SweepLine};

/// The sweep over frames a probe, which has a figure of its own.
pub const PROBE_FRAMES: &str = "probe-frames";
/// Tick labels closer than this overlap.
const TICK_ROOM: f64 = 24.0;

/// One figure and one table per sweep.
pub fn figures(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let banded: Vec<&str> =
        tested(protocol).into_iter().chain(best_rival(protocol)).map(|method| method.name.as_str()).collect();
    html! {
        div class="figures" {
            @for sweep in protocol.sweeps.iter().filter(|sweep| !sweep.levels.is_empty() && sweep.name != PROBE_FRAMES) {
                (chart(protocol, sweep, styles, &banded))
            }
        }
        @for sweep in protocol.sweeps.iter().filter(|sweep| !sweep.levels.is_empty()) {
            details {
                summary { "Numbers: " (title(sweep)) }
                (scroll_box(&format!("{}, {}", title(sweep), heading(&protocol.name)), &table(sweep)))
            }
        }
    }
}

fn chart(protocol: &ProtocolResult, sweep: &Sweep, styles: &Styles, banded: &[&str]) -> Markup {
    let largest =
        sweep.lines.iter().flat_map(|line| &line.eer).flat_map(|e| [e.value, e.interval.map_or(0.0, |i| i[1])]);
    let largest = largest.filter(|value| value.is_finite()).fold(10.0, f64::max);
    let ends = [sweep.levels[0], sweep.levels[sweep.levels.len() - 1]];
    let plot = Plot::new(
        Axis::with_ticks(&sweep.axis, ends, ticks(&sweep.levels)),
        Axis::linear("Equal error rate (%)", [0.0, largest], 5),
        220.0,
    );
    let mut body = String::new();
    for line in sweep.lines.iter().filter(|line| banded.contains(&line.method.as_str())) {
        let band: Vec<_> = line
            .eer
            .iter()
            .zip(&sweep.levels)
            .filter_map(|(estimate, &level)| estimate.interval.map(|[low, high]| (level, low, high)))
            .collect();
        body += &plot.band(&band, &styles.class(&line.method)).into_string();
    }
    for line in &sweep.lines {
        let class = styles.class(&line.method);
        let points = finite(line, &sweep.levels);
        body += &plot.line(&points, &class, &tooltip(line, &sweep.levels)).into_string();
        for &point in &points {
            let (x, y) = plot.at(point);
            let dot = html! { circle class={ "dot " (class) } cx=(super::svg::px(x)) cy=(super::svg::px(y)) r="2" {} };
            body += &dot.into_string();
        }
    }
    let id = format!("{}-{}", super::anchor(&protocol.name), super::anchor(&sweep.name));
    let full = format!("{}: {}", title(sweep), heading(&protocol.name));
    let description: Vec<String> = sweep.lines.iter().map(|line| tooltip(line, &sweep.levels)).collect();
    let svg =
        plot.draw(&id, &full, &format!("{}.", description.join("; ")), &PreEscaped(body), &PreEscaped(String::new()));
    // Only these two leave the trials as they are; the others make more or fewer of them.
    let trials = match sweep.name.as_str() {
        "noise" | "artefacts" | "noise-deviations" => super::trials(protocol),
        _ => "Trials differ from level to level".to_owned(),
    };
    let has_bands =
        |line: &SweepLine| banded.contains(&line.method.as_str()) && line.eer.iter().any(|e| e.interval.is_some());
    let note = if sweep.lines.iter().any(has_bands) {
        format!("{trials}. Bands: 95\u{a0}% intervals of {}.", banded.join(" and "))
    } else {
        format!("{trials}.")
    };
    figure(&id, &title(sweep), &svg, &note)
}

fn table(sweep: &Sweep) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" class="text" { "EER (%) by " (sweep.axis) }
                @for level in &sweep.levels { th scope="col" { (short(*level)) } }
            } }
            tbody {
                @for line in &sweep.lines {
                    tr {
                        th scope="row" { (line.method) }
                        @for estimate in &line.eer { (estimate_cell(estimate, 2)) }
                    }
                }
            }
        }
    }
}

fn title(sweep: &Sweep) -> String {
    match sweep.name.as_str() {
        "noise" => "EER under noise".to_owned(),
        "artefacts" => "EER under artefacts".to_owned(),
        "probe-windows" => "EER by windows a probe".to_owned(),
        "enrolment-scans" => "EER by enrolment scans".to_owned(),
        "training-sessions" => "EER by training sessions".to_owned(),
        PROBE_FRAMES => "EER by frames a probe".to_owned(),
        "enrolment-frames" => "EER by enrolled frames".to_owned(),
        "noise-deviations" => "EER under noise".to_owned(),
        other => format!("EER by {other}"),
    }
}

pub fn tooltip(line: &SweepLine, levels: &[f64]) -> String {
    let at = |(level, estimate): (&f64, _)| format!("{} at {}", with_interval(estimate, 1, "\u{a0}%"), short(*level));
    format!("{}: {}", line.method, levels.iter().zip(&line.eer).map(at).collect::<Vec<_>>().join(", "))
}

fn finite(line: &SweepLine, levels: &[f64]) -> Vec<(f64, f64)> {
    levels.iter().copied().zip(line.eer.iter().map(|estimate| estimate.value)).filter(|(_, y)| y.is_finite()).collect()
}

/// A tick at every level, without text if the previous one is too close.
fn ticks(levels: &[f64]) -> Vec<(f64, String)> {
    let span = (levels[levels.len() - 1] - levels[0]).abs().max(f64::MIN_POSITIVE);
    let mut ticks: Vec<(f64, String)> = Vec::new();
    for &level in levels {
        let far = |(last, _): &(f64, String)| (level - last).abs() / span * super::svg::WIDTH * 0.8 >= TICK_ROOM;
        if ticks.last().is_none_or(far) {
            ticks.push((level, short(level)));
        }
    }
    ticks
}

/// A level with the decimals that it needs, at most three.
fn short(level: f64) -> String {
    let text = fixed(level, 3);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
