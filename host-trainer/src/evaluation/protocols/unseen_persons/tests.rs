//! Who is evaluated, who is the background, and what is missing.

use std::collections::BTreeSet;

use super::*;
use crate::dataset::Synthetic;
use crate::evaluation::protocols::check::labels_of;
use crate::evaluation::protocols::protocol::PersonChoice;

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
    let lack =
        |dataset: &Dataset, choice: &SessionChoice| UnseenPersons.split(dataset, choice, 0).unwrap_err().to_string();
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
