//! The figures of an evaluation as text.

use super::methods;
use crate::results::{Estimate, MethodResult, OperatingPoint, ProtocolResult};

/// The figures of a protocol, one line a method and more of persons.
#[must_use]
pub fn table(protocol: &ProtocolResult) -> String {
    let mut text = format!("{}: {}", protocol.name, protocol.description);
    if let Some(leaks) = &protocol.leaks {
        text += &format!(" (LEAKS: {leaks})");
    }
    let repeated = protocol.methods.iter().any(|method| method.repeated.is_some());
    let accuracy = if repeated { "rank-1" } else { "accuracy" };
    let width = protocol.methods.iter().map(|method| method.name.len()).max().unwrap_or(0).max(17);
    text += &format!("\n  {}", measured_on(protocol));
    text +=
        &format!("\n  {:width$} {:>22} {:>18} {:>7} {:>9}\n", "method", "EER % [95 %]", "d' [95 %]", "AUC", accuracy);
    for method in &protocol.methods {
        text += &format!(
            "  {:width$} {:>22} {:>18} {:>7.4} {:>8.1} %\n",
            method.name,
            estimate(&method.eer, 1),
            estimate(&method.d_prime, 2),
            method.roc_auc.value,
            method.accuracy * 100.0
        );
        if let Some(seeds) = &method.over_seeds {
            let each: Vec<String> = seeds.each.iter().map(|eer| format!("{eer:.1}")).collect();
            let mean = format!("mean over {} seeds", each.len());
            text += &format!("    {mean:>18} {:>19}  ({})\n", estimate(&seeds.eer, 1), each.join(", "));
        }
        if method.repeated.is_some() {
            text += &rates(method);
        }
    }
    let tested = protocol.methods.iter().find(|method| methods::find(&method.name).is_some_and(|m| m.is_under_test()));
    let tested = tested.map_or("", |method| &method.name);
    for difference in &protocol.differences {
        let doubt = match difference.eer.interval {
            Some([low, high]) if low > 0.0 || high < 0.0 => "",
            _ => " (not statistically distinguishable)",
        };
        let against = format!("{tested} less {}", difference.method);
        text += &format!("  {against:35} {:>22} points{doubt}\n", estimate(&difference.eer, 1));
    }
    text
}

/// What the rates below were measured on.
fn measured_on(protocol: &ProtocolResult) -> String {
    let name = protocol.name.split(" (").next().unwrap_or_default();
    let (frames, plural) = (protocol.window, if protocol.window == 1 { "" } else { "s" });
    let [genuine, impostor] = protocol.methods.first().map(MethodResult::trials).unwrap_or_default();
    let repeated = protocol.methods.iter().find_map(|method| method.repeated);
    let repeated = repeated.filter(|repeated| repeated.distinct_impostor < impostor);
    let distinct = repeated.map_or(String::new(), |repeated| {
        format!(", of which {} and {} are distinct", repeated.distinct_genuine, repeated.distinct_impostor)
    });
    format!(
        "protocol {name}, probes of {frames} frame{plural}, {genuine} genuine and {impostor} impostor trials{distinct}"
    )
}

/// The error rates at thresholds, of a method that was scored on persons.
fn rates(method: &MethodResult) -> String {
    let percent =
        |rate: f64, [low, high]: [f64; 2]| format!("{:.1} % [{:.1}, {:.1}]", 100.0 * rate, 100.0 * low, 100.0 * high);
    let at = |point: &OperatingPoint| format!("{} at FMR {} %", percent(point.fnmr, point.interval), 100.0 * point.fmr);
    let mut parts: Vec<String> = method.fnmr_at_fmr.iter().map(|point| format!("FNMR {}", at(point))).collect();
    parts.extend(method.transfer.map(|fixed| {
        let (fmr, fnmr) = (percent(fixed.fmr, fixed.fmr_interval), percent(fixed.fnmr, fixed.fnmr_interval));
        format!("threshold fixed at enrolment: FMR {fmr}, FNMR {fnmr}")
    }));
    parts.iter().map(|part| format!("    {part}\n")).collect()
}

fn estimate(estimate: &Estimate, digits: usize) -> String {
    match estimate.interval {
        Some([low, high]) => format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", estimate.value),
        None => format!("{:.digits$}", estimate.value),
    }
}
