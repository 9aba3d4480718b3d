//! What to do next about an error of the library, in words of the command line.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::Path;

use neural_vault_core::encoder::MAX_REGIONS;
use neural_vault_core::wire::Fault;

use crate::dataset::DatasetError;
use crate::embedding::EmbeddingError;
use crate::engine::runtime::{VARIABLES, VERSION};
use crate::engine::{EngineError, RuntimeError};
use crate::enrolment::{AttemptsError, EnrolError, EnrolNote, LEAST_FRAMES, SHORT_ENROLMENTS, SHORT_PROBES};
use crate::evaluation::request_error::{RequestError, RequestNote};
use crate::front_end::FrontEndError;
use crate::model::import::{ImportError, ImportFault, ImportNote};
use crate::model::{Content, ModelError};
use crate::secret::SecretError;
use crate::token::{Port, TokenError};
use crate::training::{ArchiveError, ConnectomeError, Note, TrainingError};

/// What to do about a file that cannot be read.
pub const UNREAD: &str = "; check the path and its permissions";

/// An error or a note to which the command line adds what to do next.
pub trait Hint: Display {
    /// The text after the message, with its separator; empty if there is nothing to add.
    fn hint(&self) -> Cow<'static, str>;

    /// The message with its hint.
    fn with_hint(&self) -> String {
        format!("{self}{}", self.hint())
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

/// An error of writing a file.
impl Hint for io::Error {
    fn hint(&self) -> Cow<'static, str> {
        match self.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "; write elsewhere, or have its owner let you write there"
            }
            ErrorKind::NotFound => "; make the folder first, or write elsewhere",
            ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::NotADirectory => "; give it another name",
            _ => "; free some space, or write elsewhere",
        }
        .into()
    }
}

impl Hint for DatasetError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Write { source, .. } => return source.hint(),
            Self::MissingColumn { .. } => ", or name the label's with --label-column",
            Self::NoMask { .. } => ": give --mask MASK.nii.gz",
            Self::NoFrameTime { .. } => "; give --tr SECONDS, or --events none to label it by its path",
            Self::NoWidth { .. } => ", or give --width",
            Self::OneWindow { .. } => ": shorten --window or add recordings",
            _ => "",
        }
        .into()
    }
}

impl Hint for RequestError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NoWindows => "; --frames sets how long a probe is",
            Self::NoLengths => ": give --probe-windows, not --frames",
            _ => "",
        }
        .into()
    }
}

impl Hint for RequestNote {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::SingleFrames { .. } => ": --probe-windows, or --model",
            Self::Untrained { .. } => {
                "; enrol others with `enroll --refit`, or with --frozen and a model of `train --recipe linear --open-set`"
            }
            _ => "",
        }
        .into()
    }
}

impl Hint for ModelError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Write { source } => return source.hint(),
            Self::Read { .. } => UNREAD,
            Self::Foreign { .. } => "; `neural-vault import` takes weights trained elsewhere",
            Self::Heads { .. } => "; give --heads",
            Self::Quantised { .. } => "; use `--engine core`, or give the float32 model",
            Self::Content { content: Content::Onnx, .. } => "; its name should end in `.onnx`",
            Self::Content { content, .. } => return content.hint(),
            _ => "",
        }
        .into()
    }
}

impl Hint for Content {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::GitLfsPointer => "; fetch the file with `git lfs pull`",
            Self::PyTorch | Self::Pickle | Self::Onnx => {
                "; save the weights in Python: `safetensors.torch.save_file(model.state_dict(), \
                 \"model.safetensors\", metadata={\"heads\": \"8\"})`"
            }
            Self::NumpyArchive => {
                "; convert it in Python: `safetensors.numpy.save_file(dict(numpy.load(\"weights.npz\")), \
                 \"model.safetensors\")`"
            }
            Self::ShardIndex => {
                "; save the weights in one file: `safetensors.torch.save_file(model.state_dict(), \
                 \"model.safetensors\")`"
            }
            Self::Compressed(_) | Self::Zip | Self::Tar => "; unpack it first",
            Self::WebPage => "; download the file itself, not the page that shows it",
            Self::Bundle => "; it is a model already, and its name should end in `.nvb`",
            Self::Safetensors => "; its name should end in `.safetensors`",
            Self::NumpyArray | Self::Hdf5 | Self::Gguf | Self::Json => {
                "; `neural-vault import` takes a PyTorch state_dict that is saved as safetensors"
            }
        }
        .into()
    }
}

impl Hint for ImportError {
    fn hint(&self) -> Cow<'static, str> {
        match &self.fault {
            ImportFault::Content(content) => content.hint(),
            ImportFault::Model(error) => error.hint(),
            ImportFault::Read(_) => UNREAD.into(),
            ImportFault::Metadata { key, .. } if key.contains("head") => "; give --heads".into(),
            ImportFault::Metadata { key, .. } if key == "window" => "; give --window".into(),
            ImportFault::Several { .. } => "; leave out all but one with --skip".into(),
            ImportFault::Names(names) if names.missing.is_empty() => {
                "; if embeddings do not depend on them, leave them out with --skip NAME".into()
            }
            ImportFault::Names(names) if names.unknown.is_empty() => "; save the whole `model.state_dict()`".into(),
            ImportFault::Array { .. } => "; correct it, and save both with numpy.savez(path, W=W, mu=mu)".into(),
            ImportFault::Malformed(reason) if reason.contains("connectome") => "".into(),
            ImportFault::Malformed(_) => "; fetch it or save it again".into(),
            ImportFault::Names(_) => "; rename tensors as `neural-vault import --help` names them".into(),
            _ => "".into(),
        }
    }
}

impl Hint for ImportNote {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::AssumedHeads(_) => "; give --heads",
            Self::NoImpostorScores => "; give --threshold then",
            Self::AssumedWindow(_) => "; give --window if it was trained on longer ones",
            _ => "",
        }
        .into()
    }
}

impl Hint for RuntimeError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound { .. } => "; run `neural-vault runtime install`".into(),
            Self::TooOld { .. } => format!(
                "; `neural-vault runtime install` fetches {VERSION}, or upgrade it with `pip install -U onnxruntime`"
            )
            .into(),
            Self::BadVariable { .. } => "; correct it, or unset it and run `neural-vault runtime install`".into(),
            Self::NoHome => {
                let variable = VARIABLES[0];
                format!("; name one with `neural-vault runtime install --folder DIR` and set {variable} to it").into()
            }
            Self::Io { .. } => " with --folder".into(),
            _ => "".into(),
        }
    }
}

impl Hint for EngineError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Missing(error) => error.hint(),
            Self::Unusable { .. } => format!("; `neural-vault runtime install` fetches version {VERSION}").into(),
            Self::NoCuda { .. } => "; `neural-vault runtime install --cuda` fetches the CUDA library, and the NVIDIA \
                                    driver, CUDA 13 and cuDNN 9 must be on this machine; or choose `--device cpu`"
                .into(),
            Self::Failed { .. } => "".into(),
        }
    }
}

impl Hint for EmbeddingError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Model(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Window { .. } => "; choose another --window, or enrol again".into(),
            Self::Data(error) => error.hint(),
            Self::Width { .. } | Self::Transposed { .. } | Self::LongWindow { .. } | Self::Scan { .. } => "".into(),
        }
    }
}

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

impl Hint for TokenError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Open { port, source } => return format!("; {}", unopened(port, source)).into(),
            Self::Broken { request: "handshake", .. } => {
                "; check that it is a token, connected and running, and run it again"
            }
            Self::NoToken { .. } => {
                "; a terminal or another program may listen there: check --port and --baud (`neural-vault token list` \
                 shows the serial ports)"
            }
            Self::Broken { .. } => "; check that the token is connected, and run it again",
            Self::Silent { .. } => "; check that the token is connected and running, or give a longer --timeout",
            Self::Noisy { request: "handshake", .. } => {
                "; check that it is a token whose firmware is of this program's version, its cable and --baud"
            }
            Self::Noisy { .. } => "; check that it is a token, its cable and --baud",
            Self::SessionLost { .. } => "; run it again",
            Self::NoKey { .. } => "; give the file that `neural-vault token provision` or `neural-vault token pin` wrote",
            Self::OtherToken { .. } => {
                "; give this token's own --token-key. A wipe or damaged records give a token another key: look at it by \
                 `neural-vault token info` without --token-key, compare the fingerprint, then `neural-vault token pin --force`"
            }
            Self::NotAuthentic { .. } => "; somebody else may be on the line: find out who before you go on",
            Self::RefusedInClear { refusal, .. } if refusal.fault() == Some(Fault::AnswerGone) => {
                "; if the answer was lost on the line, the command was carried out: `neural-vault token rotate` makes new \
                 keys for an enrolment, and a key is exported again with another scan"
            }
            Self::RefusedInClear { .. } => "; run it again",
            Self::Stopped { .. } => "; the token discards a partly sent scan at the next command",
            Self::Version { .. } | Self::Nonsense { .. } => "; use matching versions of token and program",
            Self::Refused { .. } => "",
        }
        .into()
    }
}

/// What to do about a port that cannot be opened.
fn unopened(port: &Port, error: &io::Error) -> &'static str {
    match (port, error.kind()) {
        (Port::Serial(_), ErrorKind::PermissionDenied) => {
            "you may not use it: join the group that owns it (`dialout` on Debian) and log in again"
        }
        (Port::Serial(_), ErrorKind::InvalidInput) => {
            "`neural-vault token list` shows the serial ports; a socket is unix:PATH"
        }
        (Port::Serial(path), ErrorKind::NotFound) if !Path::new(path).exists() => {
            "`neural-vault token list` shows the serial ports"
        }
        (Port::Serial(_), _) if error.to_string().contains("busy") => "another program has it open",
        (Port::Serial(_), _) => "check that it is a serial port: `neural-vault token list` shows them",
        (Port::Unix(_), ErrorKind::InvalidInput) => "give the socket on which a token listens",
        (Port::Unix(_), ErrorKind::PermissionDenied) => "you may not use it: check who owns it",
        (Port::Tcp(_) | Port::Unix(_), _) => "check that a token listens there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_onnx_runtime_says_what_to_run() {
        let error = EngineError::Missing(RuntimeError::NotFound { looked: Vec::new() });
        assert!(error.with_hint().ends_with("; run `neural-vault runtime install`"), "{}", error.with_hint());
    }

    #[test]
    fn a_place_that_cannot_be_a_folder_says_how_to_name_another() {
        let source = io::Error::other("not a folder");
        let error = RuntimeError::Io { action: "create", path: "file/to".into(), source };
        assert!(error.with_hint().ends_with("or choose another folder with --folder"), "{}", error.with_hint());
    }

    #[test]
    fn hints_reach_through_the_errors_that_carry_another() {
        let window = || EmbeddingError::Window { window: 9, positions: 4 };
        let quantised = || ModelError::Quantised { format: neural_vault_core::encoder::WeightFormat::I8 };
        assert_eq!(EnrolError::Embedding(window()).hint(), window().hint());
        assert_eq!(EmbeddingError::Model(quantised()).hint(), quantised().hint());
        assert_eq!(TrainingError::Model(quantised()).hint(), quantised().hint());
    }
}
