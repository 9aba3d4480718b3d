//! GIFTI: the values of one surface, a frame per data array or the frames of a two-dimensional one.
//!
//! Read are the encodings ASCII, Base64Binary and GZipBase64Binary in both byte orders and both index orders. By the
//! format's definition the first dimension counts vertices and the second one frames; nilearn writes its files so too.

mod data_array;
mod decode;
mod labels;

use quick_xml::Reader;
use quick_xml::events::Event;
use rayon::prelude::*;
use std::path::Path;

use super::error::DatasetError;
use super::npy::Matrix;
use data_array::DataArray;
pub(super) use labels::read_labels;

/// Intents of what is no recording: coordinates, triangles and regions of a surface.
const NO_RECORDING: [(&str, &str); 3] = [
    ("NIFTI_INTENT_POINTSET", "the coordinates of a surface"),
    ("NIFTI_INTENT_TRIANGLE", "the triangles of a surface"),
    ("NIFTI_INTENT_LABEL", "the regions of a surface"),
];

/// Reads the document `text` of `file`: frames x vertices.
///
/// # Errors
/// [`DatasetError::Array`] and [`DatasetError::NoRows`], naming the file and the data array.
pub(super) fn read(file: &Path, text: &[u8]) -> Result<Matrix, DatasetError> {
    let wrong = |what: String, reason: String| DatasetError::Array { file: file.to_owned(), what, reason };
    let whole = |reason: String| wrong("the file".to_owned(), reason);
    let arrays = data_arrays(text).map_err(whole)?;
    let numbered = |at: usize| format!("data array {}", at + 1);
    let Some(first) = arrays.first() else {
        return Err(DatasetError::NoRows { file: file.to_owned() });
    };
    let vertices = first.vertices;
    for (at, array) in arrays.iter().enumerate() {
        if let Some((_, holds)) = NO_RECORDING.iter().find(|(intent, _)| *intent == array.intent) {
            return Err(DatasetError::NotRecording { file: file.to_owned(), holds: (*holds).to_owned() });
        }
        if array.vertices != vertices {
            let reason = format!("it has {} vertices where the first one has {vertices}", array.vertices);
            return Err(wrong(numbered(at), reason));
        }
        array.check().map_err(|reason| wrong(numbered(at), reason))?;
    }

    let rows: usize = arrays.iter().map(|array| array.frames).sum();
    let mut values = vec![0.0; rows * vertices];
    let mut rest = values.as_mut_slice();
    let mut jobs = Vec::with_capacity(arrays.len());
    for (at, array) in arrays.iter().enumerate() {
        let (frames, after) = rest.split_at_mut(array.frames * vertices);
        jobs.push((at, array, frames));
        rest = after;
    }
    jobs.into_par_iter()
        .try_for_each(|(at, array, frames)| array.decode(frames).map_err(|reason| wrong(numbered(at), reason)))?;
    Ok(Matrix { rows, features: vertices, values })
}

/// The data arrays of a document, in order.
fn data_arrays(text: &[u8]) -> Result<Vec<DataArray<'_>>, String> {
    const CUT: &str = "the XML is cut short; copy it again";
    let malformed = |error: &dyn std::fmt::Display| format!("the XML is malformed ({error}); write the file again");
    let mut reader = Reader::from_reader(text);
    let mut arrays: Vec<DataArray<'_>> = Vec::new();
    let (mut announced, mut in_array, mut in_data, mut ended) = (None, false, false, false);
    loop {
        match reader.read_event().map_err(|error| malformed(&error))? {
            Event::Start(tag) => match tag.name().as_ref() {
                "GIFTI" => {
                    let count = tag.try_get_attribute("NumberOfDataArrays").map_err(|error| malformed(&error))?;
                    announced = Some(count.and_then(|count| count.value.trim().parse::<usize>().ok()));
                }
                "DataArray" => {
                    arrays.push(DataArray::from_attributes(&tag)?);
                    in_array = true;
                }
                "Data" => in_data = in_array,
                _ => {}
            },
            Event::Empty(tag) if tag.name().as_ref() == "DataArray" => arrays.push(DataArray::from_attributes(&tag)?),
            Event::Text(data) if in_data => {
                if let Some(array) = arrays.last_mut() {
                    array.append(data.into_inner());
                }
            }
            Event::CData(data) if in_data => {
                if let Some(array) = arrays.last_mut() {
                    array.append(data.into_inner());
                }
            }
            Event::End(tag) => match tag.name().as_ref() {
                "Data" => in_data = false,
                "DataArray" => in_array = false,
                "GIFTI" => ended = true,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    match announced {
        None => Err("it is not a GIFTI document: no element GIFTI".to_owned()),
        Some(_) if !ended => Err(CUT.to_owned()),
        Some(Some(count)) if count != arrays.len() => {
            Err(format!("it holds {} data arrays of the {count} that it announces; copy it again", arrays.len()))
        }
        Some(_) => Ok(arrays),
    }
}

#[cfg(test)]
mod tests;
