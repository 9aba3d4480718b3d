//! Training and its archive.

use std::borrow::Cow;
use std::io::ErrorKind;

use neural_vault_core::encoder::MAX_REGIONS;

use super::Hint;
use crate::front_end::FrontEndError;
use crate::training::{ArchiveError, ConnectomeError, Note, TrainingError};

impl Hint for ArchiveError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
                "; `neural-vault train` writes it beside the model, without --no-archive. If it is gone, train a model on the \
                 recordings of all labels, with the new one among them"
            }
            Self::Read { .. } => "",
            Self::OtherModel { .. } => "; give the folder that `neural-vault train` wrote",
            Self::KnownLabel { .. } => "; enrol it without --refit",
            Self::Write { source } => return source.hint(),
            Self::Malformed { .. } | Self::Mismatch(_) => "",
        }
        .into()
    }
}

impl Hint for FrontEndError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NoVariationWithin => ", or use --recipe reference",
            Self::NoVariationBetween => "; for persons without a level of their own use --recipe connectome",
            Self::NoVariation | Self::NoConvergence => "",
        }
        .into()
    }
}

impl Hint for TrainingError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Setting { .. } | Self::OtherRecipe { .. } | Self::Settings(_) | Self::Stopped => "".into(),
            Self::Write { source } => {
                format!("{}; a run that has a checkpoint continues with --resume", source.hint()).into()
            }
            Self::FrontEnd(error) => error.hint(),
            Self::Connectome(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Model(error) => error.hint(),
            Self::Unfinished { .. } => ": continue it with --resume, or begin anew with --force".into(),
            Self::Diverged { .. } => ": lower --learning-rate, or look for extreme values in the recordings".into(),
            Self::ReadCheckpoint { .. } => "; start without --resume".into(),
            Self::OtherData { .. } => {
                "; give the DATA, --sessions and other options that it began with, or begin anew by --force instead of \
                 --resume"
                    .into()
            }
            // The command names the options.
            Self::OtherSettings { .. } | Self::Checkpoint { .. } => "".into(),
        }
    }
}

impl Hint for ConnectomeError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::FewPersons { .. } => "; add persons by --background FILE",
            Self::Width { features, .. } if *features > MAX_REGIONS => {
                "; give --parcels FILE, one region number a feature"
            }
            _ => "",
        }
        .into()
    }
}

impl Hint for Note {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::SingleRecordings { .. } => "; give --blocks to cut recordings, or record again",
            Self::OneSessionEach { .. } => "; of stimuli train --recipe whitened",
            Self::FewPersons { .. } => "; add persons who are never enrolled by --background",
            Self::Placement(_) | Self::Other(_) => "",
        }
        .into()
    }
}
