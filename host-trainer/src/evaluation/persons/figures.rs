//! The figures of each method at one probe length, and its curves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::conditions::{Condition, Curve, main_length};
use super::trial_list::trial_list;
use super::trials::Scored;
use crate::dataset::Dataset;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::evaluated::Evaluated;
use crate::evaluation::figures::{check_listed, decisions, difference};
use crate::evaluation::methods::Method;
use crate::evaluation::plan::Plan;
use crate::evaluation::progress::Stage;
use crate::evaluation::protocols::{Fold, Protocol, Split};
use crate::evaluation::sweeps::sweep;
use crate::hex;
use crate::metrics::bootstrap::{Resampling, Units, intervals};
use crate::metrics::classification::{accuracy, confusion_matrix, macro_f1};
use crate::metrics::information::{participation_ratio, relative_entropy_bits};
use crate::metrics::repeated::{decided, distinct, operating_points};
use crate::metrics::roc::eer_convex_hull;
use crate::metrics::trial::genuine_and_impostor;
use crate::metrics::{d_prime, eer, roc_auc};
use crate::results::{Estimate, MethodResult, ProtocolResult, Repeated, Sweep};
use crate::training::{MANY_PERSONS, Note};

/// False match rates of the operating points.
const FMR_LEVELS: [f64; 2] = [1e-2, 1e-3];

/// What all methods scored.
pub(super) struct Figures<'f> {
    pub(super) dataset: &'f Dataset,
    pub(super) protocol: &'f dyn Protocol,
    pub(super) split: &'f Split,
    pub(super) plan: &'f Plan,
    /// Frames a probe.
    pub(super) lengths: &'f [usize],
    pub(super) scored: &'f [(&'static dyn Method, Scored)],
    pub(super) curves: &'f [Curve],
    /// Frames that probe, and how many are outside whole segments of a length.
    pub(super) left_out: &'f dyn Fn(usize) -> (usize, usize),
    /// Counts the methods of each length and each level of a curve.
    pub(super) stage: &'f Stage<'f>,
}

impl Figures<'_> {
    /// The figures of probes of `frames` frames; with the curves, if this is the length at which conditions are varied.
    pub(super) fn at(&self, frames: usize) -> Result<Evaluated, EvaluationError> {
        let Self { dataset, split, plan, scored, .. } = *self;
        let condition = Condition::plain(frames);
        let list = trial_list(dataset, split, frames);
        scored.iter().try_for_each(|(_, scored)| check_listed(&list, &scored.trials[&condition]))?;
        let methods = scored.iter().map(|(method, scored)| self.method(*method, scored, frames));
        let methods = methods.collect::<Result<Vec<_>, _>>()?;
        let tested = scored.iter().find(|(method, _)| method.is_under_test());
        let trials = tested.map(|(_, scored)| scored.trials[&condition].as_slice()).unwrap_or_default();
        let others = scored.iter().filter(|(method, _)| !method.is_under_test() && !trials.is_empty());
        let differences =
            others.map(|(method, scored)| difference(*method, trials, &scored.trials[&condition], self.resampling()));
        let (genuine, impostor) = genuine_and_impostor(trials);
        let codes = tested.and_then(|(_, scored)| scored.codes.get(&frames));
        let probes = scored.first().map_or(0, |(_, scored)| distinct(&scored.trials[&condition]).probes);
        // Of one split, since all have as many persons.
        let rows = |of: fn(&Fold) -> usize| split.folds.first().map_or(0, of);
        let others = plan.background.as_ref().map_or(0, |background| background.rows.len());
        let result = ProtocolResult {
            name: format!("{} ({frames} frames)", self.protocol.name()),
            window: frames,
            description: split.description.clone(),
            leaks: split.leaks.clone(),
            training_rows: rows(|fold| fold.training.len()) + others,
            enrolment_rows: rows(|fold| fold.enrolment.len()),
            probes,
            model_digests: tested
                .map_or(Vec::new(), |(_, scored)| scored.digests.iter().map(|d| hex::encode(d)).collect()),
            differences: differences.collect::<Result<_, _>>()?,
            trials: Some(list),
            methods,
            sweeps: if frames == main_length(self.lengths) { self.sweeps()? } else { Vec::new() },
            confusion: confusion_matrix(&decisions(trials), dataset.labels.len()),
            labels: dataset.labels.clone(),
            map: Vec::new(),
            effective_dimension: codes.map_or(0.0, |codes| participation_ratio(&codes.iter().collect::<Vec<_>>())),
            relative_entropy_bits: match genuine.is_empty() {
                true => 0.0,
                false => relative_entropy_bits(&genuine, &impostor)?,
            },
        };
        let notes = self.notes(&result.name, frames);
        Ok(Evaluated { result, prototypes: BTreeMap::new(), notes })
    }

    fn method(&self, method: &dyn Method, scored: &Scored, frames: usize) -> Result<MethodResult, EvaluationError> {
        let trials = &scored.trials[&Condition::plain(frames)];
        let resampling = self.resampling();
        let (genuine, impostor) = genuine_and_impostor(trials);
        let intervals = intervals(trials, resampling)?;
        let confusion = confusion_matrix(&decisions(trials), self.dataset.labels.len());
        let transfer = scored.decisions.get(&frames);
        let transfer = transfer.map(|(decisions, threshold)| decided(decisions, *threshold, resampling));
        let distinct = distinct(trials);
        self.stage.advance()?;
        Ok(MethodResult {
            name: method.name().to_owned(),
            eer: Estimate { value: eer(&genuine, &impostor)?.percent, interval: intervals.eer },
            eer_convex_hull: eer_convex_hull(&genuine, &impostor)?,
            d_prime: Estimate { value: d_prime(&genuine, &impostor)?, interval: intervals.d_prime },
            roc_auc: Estimate { value: roc_auc(&genuine, &impostor)?, interval: intervals.roc_auc },
            fnmr_at_fmr: operating_points(trials, &FMR_LEVELS, resampling)?,
            transfer: transfer.transpose()?,
            over_seeds: None,
            shortened: None,
            repeated: Some(Repeated {
                genuine: genuine.len(),
                impostor: impostor.len(),
                distinct_genuine: distinct.probes,
                distinct_impostor: distinct.impostors,
            }),
            accuracy: accuracy(&confusion).unwrap_or(0.0),
            macro_f1: macro_f1(&confusion).unwrap_or(0.0),
            genuine,
            impostor,
        })
    }

    fn sweeps(&self) -> Result<Vec<Sweep>, EvaluationError> {
        let methods: Vec<&'static dyn Method> = self.scored.iter().map(|(method, _)| *method).collect();
        let resampling = Resampling { replicates: self.plan.replicates / 5, ..self.resampling() };
        let curves = self.curves.iter().map(|curve| {
            let at = |method: usize, level: usize| {
                self.stage.advance()?;
                Ok(Cow::Borrowed(self.scored[method].1.trials[&curve.conditions[level]].as_slice()))
            };
            sweep(curve.name, curve.axis, &curve.levels, &methods, resampling, &at)
        });
        curves.collect()
    }

    fn resampling(&self) -> Resampling {
        self.plan.resampling(Units::LabelsThenSessions)
    }

    /// Notes on what this length leaves out, and at the first length on a small background.
    fn notes(&self, name: &str, frames: usize) -> Vec<String> {
        let persons = self.background_persons();
        let is_known = persons > 0;
        let is_small = is_known && self.lengths.first() == Some(&frames) && persons < MANY_PERSONS;
        let mut notes: Vec<String> = is_small.then(|| Note::FewPersons { persons }.to_string()).into_iter().collect();
        let (all, left_out) = (self.left_out)(frames);
        if left_out > 0 {
            notes
                .push(format!("{name}: {left_out} of {all} frames that probe are outside whole segments and left out"));
        }
        // Beside a given model nothing has a background to measure impostors on but the model.
        let fixes = |method: &dyn Method| self.plan.model.is_none() || !method.is_simple();
        let has_none = |scored: &Scored| !scored.decisions.contains_key(&frames);
        if self.scored.iter().any(|(method, scored)| fixes(*method) && has_none(scored)) {
            notes.push(format!(
                "{name}: no threshold is fixed, since the last fifth of an enrolment is shorter than a probe"
            ));
        }
        notes
    }

    /// Persons in the background of each split.
    fn background_persons(&self) -> usize {
        let training = self.split.folds.first().map(|fold| fold.training.as_slice()).unwrap_or_default();
        let own: BTreeSet<u32> = training.iter().map(|&row| self.dataset.rows[row].label).collect();
        match &self.plan.sessions.trained {
            Some(trained) => trained.labels.len(),
            None => own.len() + self.plan.sessions.persons.background,
        }
    }
}
