//! GIFTI: the recording of a surface, a file for each hemisphere.
//!
//! The two files of a recording differ in one part of their name: `hemi-L` and `hemi-R` as BIDS has it, or a part between
//! dots and underscores that is `lh` and `rh`, `L` and `R`, or `left` and `right`. The left hemisphere's vertices come
//! first, as in TRIBE's predictions: 10,242 of each on fsaverage5. A file whose name has no such part is a recording by
//! itself.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::reader::{Content, LoadOptions, Reader, Recording, ending};
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::gifti;
use crate::dataset::input::Place;
use crate::dataset::npy::Matrix;
use crate::escape;

const ENDINGS: [&str; 4] = [".func.gii.gz", ".func.gii", ".gii.gz", ".gii"];
/// Left and right in the ways of writing them, those that are hardest to mistake first.
const SIDES: [(&str, &str); 3] = [("lh", "rh"), ("L", "R"), ("left", "right")];
const KEY: &str = "hemi-";

/// Endings of surfaces' files that are no recordings, and what those hold.
const NO_RECORDING: [(&str, &str); 4] = [
    (".surf.gii", "the shape of a surface"),
    (".shape.gii", "a measure of a surface's shape; name it .func.gii if it is a recording"),
    (".label.gii", "the regions of a surface"),
    (".topo.gii", "the triangles of a surface"),
];

pub(super) struct Gifti;

impl Reader for Gifti {
    fn name(&self) -> &'static str {
        "GIFTI hemispheres (`.func.gii`, left and right)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &ENDINGS
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.windows(6).any(|bytes| bytes == b"<GIFTI")
    }

    fn stem(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = &name[..name.len() - ending(&name, &ENDINGS).unwrap_or_default().len()];
        match Side::of(stem) {
            Some(Side { key, .. }) => {
                let (before, after) = (&stem[..key.start], &stem[key.end..]);
                // Of the two separators around the part, one goes with it.
                let before = if after.is_empty() { before.trim_end_matches(['.', '_', '-']) } else { before };
                let after = after.get(1..).unwrap_or_default();
                format!("{before}{after}")
            }
            None => stem.to_owned(),
        }
    }

    fn companions(&self, path: &Path) -> Vec<PathBuf> {
        partner(path).into_iter().map(|(path, _)| path).collect()
    }

    fn read(&self, source: Source, _: &LoadOptions, _: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let plain_name = name.trim_end_matches(".gz");
        if let Some((_, holds)) = NO_RECORDING.iter().find(|(ending, _)| plain_name.ends_with(ending)) {
            return Err(DatasetError::NotRecording { file, holds: (*holds).to_owned() });
        }
        let one = read_file(source)?;
        let Some((partner, is_left)) = partner(&file) else {
            return Ok(Content::Recording(Recording::from(one)));
        };
        if !partner.exists() {
            return Err(DatasetError::NoPartner { file, partner });
        }
        let other = read_file(Source::open(&Place::Path(partner.clone()))?)?;
        if one.rows != other.rows {
            let reason = format!("it has {} frames, but {} has {}", one.rows, escape::path(&partner), other.rows);
            return Err(DatasetError::Array { file, what: "the file".to_owned(), reason });
        }
        let (left, right) = if is_left { (one, other) } else { (other, one) };
        Ok(Content::Recording(Recording::from(joined(&left, &right))))
    }
}

/// The part of a name that says which hemisphere a file holds.
struct Side {
    /// The part, with its key if it has one.
    key: Range<usize>,
    /// The letters that say it.
    letters: Range<usize>,
    other: String,
    is_left: bool,
}

impl Side {
    /// The side that a file's name tells, if it tells one.
    fn of(name: &str) -> Option<Self> {
        let mut sides = Vec::new();
        let mut start = 0;
        for part in name.split(['.', '_']) {
            let keyed = part.len() >= KEY.len() && part.is_char_boundary(KEY.len());
            let keyed = keyed && part[..KEY.len()].eq_ignore_ascii_case(KEY);
            let letters = start + if keyed { KEY.len() } else { 0 }..start + part.len();
            for (rank, (left, right)) in SIDES.iter().enumerate() {
                let said = &name[letters.clone()];
                // A lone small letter may be anything, unless its key says what it is.
                let same = |side: &str| said == side || (keyed || side.len() > 1) && said.eq_ignore_ascii_case(side);
                let (is_left, other) = match (same(left), same(right)) {
                    (true, _) => (true, right),
                    (_, true) => (false, left),
                    _ => continue,
                };
                let key = start..start + part.len();
                sides.push((
                    keyed,
                    rank,
                    Self { key, letters: letters.clone(), other: as_written(other, said), is_left },
                ));
            }
            start += part.len() + 1;
        }
        sides.into_iter().min_by_key(|(keyed, rank, _)| (!keyed, *rank)).map(|(.., side)| side)
    }
}

/// A side in capitals or small letters, as its opposite is written.
fn as_written(side: &str, opposite: &str) -> String {
    let mut letters = opposite.chars();
    match (letters.next(), letters.next()) {
        (Some(first), _) if first.is_lowercase() => side.to_lowercase(),
        (Some(_), Some(second)) if second.is_lowercase() => side[..1].to_uppercase() + &side[1..],
        _ => side.to_uppercase(),
    }
}

/// The file of the other hemisphere, and whether `path` is the left one.
fn partner(path: &Path) -> Option<(PathBuf, bool)> {
    let name = path.file_name()?.to_str()?;
    let stem = &name[..name.len() - ending(name, &ENDINGS)?.len()];
    let Side { letters, other, is_left, .. } = Side::of(stem)?;
    let partner = format!("{}{other}{}", &name[..letters.start], &name[letters.end..]);
    Some((path.with_file_name(partner), is_left))
}

fn read_file(source: Source) -> Result<Matrix, DatasetError> {
    let (file, gzip) = (source.path().to_owned(), source.is_gzip());
    let mut text = Vec::with_capacity(source.length().unwrap_or(0) as usize);
    source.plain_reader()?.read_to_end(&mut text).map_err(|error| reading_failed(&file, gzip, error))?;
    gifti::read(&file, &text)
}

/// Frames of the left and then the right hemisphere.
fn joined(left: &Matrix, right: &Matrix) -> Matrix {
    let mut values = Vec::with_capacity(left.values.len() + right.values.len());
    let frames = left.values.chunks_exact(left.features).zip(right.values.chunks_exact(right.features));
    for (left, right) in frames {
        values.extend_from_slice(left);
        values.extend_from_slice(right);
    }
    Matrix { rows: left.rows, features: left.features + right.features, values }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::dataset::fixtures::{committed, expected, same};
    use crate::dataset::{Dataset, load};

    fn loaded(paths: &[PathBuf]) -> Result<Dataset, DatasetError> {
        let inputs: Vec<_> = paths.iter().map(|path| path.as_path().into()).collect();
        load(&inputs, &LoadOptions::default())
    }

    #[test]
    fn names_of_hemispheres_are_known_by_their_part() {
        let cases = [
            ("sub-01_hemi-L_bold.func.gii", "sub-01_hemi-R_bold.func.gii", "sub-01_bold"),
            ("face_hemi-l.gii.gz", "face_hemi-r.gii.gz", "face"),
            ("hemi-L.func.gii", "hemi-R.func.gii", ""),
            ("lh.face.gii", "rh.face.gii", "face"),
            ("face.LH.gii", "face.RH.gii", "face"),
            ("ada.L.func.gii", "ada.R.func.gii", "ada"),
            ("A00_left_preprocessed_fwhm6.gii", "A00_right_preprocessed_fwhm6.gii", "A00_preprocessed_fwhm6"),
            ("task-left_hemi-Left.gii", "task-left_hemi-Right.gii", "task-left"),
            ("L_face.lh.gii", "L_face.rh.gii", "L_face"),
        ];
        for (left, right, stem) in cases {
            assert_eq!(partner(Path::new(left)), Some((right.into(), true)), "{left}");
            assert_eq!(partner(Path::new(right)), Some((left.into(), false)), "{right}");
            assert_eq!([Gifti.stem(left.as_ref()), Gifti.stem(right.as_ref())], [stem, stem], "{left}");
        }
        for alone in ["face.gii", "l_face.gii", "task-left_bold.gii", "rho.gii", "hemi-.gii", "hemi-é.gii"] {
            assert_eq!(partner(Path::new(alone)), None, "{alone}");
        }
    }

    #[test]
    fn a_pair_is_one_recording_whichever_file_is_given() {
        let [left, right] = ["face_hemi-L.gii", "face_hemi-R.gii"].map(committed);
        for paths in [vec![left.clone()], vec![right.clone()], vec![left, right]] {
            let dataset = loaded(&paths).unwrap();
            assert_eq!(dataset.labels, ["face"]);
            same(&dataset.values, dataset.features, &expected("surface"), 0.0);
        }
    }

    #[test]
    fn fsaverage5_has_the_left_hemisphere_first() {
        let hemisphere = |value: &str| {
            let frame = format!(
                "<DataArray Intent=\"NIFTI_INTENT_TIME_SERIES\" DataType=\"NIFTI_TYPE_FLOAT32\" Encoding=\"ASCII\" \
                 Dimensionality=\"1\" Dim0=\"10242\"><Data>{}</Data></DataArray>",
                format!("{value} ").repeat(10242)
            );
            format!("<GIFTI NumberOfDataArrays=\"2\">{frame}{frame}</GIFTI>")
        };
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in [("clip_hemi-L.func.gii", "1"), ("clip_hemi-R.func.gii", "-2")] {
            fs::write(folder.path().join(name), hemisphere(value)).unwrap();
        }
        let dataset = loaded(&[folder.path().to_owned()]).unwrap();
        assert_eq!((dataset.features, dataset.rows.len(), dataset.labels.len()), (20484, 2, 1));
        assert!(dataset.notes.is_empty(), "{:?}", dataset.notes);
        let frame = [vec![1.0; 10242], vec![-2.0; 10242]].concat();
        assert_eq!(dataset.values, [frame.clone(), frame].concat());
    }

    #[test]
    fn surfaces_beside_a_recording_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["face_hemi-L.gii", "face_hemi-R.gii"] {
            fs::copy(committed(name), folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("lh.pial.surf.gii"), "<GIFTI>").unwrap();
        let dataset = loaded(&[folder.path().to_owned()]).unwrap();
        assert_eq!(dataset.labels, ["face"]);
        let notes = dataset.notes.join("; ");
        assert!(notes.contains("lh.pial.surf.gii: no recording, but the shape of a surface"), "{notes}");
    }

    #[test]
    fn a_missing_hemisphere_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let right = folder.path().join("face_hemi-R.gii");
        fs::copy(committed("face_hemi-R.gii"), &right).unwrap();
        for given in [right.as_path(), folder.path()] {
            let message = loaded(&[given.to_owned()]).unwrap_err().to_string();
            assert!(message.contains("face_hemi-R.gii: one hemisphere; the other"), "{message}");
            assert!(message.contains("face_hemi-L.gii, is not there"), "{message}");
        }
    }
}
