//! The labels of a surface's vertices: an array of keys, and the table of their names.

use std::collections::BTreeMap;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::data_arrays;
use crate::dataset::error::DatasetError;

/// Intent of an array of labels.
const LABEL: &str = "NIFTI_INTENT_LABEL";

/// Reads the first array of labels in the document `text` of `file`: a key a vertex, and names by key.
///
/// # Errors
/// [`DatasetError::Array`], where there is no such array or it is malformed.
pub(in crate::dataset) fn read_labels(
    file: &Path,
    text: &[u8],
) -> Result<(Vec<f32>, BTreeMap<i64, String>), DatasetError> {
    let wrong = |reason: String| DatasetError::Array { file: file.to_owned(), what: "the file".to_owned(), reason };
    let arrays = data_arrays(text).map_err(wrong)?;
    let array = arrays.iter().find(|array| array.intent == LABEL);
    let array = array.ok_or_else(|| wrong("it holds no array of labels; give a .label.gii file".to_owned()))?;
    array.check().map_err(wrong)?;
    let mut keys = vec![0.0; array.vertices * array.frames];
    array.decode(&mut keys).map_err(wrong)?;
    // Of several maps the first one counts.
    keys.truncate(array.vertices);
    Ok((keys, names(text)))
}

/// The names of the label table; a document whose arrays are read is well formed.
fn names(text: &[u8]) -> BTreeMap<i64, String> {
    let mut reader = Reader::from_reader(text);
    let mut names = BTreeMap::new();
    let mut key = None;
    loop {
        let text = match reader.read_event() {
            Ok(Event::Start(tag)) if tag.name().as_ref() == "Label" => {
                let found = tag.try_get_attribute("Key").ok().flatten();
                key = found.and_then(|found| found.value.trim().parse::<i64>().ok());
                continue;
            }
            Ok(Event::End(tag)) if tag.name().as_ref() == "Label" => {
                key = None;
                continue;
            }
            Ok(Event::Text(text)) => text.into_inner().into_owned(),
            Ok(Event::CData(text)) => text.into_inner().into_owned(),
            Ok(Event::GeneralRef(entity)) => match entity.into_inner().as_ref() {
                "amp" => "&".to_owned(),
                "lt" => "<".to_owned(),
                "gt" => ">".to_owned(),
                _ => continue,
            },
            Ok(Event::Eof) | Err(_) => return names,
            Ok(_) => continue,
        };
        if let Some(key) = key {
            names.entry(key).or_insert_with(String::new).push_str(&text);
        }
    }
}
