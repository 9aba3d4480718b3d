//! From a scan's sums of products to its embedding.

use super::Connectome;
use super::workspace::Workspace;
use crate::encoder::error::EncodeError;
use crate::similarity::normalise;

impl Connectome<'_> {
    /// The embedding of `frames` frames, at the start of the scratch memory; what lies behind it is cleared.
    pub(super) fn embed_sums<'s>(&self, workspace: Workspace<'s>, frames: u32) -> Result<&'s mut [f32], EncodeError> {
        let Workspace { square, frames: rows, first, sums, .. } = workspace;
        let Self { regions, .. } = *self;
        self.correlate(square.as_flattened_mut(), sums.as_flattened(), first.as_flattened_mut(), frames as f32)?;
        self.whiten(square, rows);
        let square = square.as_flattened_mut();
        self.scale_and_shift(square);
        self.invert(square, rows)?;
        let (mut length, stride) = (0, self.stride());
        for row in 0..regions {
            // Never behind what is read: the rows before were as long or longer.
            square.copy_within(row * stride + row + 1..row * stride + regions, length);
            length += regions - 1 - row;
        }
        let (embedding, rest) = square.split_at_mut(length);
        rest.fill(0.0);
        for (component, mean) in embedding.iter_mut().zip(self.mean) {
            *component -= mean;
        }
        normalise(embedding).map_err(EncodeError::Degenerate)?;
        Ok(embedding)
    }

    /// Turns sums of products above the diagonal into correlations on both sides of it.
    ///
    /// `inverse` is space for one over the root of each region's sum of squared deviations.
    fn correlate(&self, square: &mut [f32], sums: &[f32], inverse: &mut [f32], frames: f32) -> Result<(), EncodeError> {
        let (regions, stride) = (self.regions, self.stride());
        for (region, (inverse, sum)) in inverse.iter_mut().zip(sums).take(regions).enumerate() {
            let squares = square[region * stride + region] - sum * sum / frames;
            if squares.is_nan() || squares <= 0.0 {
                return Err(EncodeError::ConstantRegion { region: region + 1 });
            }
            *inverse = 1.0 / libm::sqrtf(squares);
        }
        for row in 0..regions {
            let (sum, scale) = (sums[row], inverse[row]);
            let products = &mut square[row * stride..][row..regions];
            for ((product, other), inverse) in products.iter_mut().zip(&sums[row..]).zip(&inverse[row..]) {
                *product = (*product - sum * other / frames) * scale * inverse;
            }
            for column in row + 1..regions {
                square[column * stride + row] = square[row * stride + column];
            }
        }
        Ok(())
    }

    /// Scales the matrix to a trace of as many regions, and adds the identity; above the diagonal.
    fn scale_and_shift(&self, square: &mut [f32]) {
        let (regions, stride) = (self.regions, self.stride());
        let trace: f32 = (0..regions).map(|region| square[region * stride + region]).sum();
        let factor = regions as f32 / trace;
        for row in 0..regions {
            let values = &mut square[row * stride..][row..regions];
            values.iter_mut().for_each(|value| *value *= factor);
            values[0] += 1.0;
        }
    }
}
