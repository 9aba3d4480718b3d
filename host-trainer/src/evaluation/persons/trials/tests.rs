//! Trials of a method without a model: which persons meet, and where thresholds come from.

use std::ops::ControlFlow;

use super::*;

/// A method whose code is its description; it says of impostors what it was made with.
struct Plain(Option<f64>);

impl ScanMethod for Plain {
    fn describe(&self, scan: &[f32], _: usize) -> Result<Vec<f32>, EvaluationError> {
        Ok(scan.to_vec())
    }

    fn fit(&self, background: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        let labels: Vec<&str> = background.persons.iter().map(|person| person.label.as_str()).collect();
        assert!(labels.len() == 4 || labels.len() == 2, "{labels:?}");
        Ok(Box::new(Scorer(self.0)))
    }
}

struct Scorer(Option<f64>);

impl ScanScorer for Scorer {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        Ok(Rows::new(scans.iter().flat_map(|scan| scan.description.clone()).collect(), 2))
    }

    fn impostor_score(&self, _: usize) -> Option<f64> {
        self.0
    }
}

/// A stage that tells nobody.
fn stage() -> Stage<'static> {
    Stage::begin(&|_| ControlFlow::Continue(()), "scoring", 1)
}

/// The direction at this angle, in degrees.
fn at(angle: f32) -> Described {
    let radians = angle.to_radians();
    Described { frames: 9, description: vec![radians.cos(), radians.sin()] }
}

/// Four persons at 0, 90, 180 and 270 degrees: the first two frames of each are 30 degrees away, the last fifth 60.
fn material() -> Material<'static> {
    let evaluated = (0..4).map(|label| {
        let angle = 90.0 * label as f32;
        EvaluatedPerson {
            label,
            enrolments: [(usize::MAX, at(angle)), (2, at(angle + 30.0))].into(),
            early: at(angle),
            late: [(5, vec![at(angle + 60.0), at(angle - 60.0)])].into(),
            probes: [((5, 0), vec![at(angle), at(angle + 30.0)]), ((5, 1), vec![at(angle + 90.0)])].into(),
        }
    });
    let person = |name: usize| BackgroundPerson {
        label: name.to_string(),
        runs: Vec::new(),
        joined: at(90.0 * name as f32),
        segments: [(5, vec![at(90.0 * name as f32 + 30.0)])].into(),
    };
    Material {
        model: None,
        features: 2,
        evaluated: evaluated.collect(),
        background: (0..4).map(person).collect(),
        others: Vec::new(),
        seed: 0,
    }
}

fn scored(impostor: Option<f64>) -> Scored {
    let split = |evaluated: [usize; 2], background: [usize; 2]| PersonSplit {
        evaluated: evaluated.to_vec(),
        background: background.to_vec(),
    };
    let conditions = [
        Condition::plain(5),
        Condition { noise: 1, ..Condition::plain(5) },
        Condition { enrolled: 2, ..Condition::plain(5) },
    ];
    let splits = [split([0, 1], [2, 3]), split([1, 3], [0, 2])];
    score(&Plain(impostor), &material(), &splits, &conditions.into(), &[5], &stage()).unwrap()
}

fn cosine(degrees: f64) -> f64 {
    degrees.to_radians().cos()
}

#[test]
fn each_probe_is_scored_against_the_persons_of_its_split_under_every_condition() {
    let scored = scored(Some(0.0));
    let of = |condition: Condition| -> Vec<(u32, u32, u32, f64)> {
        let trials = scored.trials[&condition].iter();
        trials.map(|t| (t.probe_label, t.probe_session, t.enrolled_label, (t.score * 1e3).round() / 1e3)).collect()
    };
    let expected = [
        (0, 0, 0, 1.0),
        (0, 0, 1, 0.0),
        (0, 1, 0, 0.866),
        (0, 1, 1, 0.5),
        (1, 0, 0, 0.0),
        (1, 0, 1, 1.0),
        (1, 1, 0, -0.5),
        (1, 1, 1, 0.866),
    ];
    assert_eq!(of(Condition::plain(5))[..8], expected);
    assert_eq!(of(Condition::plain(5)).len(), 16);
    // Person 1 is evaluated again in the second split, against another person.
    assert_eq!(of(Condition::plain(5))[9], (1, 0, 3, -1.0));
    assert_eq!(of(Condition { enrolled: 2, ..Condition::plain(5) })[0], (0, 0, 0, 0.866));
    assert_eq!(of(Condition { noise: 1, ..Condition::plain(5) })[0], (0, 0, 0, 0.0));
}

#[test]
fn a_threshold_is_midway_between_impostors_and_the_end_of_the_persons_own_enrolment() {
    let scored = scored(Some(0.2));
    let (decisions, threshold) = &scored.decisions[&5];
    assert!((threshold - (0.2 + cosine(60.0)) / 2.0).abs() < 1e-6, "{threshold}");
    for (decision, trial) in decisions.iter().zip(&scored.trials[&Condition::plain(5)]) {
        assert!((decision.score - (trial.score - threshold)).abs() < 1e-6);
    }
}

#[test]
fn what_impostors_score_is_measured_by_fits_without_the_two_persons_compared() {
    let mut material = material();
    // Each person's probe is 30 degrees beyond the person, and 60 before the next one that it is scored against.
    let split = [PersonSplit { evaluated: vec![0, 1], background: vec![0, 1, 2, 3] }];
    let conditions = BTreeSet::from([Condition::plain(5)]);
    let found = score(&Plain(None), &material, &split, &conditions, &[5], &stage()).unwrap();
    assert!((found.decisions[&5].1 - (cosine(60.0) + cosine(60.0)) / 2.0).abs() < 1e-6);
    material.evaluated[1].late.insert(5, Vec::new());
    let short = score(&Plain(None), &material, &split, &conditions, &[5], &stage()).unwrap();
    assert!(short.decisions.is_empty(), "a last fifth without a probe fixes no threshold");
}
