//! A scan to its embedding on an ONNX engine, window by window.

use neural_vault_core::encoder::{Dims, EncodeError};
use neural_vault_core::scan::ScanError;
use neural_vault_core::similarity::SimilarityError;

use super::{EmbeddingError, Frames, check_raw};
use crate::dataset::window_values;
use crate::engine::{Data, Feed, Session};
use crate::model::onnx::INPUT;

/// Windows that an engine is given at once; bounds its memory on wide recordings.
const BATCH: usize = 64;

/// The embedding of a scan: the mean over its windows, or of a connectome model that of the whole scan.
pub(super) fn embedding(
    session: &mut dyn Session,
    scan: &Frames<'_>,
    window: usize,
    dims: &Dims,
) -> Result<Vec<f32>, EmbeddingError> {
    let &Frames { name, values, features } = scan;
    let latent = dims.latent;
    let refuse = |source| EmbeddingError::Scan { label: name.to_owned(), source };
    let given = values.len() % features;
    if given != 0 {
        return Err(refuse(ScanError::IncompleteFrame { given, features }));
    }
    check_raw(values, features).map_err(refuse)?;
    if dims.is_connectome() {
        let frames = values.len() / features;
        if frames < window {
            return Err(refuse(EncodeError::TooShort { given: frames, least: window }.into()));
        }
        let outputs = session.run(&[Feed { name: INPUT, shape: &[frames, features], data: Data::F32(values) }])?;
        let embedding = outputs.output(0)?.to_vec();
        // What core names, a constant region or one without a finite value, is NaN here.
        return if embedding.iter().all(|component| component.is_finite()) {
            Ok(embedding)
        } else {
            Err(refuse(EncodeError::Degenerate(SimilarityError::NotFinite).into()))
        };
    }
    let windows = window_values(values, features, window)?;
    let size = window * features;
    let mut total = vec![0.0f32; latent];
    for batch in windows.chunks(BATCH * size) {
        let shape = [batch.len() / size, window, features];
        let outputs = session.run(&[Feed { name: INPUT, shape: &shape, data: Data::F32(batch) }])?;
        for embedding in outputs.output(0)?.chunks_exact(latent) {
            total.iter_mut().zip(embedding).for_each(|(sum, component)| *sum += component);
        }
    }
    let count = (windows.len() / size) as f32;
    total.iter_mut().for_each(|component| *component /= count);
    Ok(total)
}
