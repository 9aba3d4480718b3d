//! NIfTI-1: the voxels of a four-dimensional image that a mask selects, frame by frame.
//!
//! Voxels come in the order of numpy's `data[mask]`, the last axis fastest, as nilearn's `NiftiMasker` gives them. Values
//! are scaled by `scl_slope` and `scl_inter`; values that are not finite stay, where nilearn writes zeros.
//!
//! The reader is our own, about two hundred lines: the crate `nifti` switches on a feature of `num-complex`, on which tract
//! stands, and reads whole volumes into arrays where a mask needs a tenth of them.

mod affine;
mod fields;
mod header;

use std::io::{self, Read};
use std::path::Path;

use super::error::DatasetError;
use super::npy::Matrix;
use affine::differ;
use fields::LENGTH;
use header::Header;

/// The voxels of a scan that are not zero in a mask.
#[derive(Debug)]
pub(super) struct Mask {
    header: Header,
    /// Their places in a volume as the file stores it, in the order of the columns.
    voxels: Vec<usize>,
}

/// A scan: frames x voxels, and the seconds from frame to frame where the header has them.
pub(super) struct Image {
    pub(super) matrix: Matrix,
    pub(super) seconds: Option<f64>,
}

impl Mask {
    /// Reads a three-dimensional image; a voxel that is neither zero nor NaN is in the mask.
    pub(super) fn read(file: &Path, mut input: impl Read) -> Result<Self, DatasetError> {
        let header = begin(file, &mut input)?;
        if header.frames != 1 {
            let reason = format!("it has {} volumes; a mask has one", header.frames);
            return Err(wrong(file, reason));
        }
        let mut volume = Vec::new();
        read_volume(file, &header, &mut input, 0, &mut volume)?;
        let mut values = vec![0.0; header.voxels()];
        header.convert(&volume, &mut values);
        let [x, y, z] = header.shape;
        let mut voxels = Vec::new();
        for at_x in 0..x {
            for at_y in 0..y {
                let places = (0..z).map(|at_z| at_x + x * (at_y + y * at_z));
                voxels.extend(places.filter(|&place| values[place] != 0.0 && !values[place].is_nan()));
            }
        }
        if voxels.is_empty() {
            return Err(wrong(file, "no voxel of the mask differs from zero".to_owned()));
        }
        Ok(Self { header, voxels })
    }

    /// Refuses a scan whose voxels are not those of the mask.
    fn check(&self, scan: &Path, header: &Header) -> Result<(), DatasetError> {
        if header.shape != self.header.shape {
            let sizes = |shape: [usize; 3]| shape.map(|size| size.to_string()).join(" x ");
            let (scan_sizes, mask_sizes) = (sizes(header.shape), sizes(self.header.shape));
            if header.frames == 1 {
                let holds = format!("one volume of {scan_sizes} voxels, not the mask's {mask_sizes}");
                return Err(DatasetError::NotRecording { file: scan.to_owned(), holds });
            }
            let reason = format!("its volumes are {scan_sizes}, but the mask is {mask_sizes}; resample the mask");
            return Err(wrong(scan, reason));
        }
        match differ(&header.affine, &self.header.affine) {
            None => Ok(()),
            Some((row, column)) => {
                let (scans, masks) = (header.affine[row][column], self.header.affine[row][column]);
                let reason = format!(
                    "its affine differs from the mask's: {scans} where the mask has {masks} in row {row}, column \
                     {column}; resample the mask to the scan, as nilearn.image.resample_to_img does with \
                     interpolation='nearest'"
                );
                Err(wrong(scan, reason))
            }
        }
    }
}

/// Reads the voxels of `mask` in every volume of a scan.
///
/// # Errors
/// [`DatasetError::Array`] and the errors of reading and of gzip, naming the file.
pub(super) fn read(file: &Path, mut input: impl Read, mask: &Mask) -> Result<Image, DatasetError> {
    let header = begin(file, &mut input)?;
    mask.check(file, &header)?;
    let features = mask.voxels.len();
    let size = header.kind.size();
    // The announced number of frames is not trusted with memory: each is read before there is room for the next.
    let mut values: Vec<f32> = Vec::new();
    let (mut volume, mut chosen) = (Vec::new(), vec![0; features * size]);
    for frame in 0..header.frames {
        read_volume(file, &header, &mut input, frame, &mut volume)?;
        for (chosen, &voxel) in chosen.chunks_exact_mut(size).zip(&mask.voxels) {
            chosen.copy_from_slice(&volume[voxel * size..][..size]);
        }
        let start = values.len();
        values.resize(start + features, 0.0);
        header.convert(&chosen, &mut values[start..]);
    }
    // What follows is no matter, but gzip tells at its end alone whether it is whole.
    input.read(&mut [0]).map_err(|error| read_error(file, error))?;
    let matrix = Matrix { rows: header.frames, features, values };
    Ok(Image { matrix, seconds: header.seconds })
}

/// Reads up to the first volume.
fn begin(file: &Path, input: &mut dyn Read) -> Result<Header, DatasetError> {
    let mut start = [0; LENGTH];
    input.read_exact(&mut start).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => wrong(file, "it is shorter than a header; copy it again".to_owned()),
        _ => read_error(file, error),
    })?;
    let header = Header::parse(&start).map_err(|reason| wrong(file, reason))?;
    let mut extensions = input.take(header.offset - LENGTH as u64);
    io::copy(&mut extensions, &mut io::sink()).map_err(|error| read_error(file, error))?;
    Ok(header)
}

fn read_volume(
    file: &Path,
    header: &Header,
    input: &mut dyn Read,
    frame: usize,
    volume: &mut Vec<u8>,
) -> Result<(), DatasetError> {
    let size = header.voxels() * header.kind.size();
    volume.clear();
    let read = input.take(size as u64).read_to_end(volume).map_err(|error| read_error(file, error))?;
    if read == size {
        return Ok(());
    }
    Err(wrong(file, format!("it ends in volume {} of {}; copy it again", frame + 1, header.frames)))
}

fn read_error(file: &Path, source: io::Error) -> DatasetError {
    let file = file.to_owned();
    match source.kind() {
        io::ErrorKind::UnexpectedEof => DatasetError::GzipCut { file },
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => DatasetError::GzipDamaged { file, source },
        _ => DatasetError::Read { file, source },
    }
}

fn wrong(file: &Path, reason: String) -> DatasetError {
    DatasetError::Array { file: file.to_owned(), what: "the image".to_owned(), reason }
}

#[cfg(test)]
mod tests;
