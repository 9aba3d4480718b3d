//! The interface of a method: fitting, encoding windows, enrolling classes and scoring probes.

use std::cell::OnceCell;
use std::fmt;

use super::cosine::CosineGallery;
use super::gallery::Gallery;
use super::rows::Rows;
use super::scan_method::ScanMethod;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;
use crate::evaluation::trained::{Trained, TrainingTask};
use crate::front_end::{FrontEnd, FrontEndError};
use crate::model::Model;
use crate::training::Recipe;

/// A way to compare a probe with a class.
pub trait Method: Sync {
    /// The method's name in every output.
    fn name(&self) -> &'static str;

    /// The method's name on the command line.
    fn argument(&self) -> &'static str;

    /// What the method compares, in a few words.
    fn help(&self) -> &'static str;

    /// What the method is, in one sentence with its source.
    fn explanation(&self) -> &'static str;

    /// What the method is called within a sentence.
    fn plain_name(&self) -> &'static str {
        self.name()
    }

    /// The encoder whose embeddings the method compares.
    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::None
    }

    /// Whether the method is fitted to labelled training rows, or to a background; a given model comes without them.
    fn needs_training(&self) -> bool {
        matches!(self.encoder(), EncoderUse::Own(_))
    }

    /// Whether this is the method under test, with which the others are compared.
    fn is_under_test(&self) -> bool {
        false
    }

    /// Whether the method has no model, and may be called a simple rival of the method under test.
    fn is_simple(&self) -> bool {
        matches!(self.encoder(), EncoderUse::None)
    }

    /// Whether the method can be evaluated by this protocol.
    fn fits(&self, protocol: &dyn Protocol) -> bool {
        !protocol.scores_scans()
    }

    /// Fits a method that compares windows to the training rows.
    ///
    /// # Errors
    /// When the method cannot be fitted, for example because the rows have no front end.
    fn fit(&self, _training: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Err(EvaluationError::ComparesScans { method: self.name() })
    }

    /// How a method that compares scans of any length does so.
    fn scans(&self) -> Option<&dyn ScanMethod> {
        None
    }
}

impl dyn Method {
    /// Whether the method's figures depend on the seed of a training.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        !matches!(self.encoder(), EncoderUse::None)
    }

    /// Whether the method can be scored beside a given model, which comes without its training rows.
    #[must_use]
    pub fn fits_given_model(&self, protocol: &dyn Protocol) -> bool {
        // A method of windows is fitted to the background where it scores scans.
        let is_fitted = self.needs_training() || protocol.scores_scans() && self.scans().is_none();
        self.fits(protocol) && !is_fitted
    }

    /// Whether the enrolled rows also train the method's encoder; no threshold can then be fixed on them.
    #[must_use]
    pub fn trains_on_enrolment(&self) -> bool {
        matches!(self.encoder(), EncoderUse::Own(encoder) if encoder.trains_on_enrolment())
    }
}

impl fmt::Debug for dyn Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The encoder whose embeddings a method compares.
#[derive(Clone, Copy)]
pub enum EncoderUse<'m> {
    /// None: the method compares frames.
    None,
    /// The encoder under test, which methods share.
    Shared,
    /// An encoder trained for this method alone.
    Own(&'m dyn OwnEncoder),
}

impl fmt::Debug for EncoderUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Shared => "Shared",
            Self::Own(_) => "Own",
        })
    }
}

/// How a method makes an encoder of its own.
pub trait OwnEncoder {
    /// Makes the encoder of one fold; `shared` is the fold's model under test.
    ///
    /// # Errors
    /// When the rows cannot be trained on, or the model cannot be converted.
    fn train(&self, task: &TrainingTask<'_>, shared: &Model) -> Result<Trained, EvaluationError>;

    /// Steps of a training, where `recipe` is that of the encoder under test; 0 where nothing is trained.
    fn steps(&self, _recipe: &Recipe) -> u64 {
        0
    }

    /// Whether it trains on the enrolled rows as well.
    fn trains_on_enrolment(&self) -> bool {
        false
    }
}

/// A method fitted to the training rows.
pub trait Scorer: Send + Sync {
    /// The code of every window; all codes have one width.
    fn encode(&self, windows: &Windows) -> Rows;

    /// Enrols each class from its windows at `members`; a class without members is not enrolled.
    ///
    /// `codes` are those of all `windows`. By default mean codes are compared by cosine.
    fn enrol(&self, _windows: &Windows, codes: &Rows, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        Box::new(CosineGallery::new(codes, members))
    }
}

/// The windows that every method encodes.
#[derive(Clone, Debug)]
pub struct Windows {
    /// The mean of each window's standardised frames.
    pub frames: Rows,
    /// The embedding of each window.
    pub embeddings: Rows,
}

/// The training rows that methods are fitted to.
#[derive(Debug)]
pub struct TrainingRows<'t> {
    /// Standardised frames, rows x features.
    pub frames: &'t [f32],
    /// The label of each row.
    pub labels: &'t [u32],
    /// Whether the enrolled labels differ from these.
    pub open_set: bool,
    /// Features per frame.
    pub features: usize,
    /// Seed of the method's random draws.
    pub seed: u64,
    front_end: OnceCell<FrontEnd>,
}

impl<'t> TrainingRows<'t> {
    /// The rows with their labels.
    #[must_use]
    pub fn new(frames: &'t [f32], labels: &'t [u32], features: usize, open_set: bool, seed: u64) -> Self {
        Self { frames, labels, features, open_set, seed, front_end: OnceCell::new() }
    }

    /// The front end of these rows, fitted on the first call.
    ///
    /// # Errors
    /// When the frames have no front end.
    pub fn front_end(&self) -> Result<&FrontEnd, FrontEndError> {
        if let Some(fitted) = self.front_end.get() {
            return Ok(fitted);
        }
        let fitted = FrontEnd::fit(self.frames, self.features, self.labels)?;
        Ok(self.front_end.get_or_init(|| fitted))
    }
}
