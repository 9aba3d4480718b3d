//! Long CSV: one line per (label, timestep, feature), plain or gzip.
//!
//! Columns `video,timestep,prediction` and, where there is one, `session`, in any order, case and separator; white space
//! around names and values does not count. A column that names the features, such as `vertex`, puts the values in their
//! order; other columns are ignored. A prediction that pandas takes for missing is NaN; `nan`, `inf` and `-inf` are read in
//! any case. In files that are not separated by commas a comma is the decimal mark.

mod cells;
mod columns;
mod dialect;
mod records;
#[cfg(test)]
mod tests;
mod text;

use super::kind::kind_of_text;
use super::reader::{Content, LoadOptions, Reader};
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;
use crate::escape;
use cells::Numbers;
use columns::Columns;
use dialect::header;
use records::Records;
use text::{is_utf16, text};

pub(super) struct LongCsv;

impl Reader for LongCsv {
    fn name(&self) -> &'static str {
        "long CSV (`.csv`, `.tsv`, `.gz` allowed)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".csv", ".csv.gz", ".tsv", ".tsv.gz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        kind_of_text(start).is_none() || is_utf16(start)
    }

    fn read(&self, source: Source, options: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError> {
        let label_column = options.label_column.as_deref().unwrap_or("video");
        read(source, label_column, label).map(Content::Labelled)
    }
}

fn read(source: Source, label_column: &str, given_label: Option<&str>) -> Result<Dataset, DatasetError> {
    let file = source.path().to_owned();
    source.check_gzip_name()?;
    let (start, gzip) = (source.plain_start(), source.is_gzip());
    let failed = |error| reading_failed(&file, gzip, error);
    if let Some(what) = kind_of_text(&start).filter(|_| !is_utf16(&start)) {
        return Err(DatasetError::OtherKind { file, what });
    }
    let mut text = text(&start, source.plain_reader()?).map_err(failed)?;
    let header = header(&mut text, &[label_column, "timestep", "prediction"]).map_err(failed)?;
    let columns = Columns::find(&header, &file, label_column, given_label)?;
    let mut records = Records::new(&file, gzip, text, &header);

    let mut pivot = Pivot::new(columns.features());
    let mut numbers = Numbers::new(header.separator);
    let mut name = Vec::new();
    while let Some(follows) = records.next()? {
        if !records.repeats(&columns.group) {
            let (label, session, timestep) = columns.names(&records, numbers)?;
            pivot.begin(&label, &session, timestep, records.number());
        } else if !follows {
            pivot.skip_to(records.number());
        }
        let cell = records.cell(columns.prediction.index);
        let value = match numbers.float(cell) {
            Ok(value) if !(cell.is_empty() && records.unterminated()) => value,
            Ok(_) => return Err(columns.prediction.fault(&records, Numbers::NUMBER)),
            Err(wanted) => return Err(columns.prediction.fault(&records, wanted)),
        };
        match columns.feature(&records, &mut name) {
            None => pivot.push(value),
            Some(name) => pivot.push_feature(name, value).map_err(|_| columns.feature_fault(&records))?,
        }
    }

    let cut_line = records.unterminated().then_some(records.number());
    let mut dataset = pivot.finish(&file, cut_line)?;
    if let Some(line) = cut_line {
        let file = escape::path(&file);
        dataset.notes.push(format!("{file}: line {line} ends without a newline; its value may be cut short"));
    }
    Ok(dataset)
}
