//! Notes for the user on what an enrolment is asked to be.

use std::fmt;

use super::person_request::LEAST_FRAMES;
use crate::escape::Escaped;
use crate::model::Model;

/// What short probes of persons cost, as evaluated on real persons at rest.
pub const SHORT_PROBES: &str =
    "on seven persons at rest the EER was 9.2 % with probes of 10 frames, 2.8 % with 25 and 0.2 % with 50";

/// What short enrolments of persons cost, as evaluated on real persons at rest.
pub const SHORT_ENROLMENTS: &str =
    "with probes of 25 frames the EER was 21 % after 25 enrolled frames, 9.4 % after 100 and 2.8 % after 800";

/// Error rates on labels that did not train the encoder: `evaluate --protocol unseen` on the shipped fMRI.
const UNKNOWN_LABEL_RISK: &str = "A trained encoder keeps apart the labels it was trained on and little else: on blocks of \
                                  nine fMRI frames its EER for new labels was 32 %, where the frames' own cosine had 25 %.";

/// A note for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrolNote {
    /// The model does not name what trained it.
    UnnamedTraining,
    /// The model was not trained on these labels.
    UnknownLabels {
        /// The labels.
        labels: Vec<String>,
    },
    /// The model does not name the persons that it was fitted to.
    UnnamedBackground,
    /// Probes are shorter than those that a connectome model is for.
    ShortProbes {
        /// Frames of the model's probes.
        usual: usize,
        /// Frames asked for.
        frames: usize,
    },
    /// Few frames are enough to enrol a person.
    ShortEnrolment {
        /// The fewest.
        least: usize,
    },
    /// Nobody else is recorded who could try a person's threshold.
    NobodyTries,
}

impl EnrolNote {
    /// Notes on enrolling `labels` with a model that embeds windows; `centred` scores against the gallery.
    #[must_use]
    pub fn of_windows(model: &Model, labels: &[String], centred: bool) -> Vec<Self> {
        let known = &model.provenance().labels;
        if known.is_empty() {
            return model.labels_digest().map(|_| Self::UnnamedTraining).into_iter().collect();
        }
        let labels: Vec<String> = labels.iter().filter(|label| !known.contains(label)).cloned().collect();
        if labels.is_empty() || centred { Vec::new() } else { vec![Self::UnknownLabels { labels }] }
    }

    /// Notes on enrolling persons by `least` frames or more, for probes of `frames`, with a connectome model.
    #[must_use]
    pub fn of_persons(model: &Model, frames: usize, least: usize) -> Vec<Self> {
        let usual = model.provenance().window;
        let unnamed = model.provenance().labels.is_empty() && model.labels_digest().is_some();
        let notes = [
            (frames < usual).then_some(Self::ShortProbes { usual, frames }),
            (least < LEAST_FRAMES).then_some(Self::ShortEnrolment { least }),
            unnamed.then_some(Self::UnnamedBackground),
        ];
        notes.into_iter().flatten().collect()
    }

    /// Whether it is a warning, of an error rate that suffers.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::UnknownLabels { .. } | Self::ShortProbes { .. } | Self::ShortEnrolment { .. })
    }
}

impl fmt::Display for EnrolNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnnamedTraining => f.write_str(
                "a bundle does not name the labels and sessions that trained it; a threshold chosen on these would be too \
                 favourable",
            ),
            Self::UnknownLabels { labels } => {
                let labels: Vec<String> = labels.iter().map(|label| Escaped(label).to_string()).collect();
                write!(f, "the model never saw {}. {UNKNOWN_LABEL_RISK}", labels.join(", "))
            }
            Self::UnnamedBackground => f.write_str(
                "a bundle does not name the persons that it was fitted to; none of them can be enrolled or counted as strangers",
            ),
            Self::ShortProbes { usual, frames } => write!(
                f,
                "the model is for probes of {usual} frames or more, and {frames} are asked for: {SHORT_PROBES}"
            ),
            Self::ShortEnrolment { least } => write!(
                f,
                "enrolments should have {LEAST_FRAMES} frames or more, and {least} are allowed: {SHORT_ENROLMENTS}"
            ),
            Self::NobodyTries => f.write_str("nobody can try the threshold: no other person is recorded"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Aligned, Provenance, initialise, linear_dims};

    fn model() -> Model {
        let labels = vec!["face".to_owned(), "house".to_owned()];
        initialise(linear_dims(24), Provenance { labels, window: 25, ..Provenance::default() }, 3).unwrap()
    }

    #[test]
    fn labels_that_the_model_never_saw_are_warned_of_unless_the_gallery_is_subtracted() {
        let labels = ["house", "shoe"].map(str::to_owned);
        let notes = EnrolNote::of_windows(&model(), &labels, false);
        assert_eq!(notes, [EnrolNote::UnknownLabels { labels: vec!["shoe".to_owned()] }]);
        assert!(notes[0].is_warning() && notes[0].to_string().starts_with("the model never saw shoe. "));
        assert_eq!(EnrolNote::of_windows(&model(), &labels, true), []);
        assert_eq!(EnrolNote::of_windows(&model(), &labels[..1], false), []);
    }

    #[test]
    fn a_bundle_does_not_name_what_trained_it() {
        let bundle = Model::from_bundle(Aligned::new(model().bytes())).unwrap();
        assert_eq!(EnrolNote::of_windows(&bundle, &["shoe".to_owned()], false), [EnrolNote::UnnamedTraining]);
        assert_eq!(EnrolNote::of_persons(&bundle, 25, LEAST_FRAMES), [EnrolNote::UnnamedBackground]);
    }

    #[test]
    fn short_probes_and_short_enrolments_are_warned_of() {
        let notes = EnrolNote::of_persons(&model(), 24, LEAST_FRAMES - 1);
        assert_eq!(
            notes,
            [EnrolNote::ShortProbes { usual: 25, frames: 24 }, EnrolNote::ShortEnrolment { least: LEAST_FRAMES - 1 }]
        );
        assert_eq!(EnrolNote::of_persons(&model(), 25, LEAST_FRAMES), []);
    }
}
