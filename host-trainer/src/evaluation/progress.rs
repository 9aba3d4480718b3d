//! What an evaluation is doing, told to whoever waits for it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::EvaluationError;

/// What an evaluation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'p> {
    /// A stage is under way.
    Doing {
        /// The stage, such as `training`.
        what: &'p str,
        /// Its parts that are done.
        done: u64,
        /// All its parts.
        total: u64,
    },
    /// A stage is done.
    Done {
        /// The stage.
        what: &'p str,
    },
}

/// Is told what an evaluation does, from any of its threads, and says whether it goes on.
///
/// After a break it is asked again for every part that is under way, and the evaluation ends with
/// [`EvaluationError::Stopped`].
pub type Watch<'w> = dyn Fn(Progress<'_>) -> ControlFlow<()> + Sync + 'w;

/// One stage, whose parts are counted.
pub(super) struct Stage<'s> {
    watch: &'s Watch<'s>,
    what: &'s str,
    total: u64,
    done: AtomicU64,
}

impl<'s> Stage<'s> {
    /// Begins a stage of this many parts.
    pub(super) fn begin(watch: &'s Watch<'s>, what: &'s str, total: u64) -> Self {
        // A break here is given again when the first part is done.
        let _ = watch(Progress::Doing { what, done: 0, total });
        Self { watch, what, total, done: AtomicU64::new(0) }
    }

    /// One more part is done.
    ///
    /// # Errors
    /// [`EvaluationError::Stopped`].
    pub(super) fn advance(&self) -> Result<(), EvaluationError> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match (self.watch)(Progress::Doing { what: self.what, done, total: self.total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(EvaluationError::Stopped),
        }
    }

    /// Ends the stage.
    pub(super) fn end(self) {
        let _ = (self.watch)(Progress::Done { what: self.what });
    }
}

impl fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("what", &self.what).field("total", &self.total).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::dataset::{Dataset, Synthetic};
    use crate::engine::Engine;
    use crate::evaluation::evaluate::evaluate;
    use crate::evaluation::methods::METHODS;
    use crate::evaluation::plan::Plan;
    use crate::evaluation::protocols::{PROTOCOLS, SessionChoice};
    use crate::training::{Recipe, Settings, TrainingError};

    fn persons() -> Dataset {
        Synthetic { classes: 6, timesteps: 20, features: 6, sessions: 3, noise: 1.0, seed: 1 }.recordings()
    }

    fn plan() -> Plan {
        Plan {
            // The reference's recipe takes a hundred steps.
            methods: METHODS.iter().copied().filter(|method| method.name() != "reference").collect(),
            sessions: SessionChoice::default(),
            model: None,
            recipe: Recipe::Steps(Settings { steps: 2, ..Settings::whitened() }),
            seed: 0,
            seeds: 2,
            windows: vec![1, 4],
            lengths: vec![10],
            background: None,
            parcels: None,
            engine: Engine::Tract,
            replicates: 20,
            sweeps: true,
        }
    }

    #[test]
    fn every_stage_of_every_protocol_counts_to_its_end() {
        let (persons, plan) = (persons(), plan());
        for protocol in PROTOCOLS.iter().filter(|protocol| ["sessions", "unseen-persons"].contains(&protocol.name())) {
            // By stage: what is done, all of it, and how often it ended.
            let seen: Mutex<BTreeMap<String, (u64, u64, u32)>> = Mutex::default();
            let watch = |progress: Progress<'_>| {
                let mut seen = seen.lock().unwrap();
                match progress {
                    Progress::Doing { what, done, total } => {
                        let stage = seen.entry(what.to_owned()).or_default();
                        // Stages may come again, and threads tell in any order.
                        *stage = (if done == 0 { 0 } else { stage.0.max(done) }, total, stage.2);
                    }
                    Progress::Done { what } => seen.get_mut(what).unwrap().2 += 1,
                }
                ControlFlow::Continue(())
            };
            evaluate(&persons, *protocol, &plan, &watch).unwrap();
            let seen = seen.into_inner().unwrap();
            let expected: &[&str] = match protocol.scores_scans() {
                true => &["resampling", "scoring"],
                false => &[
                    "artefacts",
                    "encoding",
                    "noise",
                    "probe and enrolment sizes",
                    "resampling",
                    "scoring",
                    "training",
                    "training sessions",
                ],
            };
            assert_eq!(seen.keys().collect::<Vec<_>>(), expected);
            for (what, (done, total, ended)) in seen {
                assert!(done == total && total > 0 && ended > 0, "{}: {what} {done} of {total}", protocol.name());
            }
        }
    }

    #[test]
    fn a_break_ends_the_evaluation_at_the_next_part_of_any_stage() {
        let (persons, plan) = (persons(), plan());
        let stages = [
            ("sessions", "training"),
            ("sessions", "encoding"),
            ("sessions", "resampling"),
            ("sessions", "noise"),
            ("unseen-persons", "scoring"),
            ("unseen-persons", "resampling"),
        ];
        for (protocol, stage) in stages {
            let protocol = *PROTOCOLS.iter().find(|one| one.name() == protocol).unwrap();
            let watch = |progress: Progress<'_>| match progress {
                Progress::Doing { what, done, total } if what == stage && done > 0 => {
                    assert!(total > 1, "there is something left to do of {stage}");
                    ControlFlow::Break(())
                }
                Progress::Done { what } if what == stage => panic!("{stage} went on"),
                _ => ControlFlow::Continue(()),
            };
            let ended = evaluate(&persons, protocol, &plan, &watch);
            let stopped = EvaluationError::Training(TrainingError::Stopped).to_string();
            let error = ended.unwrap_err();
            let is_stopped = matches!(error, EvaluationError::Stopped) || error.to_string() == stopped;
            assert!(is_stopped, "{}, {stage}: {error}", protocol.name());
        }
    }
}
