//! The examples do what they say; that of the token is run beside the token's tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/evaluate.rs"]
mod evaluate;
#[path = "../examples/train_and_enrol.rs"]
mod train_and_enrol;

#[test]
fn the_enrolled_label_is_accepted_and_most_others_are_rejected() {
    let verdicts = train_and_enrol::train_and_enrol("face", 150).unwrap();
    let (own, others): (Vec<_>, Vec<_>) = verdicts.iter().partition(|(label, _)| label == "face");
    assert!(own.len() == 1 && own[0].1, "{verdicts:?}");
    let rejected = others.iter().filter(|(_, accepted)| !accepted).count();
    assert!(others.len() == 7 && rejected >= 4, "{verdicts:?}");
}

#[test]
fn evaluating_gives_a_rate_for_each_method() {
    let rates = evaluate::equal_error_rates(20).unwrap();
    let names: Vec<&str> = rates.iter().map(|(method, _)| &**method).collect();
    assert_eq!(names, ["NeuralVault", "raw cosine"]);
    assert!(rates.iter().all(|(_, percent)| (0.0..50.0).contains(percent)), "{rates:?}");
}
