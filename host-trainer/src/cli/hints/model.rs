//! Models and weights trained elsewhere.

use std::borrow::Cow;

use super::{Hint, UNREAD};
use crate::model::import::{ImportError, ImportFault, ImportNote};
use crate::model::{Content, ModelError};

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
