//! The examples do what they say; that of the token is run beside the token's tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/evaluate.rs"]
mod evaluate;
#[path = "../examples/train_and_enrol.rs"]
mod train_and_enrol;

#[test]
fn training_and_enrolling_accepts_the_label_alone() {
    let verdicts = train_and_enrol::train_and_enrol("face", 60).unwrap();
    let accepted: Vec<&str> = verdicts.iter().filter(|(_, accepted)| *accepted).map(|(label, _)| &**label).collect();
    assert_eq!((verdicts.len(), accepted), (8, vec!["face"]));
}

#[test]
fn evaluating_gives_a_rate_for_each_method() {
    let rates = evaluate::equal_error_rates(20).unwrap();
    let names: Vec<&str> = rates.iter().map(|(method, _)| &**method).collect();
    assert_eq!(names, ["NeuralVault", "Raw cosine"]);
    assert!(rates.iter().all(|(_, percent)| (0.0..50.0).contains(percent)), "{rates:?}");
}
