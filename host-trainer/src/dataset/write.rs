//! Writes a dataset as long CSV that reads back to the same bits.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Dataset, DatasetError};

/// Writes `video,[session,]timestep,prediction`, gzipped where the name ends in `.gz`.
///
/// The file appears under its name only when it is whole. The session column is left out where the one session has no
/// name.
///
/// # Errors
/// [`DatasetError::Write`]; nothing is left behind.
pub fn write_csv(dataset: &Dataset, file: &Path) -> Result<(), DatasetError> {
    try_write(dataset, file).map_err(|source| DatasetError::Write {
        file: file.to_owned(),
        source,
    })
}

fn try_write(dataset: &Dataset, file: &Path) -> io::Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let temporary = builder.tempfile_in(folder)?;
    let mut output = BufWriter::new(temporary);
    if file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
    {
        let mut gzip = GzEncoder::new(&mut output, Compression::default());
        write_lines(dataset, &mut gzip)?;
        gzip.finish()?;
    } else {
        write_lines(dataset, &mut output)?;
    }
    output
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .persist(file)?;
    Ok(())
}

fn write_lines(dataset: &Dataset, output: &mut dyn Write) -> io::Result<()> {
    let with_sessions = dataset.sessions.iter().any(|session| !session.is_empty());
    let mut csv = csv::Writer::from_writer(output);
    let session = with_sessions.then_some("session");
    csv.write_record(
        ["video"]
            .into_iter()
            .chain(session)
            .chain(["timestep", "prediction"]),
    )?;
    let mut cell = String::new();
    for (row, values) in dataset
        .rows
        .iter()
        .zip(dataset.values.chunks_exact(dataset.features))
    {
        let timestep = row.timestep.to_string();
        for value in values {
            cell.clear();
            // The shortest digits that read back to the same bits.
            let _ = write!(cell, "{value:?}");
            csv.write_field(&dataset.labels[row.label as usize])?;
            if with_sessions {
                csv.write_field(&dataset.sessions[row.session as usize])?;
            }
            csv.write_record([timestep.as_str(), &cell])?;
        }
    }
    csv.flush()
}
