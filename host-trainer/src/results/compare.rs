//! Two or more evaluations side by side, and which differences between them are significant.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Estimate, MethodResult, Results, SCHEMA};

/// Several evaluations, and the figures of the methods that all of them have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The evaluations in the given order; differences are relative to the first.
    pub files: Vec<ComparedFile>,
    /// One entry for each protocol and method that every evaluation has: leaking protocols last, else in the first
    /// one's order.
    pub rows: Vec<ComparedMethod>,
    /// Notes on how comparable the evaluations are.
    pub notes: Vec<String>,
}

/// One of the evaluations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedFile {
    /// The name given to it.
    pub name: String,
    /// The recordings it evaluated.
    pub data: String,
    /// Their digest.
    pub data_sha256: String,
}

/// One method under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedMethod {
    /// The protocol.
    pub protocol: String,
    /// Why the protocol leaks, if it does in any of the evaluations.
    pub leaks: Option<String>,
    /// The method.
    pub method: String,
    /// One entry for each evaluation.
    pub figures: Vec<ComparedFigures>,
}

/// One evaluation's figures of a method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedFigures {
    /// Equal error rate in percent.
    pub eer: Estimate,
    /// EER minus that of the first evaluation, in percentage points; none for the first itself.
    pub eer_difference: Option<Estimate>,
    /// Area under the ROC.
    pub roc_auc: Estimate,
    /// Separation of the score distributions.
    pub d_prime: Estimate,
    /// Genuine trials.
    pub genuine: usize,
    /// Impostor trials.
    pub impostor: usize,
}

/// Why files cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file is not JSON, or does not match its schema.
    #[error("{path}: {reason}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column if the parser reports them.
        reason: String,
    },
    /// A file has a schema that this version does not read.
    #[error("{path} has the schema {found:?}, and this version compares {SCHEMA:?}; evaluate again with one version",
            path = path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: String,
    },
    /// No combination of protocol and method is in every file.
    #[error("no method under the same protocol is in every file: {found}")]
    NothingInCommon {
        /// The protocols and methods of each file.
        found: String,
    },
}

/// Reads an evaluation.
///
/// # Errors
/// [`CompareError::Read`], [`CompareError::Content`], [`CompareError::Schema`].
pub fn read(path: &Path) -> Result<Results, CompareError> {
    let content = |reason: String| CompareError::Content { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|source| CompareError::Read { path: path.to_owned(), source })?;
    let document: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| content(format!("not JSON: {error}")))?;
    match document.get("schema").and_then(serde_json::Value::as_str) {
        Some(SCHEMA) => {}
        Some(found) => return Err(CompareError::Schema { path: path.to_owned(), found: found.to_owned() }),
        None => return Err(content("JSON without a `schema`".to_owned())),
    }
    serde_json::from_value(document).map_err(|error| content(format!("not a whole evaluation: {error}")))
}

/// Compares evaluations, each given with its name.
///
/// # Errors
/// [`CompareError::NothingInCommon`].
pub fn compare(evaluations: &[(String, Results)]) -> Result<Comparison, CompareError> {
    let mut rows = Vec::new();
    let first = evaluations.first().map_or(&[][..], |(_, results)| &results.protocols);
    for protocol in first {
        for method in &protocol.methods {
            let same: Option<Vec<_>> =
                evaluations.iter().map(|(_, results)| find(results, &protocol.name, &method.name)).collect();
            let Some(same) = same else { continue };
            rows.push(ComparedMethod {
                protocol: protocol.name.clone(),
                leaks: same.iter().find_map(|(leaks, _)| (*leaks).clone()),
                method: method.name.clone(),
                figures: same.iter().map(|(_, found)| figures(found, method)).collect(),
            });
        }
    }
    if rows.is_empty() {
        let held = evaluations.iter().map(|(name, results)| format!("{name} has {}", contents(results)));
        return Err(CompareError::NothingInCommon { found: held.collect::<Vec<_>>().join("; ") });
    }
    rows.sort_by_key(|row| row.leaks.is_some());
    for row in &mut rows {
        if let Some(first) = row.figures.first_mut() {
            first.eer_difference = None;
        }
    }
    let files = evaluations.iter().map(|(name, results)| ComparedFile {
        name: name.clone(),
        data: results.data.file.clone(),
        data_sha256: results.data.sha256.clone(),
    });
    let files: Vec<ComparedFile> = files.collect();
    let notes = notes(&files);
    Ok(Comparison { files, rows, notes })
}

/// The EER of `a` minus that of `b`, in percentage points.
///
/// For trials without an error the bootstrap interval has no width, so one lucky run would make any difference
/// significant; its upper end is therefore taken from the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983).
#[must_use]
pub fn eer_difference(a: &MethodResult, b: &MethodResult) -> Estimate {
    let cautious = |method: &MethodResult| {
        let [genuine, impostor] = method.distinct_trials();
        let trials = genuine.min(impostor);
        let interval = method.eer.interval.map(|[low, high]| match method.eer.value {
            0.0 => [low, high.max((300.0 / trials as f64).min(100.0))],
            _ => [low, high],
        });
        Estimate { interval, ..method.eer }
    };
    difference(&cautious(a), &cautious(b))
}

/// `a` minus `b`, with a 95 % interval from the two intervals by the method of variance estimates recovery.
///
/// Zou and Donner, Statistics in Medicine 27 (2008), for independent estimates. Figures from the same recordings are
/// correlated, which makes the interval too wide, not too narrow. No interval if either figure has none.
#[must_use]
pub fn difference(a: &Estimate, b: &Estimate) -> Estimate {
    let value = a.value - b.value;
    let interval = a.interval.zip(b.interval).map(|(first, second)| {
        // A percentile interval need not contain its figure; that side then adds nothing.
        let below = (a.value - first[0]).max(0.0).hypot((second[1] - b.value).max(0.0));
        let above = (first[1] - a.value).max(0.0).hypot((b.value - second[0]).max(0.0));
        [value - below, value + above]
    });
    Estimate { value, interval }
}

/// Whether the interval of a difference excludes zero, which makes the difference significant.
#[must_use]
pub fn excludes_zero(difference: &Estimate) -> bool {
    difference.interval.is_some_and(|[low, high]| low > 0.0 || high < 0.0)
}

fn find<'a>(results: &'a Results, protocol: &str, method: &str) -> Option<(&'a Option<String>, &'a MethodResult)> {
    let protocol = results.protocols.iter().find(|candidate| candidate.name == protocol)?;
    let method = protocol.methods.iter().find(|candidate| candidate.name == method)?;
    Some((&protocol.leaks, method))
}

fn figures(method: &MethodResult, first: &MethodResult) -> ComparedFigures {
    ComparedFigures {
        eer: method.eer,
        eer_difference: Some(eer_difference(method, first)),
        roc_auc: method.roc_auc,
        d_prime: method.d_prime,
        genuine: method.trials()[0],
        impostor: method.trials()[1],
    }
}

fn notes(files: &[ComparedFile]) -> Vec<String> {
    let mut notes = vec![
        "Intervals are 95 %. A difference's interval takes the files as independent: on the same recordings it is wider \
         than need be, so what it carries stands and what it does not carry is left open."
            .to_owned(),
    ];
    if files.windows(2).any(|pair| pair[0].data_sha256 != pair[1].data_sha256) {
        let named: Vec<String> = files
            .iter()
            .map(|f| format!("{} ({} {})", f.name, f.data, f.data_sha256.get(..12).unwrap_or(&f.data_sha256)))
            .collect();
        notes.push(format!(
            "The files evaluate different recordings: {}. A difference is then between recordings as much as between \
             methods.",
            named.join(", ")
        ));
    }
    notes
}

fn contents(results: &Results) -> String {
    let protocols = results.protocols.iter().map(|protocol| {
        let methods: Vec<&str> = protocol.methods.iter().map(|method| method.name.as_str()).collect();
        format!("{} ({})", protocol.name, methods.join(", "))
    });
    let list = protocols.collect::<Vec<_>>().join(", ");
    if list.is_empty() { "no protocol".to_owned() } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value, interval: Some([low, high]) }
    }

    #[test]
    fn a_difference_recovers_the_variance_of_both_sides() {
        let found = difference(&estimate(10.0, 7.0, 14.0), &estimate(6.0, 3.0, 10.0));
        assert_eq!(found, estimate(4.0, -1.0, 9.0));
        assert!(!excludes_zero(&found));
        assert!(excludes_zero(&difference(&estimate(20.0, 17.0, 24.0), &estimate(6.0, 3.0, 10.0))));
    }

    #[test]
    fn without_an_interval_no_difference_is_significant() {
        let bare = Estimate { value: 50.0, interval: None };
        let found = difference(&bare, &estimate(1.0, 0.5, 2.0));
        assert_eq!(found.value, 49.0);
        assert!(found.interval.is_none() && !excludes_zero(&found));
    }

    #[test]
    fn an_eer_of_zero_in_few_trials_does_not_make_a_small_difference_significant() {
        let method = |eer: Estimate| MethodResult {
            name: String::new(),
            eer,
            eer_convex_hull: eer.value,
            d_prime: eer,
            roc_auc: eer,
            fnmr_at_fmr: Vec::new(),
            transfer: None,
            over_seeds: None,
            repeated: None,
            accuracy: 1.0,
            macro_f1: 1.0,
            genuine: vec![0.0; 30],
            impostor: vec![0.0; 90],
        };
        let zero = method(estimate(0.0, 0.0, 0.0));
        let found = eer_difference(&method(estimate(4.0, 3.0, 5.0)), &zero);
        assert!(!excludes_zero(&found), "{found:?}");
        assert!(excludes_zero(&eer_difference(&method(estimate(48.0, 44.0, 52.0)), &zero)));
    }

    #[test]
    fn an_interval_that_does_not_contain_its_figure_does_not_invert_the_difference() {
        let found = difference(&estimate(1.0, 2.0, 3.0), &estimate(5.0, 5.0, 5.0));
        assert_eq!(found.interval, Some([-4.0, -2.0]));
    }
}
