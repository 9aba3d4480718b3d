//! A small SVG writer whose figures take their colours from the page.
//!
//! Colours, dashes and fonts are classes that the page's style sheet resolves, so that one figure works in light and
//! dark mode and in print; plotting libraries write fixed colours.

use maud::{Markup, html};

/// Width of every figure in SVG units: about a phone's width in pixels, so that text keeps its size there.
pub const WIDTH: f64 = 380.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;
/// Names closer than this overlap.
const NAME_ROOM: f64 = 13.0;
/// Points nearer than this to the one before are not drawn.
const RESOLUTION: f64 = 0.3;

/// One axis: values, their label with its unit, and ticks.
pub struct Axis {
    label: String,
    domain: [f64; 2],
    ticks: Vec<(f64, String)>,
    kind: AxisKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AxisKind {
    Numbers,
    Names,
}

impl Axis {
    /// An axis over `domain`, which may run downwards, with about `count` ticks at round numbers.
    pub fn linear(label: impl Into<String>, domain: [f64; 2], count: usize) -> Self {
        let domain = widened(domain);
        Self { label: label.into(), domain, ticks: round_ticks(domain, count), kind: AxisKind::Numbers }
    }

    /// An axis over `domain` with these ticks.
    pub fn with_ticks(label: impl Into<String>, domain: [f64; 2], ticks: Vec<(f64, String)>) -> Self {
        Self { label: label.into(), domain: widened(domain), ticks, kind: AxisKind::Numbers }
    }

    /// An axis of names, the first at 0, each 1 wide; no grid lines.
    pub fn names<'a>(label: impl Into<String>, names: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let domain = [-0.5, names.len() as f64 - 0.5];
        let ticks = names.enumerate().map(|(place, name)| (place as f64, shortened(name))).collect();
        Self { label: label.into(), domain: widened(domain), ticks, kind: AxisKind::Names }
    }

    /// The same axis without the signs of its ticks, for one that counts in both directions from zero.
    #[must_use]
    pub fn without_signs(mut self) -> Self {
        self.ticks.iter_mut().for_each(|(_, text)| *text = text.replace('−', ""));
        self
    }

    /// The same axis in the opposite direction.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.domain.reverse();
        self
    }

    /// The ticks that an axis of this length has room for: all numbers, or every n-th name.
    fn shown(&self, length: f64) -> impl Iterator<Item = &(f64, String)> {
        let step = match self.kind {
            AxisKind::Numbers => 1,
            AxisKind::Names => (NAME_ROOM * self.ticks.len() as f64 / length).ceil().max(1.0) as usize,
        };
        self.ticks.iter().step_by(step)
    }
}

/// A plotting area with its axes.
pub struct Plot {
    x: Axis,
    y: Axis,
    height: f64,
    left: f64,
    bottom: f64,
}

impl Plot {
    /// A plot of this height, [`WIDTH`] wide, with room for the names of its axes.
    pub fn new(x: Axis, y: Axis, height: f64) -> Self {
        let longest = |axis: &Axis| axis.ticks.iter().map(|(_, name)| name.chars().count()).max().unwrap_or(0) as f64;
        let left = if y.kind == AxisKind::Names { 16.0 + 6.5 * longest(&y) } else { 46.0 };
        let left = if y.label.is_empty() { left - 8.0 } else { left + 8.0 };
        let bottom = if x.kind == AxisKind::Names { 34.0 + 4.2 * longest(&x) } else { 42.0 };
        Self { x, y, height: height + bottom, left, bottom }
    }

    /// The position of a pair of values.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |axis: &Axis, value: f64| (value - axis.domain[0]) / (axis.domain[1] - axis.domain[0]);
        let (right, floor) = self.corner();
        (self.left + share(&self.x, x) * (right - self.left), floor - share(&self.y, y) * (floor - TOP))
    }

    /// A line through finite points, with a tooltip.
    pub fn line(&self, points: &[(f64, f64)], class: &str, tooltip: &str) -> Markup {
        html! { path class={ "line " (class) } d=(self.path(points)) { title { (tooltip) } } }
    }

    /// The area between two lines over the same abscissae: `(x, lower, upper)`.
    pub fn band(&self, points: &[(f64, f64, f64)], class: &str) -> Markup {
        let mut outline: Vec<(f64, f64)> = points.iter().map(|&(x, lower, _)| (x, lower)).collect();
        outline.extend(points.iter().rev().map(|&(x, _, upper)| (x, upper)));
        html! { path class={ "band " (class) } d={ (self.path(&outline)) "Z" } {} }
    }

    /// A rectangle between two corners.
    pub fn bar(&self, from: (f64, f64), to: (f64, f64), class: &str, tooltip: &str) -> Markup {
        let ((x0, y0), (x1, y1)) = (self.at(from), self.at(to));
        let (width, height) = ((x1 - x0).abs(), (y1 - y0).abs());
        html! {
            rect class=(class) x=(px(x0.min(x1))) y=(px(y0.min(y1))) width=(px(width)) height=(px(height)) {
                title { (tooltip) }
            }
        }
    }

    /// Text at a point; `class` anchors it (`start`, `middle`, `end`) and colours it.
    pub fn text(&self, at: (f64, f64), shift: (f64, f64), class: &str, text: &str) -> Markup {
        let (x, y) = self.at(at);
        html! { text class=(class) x=(px(x + shift.0)) y=(px(y + shift.1)) { (text) } }
    }

    /// The figure: axes, then `body` clipped to the plotting area, then `labels` above it.
    pub fn draw(&self, id: &str, title: &str, description: &str, body: &Markup, labels: &Markup) -> Markup {
        let (right, floor) = self.corner();
        let (width, height) = (right - self.left, floor - TOP);
        html! {
            svg class="plot" viewBox={ "0 0 " (WIDTH) " " (px(self.height)) } role="img"
                aria-labelledby={ (id) "-title " (id) "-description" } {
                title id={ (id) "-title" } { (title) }
                desc id={ (id) "-description" } { (description) }
                clipPath id={ (id) "-area" } {
                    rect x=(px(self.left - 2.0)) y=(px(TOP - 2.0)) width=(px(width + 4.0)) height=(px(height + 4.0)) {}
                }
                (self.axes())
                g clip-path={ "url(#" (id) "-area)" } { (body) }
                (labels)
            }
        }
    }

    fn axes(&self) -> Markup {
        let (right, floor) = self.corner();
        let middle = ((self.left + right) / 2.0, (TOP + floor) / 2.0);
        html! {
            g class="axes" {
                @for (value, name) in self.x.shown(right - self.left) {
                    @let x = self.at((*value, self.y.domain[0])).0;
                    @if self.x.kind == AxisKind::Numbers {
                        line class="grid" x1=(px(x)) x2=(px(x)) y1=(px(TOP)) y2=(px(floor)) {}
                        text class="tick middle" x=(px(x)) y=(px(floor + 15.0)) { (name) }
                    } @else {
                        text class="tick end" transform={ "translate(" (px(x + 4.0)) " " (px(floor + 12.0)) ") rotate(-40)" } {
                            (name)
                        }
                    }
                }
                @for (value, name) in self.y.shown(floor - TOP) {
                    @let y = self.at((self.x.domain[0], *value)).1;
                    @if self.y.kind == AxisKind::Numbers {
                        line class="grid" x1=(px(self.left)) x2=(px(right)) y1=(px(y)) y2=(px(y)) {}
                    }
                    text class="tick end" x=(px(self.left - 6.0)) y=(px(y + 3.8)) { (name) }
                }
                @if self.x.kind == AxisKind::Numbers {
                    line class="base" x1=(px(self.left)) x2=(px(right)) y1=(px(floor)) y2=(px(floor)) {}
                }
                text class="axis middle" x=(px(middle.0)) y=(px(self.height - 6.0)) { (self.x.label) }
                text class="axis middle" transform={ "translate(11 " (px(middle.1)) ") rotate(-90)" } { (self.y.label) }
            }
        }
    }

    fn corner(&self) -> (f64, f64) {
        (WIDTH - RIGHT, self.height - self.bottom)
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut drawn: Vec<(f64, f64)> = Vec::new();
        for (place, &point) in points.iter().enumerate() {
            let at = self.at(point);
            let near = drawn.last().is_some_and(|last| is_near(*last, at));
            if near && place + 1 < points.len() {
                continue;
            }
            // Of a straight run only the ends.
            if let [.., first, middle] = drawn[..]
                && is_between(middle, first, at)
            {
                drawn.pop();
            }
            drawn.push(at);
        }
        let (mut path, mut last) = (String::new(), None);
        for (x, y) in drawn.into_iter().map(|(x, y)| (px(x), px(y))) {
            path += &match &last {
                None => format!("M{x} {y}"),
                Some((_, before)) if *before == y => format!("H{x}"),
                Some((before, _)) if *before == x => format!("V{y}"),
                Some(_) => format!("L{x} {y}"),
            };
            last = Some((x, y));
        }
        path
    }
}

fn is_near((a, b): (f64, f64), (x, y): (f64, f64)) -> bool {
    (a - x).abs() < RESOLUTION && (b - y).abs() < RESOLUTION
}

/// Whether a point of a stair lies on a flat or upright run between two others.
fn is_between(middle: (f64, f64), first: (f64, f64), last: (f64, f64)) -> bool {
    let flat =
        |of: fn((f64, f64)) -> f64| (of(first) - of(middle)).abs() < 0.05 && (of(last) - of(middle)).abs() < 0.05;
    let within = |of: fn((f64, f64)) -> f64| (of(first) - of(middle)) * (of(last) - of(middle)) <= 0.0;
    flat(|p| p.0) && within(|p| p.1) || flat(|p| p.1) && within(|p| p.0)
}

/// A coordinate with one decimal, clamped to a range that renderers accept.
pub fn px(value: f64) -> String {
    let text = format!("{:.1}", if value.is_finite() { value.clamp(-9999.0, 9999.0) } else { 0.0 });
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Round numbers (spaced 1, 2 or 5 times a power of ten) within the domain, about `count` of them, with their text.
fn round_ticks(domain: [f64; 2], count: usize) -> Vec<(f64, String)> {
    let (low, high) = (domain[0].min(domain[1]), domain[0].max(domain[1]));
    let rough = (high - low) / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= rough * 0.999).unwrap_or(10.0);
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|place| place as f64 * step)
        .map(|value| (value, super::numbers::fixed(value, decimals)))
        .collect()
}

fn widened(domain: [f64; 2]) -> [f64; 2] {
    match domain {
        [a, b] if !a.is_finite() || !b.is_finite() => [0.0, 1.0],
        [a, b] if (b - a).abs() <= f64::EPSILON * a.abs().max(1.0) => [a - 0.5, a + 0.5],
        sound => sound,
    }
}

/// A long name with its middle left out, because names of a series differ at their ends.
pub fn shortened(name: &str) -> String {
    const LONGEST: usize = 21;
    const END: usize = 9;
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let start = name.chars().take(LONGEST - 1 - END);
    start.chain(['…']).chain(name.chars().skip(length - END)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_domain() {
        let texts = |domain| round_ticks(domain, 5).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts([0.0, 1.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts([-0.07, 0.06]), ["−0.05", "0.00", "0.05"]);
        assert_eq!(texts([30.0, 0.0]), ["0", "10", "20", "30"]);
    }

    #[test]
    fn a_point_falls_where_the_axes_say() {
        let axis = || Axis::linear("", [0.0, 10.0], 5);
        let plot = Plot::new(axis(), axis(), 100.0);
        assert_eq!(plot.at((0.0, 0.0)), (plot.left, 100.0));
        assert_eq!(plot.at((10.0, 10.0)), (WIDTH - RIGHT, TOP));
        let down = Plot::new(axis().reversed(), axis(), 100.0);
        assert_eq!(down.at((10.0, 0.0)).0, down.left);
    }

    #[test]
    fn a_stair_is_drawn_by_its_corners() {
        let axis = || Axis::linear("", [0.0, 10.0], 5);
        let plot = Plot::new(axis(), axis(), 100.0);
        let corners = [(0.0, 0.0), (5.0, 0.0), (5.0, 10.0)];
        let every = [(0.0, 0.0), (1.0, 0.0), (3.0, 0.0), (5.0, 0.0), (5.0, 2.0), (5.0, 9.0), (5.0, 10.0)];
        assert_eq!(plot.path(&every), plot.path(&corners));
        assert!(plot.path(&corners).replace(|c: char| !c.is_ascii_alphabetic(), "") == "MHV");
        // A line that turns back keeps its turn.
        assert_eq!(plot.path(&[(0.0, 0.0), (5.0, 0.0), (2.0, 0.0)]).matches('H').count(), 2);
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("a long name of stimulus 23"), "a long name…imulus 23");
        assert_eq!(shortened("scrambledpix"), "scrambledpix");
    }

    #[test]
    fn names_that_have_no_room_are_left_out_evenly() {
        let names = vec!["name"; 40];
        let axis = Axis::names("", names.into_iter());
        assert_eq!(axis.shown(40.0 * NAME_ROOM).count(), 40);
        let shown: Vec<f64> = axis.shown(300.0).map(|(place, _)| *place).collect();
        assert_eq!(shown[..3], [0.0, 2.0, 4.0]);
    }

    #[test]
    fn a_domain_of_one_value_or_none_still_gives_finite_places() {
        for domain in [[3.0, 3.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
            let plot = Plot::new(Axis::linear("", domain, 5), Axis::linear("", domain, 5), 100.0);
            let (x, y) = plot.at((0.5, 0.5));
            assert!(x.is_finite() && y.is_finite());
        }
    }
}
