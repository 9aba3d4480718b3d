//! The record of an enrolment, and its file.
//!
//! A `.nve` file is the magic number, the record in postcard's encoding, and the SHA-256 of both. Older files are read too:
//! those of version 3 hold all but whether scans are embedded as a whole, those of version 2 nor what was measured.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use neural_vault_core::budget::FalseMatches;
use neural_vault_core::verify::{self, Threshold};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{EnrolError, EnrolmentError, Measured, Policy, ProbeThreshold, probe_length, threshold};
use crate::dataset::{Dataset, Scan};
use crate::files::{self, Existing, Readers};
use crate::hex;
use crate::results::Transfer;

const MAGIC: &[u8; 8] = b"NVENROL4";
const MAGIC_3: &[u8; 8] = b"NVENROL3";
const MAGIC_2: &[u8; 8] = b"NVENROL2";
const CHECKSUM: usize = 32;

/// An enrolled identity.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The enrolled label.
    pub label: String,
    /// Random identifier: each enrolment makes a new one, and therefore a new v2 key.
    pub id: [u8; 16],
    /// Digest of the model that made the prototype.
    pub model_digest: [u8; 32],
    /// How probes are scored.
    pub policy: Policy,
    /// Smallest accepted cosine of probes of the longest measured length, or of any length when none was measured; stored as
    /// a float32.
    #[serde(with = "threshold")]
    pub threshold: Threshold,
    /// Where the threshold comes from.
    pub development: Development,
    /// Error rates on probe sessions, when any were named.
    pub outcome: Option<Outcome>,
    /// Scans enrolled.
    pub scans: u32,
    /// Sessions of the enrolled scans.
    pub sessions: Vec<String>,
    /// Mean of the scans' embeddings, not normalised.
    pub prototype: Vec<f32>,
    /// What was measured with the threshold; none for one by hand that no session tested, and in files of version 2.
    ///
    /// A record of version 2 ends before it.
    pub measured: Option<Measured>,
    /// Whether all frames of a scan make one embedding, as with a connectome model, and not its windows.
    ///
    /// A record of version 3 ends before it.
    pub is_whole: bool,
}

/// A probe as an enrolment compares it.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The part of the scan that is embedded.
    pub scan: Scan,
    /// Frames of the windows that it is embedded in.
    pub window: usize,
    /// The smallest accepted cosine of its length.
    pub threshold: Threshold,
    /// Frames that the probe had before it was cut to a length that was measured.
    pub given: usize,
}

impl Probe {
    /// A note where not all of the probe's frames are compared.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let (compared, given) = (self.scan.rows.len(), self.given);
        (compared < given).then(|| {
            format!(
                "{compared} of the probe's {given} frames are compared, the longest length up to this one that the threshold was \
                 measured with"
            )
        })
    }
}

/// The development trials that a threshold was chosen on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Development {
    /// How the trials were made, in words.
    pub protocol: String,
    /// The criterion for the threshold.
    pub target: Target,
    /// Equal error rate of the trials in percent; none when the threshold was given by hand.
    pub eer_percent: Option<f64>,
    /// Genuine trials.
    pub genuine: u32,
    /// Impostor trials.
    pub impostor: u32,
}

/// The criterion that chooses a threshold on development trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// Equal false match and false non-match rates.
    EqualErrorRate,
    /// At most this false match rate, 0 to 1.
    FalseMatchRate(f64),
    /// None: the threshold was given.
    ByHand,
    /// The middle between the means of own and impostor scores.
    Midway,
}

/// Error rates of a threshold on sessions that it was not chosen on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The probe sessions.
    pub sessions: Vec<String>,
    /// Genuine trials.
    pub genuine: u32,
    /// Impostor trials.
    pub impostor: u32,
    /// The error rates.
    pub rates: Transfer,
}

/// Without the prototype, from which a key can be derived.
impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut record = f.debug_struct("Enrolment");
        record.field("label", &self.label).field("id", &hex::encode(&self.id));
        record.field("model_digest", &hex::encode(&self.model_digest)).field("policy", &self.policy);
        record.field("threshold", &self.threshold).finish_non_exhaustive()
    }
}

impl Target {
    /// At most this false match rate, on the development trials.
    ///
    /// # Errors
    /// The rate is not between 0 and 1.
    pub fn false_match_rate(rate: f64) -> Result<Self, EnrolError> {
        if rate > 0.0 && rate < 1.0 { Ok(Self::FalseMatchRate(rate)) } else { Err(EnrolError::Rate { rate }) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::EqualErrorRate => write!(f, "the EER"),
            Target::FalseMatchRate(rate) => write!(f, "an FMR of {rate}"),
            Target::ByHand => write!(f, "no target"),
            Target::Midway => write!(f, "the middle between own and impostor scores"),
        }
    }
}

impl Enrolment {
    /// Writes the record, readable by its owner only; replaces a file that is there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), EnrolmentError> {
        self.write_over(path, Existing::Replace)
    }

    /// As [`Enrolment::write`], but replaces no file.
    ///
    /// # Errors
    /// When the file cannot be written, or one is there.
    pub fn write_new(&self, path: &Path) -> Result<(), EnrolmentError> {
        self.write_over(path, Existing::Keep)
    }

    fn write_over(&self, path: &Path, existing: Existing) -> Result<(), EnrolmentError> {
        let bytes = self.to_bytes(path)?;
        files::write(path, &bytes, Readers::Owner, existing).map_err(|source| EnrolmentError::Write { source })
    }

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// When the record cannot be encoded.
    pub(crate) fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, EnrolmentError> {
        let mut bytes = MAGIC.to_vec();
        let body = postcard::to_allocvec(self).map_err(|e| malformed(path, e.to_string()))?;
        bytes.extend(body);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        Ok(bytes)
    }

    /// Reads a record and checks all of it.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a sound enrolment.
    pub fn read(path: &Path) -> Result<Self, EnrolmentError> {
        let bytes = std::fs::read(path).map_err(|source| EnrolmentError::Read { path: path.to_owned(), source })?;
        let Some((content, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else {
            return Err(malformed(path, "too short".to_owned()));
        };
        let body = match content.split_first_chunk::<8>() {
            Some((MAGIC, body)) => Cow::Borrowed(body),
            // What these lack is one zero byte each.
            Some((MAGIC_3, body)) => Cow::Owned([body, &[0]].concat()),
            Some((MAGIC_2, body)) => Cow::Owned([body, &[0, 0]].concat()),
            _ => return Err(malformed(path, "its magic number is wrong".to_owned())),
        };
        if Sha256::digest(content).as_slice() != checksum {
            return Err(malformed(path, "its checksum does not match: it was changed or cut short".to_owned()));
        }
        let record: Self = postcard::from_bytes(&body).map_err(|error| {
            malformed(
                path,
                match error {
                    // The encoding drops the message of a value's own check.
                    postcard::Error::SerdeDeCustom => "it holds a value that is not allowed".to_owned(),
                    error => error.to_string(),
                },
            )
        })?;
        if record.measured.as_ref().is_some_and(|measured| !measured.is_sound()) {
            return Err(malformed(
                path,
                "its lengths of probes or its false match rate contradict each other".to_owned(),
            ));
        }
        if record.is_whole && record.measured.is_none() {
            return Err(malformed(path, EnrolmentError::NoProbeLength.to_string()));
        }
        record.to_core().map_err(|e| malformed(path, e.to_string()))?;
        Ok(record)
    }

    /// Refuses a model other than the one the record was made with; its embeddings have `latent` components.
    ///
    /// # Errors
    /// [`EnrolmentError::OtherModel`], [`EnrolmentError::OtherWidth`].
    pub fn check_model(&self, path: &Path, digest: &[u8; 32], latent: usize) -> Result<(), EnrolmentError> {
        let path = || path.to_owned();
        if self.model_digest != *digest {
            let (enrolled, given) = (hex::encode(&self.model_digest), hex::encode(digest));
            return Err(EnrolmentError::OtherModel { path: path(), enrolled, given });
        }
        if self.prototype.len() != latent {
            return Err(EnrolmentError::OtherWidth { path: path(), enrolled: self.prototype.len(), given: latent });
        }
        Ok(())
    }

    /// The part of `scan` that is compared, and its threshold.
    ///
    /// A probe is cut to the longest measured length that it has, so that its error rates are the measured ones.
    /// Where scans are embedded as a whole, it is cut to its first frames, whether or not there are gaps in time.
    ///
    /// # Errors
    /// [`EnrolmentError::ShortProbe`]: the probe is shorter than any that was measured.
    pub fn probe(&self, dataset: &Dataset, scan: &Scan) -> Result<Probe, EnrolmentError> {
        if self.is_whole {
            return self.first_frames(scan);
        }
        let window = self.policy.window();
        let scan = self.policy.probe(dataset, scan);
        let given = scan.rows.len();
        let frames = probe_length::frames(dataset, &scan, window);
        // A window of no frames, which no model takes, is left for the encoder to refuse.
        let Some(measured) = self.measured.as_ref().filter(|_| window > 0) else {
            return Ok(Probe { scan, window, threshold: self.threshold, given });
        };
        let fit = measured.fit(self.threshold, frames).ok_or(EnrolmentError::ShortProbe { frames })?;
        let scan = probe_length::cut(dataset, &scan, window, fit.frames as usize);
        Ok(Probe { scan, window, threshold: fit.threshold, given })
    }

    /// The first frames of `scan`, as many as the longest measured length that it has.
    fn first_frames(&self, scan: &Scan) -> Result<Probe, EnrolmentError> {
        let frames = scan.rows.len();
        let measured = self.measured.as_ref().ok_or(EnrolmentError::NoProbeLength)?;
        let fit = measured.fit(self.threshold, frames).ok_or(EnrolmentError::ShortProbe { frames })?;
        let window = fit.frames as usize;
        let scan = Scan { rows: scan.rows.start..scan.rows.start + window, ..*scan };
        Ok(Probe { scan, window, threshold: fit.threshold, given: frames })
    }

    /// The measured lengths of probes with their thresholds, the longest last; none when nothing was measured.
    #[must_use]
    pub fn thresholds(&self) -> Vec<ProbeThreshold> {
        let Some(measured) = &self.measured else { return Vec::new() };
        let longest = ProbeThreshold { frames: measured.frames, threshold: self.threshold };
        measured.shorter.iter().copied().chain([longest]).collect()
    }

    /// The threshold where one decides for probes of every length: the highest.
    ///
    /// With it, probes of each measured length have no more false matches than [`Enrolment::false_matches`] states.
    #[must_use]
    pub fn highest_threshold(&self) -> Threshold {
        let highest = |a: Threshold, b: Threshold| if b > a { b } else { a };
        self.thresholds().iter().map(|probe| probe.threshold).fold(self.threshold, highest)
    }

    /// False matches of the threshold, and the bound of its false match rate.
    ///
    /// They are those of the development trials, or of the probe sessions where the rate is higher there; unknown for a
    /// threshold by hand that no session tested, and in files of version 2.
    #[must_use]
    pub fn false_matches(&self) -> FalseMatches {
        self.measured.as_ref().map_or(FalseMatches::UNKNOWN, |measured| measured.false_matches)
    }

    /// The record as the core's verification needs it, with the threshold of the longest probes.
    ///
    /// # Errors
    /// The prototype is empty, too long, zero or not finite.
    pub fn to_core(&self) -> Result<verify::Enrolment<'_>, verify::EnrolmentError> {
        self.to_core_with(self.threshold)
    }

    /// As [`Enrolment::to_core`], with the threshold of a [`Probe`].
    ///
    /// # Errors
    /// As [`Enrolment::to_core`].
    pub fn to_core_with(&self, threshold: Threshold) -> Result<verify::Enrolment<'_>, verify::EnrolmentError> {
        verify::Enrolment::new(&self.prototype, threshold, &self.model_digest, &self.id)
    }
}

fn malformed(path: &Path, reason: String) -> EnrolmentError {
    EnrolmentError::Malformed { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests;
