//! How regions covary, by a model fitted to the background, compared by cosine.

use faer::Mat;
use faer::Side;
use faer::linalg::solvers::DenseSolveCore;

use super::correlations::{correlations, upper};
use super::method::Method;
use super::rows::Rows;
use super::scan_method::{Background, Described, ScanMethod, ScanScorer};
use crate::connectome::{Fitted, Person, Run, fit};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;

/// The embedding of a connectome model fitted to the background, compared by cosine.
pub(super) struct Connectome;

impl Method for Connectome {
    fn name(&self) -> &'static str {
        "connectome"
    }

    fn argument(&self) -> &'static str {
        "connectome"
    }

    fn help(&self) -> &'static str {
        "The embedding of recipe connectome (unseen-persons)"
    }

    fn is_under_test(&self) -> bool {
        true
    }

    fn fits(&self, protocol: &dyn Protocol) -> bool {
        protocol.scores_scans()
    }

    fn scans(&self) -> Option<&dyn ScanMethod> {
        Some(self)
    }
}

impl ScanMethod for Connectome {
    /// The frames themselves: all that follows depends on the background.
    fn describe(&self, scan: &[f32], _: usize) -> Result<Vec<f32>, EvaluationError> {
        Ok(scan.to_vec())
    }

    fn fit(&self, background: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        let persons = background.persons.iter().map(|person| {
            let runs = person.runs.iter().map(|(session, run)| Run { session, frames: &run.description });
            Person { label: &person.label, runs: runs.collect() }
        });
        let persons: Vec<Person<'_>> = persons.collect();
        Ok(Box::new(fit(background.features, &persons)?))
    }
}

impl ScanScorer for Fitted {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        let n = self.regions;
        let w = Mat::from_fn(n, n, |i, j| f64::from(self.whitening[i * n + j]));
        let mut all = Vec::new();
        for scan in scans {
            let mut a = &w * correlations(&scan.description, n) * &w;
            let trace: f64 = (0..n).map(|i| a[(i, i)]).sum();
            a *= faer::Scale(n as f64 / trace);
            (0..n).for_each(|i| a[(i, i)] += 1.0);
            let inverse = a.llt(Side::Lower).map_err(|_| EvaluationError::NoConvergence)?.inverse();
            let v: Vec<f64> = upper(&inverse).zip(&self.mean).map(|(v, m)| -v - f64::from(*m)).collect();
            all.extend(v.into_iter().map(|v| v as f32));
        }
        Ok(Rows::new(all, self.mean.len()))
    }

    fn impostor_score(&self, frames: usize) -> Option<f64> {
        self.impostor.score(frames).map(f64::from)
    }
}
