//! A stream of raw frames to a scan's embedding, in chunks of any size.
//!
//! A scan is cut into windows of consecutive frames; its embedding is the mean of its windows' embeddings, in order,
//! not scaled to unit length again. Frames after the last full window are dropped. A scan shorter than one window is
//! repeated from its start until it fills one. A frame that says nothing fails the scan, see [`check_frame`].
//!
//! Only the window's projected frames are held: a chunk is standardised and multiplied into its frame's
//! projection at once, so a frame of 20,484 values can arrive in pieces as small as a radio packet.

use core::error::Error;
use core::fmt;
use core::mem::replace;

pub use crate::frame::{FrameError, check_frame};

use crate::encoder::{EncodeError, Encoder, Workspace};
use crate::frame::FrameCheck;
use crate::kernel::ROWS;

/// Why a scan has no embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanError {
    /// A window cannot be encoded.
    Encode(EncodeError),
    /// A frame says nothing: too few of its values are finite, or they are all equal.
    Degenerate {
        /// The frame, from 1.
        frame: usize,
        /// What it lacks.
        cause: FrameError,
    },
    /// The scan has no frame.
    Empty,
    /// The scan ends inside a frame.
    IncompleteFrame {
        /// Values of the last frame.
        given: usize,
        /// Values in a frame.
        features: usize,
    },
}

/// Embeds a scan that arrives piece by piece.
#[derive(Debug)]
pub struct ScanEncoder<'m, 's> {
    encoder: &'m Encoder<'m>,
    workspace: Workspace<'s>,
    state: ScanState,
}

/// Where a scan stands between two chunks; its data stays in the scratch memory.
#[derive(Clone, Copy, Debug)]
pub struct ScanState {
    window: usize,
    /// Complete frames of the open window.
    frame: usize,
    /// Values of the open frame.
    feature: usize,
    windows: u32,
    /// The check of the open frame.
    check: FrameCheck,
    failure: Option<ScanError>,
}

impl<'m, 's> ScanEncoder<'m, 's> {
    /// Starts a scan cut into windows of `window` frames.
    ///
    /// `scratch` is at least [`Encoder::scratch_len`] floats of any content; the scan's data stays in it afterwards.
    ///
    /// # Errors
    /// The window does not fit the model, or the scratch is too short.
    pub fn new(encoder: &'m Encoder<'m>, window: usize, scratch: &'s mut [f32]) -> Result<Self, ScanError> {
        let check = FrameCheck::NEW;
        let state = ScanState { window, frame: 0, feature: 0, windows: 0, check, failure: None };
        let scan = Self::resume(encoder, state, scratch)?;
        scan.workspace.total.fill(0.0);
        Ok(scan)
    }

    /// Pauses the scan, so that between two chunks nothing borrows the scratch memory.
    pub fn pause(self) -> ScanState {
        self.state
    }

    /// Windows embedded so far.
    pub fn windows(&self) -> u32 {
        self.state.windows
    }

    /// Resumes a paused scan, with the encoder it began with and its scratch memory unchanged.
    ///
    /// # Errors
    /// As [`ScanEncoder::new`], or the scan is further into a frame than this encoder's frames are long.
    pub fn resume(encoder: &'m Encoder<'m>, state: ScanState, scratch: &'s mut [f32]) -> Result<Self, ScanError> {
        let workspace = encoder.workspace(state.window, scratch).map_err(ScanError::Encode)?;
        let (given, features) = (state.feature, encoder.dims().features);
        if given >= features {
            return Err(ScanError::IncompleteFrame { given, features });
        }
        Ok(Self { encoder, workspace, state })
    }

    /// Takes the next raw values of the scan: part of a frame, one, or many; a chunk may cross frame ends.
    ///
    /// # Errors
    /// A frame says nothing, or a window's embedding is zero or not finite. The scan has then failed, and every later call
    /// returns the error again.
    // Not inlined, so that a firmware's list of panics has this name and not its caller's.
    #[inline(never)]
    pub fn push(&mut self, chunk: &[f32]) -> Result<(), ScanError> {
        let mut chunk = chunk;
        while !chunk.is_empty() && self.state.failure.is_none() {
            let taken = self.project(chunk);
            chunk = &chunk[taken..];
            if self.state.frame == self.state.window {
                self.close_window();
            }
        }
        self.state.failure.map_or(Ok(()), Err)
    }

    /// Ends the scan and writes its embedding, `latent` components.
    ///
    /// # Errors
    /// The scan is empty, ends inside a frame or has failed, or `embedding` has another length.
    // Not inlined, so that a firmware's list of panics has this name and not its caller's.
    #[inline(never)]
    pub fn finish(mut self, embedding: &mut [f32]) -> Result<(), ScanError> {
        self.encoder.check_embedding(embedding).map_err(ScanError::Encode)?;
        if self.state.feature != 0 {
            return Err(ScanError::IncompleteFrame {
                given: self.state.feature,
                features: self.encoder.dims().features,
            });
        }
        if self.state.windows == 0 && self.state.frame != 0 {
            self.repeat_frames();
            self.close_window();
        }
        if let Some(error) = self.state.failure {
            return Err(error);
        }
        if self.state.windows == 0 {
            return Err(ScanError::Empty);
        }
        embedding.copy_from_slice(self.workspace.total);
        for component in embedding {
            *component /= self.state.windows as f32;
        }
        Ok(())
    }

    /// Takes all raw frames of a scan (frames, features) and ends it: [`ScanEncoder::push`] and
    /// [`ScanEncoder::finish`].
    ///
    /// # Errors
    /// As these two.
    pub fn embed(mut self, frames: &[f32], embedding: &mut [f32]) -> Result<(), ScanError> {
        self.push(frames)?;
        self.finish(embedding)
    }

    /// Projects the start of `chunk`, as many whole frames as the window has room for or a part of one; returns its
    /// length.
    fn project(&mut self, chunk: &[f32]) -> usize {
        let (features, width) = (self.encoder.dims().features, self.encoder.dims().d_model);
        let ScanState { window, frame, feature, .. } = self.state;
        // Several frames share a pass over the weights where they gain by it.
        let (frames, count) = if ROWS > 1 && feature == 0 && chunk.len() >= features {
            ((chunk.len() / features).min(window - frame), features)
        } else {
            (1, chunk.len().min(features - feature))
        };
        let values = &chunk[..frames * count];
        // Never 0, which `max` tells the compiler: a token's list of panics is one shorter.
        if let Err(error) = self.check(values.chunks_exact(count.max(1))) {
            self.state.failure = Some(error);
            return values.len();
        }
        let Workspace { rows, partials, .. } = &mut self.workspace;
        let rows = &mut rows[frame * width..(frame + frames) * width];
        self.encoder.project(feature..feature + count, values, rows, partials);
        self.state.feature += count;
        if self.state.feature == features {
            self.state.feature = 0;
            self.state.frame += frames;
        }
        values.len()
    }

    /// Checks whole frames or the next part of one, before anything is computed from them.
    // Not inlined, so that its registers are not kept on the stack below a projection.
    #[inline(never)]
    fn check<'v>(&mut self, parts: impl Iterator<Item = &'v [f32]>) -> Result<(), ScanError> {
        // Frames that are standardised already are not what was recorded.
        if !self.encoder.takes_raw_frames() {
            return Ok(());
        }
        let features = self.encoder.dims().features;
        let ScanState { window, frame, feature, windows, check, .. } = &mut self.state;
        for (index, part) in parts.enumerate() {
            check.take(part, features);
            if *feature + part.len() == features {
                let before = (*windows as usize).saturating_mul(*window).saturating_add(*frame);
                let frame = before.saturating_add(index).saturating_add(1);
                replace(check, FrameCheck::NEW)
                    .finish(features)
                    .map_err(|cause| ScanError::Degenerate { frame, cause })?;
            }
        }
        Ok(())
    }

    /// Embeds the full window and adds it to the total.
    // Not inlined: twice it would be much of a token's code.
    #[inline(never)]
    fn close_window(&mut self) {
        assert!(self.state.windows < u32::MAX, "a window to count");
        self.state.frame = 0;
        self.state.windows += 1;
        match self.encoder.encode(&mut self.workspace) {
            Ok(()) => {
                let Workspace { total, hidden, .. } = &mut self.workspace;
                let embedding = &hidden[..total.len()];
                for (total, component) in total.iter_mut().zip(embedding) {
                    *total += component;
                }
            }
            Err(error) => self.state.failure = Some(ScanError::Encode(error)),
        }
    }

    /// Fills the window by repeating its projected frames.
    fn repeat_frames(&mut self) {
        let filled = self.state.frame * self.encoder.dims().d_model;
        let (frames, rest) = self.workspace.rows.split_at_mut(filled);
        for repeated in rest.chunks_mut(filled) {
            repeated.copy_from_slice(&frames[..repeated.len()]);
        }
        self.state.frame = self.state.window;
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Degenerate { frame, cause } => write!(f, "frame {frame} says nothing: {cause}"),
            Self::Empty => write!(f, "the scan has no frame"),
            Self::IncompleteFrame { given, features } => {
                write!(f, "the scan ends {given} values into a frame of {features} features")
            }
        }
    }
}

impl Error for ScanError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Its text is the encoder's.
            Self::Encode(error) => error.source(),
            Self::Degenerate { cause, .. } => Some(cause),
            Self::Empty | Self::IncompleteFrame { .. } => None,
        }
    }
}

#[cfg(all(test, feature = "weights-f32"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::encoder::{Dims, Fill, WeightFormat};
    use std::vec;

    #[test]
    fn a_scan_that_is_resumed_with_shorter_frames_is_refused() {
        // Mean, inverse standard deviation, weights and bias, each at a multiple of 64 bytes.
        let tensors = |features: usize| vec![1.0f32; (2 + features + 1) * 16];
        let (long, short) = (tensors(5), tensors(3));
        fn encoder(features: usize, tensors: &[f32]) -> Encoder<'_> {
            let bytes = bytemuck::cast_slice(tensors);
            Encoder::new(Dims::linear(features, 16, 4), WeightFormat::F32, Fill::Mean, bytes, &mut |_| true).unwrap()
        }
        let (long, short) = (encoder(5, &long), encoder(3, &short));
        let mut scratch = vec![0.0; Encoder::scratch_len(long.dims(), 2)];
        let mut scan = ScanEncoder::new(&long, 2, &mut scratch).unwrap();
        scan.push(&[0.5; 4]).unwrap();
        let state = scan.pause();
        let refused = ScanEncoder::resume(&short, state, &mut scratch).map(|_| ());
        assert_eq!(refused, Err(ScanError::IncompleteFrame { given: 4, features: 3 }));
        assert!(ScanEncoder::resume(&long, state, &mut scratch).is_ok());
    }
}
