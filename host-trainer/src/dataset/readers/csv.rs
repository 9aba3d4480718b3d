//! Long CSV: one line per (label, timestep, feature), plain or gzip.
//!
//! Columns `video,timestep,prediction` and, where there is one, `session`, in any order, case and separator; white space
//! around names and values does not count. A column that names the features, such as `vertex`, puts the values in their
//! order; other columns are ignored. A prediction that pandas takes for missing is NaN; `nan`, `inf` and `-inf` are read in
//! any case. In files that are not separated by commas a comma is the decimal mark.

mod cells;
mod columns;
mod dialect;
mod lines;
mod records;
#[cfg(test)]
mod tests;
mod text;

use std::io::Read;

use super::kind::kind_of_text;
use super::reader::{Content, LoadOptions, Reader};
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;
use crate::escape;
use cells::Numbers;
use columns::{Columns, Group};
use dialect::header;
use lines::Lines;
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
    let mut lines = Lines::new(text(&start, source.plain_reader()?).map_err(failed)?);
    let header = header(&mut lines, &[label_column, "timestep", "prediction"]).map_err(failed)?;
    let columns = Columns::find(&header, &file, label_column, given_label)?;
    let mut records = Records { file: &file, gzip, lines, separator: header.separator, cells: header.names.len() };

    let mut pivot = Pivot::new(columns.features());
    let mut numbers = Numbers::new(header.separator);
    let (mut group, mut begun) = (Group::default(), false);
    let leading = columns.leading(header.names.len());
    let (named, mut name) = (columns.name_features(), Vec::new());
    while let Some(follows) = records.next()? {
        if !begun || !columns.is_of(&group, &records) {
            let (label, session, timestep) = columns.names(&records, numbers)?;
            pivot.begin(label, session, timestep, records.lines.number());
            group = columns.group(&records);
            begun = true;
        } else if !follows {
            pivot.skip_to(records.lines.number());
        }
        let cell = records.lines.cell(columns.prediction.index);
        let value = match numbers.float(cell) {
            Ok(value) if !(cell.is_empty() && records.lines.unterminated()) => value,
            Ok(_) => return Err(columns.prediction.fault(&records, Numbers::NUMBER)),
            Err(wanted) => return Err(columns.prediction.fault(&records, wanted)),
        };
        if !named {
            pivot.push(value);
        } else if pivot.push_feature(columns.feature(&records, &mut name), value).is_err() {
            return Err(columns.feature_fault(&records));
        }
        if let Some(leading) = leading.filter(|_| numbers.have_points()) {
            read_alike(leading, named, &mut records.lines, &mut pivot);
        }
    }

    let cut_line = records.lines.unterminated().then_some(records.lines.number());
    let mut dataset = pivot.finish(&file, cut_line)?;
    if let Some(line) = cut_line {
        let file = escape::path(&file);
        dataset.notes.push(format!("{file}: line {line} ends without a newline; its value may be cut short"));
    }
    Ok(dataset)
}

/// Reads the lines whose first `leading` cells are those of the line just read: most lines of most files.
fn read_alike(leading: usize, named: bool, lines: &mut Lines<Box<dyn Read>>, pivot: &mut Pivot) {
    let start = lines.before(leading).to_vec();
    while !start.is_empty() {
        let name = pivot.next_feature();
        let Some(value) = (named == name.is_some()).then(|| lines.next_value(&start, name)).flatten() else { return };
        pivot.push_next(value);
    }
}
