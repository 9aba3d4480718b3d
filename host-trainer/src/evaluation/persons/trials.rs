//! The trials of a method: fitted to the background of each split, scored on its evaluated persons.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::conditions::{Condition, distinct};
use super::describe::EvaluatedPerson;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::methods::{Background, BackgroundPerson, Described, Gallery, Rows, ScanMethod, ScanScorer};
use crate::evaluation::progress::Stage;
use crate::metrics::trial::Trial;
use crate::model::Model;

/// Most segments of a background person that are scored against another, to find what impostors score.
const MOST_SEGMENTS: usize = 20;

/// One way to divide the persons.
pub(super) struct PersonSplit {
    /// Indices of the evaluated persons.
    pub(super) evaluated: Vec<usize>,
    /// Indices of the background persons among the evaluated recordings.
    pub(super) background: Vec<usize>,
}

/// The scans of all persons, as one method describes them.
pub(super) struct Material<'m> {
    pub(super) features: usize,
    /// A given model, which takes the place of fits.
    pub(super) model: Option<&'m Model>,
    /// The persons of the evaluated recordings in both roles, in the same order.
    pub(super) evaluated: Vec<EvaluatedPerson>,
    pub(super) background: Vec<BackgroundPerson>,
    /// Persons of other recordings.
    pub(super) others: Vec<BackgroundPerson>,
    pub(super) seed: u64,
}

/// What a method scored, pooled over the splits.
#[derive(Default)]
pub(super) struct Scored {
    /// Trials of each condition.
    pub(super) trials: BTreeMap<Condition, Vec<Trial>>,
    /// For each length with a threshold: the trials less the threshold of the enrolled person, and the mean threshold.
    pub(super) decisions: BTreeMap<usize, (Vec<Trial>, f64)>,
    /// Codes of the first split's probes, by length.
    pub(super) codes: BTreeMap<usize, Rows>,
    /// Digests of the models, one a split, if the method has models.
    pub(super) digests: Vec<[u8; 32]>,
}

/// Scores all splits under all conditions; at each of `lengths` also by thresholds fixed beforehand.
pub(super) fn score(
    method: &dyn ScanMethod,
    material: &Material<'_>,
    splits: &[PersonSplit],
    conditions: &BTreeSet<Condition>,
    lengths: &[usize],
    stage: &Stage<'_>,
) -> Result<Scored, EvaluationError> {
    let parts = splits.par_iter().enumerate().map(|(number, split)| {
        let background = split.background.iter().map(|&person| &material.background[person]);
        let background = Background {
            features: material.features,
            model: material.model,
            persons: background.chain(&material.others).collect(),
            seed: material.seed,
        };
        let scorer = method.fit(&background)?;
        let persons = split.evaluated.iter().map(|&person| &material.evaluated[person]).collect();
        let fitted = Fitted { method, scorer: &*scorer, background: &background, persons };
        let scored = fitted.score(conditions, lengths, number == 0)?;
        stage.advance()?;
        Ok(scored)
    });
    let parts = parts.collect::<Result<Vec<_>, EvaluationError>>()?;
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.digests.extend(part.digests);
        for (condition, trials) in part.trials {
            all.trials.entry(condition).or_default().extend(trials);
        }
        for (length, (trials, threshold)) in part.decisions {
            if let Some((list, sum)) = all.decisions.get_mut(&length) {
                list.extend(trials);
                *sum += threshold;
            }
        }
    }
    all.decisions.values_mut().for_each(|(_, sum)| *sum /= splits.len() as f64);
    Ok(all)
}

/// A method fitted to the background of one split, and the persons that it scores.
struct Fitted<'f> {
    method: &'f dyn ScanMethod,
    scorer: &'f dyn ScanScorer,
    background: &'f Background<'f>,
    persons: Vec<&'f EvaluatedPerson>,
}

impl Fitted<'_> {
    fn score(
        &self,
        conditions: &BTreeSet<Condition>,
        lengths: &[usize],
        keep_codes: bool,
    ) -> Result<Scored, EvaluationError> {
        let mut scored = Scored { digests: self.scorer.digest().into_iter().collect(), ..Scored::default() };
        let galleries = distinct(conditions, |condition| condition.enrolled).into_iter();
        let galleries = galleries.map(|count| Ok((count, self.gallery(|person| &person.enrolments[&count])?)));
        let galleries = galleries.collect::<Result<BTreeMap<usize, Box<dyn Gallery>>, EvaluationError>>()?;
        let probes = distinct(conditions, |condition| (condition.frames, condition.noise)).into_iter();
        let probes = probes.map(|kind| {
            let codes = self.persons.iter().map(|person| self.codes(&person.probes[&kind]));
            Ok((kind, codes.collect::<Result<Vec<Rows>, EvaluationError>>()?))
        });
        let probes = probes.collect::<Result<BTreeMap<_, _>, EvaluationError>>()?;
        for &condition in conditions {
            let Condition { frames, noise, enrolled } = condition;
            let trials = self.trials(&*galleries[&enrolled], &probes[&(frames, noise)]);
            if lengths.contains(&frames) && condition == Condition::plain(frames) {
                if let Some(thresholds) = self.thresholds(frames)? {
                    let decided =
                        |trial: &Trial| Trial { score: trial.score - thresholds[&trial.enrolled_label], ..*trial };
                    let mean = thresholds.values().sum::<f64>() / thresholds.len() as f64;
                    scored.decisions.insert(frames, (trials.iter().map(decided).collect(), mean));
                }
                if keep_codes {
                    let all = probes[&(frames, noise)].iter().flat_map(|rows| rows.values().iter().copied()).collect();
                    scored.codes.insert(frames, Rows::new(all, probes[&(frames, noise)][0].width()));
                }
            }
            scored.trials.insert(condition, trials);
        }
        Ok(scored)
    }

    fn gallery<'p>(
        &'p self,
        scan: impl Fn(&'p EvaluatedPerson) -> &'p Described,
    ) -> Result<Box<dyn Gallery>, EvaluationError> {
        let scans: Vec<&Described> = self.persons.iter().map(|person| scan(person)).collect();
        Ok(self.scorer.enrol(&scans, &self.scorer.code(&scans)?))
    }

    fn codes(&self, scans: &[Described]) -> Result<Rows, EvaluationError> {
        self.scorer.code(&scans.iter().collect::<Vec<_>>())
    }

    /// Every probe of every person against every enrolled person; segments are numbered as sessions.
    fn trials(&self, gallery: &dyn Gallery, probes: &[Rows]) -> Vec<Trial> {
        let mut trials = Vec::new();
        for (person, codes) in self.persons.iter().zip(probes) {
            for segment in 0..codes.iter().len() {
                let scores = gallery.scores(codes, &[segment]).into_iter();
                trials.extend(scores.map(|(enrolled, score)| Trial {
                    probe_label: person.label,
                    probe_session: segment as u32,
                    enrolled_label: self.persons[enrolled as usize].label,
                    score,
                }));
            }
        }
        trials
    }

    /// Each person's threshold at this length, by label, from the background and the person's own enrolment alone.
    ///
    /// Midway between the mean score of impostors and that of own segments, where the last fifth of the enrolment's frames
    /// probes and the first four fifths are enrolled. `None` if that fifth is too short for some person.
    fn thresholds(&self, frames: usize) -> Result<Option<BTreeMap<u32, f64>>, EvaluationError> {
        let impostor = match self.scorer.impostor_score(frames) {
            Some(score) => Some(score),
            None => self.measured_impostor_score(frames)?,
        };
        let Some(impostor) = impostor else { return Ok(None) };
        let early = self.gallery(|person| &person.early)?;
        let mut thresholds = BTreeMap::new();
        for (place, person) in self.persons.iter().enumerate() {
            let codes = self.codes(&person.late[&frames])?;
            let own = |segment| {
                early.scores(&codes, &[segment]).into_iter().find(|(enrolled, _)| *enrolled as usize == place)
            };
            let own: Vec<f64> = (0..codes.iter().len()).filter_map(own).map(|(_, score)| score).collect();
            if own.is_empty() {
                return Ok(None);
            }
            let own = own.iter().sum::<f64>() / own.len() as f64;
            thresholds.insert(person.label, (impostor + own) / 2.0);
        }
        Ok(Some(thresholds))
    }

    /// The mean score of each background person's segments against one other, by a fit to all but these two: scores of
    /// those that a method is fitted to are lower than those of others. `None` without two persons and a segment.
    fn measured_impostor_score(&self, frames: usize) -> Result<Option<f64>, EvaluationError> {
        let persons = &self.background.persons;
        let joined: Vec<&Described> = persons.iter().map(|person| &person.joined).collect();
        let mut scores = Vec::new();
        for (probing, person) in persons.iter().enumerate().filter(|_| persons.len() > 2) {
            let enrolled = (probing + 1) % persons.len();
            let apart = persons.iter().enumerate().filter(|(place, _)| ![probing, enrolled].contains(place));
            let background =
                Background { persons: apart.map(|(_, person)| *person).collect(), ..self.background.clone() };
            let scorer = self.method.fit(&background)?;
            let gallery = scorer.enrol(&joined, &scorer.code(&joined)?);
            let segments = person.segments.get(&frames).map(Vec::as_slice).unwrap_or_default();
            let step = segments.len().div_ceil(MOST_SEGMENTS).max(1);
            let codes = scorer.code(&segments.iter().step_by(step).collect::<Vec<_>>())?;
            for segment in 0..codes.iter().len() {
                let found =
                    gallery.scores(&codes, &[segment]).into_iter().find(|(other, _)| *other as usize == enrolled);
                scores.extend(found.map(|(_, score)| score));
            }
        }
        Ok((!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
