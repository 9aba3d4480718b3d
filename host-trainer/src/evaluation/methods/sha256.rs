//! SHA-256 of the frame's bytes, compared byte by byte.

use sha2::Digest as _;

use super::hash::{Digest, Hashed, pieces};
use super::method::{Method, Scorer, TrainingRows};
use crate::evaluation::error::EvaluationError;

/// SHA-256 of the frame's bytes, compared byte by byte.
pub(super) struct Sha256;

impl Method for Sha256 {
    fn name(&self) -> &'static str {
        "SHA-256"
    }

    fn argument(&self) -> &'static str {
        "sha256"
    }

    fn help(&self) -> &'static str {
        "SHA-256 of the frame"
    }

    fn explanation(&self) -> &'static str {
        "SHA-256 of the frame's bytes, compared byte by byte: any change of the frame makes another hash (FIPS 180-4)."
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(Hashed(sha256)))
    }
}

/// SHA-256 of a frame's little-endian float32 bytes.
fn sha256(frame: &[f32]) -> Digest {
    let mut hash = sha2::Sha256::new();
    pieces(frame, |piece| hash.update(piece));
    hash.finalize().into()
}
