//! A scan cut into windows, whose embeddings are averaged.

use core::mem::replace;

use super::error::ScanError;
use crate::encoder::{Network, Workspace};
use crate::frame::FrameCheck;
use crate::kernel::ROWS;

/// Embeds a scan that arrives piece by piece.
#[derive(Debug)]
pub(super) struct WindowScan<'m, 's> {
    network: &'m Network<'m>,
    workspace: Workspace<'s>,
    state: WindowState,
}

/// Where a scan stands between two chunks; its data stays in the scratch memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowState {
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

impl<'m, 's> WindowScan<'m, 's> {
    /// Starts a scan cut into windows of `window` frames.
    pub(super) fn new(network: &'m Network<'m>, window: usize, scratch: &'s mut [f32]) -> Result<Self, ScanError> {
        let check = FrameCheck::NEW;
        let state = WindowState { window, frame: 0, feature: 0, windows: 0, check, failure: None };
        let scan = Self::resume(network, state, scratch)?;
        scan.workspace.total.fill(0.0);
        Ok(scan)
    }

    /// Leaves the scan as it is.
    pub(super) fn pause(self) -> WindowState {
        self.state
    }

    /// Windows embedded so far.
    pub(super) fn windows(&self) -> u32 {
        self.state.windows
    }

    /// Continues one whose scratch memory is as it was left.
    pub(super) fn resume(
        network: &'m Network<'m>,
        state: WindowState,
        scratch: &'s mut [f32],
    ) -> Result<Self, ScanError> {
        let workspace = network.workspace(state.window, scratch).map_err(ScanError::Encode)?;
        Ok(Self { network, workspace, state })
    }

    /// Values of the open frame.
    pub(super) fn feature(&self) -> usize {
        self.state.feature
    }

    /// Takes the next raw values of the scan: part of a frame, one, or many; a chunk may cross frame ends.
    ///
    /// # Errors
    /// A frame says nothing, or a window's embedding is zero or not finite. The scan has then failed, and every later call
    /// returns the error again.
    // Not inlined, so that a firmware's list of panics has this name and not its caller's.
    #[inline(never)]
    pub(super) fn push(&mut self, chunk: &[f32]) -> Result<(), ScanError> {
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

    /// Ends the scan; its embedding is at the start of the scratch memory.
    ///
    /// # Errors
    /// The scan is empty or has failed.
    // Not inlined, so that a firmware's list of panics has this name and not its caller's.
    #[inline(never)]
    pub(super) fn finish(mut self) -> Result<&'s mut [f32], ScanError> {
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
        let embedding = self.workspace.total;
        for component in &mut *embedding {
            *component /= self.state.windows as f32;
        }
        Ok(embedding)
    }

    /// Projects the start of `chunk`, as many whole frames as the window has room for or a part of one; returns its
    /// length.
    fn project(&mut self, chunk: &[f32]) -> usize {
        let (features, width) = (self.network.dims().features, self.network.dims().d_model);
        let WindowState { window, frame, feature, .. } = self.state;
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
        self.network.project(feature..feature + count, values, rows, partials);
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
        if !self.network.takes_raw_frames() {
            return Ok(());
        }
        let features = self.network.dims().features;
        let WindowState { window, frame, feature, windows, check, .. } = &mut self.state;
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
        match self.network.encode(&mut self.workspace) {
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
        let filled = self.state.frame * self.network.dims().d_model;
        let (frames, rest) = self.workspace.rows.split_at_mut(filled);
        for repeated in rest.chunks_mut(filled) {
            repeated.copy_from_slice(&frames[..repeated.len()]);
        }
        self.state.frame = self.state.window;
    }
}
