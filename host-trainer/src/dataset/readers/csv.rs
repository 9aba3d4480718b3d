//! Long CSV: one line per (label, timestep, feature), plain or gzip.
//!
//! Columns `video,timestep,prediction` and, where there is one, `session`, in any order; other columns are ignored. An
//! empty prediction is NaN, as in pandas; `nan`, `inf` and `-inf` are read in any case.

mod source;
#[cfg(test)]
mod tests;

use std::path::Path;

use csv::ByteRecord;

use super::reader::{Content, LoadOptions, Reader};
use super::source::Source as Opened;
use crate::dataset::error::DatasetError;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;
use source::{Source, place};

pub(super) struct LongCsv;

impl Reader for LongCsv {
    fn name(&self) -> &'static str {
        "long CSV (`.gz` allowed)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".csv", ".csv.gz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        std::str::from_utf8(start).is_ok()
    }

    fn read(&self, source: Opened, options: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        read(source.path(), options.label_column.as_deref().unwrap_or("video")).map(Content::Labelled)
    }
}

fn read(file: &Path, label_column: &str) -> Result<Dataset, DatasetError> {
    let mut source = Source::open(file)?;
    let columns = Columns::find(&mut source, file, label_column)?;
    let mut pivot = Pivot::default();
    let (mut line, mut previous) = (ByteRecord::new(), ByteRecord::new());
    while source.read_line(&mut line)? {
        if !columns.same_group(&line, &previous) {
            let [label, session, timestep] = columns.group(&source, &line)?;
            let Some(timestep) = integer(timestep) else {
                return Err(columns.timestep.fault(&source, &line, "a whole number"));
            };
            pivot.begin(label, session, timestep, place(&line));
        }
        let cell = &line[columns.prediction.index];
        match float(cell) {
            Some(value) if !(cell.is_empty() && source.unterminated()) => pivot.push(value),
            _ => return Err(columns.prediction.fault(&source, &line, "a number")),
        }
        std::mem::swap(&mut line, &mut previous);
    }

    let cut_line = source.unterminated().then(|| source.line_at(place(&previous), 0));
    let mut dataset = pivot.finish(file, cut_line, |place, further| source.line_at(place, further))?;
    if let Some(line) = cut_line {
        let file = file.display();
        dataset.notes.push(format!("{file}: line {line} ends without a newline; its value may be cut short"));
    }
    Ok(dataset)
}

/// Where the cells of a line are.
struct Columns {
    label: Column,
    session: Option<Column>,
    timestep: Column,
    prediction: Column,
}

struct Column {
    name: String,
    index: usize,
}

impl Columns {
    fn find(source: &mut Source<'_>, file: &Path, label: &str) -> Result<Self, DatasetError> {
        let header = source.header()?;
        let found: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()).into()).collect();
        if found.is_empty() {
            return Err(DatasetError::Empty { file: file.to_owned() });
        }
        let find = |name: &str| {
            let index = found.iter().position(|column| column == name)?;
            Some(Column { name: name.to_owned(), index })
        };
        let need = |name: &str| {
            find(name).ok_or_else(|| DatasetError::MissingColumn {
                file: file.to_owned(),
                column: name.to_owned(),
                found: found.clone(),
            })
        };
        Ok(Self {
            label: need(label)?,
            session: find("session").filter(|_| label != "session"),
            timestep: need("timestep")?,
            prediction: need("prediction")?,
        })
    }

    /// Whether two lines have the same bytes in label, session and timestep.
    fn same_group(&self, a: &ByteRecord, b: &ByteRecord) -> bool {
        a.get(self.label.index) == b.get(self.label.index)
            && a.get(self.timestep.index) == b.get(self.timestep.index)
            && self.session.as_ref().is_none_or(|session| a.get(session.index) == b.get(session.index))
    }

    /// Label, session (empty where there is none) and timestep of a line.
    fn group<'l>(&self, source: &Source<'_>, line: &'l ByteRecord) -> Result<[&'l str; 3], DatasetError> {
        let text = |column: &Column| {
            std::str::from_utf8(&line[column.index]).map_err(|_| column.fault(source, line, "UTF-8 text"))
        };
        let label = match text(&self.label)? {
            "" => return Err(self.label.fault(source, line, "a name")),
            label => label,
        };
        let session = self.session.as_ref().map_or(Ok(""), text)?;
        Ok([label, session, text(&self.timestep)?])
    }
}

impl Column {
    fn fault(&self, source: &Source<'_>, line: &ByteRecord, wanted: &'static str) -> DatasetError {
        source.fault(line, self.index, &self.name, wanted)
    }
}

/// A prediction: correctly rounded to float32, NaN when empty.
fn float(cell: &[u8]) -> Option<f32> {
    fast_float2::parse(cell).ok().or_else(|| match cell.trim_ascii() {
        [] => Some(f32::NAN),
        trimmed => fast_float2::parse(trimmed).ok(),
    })
}

/// A timestep: `3`, or `3.0` as pandas writes a column that once held NaN.
fn integer(cell: &str) -> Option<i64> {
    let cell = cell.trim();
    cell.parse().ok().or_else(|| {
        let value: f64 = cell.parse().ok()?;
        // Above 2^53 neighbouring integers are the same float64.
        (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64)
    })
}
