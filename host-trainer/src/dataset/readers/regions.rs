//! Region numbers of features: text, one NumPy array, or GIFTI labels of a hemisphere.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::kind::kind_of_text;
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::gifti;
use crate::dataset::input::Place;
use crate::dataset::npy::read_npy_numbers;
use crate::escape::Escaped;

/// Most numbers without a feature that are named.
const NAMED: usize = 8;
/// Largest magnitude of a region's number: above it neighbouring integers are the same float64.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The number of each feature's region, as a file gives it, and the regions' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionNumbers {
    /// A number a feature; 0 and below is no region.
    pub numbers: Vec<i64>,
    /// Names by number, of GIFTI files.
    pub names: BTreeMap<i64, String>,
}

impl RegionNumbers {
    /// A note on regions that no feature belongs to: those of the table of names, or else gaps in the numbers from 1.
    #[must_use]
    pub fn empty_regions(&self) -> Option<String> {
        let present: BTreeSet<i64> = self.numbers.iter().copied().filter(|&number| number > 0).collect();
        let named: Vec<String> = (self.names.iter())
            .filter(|(number, _)| **number > 0 && !present.contains(number))
            .map(|(number, name)| format!("{number} (`{}`)", Escaped(name)))
            .collect();
        let largest = present.last().copied().unwrap_or(0);
        // Numbers with many gaps are codes of their own, of which none is missing.
        let is_counted = self.names.is_empty() && largest < 2 * present.len() as i64;
        let gaps =
            (1..=largest).filter(|number| is_counted && !present.contains(number)).map(|number| number.to_string());
        let mut empty: Vec<String> = named.into_iter().chain(gaps).collect();
        let more = empty.len().saturating_sub(NAMED);
        empty.truncate(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("no feature is in region {}{more}: regions are those that have features", empty.join(", "));
        (!empty.is_empty()).then_some(text)
    }
}

/// Reads a file of region numbers, one a feature.
///
/// Text holds whole numbers, apart by white space, commas or semicolons; what follows a `#` on a line is left out.
///
/// # Errors
/// [`DatasetError`], naming the file and the line or value that is no whole number.
pub fn read_region_numbers(file: &Path) -> Result<RegionNumbers, DatasetError> {
    let source = Source::open(&Place::Path(file.to_owned()))?;
    let start = source.plain_start();
    if start.starts_with(b"\x93NUMPY") {
        let length = source.plain_length();
        let values = read_npy_numbers(file, source.plain_reader()?, length)?;
        return Ok(RegionNumbers { numbers: whole(file, &values)?, names: BTreeMap::new() });
    }
    let gzip = source.is_gzip();
    let mut bytes = Vec::new();
    source.plain_reader()?.read_to_end(&mut bytes).map_err(|error| reading_failed(file, gzip, error))?;
    if start.windows(6).any(|bytes| bytes == b"<GIFTI") {
        let (values, names) = gifti::read_labels(file, &bytes)?;
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        return Ok(RegionNumbers { numbers: whole(file, &values)?, names });
    }
    if let Some(what) = kind_of_text(&start) {
        return Err(DatasetError::OtherKind { file: file.to_owned(), what });
    }
    Ok(RegionNumbers { numbers: text(file, &String::from_utf8_lossy(&bytes))?, names: BTreeMap::new() })
}

fn text(file: &Path, text: &str) -> Result<Vec<i64>, DatasetError> {
    let mut numbers = Vec::new();
    for (line, content) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let content = content.split('#').next().unwrap_or_default();
        for word in content.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|word| !word.is_empty()) {
            // As numpy.savetxt writes them, whole numbers may look like 3.000000e+00.
            let number = word.parse().ok().and_then(as_whole);
            numbers.push(number.ok_or_else(|| not_whole(file, format!("line {}", line + 1), word))?);
        }
    }
    if numbers.is_empty() { Err(DatasetError::NoRows { file: file.to_owned() }) } else { Ok(numbers) }
}

fn whole(file: &Path, values: &[f64]) -> Result<Vec<i64>, DatasetError> {
    let number = |(at, value): (usize, &f64)| {
        as_whole(*value).ok_or_else(|| not_whole(file, format!("value {}", at + 1), &value.to_string()))
    };
    values.iter().enumerate().map(number).collect()
}

fn as_whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < LARGEST).then_some(value as i64)
}

fn not_whole(file: &Path, what: String, found: &str) -> DatasetError {
    let reason = format!("`{found}` is not the whole number of a region; write 0 for no region");
    DatasetError::Array { file: file.to_owned(), what, reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use npyz::{AutoSerialize, WriterBuilder};

    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<RegionNumbers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read_region_numbers(&path).map_err(|error| error.to_string())
    }

    fn npy<T: AutoSerialize>(shape: &[u64], values: impl IntoIterator<Item = T>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let options = npyz::WriteOptions::new().default_dtype().shape(shape);
        let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
        writer.extend(values).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn gifti(values: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><GIFTI NumberOfDataArrays=\"1\"><LabelTable><Label Key=\"0\"><![CDATA[???]]></Label>\
             <Label Key=\"7\" Red=\"1\">V1 &amp; V2</Label></LabelTable><DataArray Intent=\"NIFTI_INTENT_LABEL\" \
             DataType=\"NIFTI_TYPE_INT32\" Encoding=\"ASCII\" Dimensionality=\"1\" Dim0=\"3\"><Data>{values}</Data>\
             </DataArray></GIFTI>"
        )
    }

    #[test]
    fn text_arrays_and_labels_give_the_same_numbers() {
        let wanted = vec![7, 0, -1];
        for text in ["7\n0\n-1\n", "7 0\t-1", "# label\n7,0;-1", "7.0e+00\r\n0.0\r\n-1.0\r\n", "\u{feff}7\n0\n-1"] {
            assert_eq!(read("parcels.txt", text.as_bytes()).unwrap().numbers, wanted, "{text:?}");
        }
        for shape in [&[3][..], &[3, 1], &[1, 3]] {
            assert_eq!(read("parcels.npy", &npy(shape, [7_i64, 0, -1])).unwrap().numbers, wanted);
            assert_eq!(read("parcels.npy", &npy(shape, [7_i16, 0, -1])).unwrap().numbers, wanted);
            assert_eq!(read("parcels.npy", &npy(shape, [7_f64, 0.0, -1.0])).unwrap().numbers, wanted);
        }
        let labels = read("lh.aparc.label.gii", gifti("7 0 -1").as_bytes()).unwrap();
        assert_eq!(labels.numbers, wanted);
        assert_eq!(labels.names[&7], "V1 & V2");
    }

    #[test]
    fn regions_without_a_feature_are_named() {
        let empty = |numbers: &[i64], names: &[i64]| {
            let names = names.iter().map(|number| (*number, format!("r{number}"))).collect();
            RegionNumbers { numbers: numbers.to_vec(), names }.empty_regions()
        };
        let says = |list: &str| Some(format!("no feature is in region {list}: regions are those that have features"));
        assert_eq!(empty(&[1, 2, 0, 4, 5], &[]), says("3"));
        assert_eq!(empty(&[1, 2, 4, 5], &[0, 1, 2, 3, 4, 5, 9]), says("3 (`r3`), 9 (`r9`)"));
        assert_eq!(
            empty(&(1..20).chain(30..40).collect::<Vec<_>>(), &[]),
            says("20, 21, 22, 23, 24, 25, 26, 27 and 2 more")
        );
        assert_eq!(empty(&[1, 2, 3], &[]), None);
        assert_eq!(empty(&[1001, 1002, 2001], &[]), None, "codes");
    }

    #[test]
    fn a_number_that_is_not_whole_is_named_with_its_place() {
        for (name, bytes, place) in [
            ("a.txt", b"1\n2\nthree".to_vec(), "a.txt: line 3: `three` is not the whole number of a region"),
            ("a.txt", b"1\nnan\n".to_vec(), "line 2: `nan`"),
            ("a.csv", b"1,2,2.5".to_vec(), "line 1: `2.5`"),
            ("a.npy", npy(&[3], [1.0, f64::NAN, 2.0]), "a.npy: value 2: `NaN`"),
            ("a.gii", gifti("1 2 0.5").into_bytes(), "a.gii: value 3: `0.5`"),
        ] {
            let message = read(name, &bytes).unwrap_err();
            assert!(message.contains(place), "{message}");
        }
    }

    #[test]
    fn what_holds_no_region_numbers_is_refused_by_its_kind() {
        for (bytes, says) in [
            (b"".to_vec(), "the file is empty"),
            (b"# nothing\n".to_vec(), "there are no rows"),
            (b"PK\x03\x04rest".to_vec(), "a ZIP archive"),
            (npy(&[2, 2], [1.0, 2.0, 1.0, 2.0]), "its shape is [2, 2]; it must have one number a feature"),
            (gifti("7 0 -1").replace("_LABEL", "_SHAPE").into_bytes(), "no array of labels"),
        ] {
            let message = read("parcels.x", &bytes).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
