//! Two or more evaluations side by side, and which differences between them are significant.

mod difference;
mod settings;

use serde::Serialize;

use crate::results::{Estimate, MethodResult, ProtocolResult, Results};

pub use difference::{difference, excludes_zero, unpaired};

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
    #[serde(rename = "file")]
    pub name: String,
    /// When it began: RFC 3339, UTC.
    pub created: String,
    /// The recipe of what it evaluates.
    pub recipe: String,
    /// The digest of the model, where it evaluates a given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// The recordings it evaluated, in a few words.
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
    #[serde(rename = "eer_percent")]
    pub eer: Estimate,
    /// EER minus that of the first evaluation; none for the first itself.
    pub difference: Option<EerDifference>,
    /// Area under the ROC.
    pub roc_auc: Estimate,
    /// Separation of the score distributions.
    pub d_prime: Estimate,
    /// Genuine trials.
    #[serde(rename = "genuine_trials")]
    pub genuine: usize,
    /// Impostor trials.
    #[serde(rename = "impostor_trials")]
    pub impostor: usize,
}

/// The EER of an evaluation minus that of the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EerDifference {
    /// In percentage points; significant if the interval excludes 0.
    #[serde(rename = "eer_percent")]
    pub eer: Estimate,
    /// Whether both are of the same trials, and were resampled together.
    pub paired: bool,
}

/// Why evaluations cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// No combination of protocol and method is in every file.
    #[error("no method under the same protocol is in every file: {found}")]
    NothingInCommon {
        /// The protocols and methods of each file.
        found: String,
    },
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
            let same: Option<Vec<Found<'_>>> =
                evaluations.iter().map(|(_, results)| Found::new(results, &protocol.name, &method.name)).collect();
            let Some(same) = same else { continue };
            rows.push(ComparedMethod {
                protocol: protocol.name.clone(),
                leaks: same.iter().find_map(|found| found.protocol.leaks.clone()),
                method: method.name.clone(),
                figures: same.iter().enumerate().map(|(at, found)| found.figures((at > 0).then(|| &same[0]))).collect(),
            });
        }
    }
    if rows.is_empty() {
        let held = evaluations.iter().map(|(name, results)| format!("{name} has {}", contents(results)));
        return Err(CompareError::NothingInCommon { found: held.collect::<Vec<_>>().join("; ") });
    }
    rows.sort_by_key(|row| row.leaks.is_some());
    let files = evaluations.iter().map(|(name, results)| ComparedFile {
        name: name.clone(),
        created: results.created.clone(),
        recipe: results.settings.recipe_name().to_owned(),
        model_digest: results.settings.model.as_ref().map(|model| model.digest.clone()),
        data: results.data.name(),
        data_sha256: results.data.sha256.clone(),
    });
    let files: Vec<ComparedFile> = files.collect();
    let mut notes = notes(&files, &rows);
    notes.extend(settings::differing(evaluations));
    Ok(Comparison { files, rows, notes })
}

/// A method under a protocol, in one evaluation.
struct Found<'r> {
    results: &'r Results,
    protocol: &'r ProtocolResult,
    method: &'r MethodResult,
}

impl<'r> Found<'r> {
    fn new(results: &'r Results, protocol: &str, method: &str) -> Option<Self> {
        let protocol = results.protocols.iter().find(|candidate| candidate.name == protocol)?;
        let method = protocol.methods.iter().find(|candidate| candidate.name == method)?;
        Some(Self { results, protocol, method })
    }

    fn figures(&self, first: Option<&Self>) -> ComparedFigures {
        let Self { method, .. } = self;
        ComparedFigures {
            eer: method.eer,
            difference: first.map(|first| self.less(first)),
            roc_auc: method.roc_auc,
            d_prime: method.d_prime,
            genuine: method.trials()[0],
            impostor: method.trials()[1],
        }
    }

    /// The difference to the first evaluation.
    fn less(&self, first: &Self) -> EerDifference {
        let same_data = self.results.data.sha256 == first.results.data.sha256;
        // Also where not every score is kept, which leaves nothing to pair.
        if same_data && self.method == first.method {
            return EerDifference { eer: Estimate { value: 0.0, interval: Some([0.0, 0.0]) }, paired: true };
        }
        let trials =
            self.protocol.trials.as_ref().filter(|trials| same_data && Some(*trials) == first.protocol.trials.as_ref());
        let settings = &first.results.settings;
        let paired = trials.and_then(|trials| {
            difference::paired(trials, self.method, first.method, settings.seed, settings.replicates)
        });
        EerDifference { eer: paired.unwrap_or_else(|| unpaired(self.method, first.method)), paired: paired.is_some() }
    }
}

fn notes(files: &[ComparedFile], rows: &[ComparedMethod]) -> Vec<String> {
    let differences = || rows.iter().flat_map(|row| row.figures.iter().filter_map(|figures| figures.difference));
    let mut text = "Intervals are 95 %.".to_owned();
    if differences().any(|difference| difference.paired) {
        text += " Differences are paired: both evaluations scored the same trials, and are resampled together.";
    }
    if differences().any(|difference| !difference.paired) {
        text += " Differences marked `not paired` are of other trials, taken as independent: on the same recordings their \
                 intervals are wider than need be.";
    }
    let mut notes = vec![text];
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
