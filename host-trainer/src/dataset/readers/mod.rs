//! The formats of recordings: one file here and one line in [`READERS`] for each.
//!
//! [`load`] finds the files of its inputs, has each read by the reader that recognises it, names what has no names of its
//! own by its path, and joins all to one dataset.

mod bin;
mod csv;
mod feature_columns;
mod find;
mod gifti;
mod gzip;
mod kind;
mod naming;
#[cfg(feature = "nifti")]
mod nifti;
mod npy;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod reader;
mod regions;
mod segments;
mod source;
mod trials;

use std::path::{Path, PathBuf};

use super::check::check_values;
use super::error::DatasetError;
use super::input::{Input, Place};
use super::names::{Names, tidy};
use super::notes::not_finite;
use super::order::{Twins, Unordered, join};
use super::orientation::check_orientation;
use super::rows::{Dataset, Row};
use crate::escape;
use find::{Found, LeftOut, drop_companions, find};
use naming::{Identity, identity};
pub(super) use reader::ending;
use reader::{Content, Reader, Recording};
pub use reader::{EventTable, LoadOptions};
pub use regions::{RegionNumbers, read_region_numbers};
use source::Source;

/// The first reader that recognises a file reads it.
static READERS: &[&dyn Reader] = &[
    &csv::LongCsv,
    &npz::Npz,
    &npy::Npy,
    &bin::Bin,
    &gifti::Gifti,
    #[cfg(feature = "nifti")]
    &nifti::Nifti,
    #[cfg(feature = "parquet")]
    &parquet::Parquet,
];

/// Reads the recordings of all inputs, of any of the [`formats`], into one dataset.
///
/// All must have the same number of features, and no label and session may be in two files.
///
/// # Errors
/// [`DatasetError`], naming the file and the place in it.
pub fn load(inputs: &[Input], options: &LoadOptions) -> Result<Dataset, DatasetError> {
    let mut left_out = LeftOut::default();
    let mut found = Vec::new();
    for input in inputs {
        found.extend(find(input, &mut left_out)?);
    }
    drop_companions(&mut found, &mut left_out);
    let (mut parts, mut tables) = (Vec::with_capacity(found.len()), Vec::new());
    let mut refusal = None;
    for file in &found {
        match read(file, options, &mut tables) {
            Ok(part) => parts.push(part),
            // A folder of recordings often holds other tables, images and binary files too.
            Err(error) if is_in_folder(file) && is_no_recording(&error) => {
                left_out.add(file.place.shown().to_owned(), Some(error.to_string()));
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let (true, Some(error)) = (parts.is_empty(), refusal) {
        return Err(error);
    }
    tables.iter().for_each(|table| left_out.remove(table));
    let mut dataset = join(parts, origin(inputs))?;
    dataset.notes.extend(left_out.notes());
    check_values(&dataset)?;
    let gaps = dataset.find_runs();
    let not_finite = not_finite(&dataset);
    dataset.notes.extend(gaps.into_iter().chain(not_finite));
    Ok(dataset)
}

/// The files of a folder that [`load`] reads, to be read one by one with the names that they have in the folder.
///
/// Of files that are read together only the first is listed. Also notes about the files that are left out. A file that
/// turns out to hold no recording is left out by [`load`] of the folder, and refused by that of the file.
///
/// # Errors
/// [`DatasetError::Read`], and [`DatasetError::NoRecordings`] of a folder without files that can be read.
pub fn files(folder: &Path) -> Result<(Vec<Input>, Vec<String>), DatasetError> {
    let whole = Input::from(folder);
    let mut left_out = LeftOut::default();
    let mut found = find(&whole, &mut left_out)?;
    drop_companions(&mut found, &mut left_out);
    let part = |found: Found<'_>| Input { place: found.place, folder: Some(folder.to_owned()), ..whole.clone() };
    Ok((found.into_iter().map(part).collect(), left_out.notes()))
}

/// The files that are read together with `file`, whether they exist or not, such as the other hemisphere.
#[must_use]
pub fn companions(file: &Path) -> Vec<PathBuf> {
    find::by_name(file).map(|reader| reader.companions(file)).unwrap_or_default()
}

/// The files that [`load`] reads for an input that is a file: the file, what is read together with it, the table that labels
/// its frames, what states its time between frames, and the mask.
///
/// # Errors
/// [`DatasetError::Read`], where a folder cannot be read or two tables belong to the recording equally.
pub fn files_read(input: &Input, options: &LoadOptions) -> Result<Vec<PathBuf>, DatasetError> {
    let Some(file) = input.path() else { return Ok(Vec::new()) };
    let beside = trials::files_beside(file, options, input.label.is_some())?;
    let others = companions(file).into_iter().filter(|companion| companion.is_file()).chain(beside);
    Ok([file.to_owned()].into_iter().chain(others).chain(options.mask.clone()).collect())
}

/// Whether a path has the name of a recording.
#[cfg(feature = "cli")]
pub(crate) fn is_recording(path: &Path) -> bool {
    find::by_name(path).is_some()
}

/// The formats that can be read, as a help text.
#[must_use]
pub fn formats() -> String {
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name()).collect();
    let text = list(&names, ", ");
    text[..1].to_uppercase()
        + &text[1..]
        + ", or a folder of these at any depth; LABEL=PATH labels it, - is standard input"
}

/// The files and folders that can be read, as a message.
fn kinds() -> String {
    let endings: Vec<&str> = READERS.iter().flat_map(|reader| reader.endings()).copied().collect();
    format!("a {} file, or a folder of them", list(&endings, " or "))
}

/// Whether a file holds something else than a recording, or one that needs what is not given.
fn is_no_recording(error: &DatasetError) -> bool {
    use DatasetError::{MissingColumn, NoMask, NoWidth, NotRecording};
    matches!(error, MissingColumn { .. } | NoMask { .. } | NoWidth { .. } | NotRecording { .. })
}

/// Reads one file; a table of events that labels it is added to `tables`.
fn read(found: &Found<'_>, options: &LoadOptions, tables: &mut Vec<PathBuf>) -> Result<Dataset, DatasetError> {
    let file = found.place.shown();
    let source = Source::open(&found.place)?;
    let reader = match found.reader {
        Some(reader) => reader,
        None => {
            let start = source.plain_start();
            let by_content = READERS.iter().copied().find(|reader| reader.recognises(&start));
            by_content.ok_or_else(|| DatasetError::UnknownKind { file: file.to_owned(), known: kinds() })?
        }
    };
    let dataset = match reader.read(source, options, found.input.label.as_deref())? {
        Content::Labelled(dataset) => {
            let mut dataset = named(dataset, found.input)?;
            if matches!(options.events, EventTable::At(_)) {
                let note = format!("{}: has labels of its own, so events label none of its frames", escape::path(file));
                dataset.notes.push(note);
            }
            dataset
        }
        Content::Recording(recording) => {
            let stem = match &found.place {
                Place::Path(path) => reader.stem(path),
                Place::StandardInput => "stdin".to_owned(),
            };
            let identity = identity(found.input, &found.folders, &stem);
            match trials::table_of(file, options, found.input.label.is_some())? {
                Some(table) => {
                    let dataset = trials::labelled(recording, file, &table, &identity, options)?;
                    tables.push(table);
                    dataset
                }
                None => of_recording(recording, file.to_owned(), &identity)?,
            }
        }
    };
    if dataset.labels.iter().any(String::is_empty) {
        return Err(DatasetError::EmptyLabel { file: file.to_owned() });
    }
    Ok(dataset)
}

/// A dataset of one recording.
fn of_recording(recording: Recording, origin: PathBuf, identity: &Identity) -> Result<Dataset, DatasetError> {
    let (mut labels, mut sessions) = (Names::default(), Names::default());
    let (label, session) = (labels.number(&identity.label), sessions.number(&identity.session));
    let Recording { matrix, timesteps, notes, .. } = recording;
    let row = |timestep| Row { label, session, timestep, run: 0 };
    let rows = match timesteps {
        Some(timesteps) => timesteps.into_iter().map(row).collect(),
        None => {
            check_orientation(&origin, matrix.rows, matrix.features)?;
            (0..matrix.rows as i64).map(row).collect()
        }
    };
    let (features, values) = (matrix.features, matrix.values);
    let unordered = Unordered { origin: origin.clone(), labels, sessions, rows, features, values, notes };
    unordered.into_dataset().map_err(|Twins(first, second)| {
        let reason = format!("its time is that of frame {first}; give every frame its own time");
        DatasetError::Array { file: origin, what: format!("frame {second}"), reason }
    })
}

/// A dataset with its only label and session replaced by those given with the input.
fn named(mut dataset: Dataset, input: &Input) -> Result<Dataset, DatasetError> {
    let given = [("label", &input.label, &mut dataset.labels), ("session", &input.session, &mut dataset.sessions)];
    for (kind, given, found) in given {
        match (given, found.as_mut_slice()) {
            (Some(given), [name]) => *name = tidy(given).into_owned(),
            (Some(given), _) => {
                let (file, given, found) = (dataset.origin, given.clone(), found.clone());
                return Err(DatasetError::ManyNames { file, kind, given, found });
            }
            (None, _) => {}
        }
    }
    Ok(dataset)
}

fn is_in_folder(found: &Found<'_>) -> bool {
    found.input.path() != Some(found.place.shown())
}

/// The inputs, as messages name them together.
fn origin(inputs: &[Input]) -> PathBuf {
    let first = inputs.first().map(|input| input.place.shown().to_owned()).unwrap_or_default();
    match inputs.len() {
        0 | 1 => first,
        count => format!("{} and {} more", first.display(), count - 1).into(),
    }
}

fn list(items: &[&str], before_last: &str) -> String {
    match items {
        [others @ .., last] if !others.is_empty() => others.join(", ") + before_last + last,
        _ => items.concat(),
    }
}

#[cfg(test)]
mod tests;
