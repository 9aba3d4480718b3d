//! The prototype that a token must have come to.

use std::path::Path;

use neural_vault_core::wire::TokenInfo;

use crate::cli::failure::{DATA, Failure, MODEL};
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingEngine, Frames};
use crate::hex;
use crate::verification::rounded;

/// The prototype of the scans as this machine computes it with the model at `path`, which must be the token's.
pub fn own_prototype(path: &Path, info: &TokenInfo, dataset: &Dataset, scans: &[Scan]) -> Result<Vec<f32>, Failure> {
    let model = crate::model::load(path)?;
    if *model.digest() != info.model {
        let (given, held) = (hex::encode(model.digest()), hex::encode(&info.model));
        return Err(Failure::new(MODEL, format!("{}: model {given}, the token holds {held}", path.display())));
    }
    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
    if info.whole_scans {
        let values = dataset.joined(scans);
        let joined = Frames { name: "the enrolled sessions", values: &values, features: dataset.features };
        let mut embeddings = embedder.embed(&[joined], usize::from(info.window))?;
        let embedding = embeddings.pop().unwrap_or_default();
        return rounded(&embedding).map_err(|error| Failure::new(DATA, format!("the enrolled sessions: {error}")));
    }
    let embeddings = embedder.scans(dataset, scans, usize::from(info.window))?;
    let mut prototype = vec![0.0f32; model.dims().latent];
    for embedding in &embeddings {
        prototype.iter_mut().zip(embedding).for_each(|(total, component)| *total += component);
    }
    prototype.iter_mut().for_each(|total| *total /= embeddings.len() as f32);
    Ok(prototype)
}
