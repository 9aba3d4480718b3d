//! From projected frames to an embedding: layers, mean over time, head.

use crate::encoder::activation;
use crate::encoder::error::EncodeError;
use crate::encoder::network::Network;
use crate::encoder::tensors::Piece;
use crate::encoder::weights::Block;
use crate::encoder::workspace::{Workspace, start};
use crate::kernel::{Attention, ROWS, groups};
use crate::similarity::normalise;

impl Network<'_> {
    /// Runs the model on the projected rows of a workspace; the embedding lies at the start of its `hidden`.
    pub(crate) fn encode(&self, workspace: &mut Workspace<'_>) -> Result<(), EncodeError> {
        if self.dims.is_linear() {
            mean_of_rows(workspace.rows, start(workspace.hidden, self.dims.latent));
        } else {
            self.transform(workspace);
        }
        normalise(start(workspace.hidden, self.dims.latent)).map_err(EncodeError::Degenerate)
    }

    /// The layers, the mean over time and the head.
    fn transform(&self, workspace: &mut Workspace<'_>) {
        add(workspace.rows, &self.weights.positions[..workspace.rows.len()]);
        let accept = &mut |_: &Piece<'_>| true;
        let mut blocks = self.weights.blocks(self.format, accept);
        for _ in 0..self.dims.layers {
            self.attend(checked(&mut blocks.attention(&self.dims)), workspace);
            self.feed_forward(checked(&mut blocks.feed_forward(&self.dims)), workspace);
        }
        let Workspace { rows, partials, normed, hidden, .. } = workspace;
        let (pooled, width) = (start(normed, self.dims.d_model), self.dims.d_model);
        mean_of_rows(rows, pooled);
        let rows = start(rows, width);
        let embedding = start(hidden, self.dims.latent);
        let mut head = blocks.head(&self.dims);
        let block = checked(&mut head);
        (self.kernel.layer_norm)(block.norm, pooled, rows);
        block.first.map(rows, pooled, partials, self.kernel);
        activation::gelu(pooled);
        block.second.map(pooled, embedding, partials, self.kernel);
    }

    /// Adds its attention to every row; [`ROWS`] rows at a time, which keeps the intermediate results small.
    #[inline(never)]
    fn attend(&self, block: &mut Block<'_>, workspace: &mut Workspace<'_>) {
        let Workspace { rows, partials, normed, hidden, scores, .. } = workspace;
        let width = self.dims.d_model;
        // A single frame attends to itself alone: its value passes through, whatever its query and key.
        let alone = rows.len() == width;
        let (inner_width, length) = if alone { (width, width) } else { (3 * width, 3 * rows.len()) };
        block.first.keep_last(inner_width);
        let (inner, product) = hidden.split_at_mut(length);
        for (rows, inner) in groups(rows, ROWS * width, inner, ROWS * inner_width) {
            let normed = start(normed, rows.len());
            (self.kernel.layer_norm)(block.norm, rows, normed);
            block.first.map(normed, inner, partials, self.kernel);
        }
        for (some, rows) in groups(inner, ROWS * inner_width, rows, ROWS * width) {
            let (attended, product) = (start(normed, rows.len()), start(product, rows.len()));
            if alone {
                attended.copy_from_slice(some);
            } else {
                let attention = Attention { qkv: inner, width, head: self.dims.head_dim() };
                (self.kernel.attend)(attention, some, scores, attended);
            }
            block.second.map(attended, product, partials, self.kernel);
            add(rows, product);
        }
    }

    /// Adds to every row its feed-forward block; [`ROWS`] rows at a time.
    #[inline(never)]
    fn feed_forward(&self, block: &Block<'_>, workspace: &mut Workspace<'_>) {
        let Workspace { rows, partials, normed, hidden, .. } = workspace;
        let width = self.dims.d_model;
        for rows in rows.chunks_mut(ROWS * width) {
            let expanded = start(hidden, rows.len() / width * self.dims.feed_forward);
            let normed = start(normed, rows.len());
            (self.kernel.layer_norm)(block.norm, rows, normed);
            block.first.map(normed, expanded, partials, self.kernel);
            activation::relu(expanded);
            block.second.map(expanded, normed, partials, self.kernel);
            add(rows, normed);
        }
    }
}

/// A block that was checked when the model was opened; borrowed, as a move would take its stack twice.
#[expect(clippy::expect_used, reason = "opening the model cut every block out of the same bytes")]
fn checked<'b, 'a>(block: &'b mut Option<Block<'a>>) -> &'b mut Block<'a> {
    block.as_mut().expect("a block of an open model")
}

fn add(rows: &mut [f32], others: &[f32]) {
    assert!(rows.len() == others.len(), "as many values");
    for (value, other) in rows.iter_mut().zip(others) {
        *value += other;
    }
}

fn mean_of_rows(rows: &[f32], mean: &mut [f32]) {
    mean.fill(0.0);
    let mut count = 0.0;
    for row in rows.chunks(mean.len()) {
        add(mean, row);
        count += 1.0;
    }
    for value in mean {
        *value /= count;
    }
}
