//! A stream of raw frames to a scan's embedding, in chunks of any size.
//!
//! A scan is cut into windows of consecutive frames; its embedding is the mean of its windows' embeddings, in order,
//! not scaled to unit length again. Frames after the last full window are dropped. A scan shorter than one window is
//! repeated from its start until it fills one. A frame that says nothing fails the scan, see [`check_frame`].
//!
//! The scan of a connectome model is not cut: all of its frames have one embedding.
//!
//! Only the window's projected frames are held: a chunk is standardised and multiplied into its frame's
//! projection at once, so a frame of 20,484 values can arrive in pieces as small as a radio packet.

mod error;
mod windows;

pub use crate::frame::{FrameError, check_frame};
pub use error::ScanError;

#[cfg(feature = "connectome")]
use crate::encoder::{EncodeError, Stream, StreamState};
use crate::encoder::{Encoder, Model};
use windows::{WindowScan, WindowState};

/// Embeds a scan that arrives piece by piece.
#[derive(Debug)]
pub struct ScanEncoder<'m, 's> {
    encoder: &'m Encoder<'m>,
    scan: Scan<'m, 's>,
}

/// A scan by the kind of its model.
#[derive(Debug)]
enum Scan<'m, 's> {
    Windows(WindowScan<'m, 's>),
    #[cfg(feature = "connectome")]
    Whole {
        stream: Stream<'m, 's>,
        /// Fewest frames of the scan.
        least: usize,
    },
}

/// Where a scan stands between two chunks; its data stays in the scratch memory.
#[derive(Clone, Copy, Debug)]
pub struct ScanState(State);

#[derive(Clone, Copy, Debug)]
enum State {
    Windows(WindowState),
    #[cfg(feature = "connectome")]
    Whole {
        stream: StreamState,
        least: usize,
    },
}

impl<'m, 's> ScanEncoder<'m, 's> {
    /// Starts a scan cut into windows of `window` frames; for a connectome model, a scan of at least so many frames.
    ///
    /// `scratch` is at least [`Encoder::scratch_len`] floats of any content; the scan's data stays in it afterwards.
    ///
    /// # Errors
    /// The window does not fit the model, or the scratch is too short.
    pub fn new(encoder: &'m Encoder<'m>, window: usize, scratch: &'s mut [f32]) -> Result<Self, ScanError> {
        let scan = match encoder.model() {
            Model::Network(network) => Scan::Windows(WindowScan::new(network, window, scratch)?),
            #[cfg(feature = "connectome")]
            Model::Connectome(connectome) => {
                let max = encoder.dims().max_window();
                if window == 0 || window > max {
                    return Err(ScanError::Encode(EncodeError::Window { given: window, max }));
                }
                Scan::Whole { stream: Stream::new(connectome, scratch)?, least: window }
            }
        };
        Ok(Self { encoder, scan })
    }

    /// Pauses the scan, so that between two chunks nothing borrows the scratch memory.
    pub fn pause(self) -> ScanState {
        ScanState(match self.scan {
            Scan::Windows(windows) => State::Windows(windows.pause()),
            #[cfg(feature = "connectome")]
            Scan::Whole { stream, least } => State::Whole { stream: stream.pause(), least },
        })
    }

    /// Windows embedded so far; a connectome model embeds none before the end.
    pub fn windows(&self) -> u32 {
        match &self.scan {
            Scan::Windows(windows) => windows.windows(),
            #[cfg(feature = "connectome")]
            Scan::Whole { .. } => 0,
        }
    }

    /// Resumes a paused scan, with the encoder it began with and its scratch memory unchanged.
    ///
    /// # Errors
    /// As [`ScanEncoder::new`], the encoder is of another kind, or the scan is further into a frame than this encoder's frames
    /// are long.
    // Not inlined: what it needs on the way is not on a token's stack below a push.
    #[inline(never)]
    pub fn resume(encoder: &'m Encoder<'m>, state: ScanState, scratch: &'s mut [f32]) -> Result<Self, ScanError> {
        let scan = match (encoder.model(), state.0) {
            (Model::Network(network), State::Windows(state)) => {
                Scan::Windows(WindowScan::resume(network, state, scratch)?)
            }
            #[cfg(feature = "connectome")]
            (Model::Connectome(connectome), State::Whole { stream, least }) => {
                Scan::Whole { stream: Stream::resume(connectome, stream, scratch)?, least }
            }
            #[cfg(feature = "connectome")]
            _ => return Err(ScanError::OtherModel),
        };
        let scan = Self { encoder, scan };
        let (given, features) = (scan.feature(), encoder.dims().features);
        if given >= features {
            return Err(ScanError::IncompleteFrame { given, features });
        }
        Ok(scan)
    }

    /// Takes the next raw values of the scan: part of a frame, one, or many; a chunk may cross frame ends.
    ///
    /// # Errors
    /// A frame says nothing, or a window's embedding is zero or not finite. The scan has then failed, and every later call
    /// returns the error again.
    pub fn push(&mut self, chunk: &[f32]) -> Result<(), ScanError> {
        match &mut self.scan {
            Scan::Windows(windows) => windows.push(chunk),
            #[cfg(feature = "connectome")]
            Scan::Whole { stream, .. } => Ok(stream.push(chunk)?),
        }
    }

    /// Ends the scan and writes its embedding, `latent` components.
    ///
    /// # Errors
    /// The scan is empty, ends inside a frame, is too short for a connectome model or has failed, or `embedding` has another
    /// length.
    pub fn finish(self, embedding: &mut [f32]) -> Result<(), ScanError> {
        self.encoder.check_embedding(embedding)?;
        embedding.copy_from_slice(self.finish_in_place()?);
        Ok(())
    }

    /// Ends the scan; its embedding is the first `latent` floats of the scratch memory.
    ///
    /// # Errors
    /// As [`ScanEncoder::finish`].
    pub fn finish_in_place(self) -> Result<&'s mut [f32], ScanError> {
        let (given, features) = (self.feature(), self.encoder.dims().features);
        if given != 0 {
            return Err(ScanError::IncompleteFrame { given, features });
        }
        match self.scan {
            Scan::Windows(windows) => windows.finish(),
            #[cfg(feature = "connectome")]
            Scan::Whole { stream, least } => Ok(stream.finish(least)?),
        }
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

    /// Values of the open frame.
    fn feature(&self) -> usize {
        match &self.scan {
            Scan::Windows(windows) => windows.feature(),
            #[cfg(feature = "connectome")]
            Scan::Whole { stream, .. } => stream.feature(),
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
