//! Parquet: a row a timestep, with the features in columns of their own or in one column of lists, or a row a value.
//!
//! | columns | rows | meaning |
//! |---|---|---|
//! | label, numbers | a timestep each | the numbers are the features |
//! | label, one column of lists of numbers | a timestep each | the lists are the features |
//! | `video`, `timestep`, `prediction` | a value each | as in long CSV |
//! | numbers, or one column of lists | a timestep each | one recording, named by the file |
//!
//! The label is in `label`, `labels`, `y` or `video`, or in the column asked for; `session` (or `sessions`) and `timestep`
//! (or `timesteps`) are taken where they are there, all in any case; without timesteps rows count as in a labelled matrix.
//! Columns of numbers that are called by one word and a number, `v0` to `v199`, are ordered by that number, and other
//! columns of numbers beside them are left out; without such names all columns of numbers are features, in the order of
//! the file. What is left out is noted.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::feature_columns::feature_columns;
use super::reader::{Content, LoadOptions, Reader, Recording};
use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::features::{BETWEEN, Features, NoName};
use crate::dataset::names::{Names, is_missing};
use crate::dataset::npy::Matrix;
use crate::dataset::order::{Twins, Unordered};
use crate::dataset::parquet::{self, Column, Kind, Table};
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Row;
use crate::dataset::times::count_rows;
use crate::escape::{self, Escaped};

const LABELS: [&str; 4] = ["label", "labels", "y", "video"];
const SESSIONS: [&str; 2] = ["session", "sessions"];
const TIMESTEPS: [&str; 2] = ["timestep", "timesteps"];
const PREDICTION: &str = "prediction";
/// Columns that a note lists.
const LISTED: usize = 3;

pub(super) struct Parquet;

impl Reader for Parquet {
    fn name(&self) -> &'static str {
        "a table (`.parquet`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".parquet", ".pq"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"PAR1")
    }

    fn read(&self, source: Source, options: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let mut bytes = Vec::with_capacity(source.length().unwrap_or(0) as usize);
        let read = source.reader()?.read_to_end(&mut bytes);
        read.map_err(|source| DatasetError::Read { file: file.clone(), source })?;
        let table = Table::open(&file, bytes)?;
        let layout = Layout::of(&file, &table, options, label)?;
        match (layout.label, layout.timestep, named(&table, PREDICTION)) {
            (Some(label), Some(timestep), Some(prediction)) => long(&file, &layout, label, timestep, prediction),
            _ => wide(&file, &layout, label),
        }
    }
}

/// Which column is what.
struct Layout<'t> {
    table: &'t Table,
    label: Option<&'t Column>,
    session: Option<&'t Column>,
    timestep: Option<&'t Column>,
}

impl<'t> Layout<'t> {
    fn of(file: &Path, table: &'t Table, options: &LoadOptions, given: Option<&str>) -> Result<Self, DatasetError> {
        let find = |names: &[&str]| names.iter().find_map(|name| named(table, name));
        let asked = options.asked_label_column();
        let label = match asked {
            Some(name) => find(&[name]),
            None => find(&LABELS),
        };
        let (session, timestep) = (find(&SESSIONS), find(&TIMESTEPS));
        // A session without a label is more than one recording.
        if label.is_none() && given.is_none() && (asked.is_some() || session.is_some()) {
            let found = table.columns().iter().map(|column| column.name.clone()).collect();
            let column = asked.unwrap_or(LABELS[0]).to_owned();
            return Err(DatasetError::MissingColumn { file: file.to_owned(), line: 1, column, found });
        }
        Ok(Self { table, label, session, timestep })
    }

    /// The columns of features, and notes about those that are left out.
    fn features(&self, file: &Path) -> Result<(Vec<&'t Column>, Vec<String>), DatasetError> {
        let taken: Vec<usize> = [self.label, self.session, self.timestep].iter().flatten().map(|c| c.place()).collect();
        let rest = || self.table.columns().iter().filter(|column| !taken.contains(&column.place()));
        let lists: Vec<&Column> = rest().filter(|column| column.kind == Kind::List).collect();
        let numbers: Vec<&Column> = rest().filter(|column| column.kind == Kind::Number).collect();
        let features = match lists.as_slice() {
            [] => numbered(numbers),
            [one] => vec![*one],
            [one, other, ..] => {
                let reason = format!("columns `{}` and `{}` both hold lists; keep one of them", one.name, other.name);
                return Err(wrong(file, "the file", reason));
            }
        };
        if features.is_empty() {
            return Err(wrong(file, "the file", "no column holds numbers or lists of numbers".to_owned()));
        }
        let chosen: Vec<usize> = features.iter().map(|column| column.place()).collect();
        let left_out: Vec<&str> =
            rest().filter(|column| !chosen.contains(&column.place())).map(|column| column.name.as_str()).collect();
        let mut notes = Vec::new();
        if !left_out.is_empty() {
            let listed: Vec<String> = left_out.iter().take(LISTED).map(|name| format!("`{}`", Escaped(name))).collect();
            let dots = if left_out.len() > LISTED { ", ..." } else { "" };
            notes.push(format!("{}: columns left out: {}{dots}", escape::path(file), listed.join(", ")));
        }
        Ok((features, notes))
    }
}

/// The column of this name, in another case where none has it as it is.
fn named<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    let exact = table.columns().iter().find(|column| column.name.trim() == name);
    exact.or_else(|| table.columns().iter().find(|column| column.name.trim().eq_ignore_ascii_case(name)))
}

/// Columns named by one word and distinct numbers, in the order of the numbers; all in their own order without such names.
fn numbered(columns: Vec<&Column>) -> Vec<&Column> {
    let mut by_word: HashMap<&str, Vec<(u64, &Column)>> = HashMap::new();
    for &column in &columns {
        let word = column.name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        if let Ok(number) = column.name[word.len()..].parse() {
            by_word.entry(word).or_default().push((number, column));
        }
    }
    let Some(mut most) = by_word.into_values().max_by_key(Vec::len).filter(|most| 2 * most.len() > columns.len())
    else {
        return columns;
    };
    most.sort_by_key(|(number, _)| *number);
    if most.len() < 2 || most.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return columns;
    }
    most.into_iter().map(|(_, column)| column).collect()
}

/// A row a timestep.
fn wide(file: &Path, layout: &Layout<'_>, given: Option<&str>) -> Result<Content, DatasetError> {
    let table = layout.table;
    let (columns, notes) = layout.features(file)?;
    let (mut labels, mut sessions) = (Names::default(), Names::default());
    let (mut names, mut timesteps) = (Vec::new(), Vec::new());
    let (mut features, mut values) = (columns.len(), Vec::new());
    for (group, rows) in table.groups().enumerate().filter(|&(_, rows)| rows > 0) {
        let matrix = match columns.as_slice() {
            [list] if list.kind == Kind::List => table.lists(group, list)?,
            numbers => Matrix { rows, features, values: table.numbers(group, numbers)? },
        };
        if !values.is_empty() && matrix.features != features {
            let reason = format!("its lists have {features} values in some rows and {} in others", matrix.features);
            return Err(wrong(file, "the file", reason));
        }
        features = matrix.features;
        if values.is_empty() {
            values = matrix.values;
        } else {
            values.extend(matrix.values);
        }
        let label_of = match layout.label {
            Some(column) => numbers(&names_of(file, table, group, column)?, &mut labels),
            None => vec![labels.number(given.unwrap_or_default()); rows],
        };
        let session_of = match layout.session {
            Some(column) => numbers(&names_of(file, table, group, column)?, &mut sessions),
            None => vec![sessions.number(""); rows],
        };
        names.extend(label_of.into_iter().zip(session_of));
        if let Some(column) = layout.timestep {
            timesteps.extend(table.integers(group, column)?);
        }
    }
    if names.is_empty() {
        return Err(DatasetError::NoRows { file: file.to_owned() });
    }
    if features == 0 {
        return Err(wrong(file, "the file", "its rows have no features".to_owned()));
    }
    let matrix = Matrix { rows: names.len(), features, values };
    if layout.label.is_none() && layout.session.is_none() {
        let timesteps = layout.timestep.map(|_| timesteps);
        return Ok(Content::Recording(Recording { timesteps, notes, ..matrix.into() }));
    }
    if layout.timestep.is_none() {
        timesteps = count_rows(&names);
    }
    let row = |((label, session), timestep)| Row { label, session, timestep, run: 0 };
    let rows = names.into_iter().zip(timesteps).map(row).collect();
    let unordered =
        Unordered { origin: file.to_owned(), labels, sessions, rows, features, values: matrix.values, notes };
    let dataset = unordered.into_dataset().map_err(|Twins(first, second)| {
        let reason = format!("label, session and timestep are those of row {}", first + 1);
        wrong(file, &format!("row {}", second + 1), reason)
    })?;
    Ok(Content::Labelled(dataset))
}

/// A row a value.
fn long(
    file: &Path,
    layout: &Layout<'_>,
    label: &Column,
    timestep: &Column,
    prediction: &Column,
) -> Result<Content, DatasetError> {
    let table = layout.table;
    let taken: Vec<&str> = [Some(label), layout.session, Some(timestep), Some(prediction)]
        .into_iter()
        .flatten()
        .map(|column| column.name.as_str())
        .collect();
    let others: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    let others: Vec<&str> = others.into_iter().filter(|name| !taken.contains(name)).collect();
    let feature_names = feature_columns(&others);
    let columns: Vec<&Column> = feature_names.iter().filter_map(|name| named(table, name)).collect();
    let features =
        (!feature_names.is_empty()).then(|| Features::new(feature_names.join(&char::from(BETWEEN).to_string())));
    let mut pivot = Pivot::new(features);
    let mut before = 0;
    for (group, rows) in table.groups().enumerate().filter(|&(_, rows)| rows > 0) {
        let labels = names_of(file, table, group, label)?;
        let sessions = layout.session.map(|session| names_of(file, table, group, session)).transpose()?;
        let timesteps = table.integers(group, timestep)?;
        let values = table.numbers(group, &[prediction])?;
        let features: Vec<_> = columns.iter().map(|column| table.names(group, column)).collect::<Result<_, _>>()?;
        let session = |row: usize| sessions.as_ref().map(|sessions| sessions.rows[row]);
        let same = |a: usize, b: usize| {
            labels.rows[a] == labels.rows[b] && timesteps[a] == timesteps[b] && session(a) == session(b)
        };
        let mut start = 0;
        while start < rows {
            let end = (start + 1..rows).find(|&row| !same(start, row)).unwrap_or(rows);
            let session = sessions.as_ref().map_or("", |sessions| &sessions.names[sessions.rows[start] as usize]);
            let label = &labels.names[labels.rows[start] as usize];
            pivot.begin(label, session, timesteps[start], before + start as u64 + 1);
            for (row, &value) in (start..end).zip(&values[start..end]) {
                let parts = features.iter().map(|names| names.names[names.rows[row] as usize].as_bytes());
                let pushed = match features.as_slice() {
                    [] => {
                        pivot.push(value);
                        Ok(())
                    }
                    [one] => pivot.push_feature(one.names[one.rows[row] as usize].as_bytes(), value),
                    _ => pivot.push_feature(&parts.collect::<Vec<_>>().join(&BETWEEN), value),
                };
                pushed.map_err(|NoName| {
                    let what = format!("row {}", before + row as u64 + 1);
                    wrong(file, &what, "its feature has no name; name it or leave the row out".to_owned())
                })?;
            }
            start = end;
        }
        before += rows as u64;
    }
    Ok(Content::Labelled(pivot.finish(file, None)?))
}

/// The number of each row's name among `names`.
fn numbers(column: &parquet::Names, names: &mut Names) -> Vec<u32> {
    let numbers: Vec<u32> = column.names.iter().map(|name| names.number(name)).collect();
    column.rows.iter().map(|&row| numbers[row as usize]).collect()
}

/// Names of labels or sessions; those that pandas takes for missing are refused, as in CSV. A session may be empty, and
/// an empty label is refused where all labels are.
fn names_of(file: &Path, table: &Table, group: usize, column: &Column) -> Result<parquet::Names, DatasetError> {
    let names = table.names(group, column)?;
    let missing = |name: &&String| !name.trim().is_empty() && is_missing(name.trim().as_bytes());
    match names.names.iter().find(missing) {
        Some(name) => Err(wrong(file, &format!("column `{}`", column.name), format!("`{name}` is not a name"))),
        None => Ok(names),
    }
}

fn wrong(file: &Path, what: &str, reason: String) -> DatasetError {
    DatasetError::Array { file: file.to_owned(), what: what.to_owned(), reason }
}

#[cfg(test)]
mod tests;
