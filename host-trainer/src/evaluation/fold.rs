//! Preparing one fold of a protocol: opening its encoder, fitting its methods, encoding its windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::embed::WindowEncoder;
use super::error::EvaluationError;
use super::items::Items;
use super::methods::{Gallery, Method, Rows, Scorer, TrainingRows, Windows};
use super::protocols::Fold;
use super::trained::Trained;
use crate::dataset::Dataset;
use crate::embedding::EmbeddingError;

/// How the folds of a protocol are prepared.
pub(super) struct Preparation<'p> {
    /// The recordings; the folds' training rows refer to them.
    pub dataset: &'p Dataset,
    /// The windows for enrolment and probes.
    pub items: &'p Items,
    /// Frames of a window.
    pub window: usize,
    /// Whether the probes are swept, for which their frames are kept.
    pub swept: bool,
    /// Whether the enrolled labels differ from the training labels.
    pub open_set: bool,
    /// Seed of the methods' random draws.
    pub seed: u64,
}

/// One fold, trained and encoded.
pub(super) struct Prepared<'e> {
    /// Digest of the encoder.
    pub digest: [u8; 32],
    pub fold: Fold,
    /// Codes of the enrolment rows, in the fold's order.
    pub enrolled: Arc<Encoded>,
    /// Codes of the probe rows, in the fold's order.
    pub probes: Arc<Encoded>,
    /// Frames of a window.
    pub length: usize,
    /// Standardised frames of the probes, window after window; none unless they are swept.
    pub probe_frames: Rows,
    encoder: WindowEncoder<'e>,
    scorers: Scorers,
}

/// Fitted methods by name.
type Scorers = BTreeMap<&'static str, Box<dyn Scorer>>;

/// Windows with their codes.
pub(super) struct Encoded {
    pub windows: Windows,
    /// Codes by the name of the method.
    codes: BTreeMap<&'static str, Rows>,
}

impl Preparation<'_> {
    /// Encodes the windows of fold number `fold` and fits `methods` to its training rows.
    pub(super) fn prepare<'e>(
        &self,
        fold: usize,
        trained: &'e Trained,
        methods: &[&'static dyn Method],
    ) -> Result<Prepared<'e>, EvaluationError> {
        let (dataset, items, fold) = (self.dataset, self.items, &self.items.folds[fold]);
        let bundle = trained.open()?;
        let encoder = bundle.encoder().with_kernel(neural_vault_kernels::best());
        let standardised = |rows: &[usize]| {
            let mut values = dataset.select(rows).values;
            values.chunks_exact_mut(dataset.features).for_each(|frame| encoder.standardise(frame));
            values
        };
        let labels: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].label).collect();
        let frames = standardised(&fold.training);
        let training = TrainingRows::new(&frames, &labels, dataset.features, self.open_set, self.seed);
        let scorers = methods.iter().map(|method| Ok((method.name(), method.fit(&training)?)));
        let scorers = scorers.collect::<Result<Scorers, EvaluationError>>()?;
        let window_encoder = WindowEncoder::new(encoder.without_standardiser(), &trained.windows);
        let frames_of = |part: &[usize]| {
            let rows: Vec<usize> = part.iter().flat_map(|&item| items.windows[item].iter().copied()).collect();
            standardised(&rows)
        };
        let encode = |part: &[usize]| {
            let lengths: Vec<usize> = part.iter().map(|&item| items.windows[item].len()).collect();
            let windows = window_encoder.encode_windows(frames_of(part), &lengths)?;
            Ok::<_, EmbeddingError>(Arc::new(Encoded::new(windows, &scorers)))
        };
        let probes = encode(&fold.probes)?;
        let enrolled = if fold.enrolment == fold.probes { Arc::clone(&probes) } else { encode(&fold.enrolment)? };
        let probe_frames = match (self.swept, self.window) {
            (false, _) => Rows::new(Vec::new(), dataset.features),
            (true, 1) => probes.windows.frames.clone(),
            (true, _) => Rows::new(frames_of(&fold.probes), dataset.features),
        };
        let (digest, fold, length) = (*bundle.digest(), fold.clone(), self.window);
        Ok(Prepared { digest, fold, enrolled, probes, length, probe_frames, encoder: window_encoder, scorers })
    }
}

impl Prepared<'_> {
    /// Encodes this many windows of standardised frames by every method.
    pub(super) fn encode(&self, frames: Vec<f32>, windows: usize) -> Result<Encoded, EmbeddingError> {
        Ok(Encoded::new(self.encoder.encode_windows(frames, &vec![self.length; windows])?, &self.scorers))
    }

    /// The gallery of `method` from the enrolled windows of each class.
    pub(super) fn enrol(&self, method: &dyn Method, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        let enrolled = &self.enrolled;
        self.scorers[method.name()].enrol(&enrolled.windows, enrolled.codes(method), members)
    }
}

impl Encoded {
    fn new(windows: Windows, scorers: &Scorers) -> Self {
        let codes = scorers.iter().map(|(&name, scorer)| (name, scorer.encode(&windows))).collect();
        Self { windows, codes }
    }

    /// The codes of `method`, one per window.
    pub(super) fn codes(&self, method: &dyn Method) -> &Rows {
        &self.codes[method.name()]
    }
}
