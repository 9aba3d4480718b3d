//! The findings of an evaluation in plain language, as far as its intervals support them.

use maud::{Markup, html};

use super::methods::{best_rival, heading, leaking_last, of_persons, tested, tested_name};
use super::numbers::{count, fixed, interval, percent, with_interval};
use crate::comparison::{excludes_zero, unpaired};
use crate::results::{Estimate, MethodResult, ProtocolResult, Results};

/// One card per protocol.
pub fn section(results: &Results) -> Markup {
    html! {
        section id="headline" {
            h2 { "What was found" }
            @if let Some(text) = lead(results) { p class="lead" { (text) } }
            div class="cards" { @for protocol in leaking_last(results) { (card(protocol)) } }
            p class="note" {
                "Intervals are 95 % and come from resampling "
                @if results.protocols.iter().any(|protocol| !of_persons(protocol)) {
                    "sessions (blocks of six frames where there is only one), then labels"
                }
                @if results.protocols.iter().any(of_persons) {
                    @if !results.protocols.iter().all(of_persons) { "; of unseen persons, " }
                    "persons, then the segments of each"
                }
                ". A difference is significant when its own "
                "interval, from the same resamples of both methods' trials, excludes zero."
            }
        }
    }
}

/// The first protocol without a leak in a sentence or two, and how much better the leaking ones look.
fn lead(results: &Results) -> Option<String> {
    let protocols = leaking_last(results);
    let (protocol, method) = protocols.iter().find_map(|protocol| Some((protocol, tested(protocol)?)))?;
    // Of several probe lengths, the one at which conditions are varied.
    let varied = protocols.iter().filter(|other| of_persons(protocol) && of_persons(other) && !other.sweeps.is_empty());
    let (protocol, method) =
        varied.filter_map(|other| Some((other, tested(other)?))).next().unwrap_or((protocol, method));
    if protocol.leaks.is_some() {
        let text = "Every protocol here leaks: its probes are not independent of what trained the model, and no figure below says \
                    what a new scan can expect.";
        return Some(text.to_owned());
    }
    let rate = fixed(method.eer.value, 1);
    let mut text = format!(
        "{}: on {}, {}'s equal error rate is {}. At that threshold \
         {rate}\u{a0}% of genuine probes are refused and as many impostors let in.",
        heading(&protocol.name),
        if of_persons(protocol) {
            "persons of whom nothing was used to fit the model"
        } else {
            "probes that are independent of what trained the model"
        },
        tested_name(protocol),
        with_interval(&method.eer, 1, "\u{a0}%"),
    );
    let leaking = protocols.iter().filter(|other| other.leaks.is_some());
    let flattered: Vec<String> = leaking
        .filter_map(|other| Some((other, tested(other)?)))
        .map(|(other, method)| format!("{} {}\u{a0}%", heading(&other.name), fixed(method.eer.value, 1)))
        .collect();
    if !flattered.is_empty() {
        text += &format!(
            " Where probes leak ({}), the figure says how well the model remembers, not how well it recognises.",
            flattered.join(", ")
        );
    }
    Some(text)
}

fn card(protocol: &ProtocolResult) -> Markup {
    html! {
        article class={ "card" @if protocol.leaks.is_some() { " leaks" } } {
            h3 { a href={ "#" (super::anchor(&protocol.name)) } { (heading(&protocol.name)) } }
            @match &protocol.leaks {
                Some(why) => p class="flag" { strong { "Leaks. " } (why) },
                None => p class="flag sound" {
                    @if of_persons(protocol) { "Persons of whom nothing was used to fit the model" } @else { "Probes independent of what trained the model" }
                },
            }
            @match tested(protocol) {
                Some(method) => (verdict(protocol, method)),
                None => p { (tested_name(protocol)) " was not evaluated under this protocol." },
            }
        }
    }
}

fn verdict(protocol: &ProtocolResult, method: &MethodResult) -> Markup {
    html! {
        p class="figure" {
            span class="value" { (fixed(method.eer.value, 1)) "\u{a0}%" } " EER"
            @if let Some(ends) = method.eer.interval { " " span class="interval" { (interval(ends, 1)) } }
        }
        @if let Some(rival) = best_rival(protocol) { p { (against(protocol, method, rival)) } }
        @let others = by_significance(protocol, method);
        @if !others.is_empty() { p { (others) } }
        @if let Some(text) = few_errors(method) { p { (text) } }
        @if method.eer.interval.is_none() { p { "There was nothing to resample, so the figure has no interval." } }
    }
}

/// The paired difference if the evaluation has one, otherwise the more cautious one of independent estimates.
fn difference(protocol: &ProtocolResult, method: &MethodResult, other: &MethodResult) -> Estimate {
    let paired = protocol.differences.iter().find(|difference| difference.method == other.name);
    paired.map_or_else(|| unpaired(method, other), |difference| difference.eer)
}

fn against(protocol: &ProtocolResult, method: &MethodResult, rival: &MethodResult) -> String {
    let gap = difference(protocol, method, rival);
    let verdict = match gap.interval {
        None => "without intervals, nothing can be said about the difference".to_owned(),
        Some(_) if excludes_zero(&gap) => {
            let outcome = if gap.value < 0.0 { "ahead" } else { "behind" };
            format!(
                "{} is {outcome}, by {} points, a significant difference",
                tested_name(protocol),
                with_interval(&gap, 1, "")
            )
        }
        Some(_) => format!("a difference of {} points, which is not significant", with_interval(&gap, 1, "")),
    };
    format!("The best simple rival, {}, has {}: {verdict}.", rival.name, with_interval(&rival.eer, 1, "\u{a0}%"))
}

/// The other methods by whether the method under test is significantly better, worse, or neither.
fn by_significance(protocol: &ProtocolResult, method: &MethodResult) -> String {
    let (mut beaten, mut level, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    for other in protocol.methods.iter().filter(|other| other.name != method.name) {
        let gap = difference(protocol, method, other);
        let list = match excludes_zero(&gap) {
            true if gap.value < 0.0 => &mut beaten,
            true => &mut ahead,
            false => &mut level,
        };
        list.push(other.name.as_str());
    }
    let mut sentences = Vec::new();
    for (list, opening) in [
        (beaten, "Significantly better than"),
        (ahead, "Significantly worse than"),
        (level, "Not statistically distinguishable from"),
    ] {
        if !list.is_empty() {
            sentences.push(format!("{opening} {}.", list.join(", ")));
        }
    }
    sentences.join(" ")
}

/// Zero errors in n trials are compatible with a rate of up to 3/n (Hanley and Lippman-Hand, JAMA 249, 1983).
fn few_errors(method: &MethodResult) -> Option<String> {
    let [genuine, impostor] = method.distinct_trials();
    let trials = genuine.min(impostor);
    (method.eer.value == 0.0 && trials > 0).then(|| {
        format!(
            "No error in {} trials is not an error rate of zero: by the rule of three it may be as high as {}, and higher \
             where trials depend on each other.",
            count(trials),
            percent((3.0 / trials as f64).min(1.0))
        )
    })
}
