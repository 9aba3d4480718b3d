//! Numbers formatted for the page.

use maud::{Markup, html};

use crate::results::Estimate;

/// `value` with this many decimals and a typographic minus sign; a dash if it is not finite.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// A rate from 0 to 1 in percent, with enough decimals to differ from zero.
pub fn percent(rate: f64) -> String {
    let decimals = if rate > 0.0 && rate < 0.001 { 2 } else { 1 };
    format!("{}\u{a0}%", fixed(100.0 * rate, decimals))
}

/// A false match rate of an operating point: 10 %, 0.01 %.
pub fn level(rate: f64) -> String {
    let text = format!("{:.6}", 100.0 * rate);
    format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The figure and its interval in one line of text.
pub fn with_interval(estimate: &Estimate, decimals: usize, unit: &str) -> String {
    let value = fixed(estimate.value, decimals);
    match estimate.interval {
        Some(ends) => format!("{value}{unit} {}", interval(ends, decimals)),
        None => format!("{value}{unit}"),
    }
}

/// The ends of an interval.
pub fn interval([low, high]: [f64; 2], decimals: usize) -> String {
    format!("[{}, {}]", fixed(low, decimals), fixed(high, decimals))
}

/// A table cell: the figure, and its interval in smaller type below.
pub fn estimate_cell(estimate: &Estimate, decimals: usize) -> Markup {
    html! {
        td { (fixed(estimate.value, decimals)) @if let Some(ends) = estimate.interval { (interval_below(ends, decimals)) } }
    }
}

/// A table cell: a rate in percent, and its interval below.
pub fn rate_cell(rate: f64, [low, high]: [f64; 2]) -> Markup {
    html! { td { (fixed(100.0 * rate, 1)) (interval_below([100.0 * low, 100.0 * high], 1)) } }
}

fn interval_below(ends: [f64; 2], decimals: usize) -> Markup {
    html! { " " span class="interval" { (interval(ends, decimals)) } }
}

/// A count with thin spaces between thousands.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_with_their_units_and_signs() {
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-1.25, 1), "−1.2");
        assert_eq!(fixed(f64::NAN, 2), "–");
        assert_eq!(fixed(f64::INFINITY, 2), "–");
        assert_eq!(count(20_484), "20\u{202f}484");
        assert_eq!(count(159), "159");
        assert_eq!(level(0.0001), "0.01\u{a0}%");
        assert_eq!(level(0.1), "10\u{a0}%");
        assert_eq!(percent(0.0004), "0.04\u{a0}%");
    }
}
