//! What the intervals of an evaluation support, in plain sentences.

use super::methods::{best_rival, plain_name, tested_name};
use super::numbers::{count, fixed, percent, with_interval};
use crate::comparison::{excludes_zero, unpaired};
use crate::results::{Estimate, MethodResult, ProtocolResult};

/// What a difference must satisfy to be called one; for a note beside the sentences.
pub const CRITERION: &str = "\u{201c}Better\u{201d} and \u{201c}worse\u{201d} are said where the 95\u{a0}% interval of the difference \
                             of two equal error rates, from the same resamples of both methods' trials, excludes zero.";

/// How `method`, the one under test, stands to every other method of the protocol: at most three sentences.
pub fn standing(protocol: &ProtocolResult, method: &MethodResult) -> Vec<String> {
    let (mut better, mut level, mut worse) = (Vec::new(), Vec::new(), Vec::new());
    for other in protocol.methods.iter().filter(|other| other.name != method.name) {
        let list = match outcome(&difference(protocol, method, other)) {
            Outcome::Unknown => return vec!["Without intervals nothing can be said about differences.".to_owned()],
            Outcome::Better => &mut better,
            Outcome::Worse => &mut worse,
            Outcome::Level => &mut level,
        };
        list.push(plain_name(&other.name));
    }
    let mut sentences = Vec::new();
    for (names, opening, evidence) in [
        (better, "Better than", " (95\u{a0}%)"),
        (worse, "Worse than", " (95\u{a0}%)"),
        (level, "Not statistically distinguishable from", ""),
    ] {
        if !names.is_empty() {
            sentences.push(format!("{opening} {}{evidence}.", joined(&names)));
        }
    }
    sentences
}

/// How `method` stands to its best simple rival, in one sentence; none without a rival.
pub fn against_rival(protocol: &ProtocolResult, method: &MethodResult) -> Option<String> {
    let rival = best_rival(protocol).filter(|rival| rival.name != method.name)?;
    let name = plain_name(&rival.name);
    let verdict = match outcome(&difference(protocol, method, rival)) {
        Outcome::Unknown => return None,
        Outcome::Better => format!("Better than {name} (95\u{a0}%)"),
        Outcome::Worse => format!("Worse than {name} (95\u{a0}%)"),
        Outcome::Level => format!("Not statistically distinguishable from {name}"),
    };
    Some(format!("{verdict}, the best without a trained encoder: {}.", rate(&rival.eer)))
}

/// The differences themselves, in percentage points; empty without other methods.
pub fn differences(protocol: &ProtocolResult, method: &MethodResult) -> String {
    let others = protocol.methods.iter().filter(|other| other.name != method.name);
    let each = others.map(|other| {
        let difference = difference(protocol, method, other);
        let sign = if difference.value > 0.0 { "+" } else { "" };
        format!("{sign}{} against {}", with_interval(&difference, 1, ""), plain_name(&other.name))
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() {
        return String::new();
    }
    format!("{}'s equal error rate, in percentage points: {}.", tested_name(protocol), each.join("; "))
}

/// What to say of a figure without errors: zero in n trials is compatible with a rate of up to 3/n (Hanley and
/// Lippman-Hand, JAMA 249, 1983).
pub fn few_errors(method: &MethodResult) -> Option<String> {
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

/// An equal error rate with its unit and interval.
pub fn rate(eer: &Estimate) -> String {
    with_interval(eer, 1, "\u{a0}%")
}

/// The ends of an interval in words.
pub fn interval_in_words([low, high]: [f64; 2]) -> String {
    format!("95\u{a0}% interval: {} to {}\u{a0}%", fixed(low, 1), fixed(high, 1))
}

/// Names as an English list.
pub fn joined<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

enum Outcome {
    Better,
    Worse,
    Level,
    Unknown,
}

fn outcome(difference: &Estimate) -> Outcome {
    match difference.interval {
        None => Outcome::Unknown,
        Some(_) if !excludes_zero(difference) => Outcome::Level,
        Some(_) if difference.value < 0.0 => Outcome::Better,
        Some(_) => Outcome::Worse,
    }
}

/// The paired difference if the evaluation has one, otherwise the more cautious one of independent estimates.
fn difference(protocol: &ProtocolResult, method: &MethodResult, other: &MethodResult) -> Estimate {
    let paired = protocol.differences.iter().find(|difference| difference.method == other.name);
    paired.map_or_else(|| unpaired(method, other), |difference| difference.eer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_english() {
        assert_eq!(joined::<&str>(&[]), "");
        assert_eq!(joined(&["a"]), "a");
        assert_eq!(joined(&["a", "b"]), "a and b");
        assert_eq!(joined(&["a", "b", "c"]), "a, b and c");
    }
}
