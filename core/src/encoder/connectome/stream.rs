//! Taking the frames of a scan, piece by piece, into sums of products.

use core::mem::replace;
use core::ops::Range;

use super::workspace::Workspace;
use super::{Connectome, LEAST_FRAMES};
use crate::encoder::error::EncodeError;
use crate::frame::{FrameCheck, FrameError};
use crate::kernel::{ROWS, RowPairs};

/// A scan on its way in.
#[derive(Debug)]
pub(crate) struct Stream<'m, 's> {
    pub(super) model: &'m Connectome<'m>,
    pub(super) workspace: Workspace<'s>,
    pub(super) state: StreamState,
}

/// Where a scan stands between two chunks; its sums stay in the scratch memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamState {
    /// Complete frames.
    pub(super) frames: u32,
    /// Values of the open frame.
    feature: usize,
    /// The check of the open frame.
    check: FrameCheck,
    failure: Option<EncodeError>,
}

impl StreamState {
    /// A scan without a frame.
    pub(crate) const NEW: Self = Self { frames: 0, feature: 0, check: FrameCheck::NEW, failure: None };
}

impl<'m, 's> Stream<'m, 's> {
    /// Begins a scan.
    pub(crate) fn new(model: &'m Connectome<'m>, scratch: &'s mut [f32]) -> Result<Self, EncodeError> {
        let mut stream = Self::resume(model, StreamState::NEW, scratch)?;
        stream.workspace.clear();
        Ok(stream)
    }

    /// Continues one whose scratch memory is as it was left.
    pub(crate) fn resume(
        model: &'m Connectome<'m>,
        state: StreamState,
        scratch: &'s mut [f32],
    ) -> Result<Self, EncodeError> {
        Ok(Self { model, workspace: Workspace::cut(model, scratch)?, state })
    }

    /// Leaves the scan as it is.
    pub(crate) fn pause(self) -> StreamState {
        self.state
    }

    /// Values of the open frame.
    pub(crate) fn feature(&self) -> usize {
        self.state.feature
    }

    /// Takes the next raw values: part of a frame, one, or many.
    ///
    /// # Errors
    /// A frame says nothing, or has no finite value in a region. The scan has then failed, and every later call returns the
    /// error again.
    // Not inlined, as `finish`.
    #[inline(never)]
    pub(crate) fn push(&mut self, chunk: &[f32]) -> Result<(), EncodeError> {
        let mut chunk = chunk;
        while !chunk.is_empty() && self.state.failure.is_none() {
            let features = self.model.features;
            let (values, rest) = chunk.split_at(chunk.len().min(features - self.state.feature));
            self.state.check.take(values, features);
            self.add_to_frame(values);
            self.state.feature += values.len();
            if self.state.feature == features {
                self.state.failure = self.close_frame().err();
            }
            chunk = rest;
        }
        self.state.failure.map_or(Ok(()), Err)
    }

    /// Ends the scan, which needs at least `least` frames; its embedding lies at the start of the scratch memory.
    ///
    /// # Errors
    /// The scan has failed, ends inside a frame or is too short, a region is constant, or the embedding has no direction.
    // Not inlined, so that a firmware's list of panics has this name and not its caller's.
    #[inline(never)]
    pub(crate) fn finish(mut self, least: usize) -> Result<&'s mut [f32], EncodeError> {
        if let Some(failure) = self.state.failure {
            return Err(failure);
        }
        let (given, least) = (self.state.frames as usize, least.max(LEAST_FRAMES));
        if given < least {
            return Err(EncodeError::TooShort { given, least });
        }
        self.multiply_frames();
        self.model.embed_sums(self.workspace, self.state.frames)
    }

    /// Adds values to the open frame: to the sums of their regions, or as regions of their own.
    fn add_to_frame(&mut self, values: &[f32]) {
        let row = self.open_row();
        let Self { model, workspace: Workspace { frames, counts, .. }, state } = self;
        let frame = frames[row].as_flattened_mut();
        if model.parcels.is_empty() {
            frame[state.feature..][..values.len()].copy_from_slice(values);
            return;
        }
        let (counts, parcels) = (counts.as_flattened_mut(), &model.parcels[state.feature..][..values.len()]);
        for (value, parcel) in values.iter().zip(parcels) {
            // Parcels count from 1: a value of none has no region.
            if let Some(region) = usize::from(*parcel).checked_sub(1)
                && value.is_finite()
            {
                frame[region] += value;
                counts[region] += 1.0;
            }
        }
    }

    /// Checks the complete frame and adds it to the sums, or keeps it until [`ROWS`] frames can be multiplied together.
    fn close_frame(&mut self) -> Result<(), EncodeError> {
        let (row, features, regions) = (self.open_row(), self.model.features, self.model.regions);
        let number = self.state.frames as usize + 1;
        let degenerate = |cause| EncodeError::Frame { frame: number, cause };
        self.state.feature = 0;
        replace(&mut self.state.check, FrameCheck::NEW).finish(features).map_err(degenerate)?;
        let Workspace { frames, first, sums, counts, .. } = &mut self.workspace;
        let frame = &mut frames[row].as_flattened_mut()[..regions];
        if !self.model.parcels.is_empty() {
            let counts = &mut counts.as_flattened_mut()[..regions];
            for (sum, count) in frame.iter_mut().zip(counts) {
                // Without a value this is 0 / 0, which the check below finds.
                *sum /= replace(count, 0.0);
            }
        }
        // Without a branch for each value, so that several share the work.
        if !frame.iter().fold(true, |all, value| all & value.is_finite()) {
            let region = frame.iter().take_while(|value| value.is_finite()).count() + 1;
            return Err(degenerate(FrameError::Region { region }));
        }
        let first = &mut first.as_flattened_mut()[..regions];
        if self.state.frames == 0 {
            first.copy_from_slice(frame);
        }
        for ((value, first), sum) in frame.iter_mut().zip(first).zip(sums.as_flattened_mut()) {
            *value -= *first;
            *sum += *value;
        }
        assert!(self.state.frames < u32::MAX, "a frame to count");
        self.state.frames += 1;
        if self.waiting() == 0 {
            self.multiply(ROWS);
        }
        Ok(())
    }

    /// Adds the products of the frames that wait.
    fn multiply_frames(&mut self) {
        match self.waiting() {
            0 => {}
            waiting => self.multiply(waiting),
        }
    }

    /// Adds the products of the first `count` kept frames, and clears them.
    fn multiply(&mut self, count: usize) {
        let (columns, Workspace { square, frames, .. }) = (self.model.columns(), &mut self.workspace);
        let frames = &mut frames[..count * columns];
        (self.model.kernel.add_outer)(RowPairs { left: frames, right: frames, columns }, square);
        frames.as_flattened_mut().fill(0.0);
    }

    /// Complete frames whose products are not added yet, less than [`ROWS`].
    fn waiting(&self) -> usize {
        self.state.frames as usize % ROWS
    }

    /// Columns of the open frame.
    fn open_row(&self) -> Range<usize> {
        let (row, columns) = (self.waiting(), self.model.columns());
        row * columns..(row + 1) * columns
    }
}
