//! Evaluating persons: methods fitted to background persons, and scored on others by scans of any length.
//!
//! Windows of one length, their mean frames and an encoder trained for each fold are what the other protocols need. Here a
//! method sees all frames of a probe, and of an enrolment, at once, and a split has its own background. What a method
//! takes from a scan without knowing the background is computed once for all splits.

mod conditions;
mod describe;
mod figures;
mod recordings;
mod trial_list;
mod trials;

use std::collections::{BTreeMap, BTreeSet};

use super::error::EvaluationError;
use super::evaluated::Evaluated;
use super::methods::{MeanFrame, Method};
use super::persons_error::PersonsError;
use super::plan::Plan;
use super::progress::{Progress, Stage, Watch};
use super::protocols::{Protocol, Split};
use crate::dataset::Dataset;
use crate::embedding::check_width;
use conditions::{Condition, LENGTHS, curves, distinct};
use describe::Describer;
use figures::Figures;
use recordings::{Person, Persons, averaged, check_copies};
use trials::{Material, PersonSplit, Scored, score};

/// Runs a protocol that scores scans, at every probe length of the plan.
///
/// # Errors
/// When the background and the evaluated recordings do not fit together, a probe is longer than the sessions, a scan
/// cannot be compared, or scores are not numbers.
pub(super) fn evaluate(
    dataset: &Dataset,
    protocol: &dyn Protocol,
    split: &Split,
    plan: &Plan,
    watch: &Watch<'_>,
) -> Result<Vec<Evaluated>, EvaluationError> {
    let of_model = match &plan.model {
        Some(model) => {
            check_width(dataset, model.dims().features)?;
            model.parcels()?
        }
        None => None,
    };
    let parcels = plan.parcels.as_ref().or(of_model.as_ref());
    let regions = |recordings: &Dataset| parcels.map(|parcels| averaged(recordings, parcels)).transpose();
    let of_regions = regions(dataset)?;
    let background = plan.background.as_ref();
    let background_of_regions = background.map(regions).transpose()?.flatten();
    let asked = if plan.lengths.is_empty() { &LENGTHS[..] } else { &plan.lengths };
    let shortest = asked.iter().copied().min().unwrap_or(1);
    let persons = Persons::new(of_regions.as_ref().unwrap_or(dataset), shortest)?;
    let others = background_of_regions.as_ref().or(background);
    let others = others.map(|background| Persons::new(background, usize::MAX)).transpose()?;
    if let Some(others) = &others {
        persons.check_background(others)?;
    }
    check_copies(persons.persons.iter().chain(others.iter().flat_map(|others| &others.persons)))?;
    let roles = Roles::new(dataset, &persons, split);
    let longest = roles.longest_probe(&persons, if plan.lengths.is_empty() { &LENGTHS[..1] } else { &plan.lengths })?;
    let lengths: Vec<usize> = asked.iter().copied().filter(|&frames| frames <= longest).collect();
    let lengths = lengths.as_slice();
    let curves = if plan.sweeps { curves(lengths, longest, roles.shortest_enrolment(&persons)) } else { Vec::new() };
    let plain = lengths.iter().map(|&frames| Condition::plain(frames));
    let conditions: BTreeSet<Condition> =
        plain.chain(curves.iter().flat_map(|curve| curve.conditions.clone())).collect();

    let probed: Vec<usize> = distinct(&conditions, |condition| condition.frames).into_iter().collect();
    let mut scored: Vec<(&'static dyn Method, Scored)> = Vec::new();
    let whole = of_model.is_some().then(|| Persons::unchecked(dataset));
    let stage = Stage::begin(watch, "scoring", (plan.methods.len() * roles.splits.len()) as u64);
    for &method in &plan.methods {
        let by_mean_frame = MeanFrame(method);
        let scans = method.scans().unwrap_or(&by_mean_frame);
        // A given model averages features to regions itself.
        let persons = whole.as_ref().filter(|_| !method.is_simple()).unwrap_or(&persons);
        let describer = Describer { method: scans, features: persons.features, seed: plan.seed };
        let material = Material {
            features: persons.features,
            model: plan.model.as_ref(),
            evaluated: describer.evaluated(&roles.of(persons), &conditions)?,
            background: describer.background(&persons.persons, &probed)?,
            others: match &others {
                Some(others) => describer.background(&others.persons, &probed)?,
                None => Vec::new(),
            },
            seed: plan.seed,
        };
        scored.push((method, score(scans, &material, &roles.splits, &conditions, lengths, &stage)?));
    }
    stage.end();
    let probing = |frames| roles.left_out(&persons, frames);
    let estimates: usize = curves.iter().map(|curve| curve.levels.len()).sum();
    let total = (scored.len() * (lengths.len() + estimates)) as u64;
    let stage = &Stage::begin(watch, "resampling", total);
    let figures = Figures {
        dataset,
        protocol,
        split,
        plan,
        lengths,
        scored: &scored,
        curves: &curves,
        left_out: &probing,
        stage,
    };
    let evaluated = lengths.iter().map(|&frames| figures.at(frames)).collect::<Result<_, _>>()?;
    let _ = watch(Progress::Done { what: "resampling" });
    Ok(evaluated)
}

/// Which sessions of each person are enrolled and probe, and how the persons are divided.
struct Roles {
    /// By label.
    enrolled: BTreeMap<u32, Vec<u32>>,
    probing: BTreeMap<u32, Vec<u32>>,
    splits: Vec<PersonSplit>,
}

impl Roles {
    fn new(dataset: &Dataset, persons: &Persons<'_>, split: &Split) -> Self {
        let mut roles = Self { enrolled: BTreeMap::new(), probing: BTreeMap::new(), splits: Vec::new() };
        for fold in &split.folds {
            for (part, rows) in [(&mut roles.enrolled, &fold.enrolment), (&mut roles.probing, &fold.probes)] {
                for &row in rows {
                    let row = dataset.rows[row];
                    let sessions = part.entry(row.label).or_default();
                    if !sessions.contains(&row.session) {
                        sessions.push(row.session);
                    }
                }
            }
            let has =
                |rows: &[usize], person: &Person<'_>| rows.iter().any(|&row| dataset.rows[row].label == person.label);
            let of =
                |rows: &[usize]| (0..persons.persons.len()).filter(|&at| has(rows, &persons.persons[at])).collect();
            roles.splits.push(PersonSplit { evaluated: of(&fold.enrolment), background: of(&fold.training) });
        }
        roles
    }

    /// The persons with their sessions; empty ones for a person that no split evaluates.
    fn of<'p, 'd>(&'p self, persons: &'p Persons<'d>) -> Vec<(&'p Person<'d>, &'p [u32], &'p [u32])> {
        let sessions = |part: &'p BTreeMap<u32, Vec<u32>>, person: &Person<'_>| {
            part.get(&person.label).map(Vec::as_slice).unwrap_or_default()
        };
        let each = persons.persons.iter();
        each.map(|person| (person, sessions(&self.enrolled, person), sessions(&self.probing, person))).collect()
    }

    /// The longest probe that every evaluated person has; refuses `lengths` beyond it.
    fn longest_probe(&self, persons: &Persons<'_>, lengths: &[usize]) -> Result<usize, PersonsError> {
        let mut shortest = usize::MAX;
        for (person, _, probing) in self.of(persons).into_iter().filter(|(_, _, probing)| !probing.is_empty()) {
            let own = person.sessions.iter().filter(|session| probing.contains(&session.number));
            let longest = own.map(|session| session.frames.len() / persons.features).max().unwrap_or(0);
            if let Some(&frames) = lengths.iter().find(|&&frames| frames > longest) {
                return Err(PersonsError::ShortProbes { label: person.name.to_owned(), longest, frames });
            }
            shortest = shortest.min(longest);
        }
        Ok(shortest)
    }

    /// Frames of the sessions that probe, and how many of them are outside whole segments of `frames`.
    fn left_out(&self, persons: &Persons<'_>, frames: usize) -> (usize, usize) {
        let of_person = |(person, _, probing): (&Person<'_>, &[u32], &[u32])| {
            let own = person.sessions.iter().filter(|session| probing.contains(&session.number));
            let lengths = own.map(|session| session.frames.len() / persons.features);
            lengths.fold((0, 0), |(all, rest), length| (all + length, rest + length % frames))
        };
        let each = self.of(persons).into_iter().map(of_person);
        each.fold((0, 0), |(all, rest), (own, left)| (all + own, rest + left))
    }

    /// Frames of the shortest enrolment.
    fn shortest_enrolment(&self, persons: &Persons<'_>) -> usize {
        let evaluated = self.of(persons).into_iter().filter(|(_, enrolled, _)| !enrolled.is_empty());
        evaluated.map(|(person, enrolled, _)| person.joined(enrolled).len() / persons.features).min().unwrap_or(0)
    }
}
