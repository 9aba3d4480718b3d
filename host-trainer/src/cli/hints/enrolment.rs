//! Enrolments, their attempts, and secrets.

use std::borrow::Cow;

use super::{Hint, UNREAD};
use crate::enrolment::{AttemptsError, EnrolError, EnrolNote, LEAST_FRAMES, SHORT_ENROLMENTS, SHORT_PROBES};
use crate::secret::SecretError;

impl Hint for EnrolError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Embedding(error) => return error.hint(),
            Self::Model(error) => return error.hint(),
            Self::Trained { .. } => "; name others with --development-sessions, or give --threshold",
            Self::TrainedWhole => "; cut the recordings with --blocks and train on some of them, or give --threshold",
            Self::Trials { .. } => {
                "; add other labels or longer scans, name --development-sessions, or give --threshold"
            }
            Self::FalseMatchRate { .. } => ": add labels or sessions, or choose a higher --fmr",
            Self::OneLabel { .. } => "; give --threshold, or --development-sessions with scans of several labels",
            Self::Sessions { .. } | Self::NoImpostorScores | Self::Indistinct { .. } => "; give --threshold",
            Self::Kind { .. } => "; give another --model",
            Self::Background { .. } => {
                "; fit a model without them: `neural-vault train --recipe connectome` on other persons"
            }
            Self::Enrolled { .. } => "; name the sessions to enrol with --sessions, without it",
            Self::FewFrames { .. } => {
                return format!("; record more, or allow it with --least-frames: {}", SHORT_ENROLMENTS).into();
            }
            Self::FewForProbe { .. } => "; record more, or give a lower --frames or --development-sessions",
            Self::FewProbes { .. } => "; name others, or give a lower --frames",
            _ => "",
        }
        .into()
    }
}

impl Hint for EnrolNote {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::UnnamedTraining => ": give the model's folder, or --development-sessions that did not train it",
            Self::UnknownLabels { .. } => {
                " Enrol with --refit DIR, or with --frozen and a model of `train --recipe linear --open-set`"
            }
            Self::UnnamedBackground => ": give the model's folder, or recordings without them",
            Self::NobodyTries => {
                ", and the model's folder holds no training archive (train writes one, without --no-archive); add recordings of \
                 others"
            }
            _ => "",
        }
        .into()
    }

    fn with_hint(&self) -> String {
        match self {
            Self::ShortProbes { usual, frames } => {
                format!(
                    "the model is for probes of {usual} frames or more, and --frames asks for {frames}: {SHORT_PROBES}"
                )
            }
            Self::ShortEnrolment { least } => format!(
                "enrolments should have {LEAST_FRAMES} frames or more, and --least-frames allows {least}: {SHORT_ENROLMENTS}"
            ),
            note => format!("{note}{}", note.hint()),
        }
    }
}

impl Hint for AttemptsError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Lock { .. } | Self::Write { .. } => {
                "; without a count of attempts no key is released: free some space there, or have the folder's owner let you \
                 write in it"
            }
            Self::Malformed { .. } => "; enrol again, which begins a new count",
            Self::OtherEnrolment { .. } => {
                "; put back the enrolment it belongs to, or enrol again, which begins a new count"
            }
            Self::Place { .. } | Self::Read { .. } | Self::NoneLeft { .. } => "",
        }
        .into()
    }
}

impl Hint for SecretError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Read { .. } => UNREAD,
            Self::Unfit { .. } => "; make one with `neural-vault secret -o FILE`",
        }
        .into()
    }
}
