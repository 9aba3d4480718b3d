//! Errors of recording files, with the place in the file.

use std::io;
use std::path::PathBuf;

use neural_vault_core::scan::FrameError;

use crate::escape::{self, Escaped};

/// A recording that cannot be used: the file, the place in it and what to change there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file or folder could not be opened or read.
    #[error("{}: cannot be read: {source}; check the path and its permissions", escape::path(file))]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file could not be written; nothing was left under its name.
    #[error("{}: cannot be written: {source}; nothing was left there", escape::path(file))]
    Write {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// No reader recognises the file or folder.
    #[error("{}: unknown kind of recording; give {known}", escape::path(file))]
    UnknownKind {
        /// The file or folder.
        file: PathBuf,
        /// The files and folders that can be read.
        known: String,
    },
    /// The file is of a kind that can be read, but holds something else than a recording.
    #[error("{}: no recording, but {holds}", escape::path(file))]
    NotRecording {
        /// The file.
        file: PathBuf,
        /// What it holds.
        holds: String,
    },
    /// The file of one hemisphere lacks that of the other.
    #[error(
        "{}: one hemisphere; the other, {}, is not there; put both in one folder",
        escape::path(file),
        escape::path(partner)
    )]
    NoPartner {
        /// The file.
        file: PathBuf,
        /// The file that is looked for.
        partner: PathBuf,
    },
    /// An image of a volume needs a mask, which chooses its voxels.
    #[error("{}: an image of a whole volume; its voxels need a mask", escape::path(file))]
    NoMask {
        /// The file.
        file: PathBuf,
    },
    /// Events are in seconds, but the time between frames is not known.
    #[error(
        "{}: the time between its frames is not known, in which {} has its events",
        escape::path(file),
        escape::path(events)
    )]
    NoFrameTime {
        /// The recording.
        file: PathBuf,
        /// The table of events.
        events: PathBuf,
    },
    /// There is no format for an output of this name.
    #[error("{}: unknown kind of output; let its name end in one of {known}", escape::path(file))]
    UnknownOutput {
        /// The file.
        file: PathBuf,
        /// The endings of the formats.
        known: String,
    },
    /// The file has no bytes.
    #[error("{}: the file is empty; write it again", escape::path(file))]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The file or folder holds no row, though perhaps a header or files of other kinds.
    #[error("{}: there are no rows; a recording needs at least one timestep", escape::path(file))]
    NoRows {
        /// The file or folder.
        file: PathBuf,
    },
    /// The folder holds no file that a reader takes.
    #[error("{}: no recordings in it or below it{}; give {known}", escape::path(folder), clause(left_out))]
    NoRecordings {
        /// The folder.
        folder: PathBuf,
        /// What is in it instead; empty if nothing is.
        left_out: String,
        /// The files that can be read.
        known: String,
    },
    /// The content is of another format.
    #[error("{}: it is {what}", escape::path(file))]
    OtherKind {
        /// The file.
        file: PathBuf,
        /// What it is and what to do with it.
        what: &'static str,
    },
    /// The CSV header lacks a column.
    #[error(
        "{}: line {line}: no column `{}`; found {}; rename a column",
        escape::path(file),
        Escaped(column),
        list(found)
    )]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// The header's line, from 1.
        line: u64,
        /// The column looked for.
        column: String,
        /// The columns the header names.
        found: Vec<String>,
    },
    /// The CSV header names a column more than once.
    #[error("{}: line {line}: {count} columns `{}`; rename all but one", escape::path(file), Escaped(column))]
    RepeatedColumn {
        /// The file.
        file: PathBuf,
        /// The header's line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// How often it is there.
        count: usize,
    },
    /// A CSV line has more or fewer fields than the header.
    #[error(
        "{}: line {line}: {found} fields where the header has {expected}; quote cells that hold the separator, and name every column",
        escape::path(file)
    )]
    FieldCount {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Fields in the header.
        expected: usize,
        /// Fields in the line.
        found: usize,
    },
    /// The CSV ends inside a line.
    #[error("{}: line {line}: the file ends in the middle of the line; copy or download it again", escape::path(file))]
    CutMidLine {
        /// The file.
        file: PathBuf,
        /// The last line, from 1.
        line: u64,
    },
    /// The gzip stream ends before its trailer.
    #[error("{}: the gzip data is cut short; copy or download it again", escape::path(file))]
    GzipCut {
        /// The file.
        file: PathBuf,
    },
    /// The gzip stream fails its own checks.
    #[error("{}: the gzip data is damaged: {source}; copy or download it again", escape::path(file))]
    GzipDamaged {
        /// The file.
        file: PathBuf,
        /// The error of the decoder.
        source: io::Error,
    },
    /// A CSV cell has the wrong type for its column.
    #[error(
        "{}: line {line}, column `{}`: `{}` is not {wanted}; correct the cell",
        escape::path(file),
        Escaped(column),
        Escaped(cell)
    )]
    Cell {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// The cell as read, shortened.
        cell: String,
        /// What the column must hold.
        wanted: &'static str,
    },
    /// A (label, session, timestep) has more or fewer values than the others.
    #[error("{}: line {line}: {} has {found} values where the others have {expected}; every timestep needs one line per feature, with an empty cell where a value is missing", escape::path(file), at(label, session, *timestep))]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The group's first line, from 1.
        line: u64,
        /// The group's label.
        label: String,
        /// The group's session, empty where the file has none.
        session: String,
        /// The group's timestep.
        timestep: i64,
        /// Values in this group.
        found: usize,
        /// Values in the other groups.
        expected: usize,
    },
    /// A (label, session, timestep) occurs more than once.
    #[error("{}: line {line}: {} is there a second time; remove the repeat, or add a `session` column to distinguish the recordings", escape::path(file), at(label, session, *timestep))]
    DuplicateTimestep {
        /// The file.
        file: PathBuf,
        /// The first line of the repeat, from 1.
        line: u64,
        /// The label.
        label: String,
        /// The session, empty where the file has none.
        session: String,
        /// The timestep.
        timestep: i64,
    },
    /// A (label, session, timestep) has two values of one feature.
    #[error("{}: line {line}: {} has a second value of {}; remove one, or rename the column if it does not number the features", escape::path(file), at(label, session, *timestep), Escaped(feature))]
    RepeatedFeature {
        /// The file.
        file: PathBuf,
        /// The line of the second value, from 1.
        line: u64,
        /// The label.
        label: String,
        /// The session, empty where the file has none.
        session: String,
        /// The timestep.
        timestep: i64,
        /// The column that names the features and the name in it, such as "vertex `17`".
        feature: String,
    },
    /// A (label, session, timestep) has other features than most.
    #[error("{}: line {line}: {} has {} value of {}, which most others have{}; every timestep needs the same features", escape::path(file), at(label, session, *timestep), if *lacks { "no" } else { "a" }, Escaped(feature), if *lacks { "" } else { " not" })]
    OtherFeatures {
        /// The file.
        file: PathBuf,
        /// The group's first line, from 1.
        line: u64,
        /// The label.
        label: String,
        /// The session, empty where the file has none.
        session: String,
        /// The timestep.
        timestep: i64,
        /// The column that names the features and the name in it, such as "vertex `17`".
        feature: String,
        /// Whether the feature is missing here, or here only.
        lacks: bool,
    },
    /// A `.npy` or `.npz` file is malformed or cut short.
    #[error("{}: {}: {}", escape::path(file), Escaped(what), Escaped(reason))]
    Array {
        /// The file.
        file: PathBuf,
        /// The array in the file, or `the file`.
        what: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Nothing says how many features a file without a header has.
    #[error("{}: nothing says how many features a frame has; put its segments.json beside it", escape::path(file))]
    NoWidth {
        /// The file.
        file: PathBuf,
    },
    /// A `.npz` file lacks a required array.
    #[error("{}: no array named {}; found {}; save it with numpy.savez(path, {}=...)", escape::path(file), wanted.join(" or "), list(found), wanted[0])]
    MissingArray {
        /// The file.
        file: PathBuf,
        /// The accepted names, at least one.
        wanted: &'static [&'static str],
        /// The arrays in the file.
        found: Vec<String>,
    },
    /// Two recordings differ in their number of features.
    #[error(
        "{}: {second_features} features, but {} has {first_features}; give recordings of one width together",
        escape::path(second),
        escape::path(first)
    )]
    Width {
        /// The first recording.
        first: PathBuf,
        /// Its number of features.
        first_features: usize,
        /// The recording that differs.
        second: PathBuf,
        /// Its number of features.
        second_features: usize,
    },
    /// Two files hold the same label and session.
    #[error(
        "{}: {} is in {} too; keep one of them, or give them different sessions",
        escape::path(second),
        recording(label, session),
        escape::path(first)
    )]
    Repeated {
        /// The first file.
        first: PathBuf,
        /// The file that repeats it.
        second: PathBuf,
        /// The label.
        label: String,
        /// The session, empty where it has no name.
        session: String,
    },
    /// A label has no characters, or none but white space.
    #[error("{}: the label is empty; name it", escape::path(file))]
    EmptyLabel {
        /// The file.
        file: PathBuf,
    },
    /// A label or session was given to a file that holds several.
    #[error("{}: it holds {} {kind}s ({}), which cannot all be `{}`; leave that {kind} out", escape::path(file), found.len(), list(found), Escaped(given))]
    ManyNames {
        /// The file.
        file: PathBuf,
        /// `label` or `session`.
        kind: &'static str,
        /// The name given.
        given: String,
        /// The names in the file.
        found: Vec<String>,
    },
    /// A requested label or session is not in the recording.
    #[error("{}: no {kind} `{}`; there are {}", escape::path(file), Escaped(name), list(found))]
    UnknownName {
        /// Where the recording came from.
        file: PathBuf,
        /// `label` or `session`.
        kind: &'static str,
        /// The requested name.
        name: String,
        /// The names in the recording.
        found: Vec<String>,
    },
    /// Training needs two classes.
    #[error("{}: only one class, `{}`; training needs at least two labels", escape::path(file), Escaped(label))]
    OneClass {
        /// Where the recording came from.
        file: PathBuf,
        /// The only label.
        label: String,
    },
    /// Training needs two rows of each class.
    #[error("{}: label `{}` has one row; training needs at least two rows a label", escape::path(file), Escaped(label))]
    OneRow {
        /// Where the recording came from.
        file: PathBuf,
        /// The label.
        label: String,
    },
    /// Training needs two windows of each class.
    #[error(
        "{}: label `{}` has one window of {window} frames; training needs at least two windows a label",
        escape::path(file),
        Escaped(label)
    )]
    OneWindow {
        /// Where the recording came from.
        file: PathBuf,
        /// The label.
        label: String,
        /// Frames a window.
        window: usize,
    },
    /// No value is a number.
    #[error("{}: every value is NaN; check the export that wrote it", escape::path(file))]
    AllNan {
        /// Where the recording came from.
        file: PathBuf,
    },
    /// A frame says nothing, so that its embedding would say nothing about who was recorded.
    #[error("{}: {}: the frame says nothing: {source}; leave the recording out, or correct what wrote it", escape::path(file), at(label, session, *timestep))]
    Degenerate {
        /// Where the recording came from.
        file: PathBuf,
        /// The frame's label.
        label: String,
        /// The frame's session, empty where the file has none.
        session: String,
        /// The frame's timestep.
        timestep: i64,
        /// What the frame lacks.
        source: FrameError,
    },
    /// A matrix has as many rows as a surface mesh has vertices.
    #[error(
        "{}: {rows} rows x {columns} columns looks transposed: {rows} is the number of vertices of a surface mesh, and rows \
         are timesteps, columns features; save `array.T`, or, if these are {rows} timesteps, a labelled matrix",
        escape::path(file)
    )]
    Transposed {
        /// The file.
        file: PathBuf,
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
    },
    /// The encoder does not take windows of this length.
    #[error("window of {frames} frames; choose 1 to {longest}")]
    Window {
        /// The requested length in frames.
        frames: usize,
        /// The longest window of the encoder in frames.
        longest: usize,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{}`", Escaped(name))).collect();
    let more = names.len() - shown.len();
    let dots = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &dots
}

fn clause(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", Escaped(text)) }
}

pub(super) fn recording(label: &str, session: &str) -> String {
    let (label, shown) = (Escaped(label), Escaped(session));
    if session.is_empty() { format!("label `{label}`") } else { format!("label `{label}`, session `{shown}`") }
}

fn at(label: &str, session: &str, timestep: i64) -> String {
    format!("{}, timestep {timestep}", recording(label, session))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_columns_and_windows_name_no_command_line_flag() {
        let file = PathBuf::from("a.csv");
        let column = DatasetError::MissingColumn {
            file: file.clone(),
            line: 1,
            column: "video".into(),
            found: vec!["x".into()],
        };
        let window = DatasetError::OneWindow { file, label: "a".into(), window: 9 };
        for error in [column, window] {
            assert!(!error.to_string().contains("--"), "{error}");
        }
    }
}
