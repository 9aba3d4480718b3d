//! From projected frames to an embedding: the layers, the mean over time and the head.

use crate::encoder::activation;
use crate::encoder::kernel::ROWS;
use crate::encoder::weights::Layer;
use crate::encoder::workspace::Workspace;
use crate::encoder::{EncodeError, Encoder};
use crate::similarity::normalise;

impl Encoder<'_> {
    /// Runs the model on the projected rows of a workspace; the embedding lies in the workspace too.
    pub(crate) fn encode<'w>(&self, workspace: &'w mut Workspace<'_>) -> Result<&'w mut [f32], EncodeError> {
        let Workspace { rows, partials, normed, hidden, scores, .. } = workspace;
        if self.dims.is_linear() {
            let embedding = start(hidden, self.dims.latent);
            mean_of_rows(rows, embedding);
            return normalise(embedding).map(|()| embedding).map_err(EncodeError::Degenerate);
        }
        add(rows, self.weights.positions);
        for index in 0..self.dims.layers {
            // Borrowed, as a move would take its stack twice.
            if let Some(layer) = &self.weights.layer(index, &self.dims, self.format) {
                self.attend(layer, rows, normed, hidden, scores, partials);
                self.feed_forward(layer, rows, normed, hidden, partials);
            }
        }
        let (pooled, width) = (start(normed, self.dims.d_model), self.dims.d_model);
        mean_of_rows(rows, pooled);
        let rows = start(rows, width);
        self.weights.head_norm.map(pooled, rows, &self.kernel);
        self.weights.head_hidden.map(rows, None, pooled, partials, &self.kernel);
        activation::gelu(pooled);
        let embedding = start(hidden, self.dims.latent);
        self.weights.head_output.map(pooled, None, embedding, partials, &self.kernel);
        normalise(embedding).map(|()| embedding).map_err(EncodeError::Degenerate)
    }

    /// Adds to every row what it attends to; [`ROWS`] rows at a time, which keeps their intermediate results small.
    #[inline(never)]
    fn attend(
        &self,
        layer: &Layer<'_>,
        rows: &mut [f32],
        normed: &mut [f32],
        hidden: &mut [f32],
        scores: &mut [f32],
        partials: &mut [f32],
    ) {
        let width = self.dims.d_model.max(1);
        if rows.len() == width {
            // A single frame attends to itself alone: its value passes through, whatever its query and key.
            let (normed, value) = (start(normed, width), start(hidden, width));
            layer.attention_norm.map(rows, normed, &self.kernel);
            layer.query_key_value.last_outputs(width).map(normed, None, value, partials, &self.kernel);
            layer.attention_output.map(value, None, normed, partials, &self.kernel);
            return add(rows, normed);
        }
        // Never 0: a chunk of nothing would be a panic.
        let (some_rows, some_qkv) = ((ROWS * width).max(1), (3 * ROWS * width).max(1));
        let (qkv, product) = hidden.split_at_mut_checked(3 * rows.len()).unwrap_or_default();
        for (rows, qkv) in rows.chunks(some_rows).zip(qkv.chunks_mut(some_qkv)) {
            let normed = start(normed, rows.len());
            layer.attention_norm.map(rows, normed, &self.kernel);
            layer.query_key_value.map(normed, None, qkv, partials, &self.kernel);
        }
        for (rows, queries) in rows.chunks_mut(some_rows).zip(qkv.chunks(some_qkv)) {
            let (attended, product) = (start(normed, rows.len()), start(product, rows.len()));
            (self.kernel.attend)(queries, qkv, width, self.dims.head_dim(), scores, attended);
            layer.attention_output.map(attended, None, product, partials, &self.kernel);
            add(rows, product);
        }
    }

    /// Adds to every row its feed-forward block; [`ROWS`] rows at a time.
    #[inline(never)]
    fn feed_forward(
        &self,
        layer: &Layer<'_>,
        rows: &mut [f32],
        normed: &mut [f32],
        hidden: &mut [f32],
        partials: &mut [f32],
    ) {
        let width = self.dims.d_model.max(1);
        for rows in rows.chunks_mut((ROWS * width).max(1)) {
            let expanded = start(hidden, rows.len() / width * self.dims.feed_forward);
            let normed = start(normed, rows.len());
            layer.feed_forward_norm.map(rows, normed, &self.kernel);
            layer.expand.map(normed, None, expanded, partials, &self.kernel);
            activation::relu(expanded);
            layer.contract.map(expanded, None, normed, partials, &self.kernel);
            add(rows, normed);
        }
    }
}

/// The first `length` floats of a buffer cut for at least as many.
pub(super) fn start(buffer: &mut [f32], length: usize) -> &mut [f32] {
    buffer.get_mut(..length).unwrap_or_default()
}

/// Copies what is known to be as long: the standard library's copy holds a panic for what is not.
pub(super) fn copy(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

fn add(rows: &mut [f32], others: &[f32]) {
    for (value, other) in rows.iter_mut().zip(others) {
        *value += other;
    }
}

fn mean_of_rows(rows: &[f32], mean: &mut [f32]) {
    let width = mean.len().max(1);
    mean.fill(0.0);
    for row in rows.chunks_exact(width) {
        add(mean, row);
    }
    let count = (rows.len() / width) as f32;
    for value in mean {
        *value /= count;
    }
}
