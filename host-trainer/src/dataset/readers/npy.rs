//! A recording as a `.npy` file: timesteps x features, named by the file.

use super::reader::{Content, LoadOptions, Reader};
use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::npy::read_npy;

pub(super) struct Npy;

impl Reader for Npy {
    fn name(&self) -> &'static str {
        "a recording named by its file (`.npy`, `.npz` with `preds`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npy"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"\x93NUMPY")
    }

    fn read(&self, source: Source, _: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        Ok(Content::Recording(read_npy(&file, source.reader()?)?.into()))
    }
}
