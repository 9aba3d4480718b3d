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

use crate::encoder::{Accumulate, Kernel, LANES, QUAD, ROWS, STEP, magnitude, quantise};
use crate::key::MAX_LATENT;
use crate::similarity::{SimilarityError, norm, square_root};

pub use file::{Gallery, GalleryError, MAGIC, VERSION};
#[cfg(feature = "std")]
pub use write::{Entry, GalleryWriteError, write};

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
pub enum IdentifyError {
    /// The queries are no whole number of vectors of the gallery's width, or not one for each match.
    Queries {
        /// Values given.
        given: usize,
        /// Values of as many queries as there are matches.
        expected: usize,
    },
    /// A query is zero or not finite.
    Query {
        /// Which.
        index: usize,
        /// Why.
        error: SimilarityError,
    },
}

/// The prototypes of a gallery, block by block.
#[derive(Clone, Copy, Debug)]
enum Prototypes<'a> {
    /// `[components][BLOCK]`, unit vectors.
    Float(&'a [f32]),
    /// `[components / 4][BLOCK][4]` codes, and for each prototype one over the length of its codes.
    Codes(&'a [i8], &'a [f32]),
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
        let groups = queries.chunks((self.width() * ROWS).max(1)).zip(matches.chunks_mut(ROWS));
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
        values: &[f32],
        queries: &[f32],
        matches: &mut [Match],
        kernel: &Kernel,
    ) -> Result<(), (usize, SimilarityError)> {
        let mut steps = [[[0.0; STEP]; ROWS]; STEPS];
        for (row, query) in queries.chunks_exact(self.width().max(1)).enumerate() {
            let length = norm(query).map_err(|error| (row, error))?;
            for (values, step) in query.chunks(STEP).zip(&mut steps) {
                for (place, value) in step.get_mut(row).into_iter().flatten().zip(values) {
                    *place = value / length;
                }
            }
        }
        let columns = values.as_chunks::<LANES>().0;
        self.search(&steps, columns, STEP, kernel.f32, |sum| sum, &[], matches);
        Ok(())
    }

    fn by_codes(
        &self,
        codes: &[i8],
        scales: &[f32],
        queries: &[f32],
        matches: &mut [Match],
        kernel: &Kernel,
    ) -> Result<(), (usize, SimilarityError)> {
        let mut steps = [[[0; STEP]; ROWS]; STEPS];
        let mut lengths = [1.0; ROWS];
        for ((row, query), length) in queries.chunks_exact(self.width().max(1)).enumerate().zip(&mut lengths) {
            norm(query).map_err(|error| (row, error))?;
            let factor = f32::from(MOST) / magnitude(query);
            let mut squares = 0;
            for (values, step) in query.chunks(STEP).zip(&mut steps) {
                if let Some(codes) = step.get_mut(row) {
                    quantise(values, factor, MOST, codes);
                    squares += codes.iter().map(|code| i32::from(*code) * i32::from(*code)).sum::<i32>();
                }
            }
            *length = square_root(squares as f32);
        }
        let columns = codes.as_chunks::<QUAD>().0.as_chunks::<LANES>().0;
        self.search(&steps, columns, STEP / QUAD, kernel.i8, |sum| sum as f32, scales, matches);
        for (found, length) in matches.iter_mut().zip(lengths) {
            found.score /= length;
        }
        Ok(())
    }

    /// Passes all queries over the gallery once; `inner` rows of columns are a step.
    ///
    /// A score is the float of a sum times the prototype's scale, or times one where there are no scales.
    #[allow(clippy::too_many_arguments)]
    fn search<I, W, S: Copy + Default>(
        &self,
        steps: &[[[I; STEP]; ROWS]; STEPS],
        columns: &[[W; LANES]],
        inner: usize,
        accumulate: Accumulate<I, W, S>,
        float: impl Fn(S) -> f32,
        scales: &[f32],
        matches: &mut [Match],
    ) {
        const WIDTH: usize = BLOCK / LANES;
        let blocks = self.count().div_ceil(BLOCK).max(1);
        let rows = matches.len();
        let mut sums = [[S::default(); LANES]; ROWS * WIDTH];
        let sums = sums.get_mut(..rows * WIDTH).unwrap_or_default();
        for (block, columns) in columns.chunks_exact((columns.len() / blocks).max(1)).enumerate() {
            sums.fill([S::default(); LANES]);
            for (step, columns) in steps.iter().zip(columns.chunks((inner * WIDTH).max(1))) {
                accumulate(step.get(..rows).unwrap_or_default(), columns, WIDTH, sums);
            }
            let first = block * BLOCK;
            let scales = scales.get(first..).and_then(<[f32]>::first_chunk).unwrap_or(&[1.0; BLOCK]);
            for (best, sums) in matches.iter_mut().zip(sums.as_flattened().as_chunks().0) {
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
const MOST: i16 = i8::MAX as i16;

/// Steps of the longest vector.
const STEPS: usize = MAX_LATENT.div_ceil(STEP);

/// Whether a score of the block is above `least`; without a branch for each, which several lanes can share.
fn any_above<S: Copy>(least: f32, sums: &[S; BLOCK], scales: &[f32; BLOCK], float: impl Fn(S) -> f32) -> bool {
    sums.iter().zip(scales).fold(false, |any, (sum, scale)| any | (float(*sum) * scale > least))
}

impl fmt::Display for IdentifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queries { given, expected } => write!(f, "queries of {given} values, should be {expected}"),
            Self::Query { index, error } => write!(f, "query {index}: {error}"),
        }
    }
}

impl Error for IdentifyError {}
