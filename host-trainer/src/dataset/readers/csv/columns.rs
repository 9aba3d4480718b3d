//! The columns of a CSV file, and the cells of a line in them.

use std::borrow::Cow;
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
    /// The places of these three, of those that are there.
    pub(super) group: Vec<usize>,
    pub(super) prediction: Column,
    /// The columns that name the feature, none where the order of the lines does.
    features: Vec<Column>,
}

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
        let mut group = vec![timestep.index];
        group.extend(session.as_ref().map(|session| session.index));
        if let Label::Column(label) = &label_column {
            group.push(label.index);
        }
        Ok(Self { label: label_column, session, timestep, group, prediction, features })
    }

    /// The features, to be numbered, where columns name them.
    pub(super) fn features(&self) -> Option<Features> {
        let names: Vec<&str> = self.features.iter().map(|column| column.name.as_str()).collect();
        (!names.is_empty()).then(|| Features::new(names.join("/")))
    }

    /// Label, session (empty where there is none) and timestep of a line.
    pub(super) fn names<'c>(
        &'c self,
        records: &'c Records<'_>,
        numbers: Numbers,
    ) -> Result<(Cow<'c, str>, Cow<'c, str>, i64), DatasetError> {
        let label = match &self.label {
            Label::Column(column) => match column.text(records)? {
                label if is_missing(label.trim().as_bytes()) => return Err(column.fault(records, NAME)),
                label => label,
            },
            Label::Given(label) => Cow::from(*label),
        };
        let session = match &self.session {
            Some(column) => match column.text(records)? {
                session if session.trim().is_empty() => "".into(),
                session if is_missing(session.trim().as_bytes()) => return Err(column.fault(records, NAME)),
                session => session,
            },
            None => "".into(),
        };
        let timestep = numbers.integer(&self.timestep.text(records)?);
        let timestep = timestep.ok_or_else(|| self.timestep.fault(records, "a whole number"))?;
        Ok((label, session, timestep))
    }

    /// The name of a line's feature, where columns name it; that of several columns is put together in `name`.
    pub(super) fn feature<'c>(&self, records: &'c Records<'_>, name: &'c mut Vec<u8>) -> Option<&'c [u8]> {
        match self.features.as_slice() {
            [] => None,
            [column] => Some(records.cell(column.index)),
            columns => {
                name.clear();
                for column in columns {
                    if !name.is_empty() {
                        name.push(BETWEEN);
                    }
                    name.extend_from_slice(records.cell(column.index).trim_ascii());
                }
                Some(name)
            }
        }
    }

    /// The error of a line whose feature has no name.
    pub(super) fn feature_fault(&self, records: &Records<'_>) -> DatasetError {
        let bad = |column: &&Column| !is_name(records.cell(column.index));
        self.features.iter().find(bad).unwrap_or(&self.prediction).fault(records, FEATURE)
    }
}

impl Column {
    /// The error for this cell of the line just read.
    pub(super) fn fault(&self, records: &Records<'_>, wanted: &'static str) -> DatasetError {
        records.fault(self.index, &self.name, wanted)
    }

    /// The cell as text, in which lines end with newlines alone.
    fn text<'c>(&self, records: &'c Records<'_>) -> Result<Cow<'c, str>, DatasetError> {
        let text = std::str::from_utf8(records.cell(self.index))
            .map_err(|_| self.fault(records, "text in UTF-8, as which the file must be saved"))?;
        Ok(if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() })
    }
}
