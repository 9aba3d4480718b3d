//! Verification trials: a probe, a prototype, and the score of their comparison.

/// One comparison of a probe with a prototype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The probe's true label.
    pub probe_label: u32,
    /// The session the probe was recorded in.
    pub probe_session: u32,
    /// The label of the prototype.
    pub enrolled_label: u32,
    /// Score; higher means more alike.
    pub score: f64,
}

impl Trial {
    /// Whether probe and prototype have the same label.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.probe_label == self.enrolled_label
    }
}

/// The genuine and the impostor scores of `trials`, in their order.
#[must_use]
pub fn genuine_and_impostor(trials: &[Trial]) -> (Vec<f64>, Vec<f64>) {
    let (genuine, impostor): (Vec<Trial>, Vec<Trial>) = trials.iter().partition(|trial| trial.is_genuine());
    let scores = |trials: Vec<Trial>| trials.into_iter().map(|trial| trial.score).collect();
    (scores(genuine), scores(impostor))
}
