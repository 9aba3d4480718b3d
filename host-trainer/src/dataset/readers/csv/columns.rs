//! The columns of a CSV file, and the cells of a line in them.

use std::path::Path;

use csv::ByteRecord;

use super::super::feature_columns::feature_columns;
use super::Lines;
use super::cells::Numbers;
use super::dialect::Header;
use crate::dataset::error::DatasetError;
use crate::dataset::features::{BETWEEN, Features};
use crate::dataset::names::{is_missing, tidy};

const NAME: &str = "a name";
const FEATURE: &str = "a feature";

/// Where the cells of a line are.
pub(super) struct Columns<'l> {
    label: Label<'l>,
    session: Option<Column>,
    timestep: Column,
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
        Ok(Self { label: label_column, session, timestep, prediction, features })
    }

    /// The features, to be numbered, where columns name them.
    pub(super) fn features(&self) -> Option<Features> {
        let names: Vec<&str> = self.features.iter().map(|column| column.name.as_str()).collect();
        (!names.is_empty()).then(|| Features::new(names.join(&BETWEEN.to_string())))
    }

    /// Whether two lines have the same bytes in label, session and timestep.
    pub(super) fn same_group(&self, a: &ByteRecord, b: &ByteRecord) -> bool {
        let same = |column: &Column| a.get(column.index) == b.get(column.index);
        same(&self.timestep)
            && self.session.as_ref().is_none_or(same)
            && match &self.label {
                Label::Column(label) => same(label),
                Label::Given(_) => true,
            }
    }

    /// Label, session (empty where there is none) and timestep of a line.
    pub(super) fn group<'c>(
        &'c self,
        lines: &Lines<'_>,
        line: &'c ByteRecord,
        numbers: Numbers,
    ) -> Result<(&'c str, &'c str, i64), DatasetError> {
        let label = match &self.label {
            Label::Column(column) => match column.text(lines, line)? {
                label if is_missing(label.trim().as_bytes()) => return Err(column.fault(lines, line, NAME)),
                label => label,
            },
            Label::Given(label) => label,
        };
        let session = match &self.session {
            Some(column) => match column.text(lines, line)? {
                session if session.trim().is_empty() => "",
                session if is_missing(session.trim().as_bytes()) => return Err(column.fault(lines, line, NAME)),
                session => session,
            },
            None => "",
        };
        let timestep = numbers.integer(self.timestep.text(lines, line)?);
        let timestep = timestep.ok_or_else(|| self.timestep.fault(lines, line, "a whole number"))?;
        Ok((label, session, timestep))
    }

    /// The name of a line's feature, where columns name it; `name` is overwritten.
    pub(super) fn feature<'c>(
        &self,
        lines: &Lines<'_>,
        line: &'c ByteRecord,
        name: &'c mut String,
    ) -> Result<Option<&'c str>, DatasetError> {
        let cell = |column: &Column| match column.text(lines, line)? {
            cell if is_missing(cell.trim().as_bytes()) => Err(column.fault(lines, line, FEATURE)),
            cell => Ok(cell),
        };
        match self.features.as_slice() {
            [] => Ok(None),
            [column] => cell(column).map(Some),
            columns => {
                name.clear();
                for column in columns {
                    if !name.is_empty() {
                        name.push(BETWEEN);
                    }
                    name.push_str(cell(column)?.trim());
                }
                Ok(Some(name))
            }
        }
    }
}

impl Column {
    /// The error for this cell of the line just read.
    pub(super) fn fault(&self, lines: &Lines<'_>, line: &ByteRecord, wanted: &'static str) -> DatasetError {
        lines.fault(line, self.index, &self.name, wanted)
    }

    fn text<'c>(&self, lines: &Lines<'_>, line: &'c ByteRecord) -> Result<&'c str, DatasetError> {
        std::str::from_utf8(&line[self.index]).map_err(|_| self.fault(lines, line, "UTF-8 text"))
    }
}
