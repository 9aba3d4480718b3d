//! Recordings made ready for a run's objective.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::balanced::Balanced;
use super::batch::Batch;
use super::settings::{ProxyAnchor, Triplet};
use super::triplets::Windows;
use super::{Note, Objective, Settings, TrainingError};
use crate::dataset::{Dataset, DatasetError, Standardiser, check_training, windows};
use crate::front_end::{CLOSED_SET_REST, FrontEnd, Projection};
use crate::model::LATENT;

/// Standardised recordings, and behind the whitened front end their projection.
pub struct TrainingData {
    /// Statistics of the recordings, to go into the model.
    pub standardiser: Standardiser,
    /// What a person should know about the data.
    pub notes: Vec<Note>,
    /// Frames of a scan that is to be embedded, unless there is a reason.
    pub window: usize,
    /// The settings of the run.
    pub settings: Settings,
    pub(super) source: Source,
}

/// What batches are drawn from.
pub(super) enum Source {
    Triplets {
        windows: Windows,
        settings: Triplet,
    },
    Proxies {
        balanced: Balanced,
        settings: ProxyAnchor,
        /// The front end's projection, `[LATENT, features]`, and how many of its outputs carry something.
        weight: Vec<f32>,
        rank: usize,
    },
}

impl fmt::Debug for TrainingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = f.debug_struct("TrainingData");
        data.field("notes", &self.notes).field("window", &self.window).field("settings", &self.settings);
        data.finish_non_exhaustive()
    }
}

impl TrainingData {
    /// Fits the standardiser to `dataset`, and whatever the objective of `settings` needs before its first step.
    ///
    /// # Errors
    /// When there are fewer than two classes, a class has fewer than two windows or frames, the window length is out of
    /// range, there is no front end for these frames, or the settings are out of range.
    pub fn prepare(mut dataset: Dataset, settings: Settings) -> Result<Self, TrainingError> {
        settings.check()?;
        let mut notes: Vec<Note> = check_training(&dataset)?.into_iter().map(Note::Other).collect();
        let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features);
        standardiser.apply(&mut dataset.values);
        let (source, window) = match &settings.objective {
            Objective::Triplet(triplet) => {
                let windows = cut(dataset, triplet.window)?;
                (Source::Triplets { windows, settings: triplet.clone() }, triplet.window)
            }
            Objective::ProxyAnchor(proxies) => {
                notes.extend(Note::single_recordings(&dataset));
                notes.extend(too_long(&dataset, &proxies.windows));
                let window = common_window(&dataset, &proxies.windows);
                (whiten(&dataset, proxies.clone())?, window)
            }
        };
        Ok(Self { standardiser, notes, window, settings, source })
    }

    /// Features of a frame as the steps see it.
    #[must_use]
    pub fn features(&self) -> usize {
        match &self.source {
            Source::Triplets { windows, .. } => windows.features,
            Source::Proxies { balanced, .. } => balanced.width,
        }
    }

    /// The windows of one step.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Batch<'_> {
        match &self.source {
            Source::Triplets { windows, settings } => windows.draw(settings, rng),
            Source::Proxies { balanced, settings, .. } => balanced.draw(settings, rng),
        }
    }

    /// SHA-256 over what the steps see: a checkpoint belongs to the data it was made with.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut sizes = |sizes: &[usize]| sizes.iter().for_each(|size| hash.update((*size as u64).to_le_bytes()));
        let frames = match &self.source {
            Source::Triplets { windows, .. } => {
                sizes(&[windows.window, windows.features, windows.labels.len()]);
                windows.labels.iter().for_each(|label| sizes(&[*label as usize]));
                &windows.frames
            }
            Source::Proxies { balanced, .. } => {
                sizes(&[balanced.width, balanced.classes.len()]);
                for class in &balanced.classes {
                    class.iter().for_each(|recording| sizes(&[recording.start, recording.end]));
                }
                &balanced.frames
            }
        };
        for block in frames.chunks(1024) {
            let bytes: Vec<u8> = block.iter().flat_map(|v| v.to_le_bytes()).collect();
            hash.update(bytes);
        }
        hash.finalize().into()
    }
}

/// Cuts standardised scans into windows.
fn cut(dataset: Dataset, window: usize) -> Result<Windows, DatasetError> {
    let features = dataset.features;
    let mut labels = Vec::new();
    let mut frames = Vec::new();
    for scan in dataset.scans() {
        let cut = windows(dataset.scan_values(&scan), features, window)?;
        labels.extend(std::iter::repeat_n(scan.label, cut.len() / (window * features)));
        if window > 1 {
            frames.extend(cut);
        }
    }
    // Windows of one frame are the rows themselves, in order.
    let frames = if window > 1 { frames } else { dataset.values };
    for (class, name) in dataset.labels.iter().enumerate() {
        let count = labels.iter().filter(|&&label| label as usize == class).count();
        if count == 1 {
            return Err(DatasetError::OneWindow { file: dataset.origin, label: name.clone(), window });
        }
    }
    Ok(Windows { frames, window, features, labels })
}

/// Projects standardised scans by the front end fitted to them.
fn whiten(dataset: &Dataset, settings: ProxyAnchor) -> Result<Source, TrainingError> {
    let labels: Vec<u32> = dataset.rows.iter().map(|row| row.label).collect();
    let front_end = FrontEnd::fit(&dataset.values, dataset.features, &labels)?;
    let Projection { weight, frames, rank } = front_end.projection(LATENT, CLOSED_SET_REST);
    let mut classes = vec![Vec::new(); dataset.labels.len()];
    for scan in dataset.scans() {
        classes[scan.label as usize].push(scan.rows);
    }
    classes.retain(|recordings| !recordings.is_empty());
    Ok(Source::Proxies { balanced: Balanced { frames, width: LATENT, classes }, settings, weight, rank })
}

/// A note for windows that no recording fills.
fn too_long(dataset: &Dataset, windows: &[usize]) -> Option<Note> {
    let longest = dataset.scans().iter().map(|scan| scan.rows.len()).max().unwrap_or(0);
    let wanted = windows.iter().copied().max().filter(|&window| window > longest)?;
    Some(Note::Other(format!(
        "{}: no recording has the {wanted} frames of the longest window, the longest has {longest}: recordings are repeated \
         to fill it",
        dataset.origin.display()
    )))
}

/// The longest of `windows` that every recording holds, or the shortest.
fn common_window(dataset: &Dataset, windows: &[usize]) -> usize {
    let shortest = dataset.scans().iter().map(|scan| scan.rows.len()).min().unwrap_or(1);
    let held = windows.iter().copied().filter(|&window| window <= shortest).max();
    held.or(windows.iter().copied().min()).unwrap_or(1)
}
