//! Engines, and embedding by them.

use std::borrow::Cow;

use super::Hint;
use crate::embedding::EmbeddingError;
use crate::engine::runtime::{VARIABLES, VERSION};
use crate::engine::{EngineError, RuntimeError};

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
