//! How a trained model scores, as `train` prints it.

use serde::Serialize;

use crate::cli::console::list;
use crate::cli::error_rate;
use crate::cli::failure::{DATA, Failure};
use crate::verification::Scores;

/// An equal error rate of the model, and what it was measured on.
#[derive(Serialize)]
pub struct Score {
    protocol: &'static str,
    sessions: Vec<String>,
    probe_frames: usize,
    pub eer_percent: f64,
    genuine_trials: usize,
    impostor_trials: usize,
    /// The protocol with its sessions, for people.
    #[serde(skip)]
    words: String,
}

impl Score {
    /// The equal error rate of `scores` of probes of so many frames; `before` and `after` are what the line says before and after the sessions.
    pub fn new(
        protocol: &'static str,
        [before, after]: [&str; 2],
        sessions: &[String],
        frames: usize,
        scores: &Scores,
    ) -> Result<Self, Failure> {
        let eer = scores.eer().map_err(|e| Failure::new(DATA, e))?;
        let unnamed = sessions.iter().all(String::is_empty);
        let names = if unnamed { "without names".to_owned() } else { list(sessions) };
        Ok(Self {
            protocol,
            sessions: sessions.to_vec(),
            probe_frames: frames,
            eer_percent: eer.percent,
            genuine_trials: scores.genuine.len(),
            impostor_trials: scores.impostor.len(),
            words: format!("{before} {names}{after}"),
        })
    }

    /// The score as a line.
    pub fn line(&self) -> String {
        error_rate::eer(self.eer_percent, &self.words, self.probe_frames, self.genuine_trials, self.impostor_trials)
            + "\n"
    }
}
