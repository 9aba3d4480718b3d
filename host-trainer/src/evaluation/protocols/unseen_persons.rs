//! Protocol `unseen-persons`: a model is fitted to some persons; others are enrolled and probed.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::check::all_labels;
use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split, TrainedOn};
use crate::connectome::FEWEST_PERSONS;
use crate::dataset::{Dataset, Scan};

/// As many ways to choose the evaluated persons are all taken; of more, some are drawn.
const ALL_WAYS: usize = 200;

/// A model is fitted to background persons; others are enrolled and probed, in every way to choose them.
pub(super) struct UnseenPersons;

/// The sessions of a person that are enrolled, and those that probe.
struct Parts<'d> {
    enrolment: Vec<&'d Scan>,
    probes: Vec<&'d Scan>,
}

impl Protocol for UnseenPersons {
    fn name(&self) -> &'static str {
        "unseen-persons"
    }

    fn heading(&self) -> &'static str {
        "Unseen persons"
    }

    fn question(&self) -> &'static str {
        "Is a person recognised whom the model was not fitted to?"
    }

    fn help(&self) -> &'static str {
        "Labels are persons, of whom some are the background and others are enrolled"
    }

    fn split(&self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, Lack> {
        if let Some(trained) = &choice.trained {
            return of_given_model(dataset, choice, trained);
        }
        let persons = all_labels(dataset);
        let count = persons.len();
        let evaluated = choice.persons.evaluated.unwrap_or(count.div_ceil(2));
        if !(2..=count).contains(&evaluated) {
            return lacks(format!(
                "two evaluated persons or more, and not more than there are (of {count}, {evaluated} were to be)"
            ));
        }
        let background = count - evaluated + choice.persons.background;
        if background < FEWEST_PERSONS {
            return lacks(format!(
                "{FEWEST_PERSONS} background persons apart from those evaluated (of {count} persons {evaluated} are evaluated, \
                 and {} are from other recordings, which leaves {background})",
                choice.persons.background
            ));
        }
        if !choice.training.is_empty() {
            return lacks(
                "no sessions named for training: the background is fitted with all of its sessions".to_owned(),
            );
        }
        let scans = dataset.scans();
        let parts = parts(dataset, &scans, &persons, choice)?;
        let ways = ways(&persons, evaluated, choice.persons.draws, seed);
        let description = format!(
            "{evaluated} of {count} persons are enrolled and probe, {}; the background is {}; {}, each session's mean removed",
            match ways.len() {
                1 => "in one way".to_owned(),
                all if Some(all) == binomial(count, evaluated) => format!("in all {all} ways"),
                drawn => format!("in {drawn} ways drawn at random"),
            },
            match (count - evaluated, choice.persons.background) {
                (own, 0) => format!("the other {own}"),
                (0, others) => format!("{others} of other recordings"),
                (own, others) => format!("the other {own} and {others} of other recordings"),
            },
            sessions(dataset, &parts)
        );
        Ok(Split { description, leaks: None, folds: ways.iter().map(|chosen| fold(&scans, &parts, chosen)).collect() })
    }

    fn is_open_set(&self) -> bool {
        true
    }

    fn scores_scans(&self) -> bool {
        true
    }
}

fn lacks<T>(text: String) -> Result<T, Lack> {
    Err(Lack::Other(text))
}

/// The split of a given model: all persons but those of its background are enrolled and probe.
fn of_given_model(dataset: &Dataset, choice: &SessionChoice, trained: &TrainedOn) -> Result<Split, Lack> {
    let is_background = |person: &u32| trained.labels.contains(&dataset.labels[*person as usize]);
    let (left_out, persons): (Vec<u32>, Vec<u32>) = all_labels(dataset).into_iter().partition(is_background);
    if persons.len() < 2 {
        return lacks(format!(
            "two persons to whom the model was not fitted (of {} persons {} are in its background)",
            persons.len() + left_out.len(),
            left_out.len()
        ));
    }
    let scans = dataset.scans();
    let parts = parts(dataset, &scans, &persons, choice)?;
    let description = format!(
        "{} persons are enrolled and probe, the model was fitted to {}; {}, each session's mean removed",
        persons.len(),
        match trained.labels.len() {
            0 => "persons whom it does not name".to_owned(),
            count => format!("{count} others"),
        },
        sessions(dataset, &parts)
    );
    let unnamed = "the model does not name the persons that it was fitted to, and these may be among them";
    let leaks = trained.labels.is_empty().then(|| unnamed.to_owned());
    Ok(Split { description, leaks, folds: vec![fold(&scans, &parts, &persons)] })
}

/// The rows of a way to choose the evaluated persons.
fn fold(scans: &[Scan], parts: &BTreeMap<u32, Parts<'_>>, chosen: &[u32]) -> Fold {
    let rows = |scans: &mut dyn Iterator<Item = &Scan>| scans.flat_map(|scan| scan.rows.clone()).collect();
    Fold {
        training: rows(&mut scans.iter().filter(|scan| !chosen.contains(&scan.label))),
        enrolment: rows(&mut chosen.iter().flat_map(|person| parts[person].enrolment.iter().copied())),
        probes: rows(&mut chosen.iter().flat_map(|person| parts[person].probes.iter().copied())),
    }
}

/// Each person's sessions: those named, or by default the first two thirds for enrolment and the others for probes.
fn parts<'d>(
    dataset: &Dataset,
    scans: &'d [Scan],
    persons: &[u32],
    choice: &SessionChoice,
) -> Result<BTreeMap<u32, Parts<'d>>, Lack> {
    let named = !choice.enrolment.is_empty() || !choice.probes.is_empty();
    if named && (choice.enrolment.is_empty() || choice.probes.is_empty()) {
        return Err(Lack::Other("sessions named for both enrolment and probes, or for neither".to_owned()));
    }
    if let Some(name) = choice.enrolment.iter().find(|name| choice.probes.contains(name)) {
        return Err(Lack::Other(format!("different sessions for enrolment and probes; {name} is in both")));
    }
    let of_person = |person: u32| {
        let own: Vec<&Scan> = scans.iter().filter(|scan| scan.label == person).collect();
        let name = &dataset.labels[person as usize];
        let [one] = own[..] else {
            let parts = match named {
                true => {
                    let of = |names: &[String]| -> Vec<&'d Scan> {
                        let is_named = |scan: &&&Scan| names.contains(&dataset.sessions[scan.session as usize]);
                        own.iter().filter(is_named).copied().collect()
                    };
                    Parts { enrolment: of(&choice.enrolment), probes: of(&choice.probes) }
                }
                false => {
                    let (enrolment, probes) = own.split_at(own.len() - (own.len() / 3).max(1));
                    Parts { enrolment: enrolment.to_vec(), probes: probes.to_vec() }
                }
            };
            for (part, use_) in [(&parts.enrolment, "is enrolled"), (&parts.probes, "probes")] {
                if part.is_empty() {
                    return Err(Lack::Other(format!("of every person a session that {use_} (person {name} has none)")));
                }
            }
            return Ok((person, parts));
        };
        let session = &dataset.sessions[one.session as usize];
        let session = if session.is_empty() { String::new() } else { format!(", {session}") };
        Err(Lack::OneSession { label: name.clone(), session })
    };
    persons.iter().map(|&person| of_person(person)).collect()
}

/// The sessions in words: by name where all persons have the same.
fn sessions(dataset: &Dataset, parts: &BTreeMap<u32, Parts<'_>>) -> String {
    let of = |scans: &[&Scan]| scans.iter().map(|scan| scan.session).collect::<Vec<_>>();
    let each = || parts.values().map(|part| (of(&part.enrolment), of(&part.probes)));
    match each().next() {
        Some(first) if each().all(|other| other == first) => {
            let names = |sessions: &[u32]| {
                sessions
                    .iter()
                    .map(|&session| dataset.sessions[session as usize].as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            format!("sessions {} are enrolled, {} probe", names(&first.0), names(&first.1))
        }
        _ => "of each person's sessions the first two thirds are enrolled, the others probe".to_owned(),
    }
}

/// All ways to choose `chosen` of `persons` when there are few, or as many as `draws`, all different.
fn ways(persons: &[u32], chosen: usize, draws: usize, seed: u64) -> Vec<Vec<u32>> {
    let number = binomial(persons.len(), chosen);
    if number.is_some_and(|number| number <= ALL_WAYS) {
        let mut all = Vec::new();
        combinations(persons, chosen, &mut Vec::new(), &mut all);
        return all;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn: Vec<Vec<u32>> = Vec::new();
    while drawn.len() < draws.min(ALL_WAYS) {
        let mut order = persons.to_vec();
        order.shuffle(&mut rng);
        order.truncate(chosen);
        order.sort_unstable();
        if !drawn.contains(&order) {
            drawn.push(order);
        }
    }
    drawn
}

/// Appends every way to extend `begun` by `missing` of `rest`, in lexicographic order.
fn combinations(rest: &[u32], missing: usize, begun: &mut Vec<u32>, all: &mut Vec<Vec<u32>>) {
    if missing == 0 {
        all.push(begun.clone());
        return;
    }
    for (at, &next) in rest.iter().enumerate() {
        if rest.len() - at < missing {
            return;
        }
        begun.push(next);
        combinations(&rest[at + 1..], missing - 1, begun, all);
        begun.pop();
    }
}

/// The number of ways to choose `k` of `n`; `None` if it overflows.
fn binomial(n: usize, k: usize) -> Option<usize> {
    (1..=k.min(n - k)).try_fold(1_usize, |ways, i| Some(ways.checked_mul(n + 1 - i)? / i))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
