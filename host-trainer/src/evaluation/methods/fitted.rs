//! The methods fitted to training frames, and frames encoded by all of them.

use std::sync::OnceLock;

use faer::{Mat, MatRef};
use neural_vault_core::encoder::{EncodeError, Encoder};
use neural_vault_core::scan::ScanError;
use neural_vault_core::similarity::normalise;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::codes::mean_vector;
use super::{BITS, Encoded};
use crate::embedding::EmbeddingError;
use crate::front_end::{CLOSED_SET_REST, FrontEnd, FrontEndError};
use crate::model::LATENT;

/// Frames that share a pass over the encoder's weights.
const TOGETHER: usize = 16;

/// The methods, fitted to the rows that train.
#[derive(Debug)]
pub struct Fitted<'e> {
    /// Leaves frames as they are, which come standardised.
    encoder: Encoder<'e>,
    /// Lengths of the windows that the encoder was trained on.
    windows: Vec<usize>,
    others: Option<Others>,
}

/// The methods without an encoder.
#[derive(Debug)]
struct Others {
    /// features x [`BITS`].
    projection: Mat<f32>,
    /// features x (classes - 1).
    discriminants: Mat<f32>,
    /// features x [`LATENT`].
    linear: Mat<f32>,
    /// Whether linear templates are centred on their gallery.
    centred: bool,
}

impl<'e> Fitted<'e> {
    /// Fits every method to standardised training frames and their labels; `open_set` is for enrolled labels that do
    /// not train.
    ///
    /// The encoder comes trained on `windows`, and does not standardise again.
    ///
    /// # Errors
    /// When the frames have no front end.
    pub fn fit(
        encoder: Encoder<'e>,
        windows: Vec<usize>,
        frames: &[f32],
        labels: &[u32],
        open_set: bool,
        seed: u64,
    ) -> Result<Self, FrontEndError> {
        let features = encoder.dims().features;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = (BITS as f32).sqrt().recip();
        let projection = Mat::from_fn(features, BITS, |_, _| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            normal * deviation
        });
        let front_end = FrontEnd::fit(frames, features, labels)?;
        let linear = front_end.projection(LATENT, if open_set { 1.0 } else { CLOSED_SET_REST }).weight;
        let linear = MatRef::from_column_major_slice(&linear, features, LATENT).to_owned();
        let others = Others { projection, discriminants: front_end.discriminants(), linear, centred: open_set };
        Ok(Self { encoder, windows, others: Some(others) })
    }

    /// An encoder alone.
    #[must_use]
    pub fn encoder(encoder: Encoder<'e>, windows: Vec<usize>) -> Self {
        Self { encoder, windows, others: None }
    }

    /// Encodes single standardised frames by every method.
    ///
    /// # Errors
    /// When a frame has no embedding.
    pub fn encode(&self, frames: Vec<f32>) -> Result<Encoded, EmbeddingError> {
        let embeddings = self.embed_frames(&frames)?;
        Ok(self.with_embeddings(frames, embeddings))
    }

    /// Encodes windows of standardised frames, `lengths` frames each, by every method.
    ///
    /// The encoder takes a window whole where it was trained on that length, and frame by frame otherwise.
    ///
    /// # Errors
    /// When a window has no embedding.
    pub fn encode_windows(&self, frames: Vec<f32>, lengths: &[usize]) -> Result<Encoded, EmbeddingError> {
        if lengths.iter().all(|&length| length == 1) {
            return self.encode(frames);
        }
        let features = self.encoder.dims().features;
        let mut means = Vec::with_capacity(lengths.len() * features);
        let mut embeddings = Vec::with_capacity(lengths.len());
        let mut rest = frames.as_slice();
        for &length in lengths {
            let (window, after) = rest.split_at(length * features);
            rest = after;
            let mean = |vectors: &mut dyn Iterator<Item = &[f32]>| mean_vector(vectors).unwrap_or_default();
            means.extend(mean(&mut window.chunks_exact(features)));
            embeddings.push(if self.windows.contains(&length) {
                self.embed_window(window, length)?
            } else {
                mean(&mut self.embed_frames(window)?.iter().map(Vec::as_slice))
            });
        }
        Ok(self.with_embeddings(means, embeddings))
    }

    fn with_embeddings(&self, frames: Vec<f32>, embeddings: Vec<Vec<f32>>) -> Encoded {
        let features = self.encoder.dims().features;
        let matrix = MatRef::from_row_major_slice(&frames, frames.len() / features, features);
        let product = |axes: fn(&Others) -> &Mat<f32>| {
            self.others.as_ref().map_or_else(Vec::new, |others| rows_of(&(matrix * axes(others))))
        };
        let (projected, discriminants) = (product(|o| &o.projection), product(|o| &o.discriminants));
        let mut linear = product(|o| &o.linear);
        for vector in linear.chunks_exact_mut(LATENT) {
            // One without direction is like nobody.
            let _ = normalise(vector);
        }
        let (sha256, hmac) = (OnceLock::new(), OnceLock::new());
        let lda_width = self.others.as_ref().map_or(0, |others| others.discriminants.ncols());
        let centred = self.others.as_ref().is_some_and(|others| others.centred);
        Encoded { frames, features, sha256, hmac, embeddings, projected, discriminants, lda_width, linear, centred }
    }

    fn embed_frames(&self, frames: &[f32]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let dims = self.encoder.dims();
        let together = TOGETHER.min(dims.positions);
        let mut scratch = vec![0.0; Encoder::scratch_len(dims, together)];
        let mut embeddings = vec![0.0; frames.len() / dims.features * dims.latent];
        self.encoder.embed_frames(frames, together, &mut scratch, &mut embeddings).map_err(refused)?;
        Ok(embeddings.chunks_exact(dims.latent).map(<[f32]>::to_vec).collect())
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

/// A matrix's elements row by row.
fn rows_of(matrix: &Mat<f32>) -> Vec<f32> {
    (0..matrix.nrows()).flat_map(|row| matrix.row(row).iter().copied().collect::<Vec<_>>()).collect()
}
