//! Exact intervals of an error rate from a count of errors in a number of trials.
//!
//! They assume independent trials. Trials of one recording are not independent, so the true interval is wider
//! (ISO/IEC 19795-1); [`super::bootstrap`] resamples independent units.

/// The exact interval of a proportion, from Clopper and Pearson (1934).
///
/// At its lower end the probability of `errors` or more is `(1 - confidence) / 2`, at its upper end that of `errors` or
/// fewer. Without trials it is [0, 1]; more errors than trials count as `trials` errors.
#[must_use]
pub fn clopper_pearson(errors: u64, trials: u64, confidence: f64) -> [f64; 2] {
    let errors = errors.min(trials);
    let tail = (1.0 - confidence) / 2.0;
    // At most `errors` errors means at least `trials - errors` successes.
    [lowest_rate(errors, trials, tail), 1.0 - lowest_rate(trials - errors, trials, tail)]
}

/// The upper 95 % bound of an error rate after `trials` trials without an error: 3 / trials, at most 1.
///
/// Hanley and Lippman-Hand (1983).
#[must_use]
pub fn rule_of_three(trials: u64) -> f64 {
    3.0 / trials.max(3) as f64
}

/// The rate at which the probability of `count` or more in `trials` is `tail` (at most one half); 0 for a count of 0.
fn lowest_rate(count: u64, trials: u64, tail: f64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let ln_ways = ln_factorial(trials) - ln_factorial(count) - ln_factorial(trials - count);
    // Bisection ends when there is no float between the ends.
    let (mut low, mut high) = (0.0, count as f64 / trials as f64);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if upper_tail(count, trials, ln_ways, middle) < tail { low = middle } else { high = middle }
    }
}

/// The binomial probability of `count` or more among `trials`, at a `rate` below `count / trials`.
///
/// At such rates the terms decrease from the first on; they are summed until they are negligible.
fn upper_tail(count: u64, trials: u64, ln_ways: f64, rate: f64) -> f64 {
    let (k, n) = (count as f64, trials as f64);
    let odds = rate / (1.0 - rate);
    let first = (ln_ways + k * rate.ln() + (n - k) * (-rate).ln_1p()).exp();
    let (mut sum, mut term, mut k) = (1.0, 1.0, k);
    while k < n && term > 1e-17 * sum {
        term *= (n - k) / (k + 1.0) * odds;
        sum += term;
        k += 1.0;
    }
    first * sum
}

/// ln n!: the sum up to 32, Stirling's series above it (DLMF 5.11.1), whose fourth term is then below 1e-14.
fn ln_factorial(n: u64) -> f64 {
    if n <= 32 {
        return (2..=n).map(|factor| (factor as f64).ln()).sum();
    }
    let n = n as f64;
    let correction = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (core::f64::consts::TAU * n).ln() + correction
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::reference;
    use super::*;

    #[test]
    fn agrees_with_published_intervals() {
        // Clopper and Pearson's charts and their tables since: 0/30, 5/50, 50/100.
        for (errors, trials, low, high) in
            [(0, 30, 0.0, 0.1157), (5, 50, 0.0333, 0.2181), (50, 100, 0.3983, 0.6017), (30, 30, 0.8843, 1.0)]
        {
            let found = clopper_pearson(errors, trials, 0.95);
            assert!((found[0] - low).abs() < 5e-5 && (found[1] - high).abs() < 5e-5, "{errors}/{trials}: {found:?}");
        }
    }

    #[test]
    fn agrees_with_scipy() {
        let cases = reference().clopper_pearson;
        assert!(!cases.is_empty());
        for case in cases {
            let found = clopper_pearson(case.errors, case.trials, case.confidence);
            for (found, expected) in found.into_iter().zip(case.interval) {
                let tolerance = 1e-9 * expected.max(1e-300) + 1e-15;
                assert!((found - expected).abs() < tolerance, "{}/{}: {found} {expected}", case.errors, case.trials);
            }
        }
    }

    #[test]
    fn three_over_trials_bounds_a_rate_without_an_observed_error() {
        assert_eq!((rule_of_three(0), rule_of_three(2), rule_of_three(60)), (1.0, 1.0, 0.05));
        // The exact one-sided bound is 1 - 0.05^(1/n); the rule is slightly larger.
        for trials in [30_u64, 300, 3000] {
            let exact = clopper_pearson(0, trials, 0.9)[1];
            assert!(rule_of_three(trials) > exact && rule_of_three(trials) < 1.06 * exact);
        }
    }

    proptest! {
        #[test]
        fn the_interval_contains_the_rate_and_narrows_with_less_confidence(trials in 1_u64..100_000, share in 0.0..=1.0_f64) {
            let errors = (share * trials as f64).round() as u64;
            let rate = errors as f64 / trials as f64;
            let [low, high] = clopper_pearson(errors, trials, 0.95);
            prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
            let [inner_low, inner_high] = clopper_pearson(errors, trials, 0.5);
            prop_assert!(low <= inner_low && inner_high <= high);
            let mirrored = clopper_pearson(trials - errors, trials, 0.95);
            prop_assert!((1.0 - mirrored[1] - low).abs() < 1e-12);
        }
    }
}
