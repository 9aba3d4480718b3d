//! The summary of an evaluation, which fits a slide: what was asked, what was found, and one picture.

use maud::{Markup, html};

use super::methods::{Styles, base, best_rival, heading, of_persons, question, strictest_first, tested, tested_name};
use super::numbers::{count, fixed};
use super::provenance::day;
use super::verdict::{few_errors, interval_in_words, rate, standing};
use super::{anchor, curves, probe_curve, trials};
use crate::results::{MethodResult, ProtocolResult, Results};

/// Letters of a protocol's description for which a slide has room.
const LONGEST: usize = 260;
/// Other protocols for which a slide has room.
const OTHERS: usize = 8;

/// The slide.
pub fn section(results: &Results, styles: &Styles) -> Markup {
    let data = &results.data;
    let chosen = chosen(results);
    html! {
        section class="summary" aria-labelledby="asked" {
            header {
                p class="kicker" {
                    "Neural Vault · evaluation of " strong { (data.name()) } " · " (day(&results.created))
                }
                h1 id="asked" {
                    @match chosen.map(|protocol| question(&protocol.name)) {
                        Some(question) => (question),
                        None => { "Evaluation of " (data.name()) },
                    }
                }
                p class="asked" {
                    (count(data.rows)) " frames of " (count(data.features)) " features, " (count(data.labels.len())) " labels, "
                    (count(data.sessions.len())) " sessions. "
                    @if let Some(protocol) = chosen {
                        strong { (heading(&protocol.name)) } ": " (cut(&protocol.description)) "."
                    }
                }
                @if let Some(why) = chosen.and_then(|protocol| protocol.leaks.as_ref()) {
                    p class="flag" { strong { "Leaks. " } (why) " No figure here says what a new scan can expect." }
                }
            }
            @match chosen {
                None => p { "No protocol was evaluated." },
                Some(protocol) => {
                    div class="slide" {
                        div { (found(results, protocol)) }
                        (picture(protocol, styles))
                    }
                    (others(results, protocol))
                }
            }
        }
    }
}

/// The strictest protocol; of several lengths of a window or probe the first, or the one at which conditions are varied.
fn chosen(results: &Results) -> Option<&ProtocolResult> {
    let protocols = strictest_first(results);
    let first = protocols.iter().find(|protocol| tested(protocol).is_some()).or(protocols.first())?;
    let mut lengths =
        protocols.iter().filter(|other| base(&other.name) == base(&first.name) && tested(other).is_some());
    Some(lengths.find(|other| !other.sweeps.is_empty()).unwrap_or(first))
}

fn found(results: &Results, protocol: &ProtocolResult) -> Markup {
    let Some(method) = tested(protocol) else {
        return html! { p { (tested_name(protocol)) " was not evaluated under this protocol." } };
    };
    html! {
        p class="result" {
            span class="value" { (fixed(method.eer.value, 1)) "\u{a0}%" }
            " equal error rate of " (tested_name(protocol))
            @let recipe = results.settings.recipe_name();
            @if recipe != tested_name(protocol) { ", recipe " (recipe) }
            @if let Some(ends) = method.eer.interval { span class="interval" { (interval_in_words(ends)) } }
        }
        p { (meaning(method)) }
        @for sentence in standing(protocol, method) { p class="verdict" { (sentence) } }
        @if let Some(text) = few_errors(method) { p { (text) } }
        @if method.eer.interval.is_none() { p { "There was nothing to resample, so the figure has no interval." } }
        @if let Some(seeds) = &method.over_seeds {
            p { "Mean of " (seeds.each.len()) " trainings: " (rate(&seeds.eer)) "." }
        }
        p class="note" {
            @if of_persons(protocol) { "Probes of " (protocol.window) " frames" }
            @else if protocol.window == 1 { "Single frames" }
            @else { "Windows of " (protocol.window) " frames" }
            "; " (trials(protocol)) "."
        }
    }
}

/// What an equal error rate means for those who use the program.
fn meaning(method: &MethodResult) -> String {
    let value = method.eer.value;
    if !value.is_finite() {
        return "It has too few scores for an error rate.".to_owned();
    }
    format!(
        "At the threshold where both errors are equal, {rate}\u{a0}% of genuine probes are rejected and {rate}\u{a0}% of impostor \
         probes accepted.",
        rate = fixed(value, 1)
    )
}

fn picture(protocol: &ProtocolResult, styles: &Styles) -> Markup {
    let shown: Vec<&str> =
        tested(protocol).into_iter().chain(best_rival(protocol)).map(|method| method.name.as_str()).collect();
    match probe_curve::picture(protocol, styles, &shown) {
        Some(picture) => picture,
        None => curves::picture(protocol, styles, &shown),
    }
}

fn others(results: &Results, chosen: &ProtocolResult) -> Markup {
    let others: Vec<&ProtocolResult> =
        strictest_first(results).into_iter().filter(|other| other.name != chosen.name).collect();
    html! {
        @if !others.is_empty() {
            p class="note" {
                @if others.iter().all(|other| base(&other.name) == base(&chosen.name)) { "At other lengths:" }
                @else {
                    "Shown is the strictest protocol, which keeps furthest apart what the model was made of and what it is "
                    "asked. The others:"
                }
            }
            ul class="others" {
                @for other in others.iter().take(OTHERS) {
                    li {
                        a href={ "#" (anchor(&other.name)) } { (heading(&other.name)) }
                        @if let Some(method) = tested(other) { " " strong { (fixed(method.eer.value, 1)) "\u{a0}%" } }
                        @if other.leaks.is_some() { " " span class="badge" { "leaks" } }
                    }
                }
                @if others.len() > OTHERS { li { (others.len() - OTHERS) " more below" } }
            }
        }
    }
}

/// A description for which a slide has room; the whole one stands with its protocol.
fn cut(description: &str) -> String {
    if description.chars().count() <= LONGEST {
        return description.trim_end_matches('.').to_owned();
    }
    let start: String = description.chars().take(LONGEST).collect();
    format!("{} …", start.rsplit_once(' ').map_or(start.as_str(), |(whole, _)| whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_ends_at_a_word() {
        assert_eq!(cut("short."), "short");
        let text = cut(&"session ".repeat(100));
        assert!(text.ends_with("session …") && text.chars().count() <= LONGEST + 2, "{text}");
    }
}
