//! How regions covary, by a model fitted to the background, compared by cosine.

use neural_vault_core::encoder::Encoder;
use neural_vault_core::scan::ScanEncoder;

use super::cosine::CosineGallery;
use super::gallery::Gallery;
use super::method::Method;
use super::rows::Rows;
use super::scan_method::{Background, Described, ScanMethod, ScanScorer, one_each};
use crate::connectome::{ImpostorTable, Person, Run, fit};
use crate::embedding::EmbeddingError;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;
use crate::model::{Model, Provenance};
use crate::verification::rounded;

/// The embedding of a connectome model fitted to the background, by the core's encoder, compared by cosine with prototypes
/// of one byte a component: as tokens and commands do it.
pub(super) struct Connectome;

/// Fewest frames that have an embedding.
const FEWEST_FRAMES: usize = 2;

struct Fitted {
    model: Model,
    impostor: ImpostorTable,
}

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

    fn explanation(&self) -> &'static str {
        "The method under test: how regions covary, whitened by the background persons, compared by cosine, as commands and tokens do it."
    }

    fn is_under_test(&self) -> bool {
        true
    }

    fn is_simple(&self) -> bool {
        false
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
        if let Some(model) = background.model {
            return Ok(Box::new(Fitted { model: model.clone(), impostor: model.impostor_table()? }));
        }
        let persons = background.persons.iter().map(|person| {
            let runs = person.runs.iter().map(|(session, run)| Run { session, frames: &run.description });
            Person { label: &person.label, runs: runs.collect() }
        });
        let fitted = fit(background.features, &persons.collect::<Vec<_>>())?;
        let impostor = fitted.impostor;
        let labels = background.persons.iter().map(|person| person.label.clone()).collect();
        let provenance =
            Provenance { labels, window: FEWEST_FRAMES, recipe: "connectome".to_owned(), ..Provenance::default() };
        Ok(Box::new(Fitted { model: Model::connectome(fitted, None, provenance)?, impostor }))
    }
}

impl ScanScorer for Fitted {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        let bundle = self.model.bundle()?;
        let encoder = bundle.encoder().with_kernel(neural_vault_kernels::best());
        let latent = encoder.dims().latent;
        let mut scratch = vec![0.0; Encoder::scratch_len(encoder.dims(), FEWEST_FRAMES)];
        let mut codes = vec![0.0; scans.len() * latent];
        for (scan, code) in scans.iter().zip(codes.chunks_exact_mut(latent)) {
            ScanEncoder::new(&encoder, FEWEST_FRAMES, &mut scratch)
                .and_then(|encoder| encoder.embed(&scan.description, code))
                .map_err(|source| EmbeddingError::Scan {
                    label: format!("a scan of {} frames", scan.frames),
                    source,
                })?;
        }
        Ok(Rows::new(codes, latent))
    }

    fn enrol(&self, _: &[&Described], codes: &Rows) -> Box<dyn Gallery> {
        let rounded = codes.clone().map(|code| {
            #[expect(clippy::expect_used, reason = "the encoder refuses an embedding without a direction")]
            code.copy_from_slice(&rounded(code).expect("an embedding of unit length"));
        });
        Box::new(CosineGallery::new(&rounded, &one_each(&rounded)))
    }

    fn impostor_score(&self, frames: usize) -> Option<f64> {
        self.impostor.score(frames).map(f64::from)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some(*self.model.digest())
    }
}
