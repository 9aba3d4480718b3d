//! A recording as a `.npy` file: timesteps x features, named by the file.
//!
//! Its times are those of a file of segments beside it, `STEM.segments.json` or, beside `preds.npy`, `segments.json`.

use std::path::{Path, PathBuf};

use super::naming::is_unnamed;
use super::reader::{Content, LoadOptions, Reader, Recording};
use super::segments;
use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::npy::read_npy;

pub(super) struct Npy;

impl Reader for Npy {
    fn name(&self) -> &'static str {
        "a recording named by its file (`.npy`, `.gz` allowed)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npy", ".npy.gz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"\x93NUMPY")
    }

    fn companions(&self, path: &Path) -> Vec<PathBuf> {
        let stem = self.stem(path);
        segments::candidates(path, &stem, is_unnamed(&stem))
    }

    fn read(&self, source: Source, _: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let segments = if source.is_file() { segments::read(&self.companions(&file))? } else { None };
        source.refuse_other_kinds(b"\x93NUMPY")?;
        let length = source.plain_length();
        let (matrix, note) = read_npy(&file, source.plain_reader()?, length)?;
        let frames = matrix.rows;
        let mut recording = Recording::from(matrix);
        recording.notes.extend(note);
        if let Some(segments) = segments {
            segments.check_frames(&file, frames)?;
            recording.set_times(&segments.starts, &segments.file)?;
        }
        Ok(Content::Recording(recording))
    }
}
