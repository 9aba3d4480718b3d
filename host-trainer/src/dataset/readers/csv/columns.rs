//! The columns of a CSV file, and the cells of a line in them.

use std::path::Path;

use super::super::feature_columns::feature_columns;
use super::cells::Numbers;
use super::dialect::Header;
use super::records::Records;
use crate::dataset::error::DatasetError;
use crate::dataset::features::{BETWEEN, Features, is_name};
use crate::dataset::names::{is_missing, tidy};

const NAME: &str = "a name";
const FEATURE: &str = "a feature";

/// Where the cells of a line are.
pub(super) struct Columns<'l> {
    label: Label<'l>,
    session: Option<Column>,
    timestep: Column,
    /// The places of these three, that of the timestep for those that are missing.
    group: [usize; 3],
    pub(super) prediction: Column,
    /// The columns that name the feature, none where the order of the lines does.
    features: Vec<Column>,
}

/// The cells of a line that say whose values they are.
#[derive(Default)]
pub(super) struct Group([Vec<u8>; 3]);

enum Label<'l> {
    Column(Column),
    Given(&'l str),
}

pub(super) struct Column {
    name: String,
    pub(super) index: usize,
}

impl<'l> Columns<'l> {
    /// Finds the columns of a header; with a given label that of labels may be missing.
    pub(super) fn find(
        header: &Header,
        file: &Path,
        label: &str,
        given: Option<&'l str>,
    ) -> Result<Self, DatasetError> {
        let names: Vec<_> = header.names.iter().map(|name| tidy(name)).collect();
        if names.is_empty() {
            return Err(DatasetError::Empty { file: file.to_owned() });
        }
        let (file, line) = (|| file.to_owned(), header.line);
        let find = |wanted: &str| {
            let places = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
                (0..names.len()).filter(|&index| is(&names[index])).collect()
            };
            let exact = places(&|name| name == wanted);
            let found = if exact.is_empty() { places(&|name| name.eq_ignore_ascii_case(wanted)) } else { exact };
            match *found.as_slice() {
                [] => Ok(None),
                [index] => Ok(Some(Column { name: names[index].clone().into_owned(), index })),
                _ => Err(DatasetError::RepeatedColumn {
                    file: file(),
                    line,
                    column: wanted.to_owned(),
                    count: found.len(),
                }),
            }
        };
        let need = |name: &str| {
            let missing = || DatasetError::MissingColumn {
                file: file(),
                line,
                column: name.to_owned(),
                found: header.names.clone(),
            };
            find(name)?.ok_or_else(missing)
        };
        let label_column = match (find(label)?, given) {
            (Some(column), _) => Label::Column(column),
            (None, Some(given)) => Label::Given(given),
            (None, None) => Label::Column(need(label)?),
        };
        let (timestep, prediction) = (need("timestep")?, need("prediction")?);
        let session = if label == "session" { None } else { find("session")? };

        let free = |name: &&str| ![label, "session", "timestep", "prediction"].contains(name);
        let others: Vec<&str> = names.iter().map(|name| name.as_ref()).filter(free).collect();
        let features = feature_columns(&others).into_iter().filter_map(|name| find(name).transpose());
        let features = features.collect::<Result<_, _>>()?;
        let label_index = match &label_column {
            Label::Column(column) => column.index,
            Label::Given(_) => timestep.index,
        };
        let session_index = session.as_ref().map_or(timestep.index, |session| session.index);
        let group = [timestep.index, session_index, label_index];
        Ok(Self { label: label_column, session, timestep, group, prediction, features })
    }

    /// The features, to be numbered, where columns name them.
    pub(super) fn features(&self) -> Option<Features> {
        let names: Vec<&str> = self.features.iter().map(|column| column.name.as_str()).collect();
        (!names.is_empty()).then(|| Features::new(names.join("/")))
    }

    /// Whether the line has the bytes of `group` in label, session and timestep.
    #[inline]
    pub(super) fn is_of(&self, group: &Group, records: &Records<'_>) -> bool {
        let same = |column: usize, bytes: &[u8]| records.lines.cell(column) == bytes;
        let [timestep, session, label] = self.group;
        same(timestep, &group.0[0]) && same(session, &group.0[1]) && same(label, &group.0[2])
    }

    /// The bytes of the line in label, session and timestep.
    pub(super) fn group(&self, records: &Records<'_>) -> Group {
        Group(self.group.map(|column| records.lines.cell(column).to_vec()))
    }

    /// Label, session (empty where there is none) and timestep of a line.
    pub(super) fn names<'c>(
        &'c self,
        records: &'c Records<'_>,
        numbers: Numbers,
    ) -> Result<(&'c str, &'c str, i64), DatasetError> {
        let label = match &self.label {
            Label::Column(column) => match column.text(records)? {
                label if is_missing(label.trim().as_bytes()) => return Err(column.fault(records, NAME)),
                label => label,
            },
            Label::Given(label) => label,
        };
        let session = match &self.session {
            Some(column) => match column.text(records)? {
                session if session.trim().is_empty() => "",
                session if is_missing(session.trim().as_bytes()) => return Err(column.fault(records, NAME)),
                session => session,
            },
            None => "",
        };
        let timestep = numbers.integer(self.timestep.text(records)?);
        let timestep = timestep.ok_or_else(|| self.timestep.fault(records, "a whole number"))?;
        Ok((label, session, timestep))
    }

    /// The number of the first cells of a line, if these say whose value it is, and only the feature's cell, where one names
    /// it, and the value's come after them.
    pub(super) fn leading(&self, cells: usize) -> Option<usize> {
        let count = 1 + self.group.into_iter().max()?;
        let named = match self.features.as_slice() {
            [] => 0,
            [column] if column.index == count => 1,
            _ => return None,
        };
        let mut group = self.group.to_vec();
        group.sort_unstable();
        group.dedup();
        let value = count + named;
        (group.len() == count && self.prediction.index == value && cells == value + 1).then_some(count)
    }

    /// Whether columns name the features.
    pub(super) fn name_features(&self) -> bool {
        !self.features.is_empty()
    }

    /// The name of a line's feature; that of several columns is put together in `name`.
    #[inline]
    pub(super) fn feature<'c>(&self, records: &'c Records<'_>, name: &'c mut Vec<u8>) -> &'c [u8] {
        if let [column] = self.features.as_slice() {
            return records.lines.cell(column.index);
        }
        name.clear();
        for column in &self.features {
            if !name.is_empty() {
                name.push(BETWEEN);
            }
            name.extend_from_slice(records.lines.cell(column.index).trim_ascii());
        }
        name
    }

    /// The error of a line whose feature has no name.
    pub(super) fn feature_fault(&self, records: &Records<'_>) -> DatasetError {
        let bad = |column: &&Column| !is_name(records.lines.cell(column.index));
        self.features.iter().find(bad).unwrap_or(&self.prediction).fault(records, FEATURE)
    }
}

impl Column {
    /// The error for this cell of the line just read.
    pub(super) fn fault(&self, records: &Records<'_>, wanted: &'static str) -> DatasetError {
        records.fault(self.index, &self.name, wanted)
    }

    fn text<'c>(&self, records: &'c Records<'_>) -> Result<&'c str, DatasetError> {
        std::str::from_utf8(records.lines.cell(self.index))
            .map_err(|_| self.fault(records, "text in UTF-8, as which the file must be saved"))
    }
}
