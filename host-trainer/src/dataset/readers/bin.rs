//! A recording as the bytes of float32 values without a header, frame after frame, little-endian.
//!
//! How many features a frame has is given, or follows from the file of segments beside it, `segments.json` or
//! `STEM.segments.json`, which also gives the times.

use std::path::{Path, PathBuf};

use super::reader::{Content, LoadOptions, Reader, Recording};
use super::segments;
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::npy::{Format, Matrix, Scalar};

const FORMAT: Format = Format { scalar: Scalar::F32, big_endian: false };

pub(super) struct Bin;

impl Reader for Bin {
    fn name(&self) -> &'static str {
        "float32 values without a header (`.bin`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".bin", ".f32"]
    }

    fn recognises(&self, _: &[u8]) -> bool {
        // Any bytes are values.
        false
    }

    fn companions(&self, path: &Path) -> Vec<PathBuf> {
        segments::candidates(path, &self.stem(path), true)
    }

    fn read(&self, source: Source, options: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let segments = segments::read(&self.companions(&file))?;
        let wrong = |reason: String| DatasetError::Array { file: file.clone(), what: "the file".to_owned(), reason };
        let length = source.length();
        let mut bytes = source.reader()?;
        // The length of a pipe is not known before its end.
        let values = match length {
            Some(length) if length % 4 == 0 => FORMAT
                .read_f32(&mut bytes, (length / 4) as usize, Some(length))
                .map_err(|e| reading_failed(&file, false, e))?,
            Some(length) => return Err(wrong(format!("its {length} bytes are not whole float32 values"))),
            None => return Err(wrong("it is a pipe; give a file".to_owned())),
        };
        let frames = segments.as_ref().map(|segments| segments.starts.len()).filter(|&frames| frames > 0);
        let said = segments.as_ref().and_then(|segments| segments.features);
        let features = match (options.width.or(said), frames) {
            (Some(features), _) => features,
            (None, Some(frames)) if values.len() % frames == 0 => values.len() / frames,
            (None, Some(frames)) => {
                let reason = format!("its {} values cannot be divided among {frames} segments", values.len());
                return Err(wrong(reason));
            }
            (None, None) => return Err(DatasetError::NoWidth { file }),
        };
        if features == 0 || values.len() % features != 0 {
            return Err(wrong(format!("its {} values are not frames of {features} features", values.len())));
        }
        let rows = values.len() / features;
        let mut recording = Recording::from(Matrix { rows, features, values });
        if let Some(segments) = segments {
            segments.check_frames(&file, rows)?;
            recording.set_times(&segments.starts, &segments.file)?;
        }
        Ok(Content::Recording(recording))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::dataset::fixtures::{folder_of, load_folder};
    use crate::dataset::{Dataset, DatasetError, LoadOptions, load};

    fn values(count: usize) -> Vec<u8> {
        (0..count).flat_map(|k| (k as f32).to_le_bytes()).collect()
    }

    fn with(json: &str) -> Result<Dataset, DatasetError> {
        load_folder(&[("clip/preds.BIN", values(6)), ("clip/segments.json", json.into())])
    }

    #[test]
    fn the_segments_beside_it_give_features_and_times() {
        let dataset = with(r#"[{"start": 0.0, "duration": 1.0}, {"start": 1.0}, {"start": 5.0}]"#).unwrap();
        assert_eq!((dataset.labels, dataset.features), (vec!["clip".to_owned()], 2));
        assert_eq!(dataset.rows.iter().map(|row| row.timestep).collect::<Vec<_>>(), [0, 1, 5]);
        assert_eq!(dataset.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(dataset.notes.len(), 1, "{:?}", dataset.notes);
        assert!(dataset.notes[0].ends_with("label `clip` between timesteps 1 and 5"), "{:?}", dataset.notes);
    }

    #[test]
    fn segments_that_do_not_fit_are_refused() {
        let message = |json: &str| with(json).unwrap_err().to_string();
        assert!(message("[0, 1, 2, 3]").contains("its 6 values cannot be divided among 4 segments"));
        assert!(message(r#"{"start": [0, 1], "features": 2}"#).contains("it has 3 frames, but segments.json has 2"));
        assert!(message("{").contains("segments.json: segments: not JSON"));
    }

    #[test]
    fn a_given_width_takes_the_place_of_segments() {
        let folder = folder_of(&[("face.bin", values(6)), ("odd.bin", vec![0; 7])]);
        let load = |name: &str, width| {
            load(&[folder.path().join(name).into()], &LoadOptions { width, ..LoadOptions::default() })
        };
        let dataset = load("face.bin", Some(3)).unwrap();
        assert_eq!((dataset.labels, dataset.features, dataset.rows.len()), (vec!["face".to_owned()], 3, 2));
        let message = |name: &str, width| load(name, width).unwrap_err().to_string();
        assert!(message("face.bin", Some(4)).contains("its 6 values are not frames of 4 features"));
        assert!(message("face.bin", None).contains("face.bin: nothing says how many features"));
        assert!(message("odd.bin", Some(1)).contains("its 7 bytes are not whole float32 values"));
    }
}
