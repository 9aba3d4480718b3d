//! One data array of a GIFTI document: its attributes, and its values as text.

use std::borrow::Cow;

use quick_xml::events::BytesStart;

use super::decode;
use crate::dataset::numbers::{ByteOrder, NumberType};
use crate::dataset::orientation::is_mesh;

/// A data array whose attributes are understood; its values are decoded later.
pub(super) struct DataArray<'x> {
    pub(super) intent: String,
    pub(super) vertices: usize,
    pub(super) frames: usize,
    kind: NumberType,
    order: ByteOrder,
    /// Whether the values of one frame follow each other.
    frame_by_frame: bool,
    encoding: Encoding,
    text: Cow<'x, str>,
}

/// How the values are written.
enum Encoding {
    Ascii,
    Base64,
    GzipBase64,
    /// In the file of this name.
    External(String),
}

impl<'x> DataArray<'x> {
    /// Reads the attributes of an element `DataArray`; the error says what is wrong with them.
    pub(super) fn from_attributes(tag: &BytesStart<'_>) -> Result<Self, String> {
        let get = |name: &str| -> Result<Option<String>, String> {
            let found = tag.try_get_attribute(name).map_err(|error| format!("an attribute is malformed ({error})"))?;
            Ok(found.map(|attribute| attribute.value.trim().to_owned()))
        };
        let need = |name: &str| get(name)?.ok_or_else(|| format!("a data array has no attribute {name}"));
        let size = |name: &str| {
            let text = need(name)?;
            text.parse::<usize>().map_err(|_| format!("{name} of a data array is `{text}`, not a count"))
        };
        let unknown = |name: &str, value: &str| format!("{name} of a data array is `{value}`, which is not known");

        let kind = match need("DataType")?.as_str() {
            "NIFTI_TYPE_INT8" => NumberType::I8,
            "NIFTI_TYPE_UINT8" => NumberType::U8,
            "NIFTI_TYPE_INT16" => NumberType::I16,
            "NIFTI_TYPE_UINT16" => NumberType::U16,
            "NIFTI_TYPE_INT32" => NumberType::I32,
            "NIFTI_TYPE_UINT32" => NumberType::U32,
            "NIFTI_TYPE_INT64" => NumberType::I64,
            "NIFTI_TYPE_UINT64" => NumberType::U64,
            "NIFTI_TYPE_FLOAT32" => NumberType::F32,
            "NIFTI_TYPE_FLOAT64" => NumberType::F64,
            other => return Err(unknown("DataType", other)),
        };
        let order = match get("Endian")?.as_deref() {
            None | Some("LittleEndian" | "") => ByteOrder::Little,
            Some("BigEndian") => ByteOrder::Big,
            Some(other) => return Err(unknown("Endian", other)),
        };
        let encoding = match need("Encoding")?.as_str() {
            "ASCII" => Encoding::Ascii,
            "Base64Binary" => Encoding::Base64,
            "GZipBase64Binary" => Encoding::GzipBase64,
            "ExternalFileBinary" => Encoding::External(get("ExternalFileName")?.unwrap_or_default()),
            other => return Err(unknown("Encoding", other)),
        };
        let row_major = match get("ArrayIndexingOrder")?.as_deref() {
            None | Some("RowMajorOrder" | "") => true,
            Some("ColumnMajorOrder") => false,
            Some(other) => return Err(unknown("ArrayIndexingOrder", other)),
        };
        let dimensions = size("Dimensionality")?;
        let vertices = size("Dim0")?;
        let frames = match dimensions {
            1 => 1,
            2 => size("Dim1")?,
            _ => {
                return Err(format!(
                    "a data array has {dimensions} dimensions; it must have one, or vertices x frames"
                ));
            }
        };
        if vertices == 0 || frames == 0 {
            return Err("a data array has no values".to_owned());
        }
        let frame_by_frame = frames == 1 || !row_major;
        let intent = get("Intent")?.unwrap_or_default();
        Ok(Self { intent, vertices, frames, kind, order, frame_by_frame, encoding, text: Cow::Borrowed("") })
    }

    /// Adds a piece of the element `Data`.
    pub(super) fn append(&mut self, text: Cow<'x, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
    }

    /// Refuses values in another file, sizes that the text cannot hold, and frames x vertices.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Encoding::External(name) = &self.encoding {
            return Err(format!(
                "its values are in another file, `{name}`; write them into this one, as nibabel.save or wb_command \
                 -gifti-convert GZIP_BASE64_BINARY do"
            ));
        }
        let sizes = (self.vertices, self.frames);
        if is_mesh(self.frames) && !is_mesh(self.vertices) {
            return Err(format!(
                "its dimensions are {} x {}, frames x vertices; GIFTI has vertices first: write array.T",
                sizes.0, sizes.1
            ));
        }
        // The densest text: a byte for each value in base64; zlib packs at most 1032 bytes into one.
        let packed = if matches!(self.encoding, Encoding::GzipBase64) { 1032 } else { 1 };
        let room = self.text.len().saturating_mul(packed);
        match self.vertices.checked_mul(self.frames) {
            Some(count) if count <= room => Ok(()),
            _ => Err(format!("it holds fewer values than its dimensions {} x {} ask for", sizes.0, sizes.1)),
        }
    }

    /// Decodes the values to `values`, frames x vertices; the error says what is wrong with them.
    pub(super) fn decode(&self, values: &mut [f32]) -> Result<(), String> {
        if self.frame_by_frame {
            return self.decode_as_stored(values);
        }
        let mut stored = vec![0.0; values.len()];
        self.decode_as_stored(&mut stored)?;
        for (frame, values) in values.chunks_exact_mut(self.vertices).enumerate() {
            let column = stored.iter().skip(frame).step_by(self.frames);
            values.iter_mut().zip(column).for_each(|(value, stored)| *value = *stored);
        }
        Ok(())
    }

    fn decode_as_stored(&self, values: &mut [f32]) -> Result<(), String> {
        let bytes = match self.encoding {
            Encoding::Ascii => return decode::ascii(&self.text, values),
            Encoding::Base64 => decode::base64(&self.text)?,
            Encoding::GzipBase64 => decode::inflate(&decode::base64(&self.text)?, values.len() * self.kind.size())?,
            Encoding::External(_) => Vec::new(),
        };
        if bytes.len() != values.len() * self.kind.size() {
            let (wanted, found) = (values.len() * self.kind.size(), bytes.len());
            return Err(format!("it holds {found} bytes where its dimensions ask for {wanted}; copy the file again"));
        }
        self.kind.convert(self.order, &bytes, values);
        Ok(())
    }
}
