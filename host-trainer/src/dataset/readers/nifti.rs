//! NIfTI-1: the voxels of a scan that a mask selects, one scan a file.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

use super::reader::{Content, LoadOptions, Reader, Recording};
use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::input::Place;
use crate::dataset::nifti::{self, Mask};

/// Last parts of BIDS names of images that are no recordings, and what those are.
const NO_RECORDING: [(&str, &str); 9] = [
    ("_mask", "a mask"),
    ("_boldref", "a reference volume"),
    ("_sbref", "a reference volume"),
    ("_epi", "a field map"),
    ("_dseg", "a segmentation"),
    ("_probseg", "a segmentation"),
    ("_T1w", "an anatomical image"),
    ("_T2w", "an anatomical image"),
    ("_FLAIR", "an anatomical image"),
];

const BUFFER: usize = 128 * 1024;

pub(super) struct Nifti;

impl Reader for Nifti {
    fn name(&self) -> &'static str {
        "NIfTI-1 scans, beside a mask (`.nii`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".nii.gz", ".nii"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        matches!(start.get(344..348), Some(b"n+1\0" | b"ni1\0")) || matches!(start.get(4..8), Some(b"n+2\0" | b"ni2\0"))
    }

    fn read(&self, source: Source, options: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let stem = self.stem(&file);
        if let Some((_, holds)) = NO_RECORDING.iter().find(|(ending, _)| stem.ends_with(ending)) {
            return Err(DatasetError::NotRecording { file, holds: (*holds).to_owned() });
        }
        let Some(mask_file) = &options.mask else {
            return Err(DatasetError::NoMask { file });
        };
        if same_file(&file, mask_file) {
            return Err(DatasetError::NotRecording { file, holds: "the mask itself".to_owned() });
        }
        let mask = Mask::read(mask_file, plain(Source::open(&Place::Path(mask_file.clone()))?)?)?;
        let image = nifti::read(&file, plain(source)?, &mask)?;
        Ok(Content::Recording(Recording { step: image.seconds, ..image.matrix.into() }))
    }
}

/// All bytes, out of gzip.
fn plain(source: Source) -> Result<BufReader<Box<dyn Read>>, DatasetError> {
    Ok(BufReader::with_capacity(BUFFER, source.plain_reader()?))
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
