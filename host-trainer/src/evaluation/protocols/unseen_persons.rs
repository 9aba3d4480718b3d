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
mod tests {
    use std::collections::BTreeSet;

    use super::super::check::labels_of;
    use super::super::protocol::PersonChoice;
    use super::*;
    use crate::dataset::Synthetic;

    fn persons(classes: usize, sessions: usize) -> Dataset {
        Synthetic { classes, timesteps: 4, features: 3, sessions, noise: 0.5, seed: 1 }.recordings()
    }

    fn choice(evaluated: usize, draws: usize, background: usize) -> SessionChoice {
        let persons = PersonChoice { evaluated: Some(evaluated), draws, background };
        SessionChoice { persons, ..SessionChoice::default() }
    }

    #[test]
    fn four_of_seven_persons_are_chosen_in_all_35_ways_and_the_others_are_the_background() {
        let dataset = persons(7, 6);
        let split = UnseenPersons.split(&dataset, &SessionChoice::default(), 0).unwrap();
        assert_eq!(split.folds.len(), 35);
        let mut chosen = BTreeSet::new();
        for fold in &split.folds {
            let evaluated = labels_of(&dataset, &fold.enrolment);
            assert_eq!((evaluated.len(), &labels_of(&dataset, &fold.probes)), (4, &evaluated));
            let background = labels_of(&dataset, &fold.training);
            assert!(background.len() == 3 && background.iter().all(|label| !evaluated.contains(label)));
            let sessions = |rows: &[usize]| rows.iter().map(|&row| dataset.rows[row].session).collect::<BTreeSet<_>>();
            assert_eq!(sessions(&fold.enrolment).into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
            assert_eq!(sessions(&fold.probes).into_iter().collect::<Vec<_>>(), [4, 5]);
            chosen.insert(evaluated);
        }
        assert_eq!(chosen.len(), 35);
    }

    #[test]
    fn more_ways_are_drawn_by_the_seed_each_once() {
        let dataset = persons(14, 2);
        let drawn = |seed| {
            let split = UnseenPersons.split(&dataset, &choice(7, 30, 0), seed).unwrap();
            let evaluated = split.folds.iter().map(|fold| labels_of(&dataset, &fold.probes));
            evaluated.collect::<BTreeSet<_>>()
        };
        assert_eq!(drawn(1).len(), 30);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn all_persons_are_evaluated_where_others_are_the_background() {
        let split = UnseenPersons.split(&persons(5, 2), &choice(5, 30, 7), 0).unwrap();
        assert_eq!((split.folds.len(), split.folds[0].training.len()), (1, 0));
    }

    #[test]
    fn a_given_model_is_scored_on_all_persons_but_those_it_was_fitted_to() {
        let dataset = persons(5, 3);
        let split = |labels: &[&str]| {
            let labels = labels.iter().map(|&label| label.to_owned()).collect();
            let trained = Some(TrainedOn { labels, sessions: Vec::new() });
            UnseenPersons.split(&dataset, &SessionChoice { trained, ..SessionChoice::default() }, 0)
        };
        let found = split(&["class01", "class03", "eve"]).unwrap();
        assert_eq!((found.folds.len(), found.leaks), (1, None));
        assert_eq!(labels_of(&dataset, &found.folds[0].probes), [0, 2, 4]);
        assert_eq!(labels_of(&dataset, &found.folds[0].training), [1, 3]);
        assert!(found.description.contains("3 persons") && found.description.contains("fitted to 3 others"));
        assert!(split(&[]).unwrap().leaks.unwrap().contains("may be among them"));
        let few = split(&["class00", "class01", "class02", "class03"]).unwrap_err().to_string();
        assert!(few.contains("two persons") && few.contains("of 5 persons 4"), "{few}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let lack = |dataset: &Dataset, choice: &SessionChoice| {
            UnseenPersons.split(dataset, choice, 0).unwrap_err().to_string()
        };
        let few = lack(&persons(5, 3), &SessionChoice::default());
        assert!(few.contains("3 background persons") && few.contains("of 5 persons 3 are evaluated"), "{few}");
        let one = lack(&persons(7, 1), &SessionChoice::default());
        assert!(one.contains("class00") && one.contains("one session"), "{one}");
        let many = lack(&persons(7, 3), &choice(8, 1, 3));
        assert!(many.contains("of 7, 8"), "{many}");
        let named = |enrolment: &[&str], probes: &[&str]| {
            let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
            SessionChoice { enrolment: names(enrolment), probes: names(probes), ..SessionChoice::default() }
        };
        assert!(lack(&persons(7, 3), &named(&["run00"], &["run00"])).contains("run00 is in both"));
        assert!(lack(&persons(7, 3), &named(&["run00"], &[])).contains("for both"));
        let mut dataset = persons(7, 3);
        dataset.rows.iter_mut().filter(|row| row.label == 2 && row.session == 2).for_each(|row| row.session = 1);
        let without = lack(&dataset, &named(&["run00"], &["run02"]));
        assert!(without.contains("probes (person class02"), "{without}");
    }
}
