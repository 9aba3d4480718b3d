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
        let mut lengths = [1.0; ROWS];
        for ((row, query), length) in queries.chunks_exact(self.width()).enumerate().zip(&mut lengths) {
            *length = norm(query).map_err(|error| (row, error))?;
        }
        let take = |row: usize, values: &[f32], places: &mut [f32; STEP]| {
            for (place, value) in places.iter_mut().zip(values) {
                *place = value / lengths[row];
            }
        };
        let inputs = Inputs { queries, take, per_row: 1 };
        self.search(&inputs, values, kernel.add_f32, |sum| sum, None, matches);
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
        let mut quantisers = [Quantiser { factor: 1.0, max_code: MAX_CODE }; ROWS];
        let mut lengths = [1.0; ROWS];
        for (row, query) in queries.chunks_exact(self.width()).enumerate() {
            norm(query).map_err(|error| (row, error))?;
            quantisers[row].factor = f32::from(MAX_CODE) / magnitude(query);
            let mut squares = 0;
            for values in query.chunks(STEP) {
                let mut codes = [0; STEP];
                quantise(values, quantisers[row], &mut codes);
                squares += codes.iter().map(|code| i32::from(*code) * i32::from(*code)).sum::<i32>();
            }
            lengths[row] = libm::sqrtf(squares as f32);
        }
        let take = |row: usize, values: &[f32], places: &mut [i16; STEP]| quantise(values, quantisers[row], places);
        let inputs = Inputs { queries, take, per_row: QUAD };
        self.search(&inputs, codes, kernel.add_i8, |sum| sum as f32, Some(scales), matches);
        for (found, length) in matches.iter_mut().zip(lengths) {
            found.score /= length;
        }
        Ok(())
    }

    /// Passes all queries over the gallery once.
    ///
    /// A score is the float of a sum times the prototype's scale, or times one where there are no scales. [`TOGETHER`]
    /// blocks share a step of the queries, so that no more than one step of them is on the stack.
    fn search<I: Copy + Default, W, S: Copy + Default>(
        &self,
        inputs: &Inputs<'_, impl Fn(usize, &[f32], &mut [I; STEP])>,
        prototypes: &[[W; BLOCK]],
        add: Add<I, W, S>,
        float: impl Fn(S) -> f32,
        scales: Option<&[[f32; BLOCK]]>,
        matches: &mut [Match],
    ) {
        const COLUMNS: usize = BLOCK / LANES;
        let rows = matches.len();
        let (block_rows, step_rows) = (self.padded_width() / inputs.per_row, STEP / inputs.per_row);
        let (mut step, mut taken) = ([[I::default(); STEP]; ROWS], None);
        let mut sums = [[[[S::default(); LANES]; COLUMNS]; ROWS]; TOGETHER];
        for (group, blocks) in prototypes.chunks(TOGETHER * block_rows).enumerate() {
            for sums in &mut sums {
                sums[..rows].as_flattened_mut().fill([S::default(); LANES]);
            }
            for number in 0..block_rows.div_ceil(step_rows) {
                // The only step of short queries is kept.
                if taken != Some(number) {
                    taken = Some(number);
                    step = [[I::default(); STEP]; ROWS];
                    for ((row, query), places) in inputs.queries.chunks_exact(self.width()).enumerate().zip(&mut step) {
                        let query = &query[number * STEP..];
                        (inputs.take)(row, &query[..query.len().min(STEP)], places);
                    }
                }
                let weights = number * step_rows..block_rows.min((number + 1) * step_rows);
                for (block, sums) in blocks.chunks_exact(block_rows).zip(&mut sums) {
                    let columns = block[weights.clone()].as_flattened().as_chunks::<LANES>().0;
                    add(&step[..rows], WeightRows { columns, stride: COLUMNS }, sums[..rows].as_flattened_mut());
                }
            }
            let blocks = blocks.len() / block_rows;
            for (block, sums) in (group * TOGETHER..).zip(&sums[..blocks]) {
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
}

/// The queries of a pass, and how a step of one becomes a product's inputs.
struct Inputs<'q, F> {
    queries: &'q [f32],
    /// Writes the inputs of a query, by its row, for these values at the start of places that hold zeros.
    take: F,
    /// Inputs of a row of prototypes.
    per_row: usize,
}

/// Largest magnitude of a code.
const MAX_CODE: i16 = i8::MAX as i16;

/// Blocks whose sums are open together.
const TOGETHER: usize = 4;

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
