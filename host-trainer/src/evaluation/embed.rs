//! Encodes standardised frames into what methods compare: mean frames and embeddings.

use neural_vault_core::encoder::{EncodeError, Encoder};
use neural_vault_core::scan::ScanError;

use super::methods::{Rows, Windows, mean_vector};
use crate::embedding::EmbeddingError;

/// Frames that are embedded in one pass over the encoder's weights.
const TOGETHER: usize = 16;

/// An encoder of windows of standardised frames.
pub(super) struct WindowEncoder<'e> {
    /// Takes standardised frames.
    encoder: Encoder<'e>,
    /// Lengths of the windows that it was trained on.
    trained_on: &'e [usize],
}

impl<'e> WindowEncoder<'e> {
    pub(super) fn new(encoder: Encoder<'e>, trained_on: &'e [usize]) -> Self {
        Self { encoder, trained_on }
    }

    /// Encodes single frames.
    fn encode(&self, frames: Vec<f32>) -> Result<Windows, EmbeddingError> {
        let embeddings = self.embed_frames(&frames)?;
        Ok(self.windows(frames, embeddings))
    }

    /// Encodes windows of `lengths` frames each.
    ///
    /// A window whose length the encoder was trained on is embedded as a whole; any other is embedded frame by frame.
    pub(super) fn encode_windows(&self, frames: Vec<f32>, lengths: &[usize]) -> Result<Windows, EmbeddingError> {
        if lengths.iter().all(|&length| length == 1) {
            return self.encode(frames);
        }
        let dims = self.encoder.dims();
        let mut means = Vec::with_capacity(lengths.len() * dims.features);
        let mut embeddings = Vec::with_capacity(lengths.len() * dims.latent);
        let mut rest = frames.as_slice();
        for &length in lengths {
            let (window, after) = rest.split_at(length * dims.features);
            rest = after;
            means.extend(mean_vector(window.chunks_exact(dims.features)).unwrap_or_default());
            embeddings.extend(if self.trained_on.contains(&length) {
                self.embed_window(window, length)?
            } else {
                mean_vector(self.embed_frames(window)?.chunks_exact(dims.latent)).unwrap_or_default()
            });
        }
        Ok(self.windows(means, embeddings))
    }

    fn windows(&self, frames: Vec<f32>, embeddings: Vec<f32>) -> Windows {
        let dims = self.encoder.dims();
        Windows { frames: Rows::new(frames, dims.features), embeddings: Rows::new(embeddings, dims.latent) }
    }

    fn embed_frames(&self, frames: &[f32]) -> Result<Vec<f32>, EmbeddingError> {
        let dims = self.encoder.dims();
        let together = TOGETHER.min(dims.positions);
        let mut scratch = vec![0.0; Encoder::scratch_len(dims, together)];
        let mut embeddings = vec![0.0; frames.len() / dims.features * dims.latent];
        self.encoder.embed_frames(frames, together, &mut scratch, &mut embeddings).map_err(refused)?;
        Ok(embeddings)
    }

    fn embed_window(&self, window: &[f32], length: usize) -> Result<Vec<f32>, EmbeddingError> {
        let dims = self.encoder.dims();
        let mut scratch = vec![0.0; Encoder::scratch_len(dims, length)];
        let mut embedding = vec![0.0; dims.latent];
        self.encoder.embed_window(window, &mut scratch, &mut embedding).map_err(refused)?;
        Ok(embedding)
    }
}

fn refused(error: EncodeError) -> EmbeddingError {
    EmbeddingError::Scan { label: "a frame".to_owned(), source: ScanError::Encode(error) }
}
