//! The prototype nearest to a probe among many: the best of a gallery, float32 or int8.
//!
//! Scores are cosines. In a float32 gallery one accumulator runs over a prototype's components in order; in an int8 one
//! the sum of products of codes is exact, and is divided by the lengths of the two vectors of codes. Equal scores go to the
//! prototype that comes first. The inner loops are the encoder's, [`ROWS`] queries to a pass over the gallery, and like
//! theirs its results have the same bits on every machine.

mod file;
#[cfg(feature = "std")]
mod write;

use core::error::Error;
use core::fmt;

use crate::kernel::loops::{magnitude, quantise};
use crate::kernel::{Add, Kernel, LANES, QUAD, Quantiser, ROWS, STEP, WeightRows};
use crate::key::MAX_LATENT;
use crate::similarity::{SimilarityError, norm};

pub use file::{Gallery, GalleryError, MAGIC, VERSION};
#[cfg(feature = "std")]
pub use write::{Entry, GalleryWriteError, ProbeWindows, write};

/// Prototypes of a block, whose components lie side by side.
pub const BLOCK: usize = 8 * LANES;

/// The prototype nearest to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Its place in the gallery.
    pub index: usize,
    /// The cosine of the two, up to rounding.
    pub score: f32,
}

/// Why queries have no nearest prototype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifyError {
    /// The values are not those of one query for each match, each of the gallery's width.
    Queries {
        /// Values given.
        given: usize,
        /// Values of as many queries as there are matches.
        expected: usize,
    },
    /// A query is zero or not finite.
    Query {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        error: SimilarityError,
    },
}

/// The prototypes of a gallery, block by block.
#[derive(Clone, Copy, Debug)]
enum Prototypes<'a> {
    /// Block by block `[components][BLOCK]`, unit vectors.
    Float(&'a [[f32; BLOCK]]),
    /// Block by block `[components / 4][BLOCK][4]` codes, and for each prototype one over the length of its codes.
    Codes(&'a [[[i8; QUAD]; BLOCK]], &'a [[f32; BLOCK]]),
}

impl Gallery<'_> {
    /// Finds the nearest prototype for each of `queries` (one for each match, each of the gallery's width).
    ///
    /// # Errors
    /// The queries' number does not fit, or one is zero or not finite. `matches` is then unspecified.
    pub fn identify(&self, queries: &[f32], matches: &mut [Match], kernel: &Kernel) -> Result<(), IdentifyError> {
        let (given, expected) = (queries.len(), matches.len().saturating_mul(self.width()));
        if given != expected {
            return Err(IdentifyError::Queries { given, expected });
        }
        let groups = queries.chunks(self.width() * ROWS).zip(matches.chunks_mut(ROWS));
        for (group, (queries, matches)) in groups.enumerate() {
            matches.fill(Match { index: 0, score: f32::NEG_INFINITY });
            let at = |(row, error)| IdentifyError::Query { index: group * ROWS + row, error };
            match self.prototypes() {
                Prototypes::Float(values) => self.by_floats(values, queries, matches, kernel).map_err(at)?,
                Prototypes::Codes(codes, scales) => {
                    self.by_codes(codes, scales, queries, matches, kernel).map_err(at)?;
                }
            }
        }
        Ok(())
    }

    fn by_floats(
        &self,
        values: &[[f32; BLOCK]],
        queries: &[f32],
        matches: &mut [Match],
        kernel: &Kernel,
    ) -> Result<(), (usize, SimilarityError)> {
        let mut steps = [[[0.0; STEP]; ROWS]; STEPS];
        for (row, query) in queries.chunks_exact(self.width()).enumerate() {
            let length = norm(query).map_err(|error| (row, error))?;
            for (values, step) in query.chunks(STEP).zip(&mut steps) {
                for (place, value) in step[row].iter_mut().zip(values) {
                    *place = value / length;
                }
            }
        }
        let blocks = values.chunks_exact(self.width());
        self.search(&steps, blocks, STEP, kernel.add_f32, |sum| sum, None, matches);
        Ok(())
    }

    fn by_codes(
        &self,
        codes: &[[[i8; QUAD]; BLOCK]],
        scales: &[[f32; BLOCK]],
        queries: &[f32],
        matches: &mut [Match],
        kernel: &Kernel,
    ) -> Result<(), (usize, SimilarityError)> {
        let mut steps = [[[0; STEP]; ROWS]; STEPS];
        let mut lengths = [1.0; ROWS];
        for ((row, query), length) in queries.chunks_exact(self.width()).enumerate().zip(&mut lengths) {
            norm(query).map_err(|error| (row, error))?;
            let quantiser = Quantiser { factor: f32::from(MAX_CODE) / magnitude(query), max_code: MAX_CODE };
            let mut squares = 0;
            for (values, step) in query.chunks(STEP).zip(&mut steps) {
                let codes = &mut step[row];
                quantise(values, quantiser, codes);
                squares += codes.iter().map(|code| i32::from(*code) * i32::from(*code)).sum::<i32>();
            }
            *length = libm::sqrtf(squares as f32);
        }
        let blocks = codes.chunks_exact(self.width() / QUAD);
        self.search(&steps, blocks, STEP / QUAD, kernel.add_i8, |sum| sum as f32, Some(scales), matches);
        for (found, length) in matches.iter_mut().zip(lengths) {
            found.score /= length;
        }
        Ok(())
    }

    /// Passes all queries over the blocks of the gallery once; `inner` rows of a block are a step.
    ///
    /// A score is the float of a sum times the prototype's scale, or times one where there are no scales.
    #[allow(clippy::too_many_arguments)]
    fn search<'g, I, W: 'g, S: Copy + Default>(
        &self,
        steps: &[[[I; STEP]; ROWS]; STEPS],
        blocks: impl Iterator<Item = &'g [[W; BLOCK]]>,
        inner: usize,
        add: Add<I, W, S>,
        float: impl Fn(S) -> f32,
        scales: Option<&[[f32; BLOCK]]>,
        matches: &mut [Match],
    ) {
        const COLUMNS: usize = BLOCK / LANES;
        let rows = matches.len();
        let mut sums = [[[S::default(); LANES]; COLUMNS]; ROWS];
        let sums = &mut sums[..rows];
        for (block, values) in blocks.enumerate() {
            sums.as_flattened_mut().fill([S::default(); LANES]);
            for (step, values) in steps.iter().zip(values.chunks(inner)) {
                let columns = values.as_flattened().as_chunks::<LANES>().0;
                add(&step[..rows], WeightRows { columns, stride: COLUMNS }, sums.as_flattened_mut());
            }
            let first = block * BLOCK;
            let scales = scales.map_or(&[1.0; BLOCK], |scales| &scales[block]);
            let sums = sums.as_flattened().as_flattened().as_chunks::<BLOCK>().0;
            for (best, sums) in matches.iter_mut().zip(sums) {
                if !any_above(best.score, sums, scales, &float) {
                    continue;
                }
                // What pads the last block has scores too.
                for (index, (sum, scale)) in (first..self.count()).zip(sums.iter().zip(scales)) {
                    let score = float(*sum) * scale;
                    if score > best.score {
                        *best = Match { index, score };
                    }
                }
            }
        }
    }
}

/// Largest magnitude of a code.
const MAX_CODE: i16 = i8::MAX as i16;

/// Steps of the longest vector.
const STEPS: usize = MAX_LATENT.div_ceil(STEP);

/// Whether a score of the block is above `best`; without a branch for each, so that several lanes can share the work.
fn any_above<S: Copy>(best: f32, sums: &[S; BLOCK], scales: &[f32; BLOCK], float: impl Fn(S) -> f32) -> bool {
    sums.iter().zip(scales).fold(false, |any, (sum, scale)| any | (float(*sum) * scale > best))
}

impl fmt::Display for IdentifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queries { given, expected } => write!(f, "queries of {given} values, should be {expected}"),
            Self::Query { index, error } => write!(f, "query {index}: {error}"),
        }
    }
}

impl Error for IdentifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Queries { .. } => None,
            Self::Query { error, .. } => Some(error),
        }
    }
}
