//! Writes a labelled matrix: a `.npz` file as `numpy.savez` makes it.

use std::io::{self, Write};
use std::path::Path;

use npyz::{DType, Serialize, WriterBuilder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Output, into_file};
use crate::dataset::error::DatasetError;
use crate::dataset::rows::{Dataset, Row};
use crate::files::Existing;

/// Zip entries of this size and more need its 64-bit form.
const LARGE: u64 = 1 << 31;

/// Writes `X`, `y`, `sessions` and `timesteps`.
///
/// # Errors
/// [`DatasetError::Write`].
pub(super) fn write_npz(dataset: &Dataset, file: &Path, existing: Existing) -> Result<(), DatasetError> {
    into_file(file, existing, |output| {
        let mut archive = ZipWriter::new(output);
        let rows = dataset.rows.len() as u64;
        let shape = [rows, dataset.features as u64];
        array(&mut archive, "X", &shape, "<f4", 4, dataset.values.iter())?;
        let names = |names: &[String], index: &dyn Fn(&Row) -> u32, name, archive: &mut _| {
            let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
            let rows_names = dataset.rows.iter().map(|row| &names[index(row) as usize]);
            array(archive, name, &[rows], &format!("<U{longest}"), 4 * longest as u64, rows_names)
        };
        names(&dataset.labels, &|row| row.label, "y", &mut archive)?;
        names(&dataset.sessions, &|row| row.session, "sessions", &mut archive)?;
        array(&mut archive, "timesteps", &[rows], "<i8", 8, dataset.rows.iter().map(|row| &row.timestep))?;
        archive.finish()?;
        Ok(())
    })
}

fn array<'v, T: Serialize + 'v>(
    archive: &mut ZipWriter<&mut dyn Output>,
    name: &str,
    shape: &[u64],
    kind: &str,
    size: u64,
    values: impl Iterator<Item = &'v T>,
) -> io::Result<()> {
    let bytes = shape.iter().product::<u64>() * size;
    let options =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(bytes >= LARGE);
    archive.start_file(format!("{name}.npy"), options)?;
    let kind = DType::Plain(kind.parse().map_err(io::Error::other)?);
    let buffered = io::BufWriter::with_capacity(1 << 16, &mut *archive);
    let mut array = npyz::WriteOptions::new().dtype(kind).shape(shape).writer(buffered).begin_nd()?;
    array.extend(values)?;
    array.finish()?;
    archive.flush()
}
