//! A connectome model's whitening W and mean mu, as NumPy saves them in one `.npz` file.

use std::io::Cursor;
use std::path::Path;

use faer::{Mat, Side};
use neural_vault_core::encoder::{Dims, MAX_REGIONS};

use super::{ImportFault, ImportNote, ImportOptions, Imported};
use crate::connectome::{Fitted, ImpostorTable, MIN_REGIONS, Parcels};
use crate::dataset::{DatasetError, NpzArchive, RegionNumbers};
use crate::model::{PROBE_FRAMES, Provenance, StateDict};

/// Entries on both sides of the diagonal may differ by this share of the largest, which is rounding.
const ROUNDING: f32 = 1e-5;

/// Reads the arrays `W` (regions x regions) and `mu` (pairs of regions), and if they are there `parcels` (a region number a
/// feature), `impostor_frames` and `impostor_scores`; `None` of a file with neither `W` nor `mu`.
///
/// # Errors
/// When an array is missing or of another shape, a value is not finite, or W is not symmetric or has a negative eigenvalue.
pub(super) fn from_bytes(
    bytes: &[u8],
    origin: &Path,
    options: &ImportOptions,
) -> Result<Option<Imported>, ImportFault> {
    let mut file = NpzArchive::open(origin, Cursor::new(bytes)).map_err(fault)?;
    if file.find(&["W", "mu"]).is_none() {
        return Ok(None);
    }
    if options.heads.is_some() || !options.skip.is_empty() {
        let reason = "a connectome has no attention heads, and no tensors to skip".to_owned();
        return Err(ImportFault::Array { name: "W".to_owned(), reason });
    }
    let regions_of = |rows: usize, columns: usize| {
        let shape = format!("its shape is [{rows}, {columns}]");
        let reason = match rows {
            _ if rows != columns => format!("{shape}; it must be regions x regions"),
            // Checked before the eigenvalues, which take long of a large matrix.
            MIN_REGIONS..=MAX_REGIONS => return Ok(rows),
            _ => format!("{shape}; a model has {MIN_REGIONS} to {MAX_REGIONS} regions"),
        };
        Err(ImportFault::Array { name: "W".to_owned(), reason })
    };
    file.need(&["W"]).map_err(fault)?;
    let (matrix, _) = file.matrix("W").map_err(fault)?;
    let regions = regions_of(matrix.rows, matrix.features)?;
    let whitening = symmetric(matrix.values, regions)?;

    file.need(&["mu"]).map_err(fault)?;
    let mean = single("mu", file.numbers("mu").map_err(fault)?)?;
    let pairs = regions * regions.saturating_sub(1) / 2;
    if mean.len() != pairs {
        let reason = format!("it has {} values; {regions} regions have {pairs} pairs", mean.len());
        return Err(ImportFault::Array { name: "mu".to_owned(), reason });
    }
    let parcels = match file.find(&["parcels"]) {
        Some(name) => Some(parcels(&file.numbers(name).map_err(fault)?, regions)?),
        None => None,
    };
    let mut notes = Vec::new();
    let impostor = match file.find(&["impostor_frames"]).zip(file.find(&["impostor_scores"])) {
        Some((frames, scores)) => {
            impostor(&file.numbers(frames).map_err(fault)?, single(scores, file.numbers(scores).map_err(fault)?)?)?
        }
        None => {
            notes.push(ImportNote::NoImpostorScores);
            ImpostorTable::default()
        }
    };
    let window = options.window.unwrap_or(PROBE_FRAMES);
    let positions = Dims::connectome(regions, regions).max_window();
    if !(2..=positions).contains(&window) {
        return Err(ImportFault::ProbeFrames { frames: window, most: positions });
    }
    let fitted = Fitted { regions, whitening, mean, impostor };
    let recipe = format!("connectome, imported from {}", origin.display());
    let provenance = Provenance { window, recipe, ..Provenance::default() };
    let weights = StateDict::connectome(fitted, parcels.as_ref());
    Ok(Some(Imported { weights, standardised: true, provenance, notes }))
}

/// W, mirrored from below its diagonal, once both sides are equal but for rounding and no eigenvalue is negative.
fn symmetric(mut values: Vec<f32>, regions: usize) -> Result<Vec<f32>, ImportFault> {
    let wrong = |reason: String| Err(ImportFault::Array { name: "W".to_owned(), reason });
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (row, column) = (at / regions, at % regions);
        return wrong(format!("W[{row}, {column}] is {}", values[at]));
    }
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    for row in 0..regions {
        for column in 0..row {
            let (below, above) = (values[row * regions + column], values[column * regions + row]);
            if (below - above).abs() > ROUNDING * largest {
                return wrong(format!(
                    "it is not symmetric: W[{row}, {column}] is {below} and W[{column}, {row}] is {above}"
                ));
            }
            values[column * regions + row] = below;
        }
    }
    let matrix = Mat::from_fn(regions, regions, |i, j| f64::from(values[i * regions + j]));
    match matrix.self_adjoint_eigenvalues(Side::Lower).ok().and_then(|eigenvalues| eigenvalues.first().copied()) {
        Some(smallest) if smallest >= -f64::from(ROUNDING * largest) => Ok(values),
        Some(smallest) => wrong(format!("its smallest eigenvalue is {smallest:.3}; a whitening has none below 0")),
        None => wrong("its eigenvalues cannot be computed".to_owned()),
    }
}

fn parcels(numbers: &[f64], regions: usize) -> Result<Parcels, ImportFault> {
    let wrong = |reason: String| ImportFault::Array { name: "parcels".to_owned(), reason };
    if let Some(at) = numbers.iter().position(|number| number.fract() != 0.0 || number.abs() > 1e9) {
        return Err(wrong(format!("value {} is {}, not the whole number of a region", at + 1, numbers[at])));
    }
    let numbers = numbers.iter().map(|number| *number as i64).collect();
    let parcels = Parcels::new(&[RegionNumbers { numbers, ..RegionNumbers::default() }]);
    let parcels = parcels.map_err(|error| wrong(error.to_string()))?;
    match parcels.regions() {
        given if given == regions => Ok(parcels),
        given => Err(wrong(format!("it has {given} regions, W has {regions}"))),
    }
}

/// The table of these lengths, ascending, and their scores.
fn impostor(frames: &[f64], scores: Vec<f32>) -> Result<ImpostorTable, ImportFault> {
    let used = frames.iter().take_while(|frames| **frames != 0.0).count();
    let ascending = frames[..used].windows(2).all(|pair| pair[0] < pair[1]);
    let sound = frames[..used].iter().all(|frames| frames.fract() == 0.0 && (1.0..=65536.0).contains(frames));
    if !ascending || !sound || frames.len() != scores.len() || used > 8 {
        let reason = "it must be up to 8 numbers of frames, ascending, each with its impostor score".to_owned();
        return Err(ImportFault::Array { name: "impostor_frames".to_owned(), reason });
    }
    Ok(ImpostorTable::new(frames[..used].iter().map(|frames| *frames as u32).zip(scores)))
}

fn single(name: &str, values: Vec<f64>) -> Result<Vec<f32>, ImportFault> {
    match values.iter().position(|value| !(*value as f32).is_finite()) {
        Some(at) => {
            let reason = format!("{name}[{at}] is {}", values[at]);
            Err(ImportFault::Array { name: name.to_owned(), reason })
        }
        None => Ok(values.into_iter().map(|value| value as f32).collect()),
    }
}

/// The fault that a reader of recordings found in an array.
fn fault(error: DatasetError) -> ImportFault {
    match error {
        DatasetError::Array { what, reason, .. } => ImportFault::Array { name: what, reason },
        DatasetError::MissingArray { wanted, found, .. } => ImportFault::Array {
            name: wanted[0].to_owned(),
            reason: format!("it is missing; found {}", found.join(", ")),
        },
        error => ImportFault::Arrays(Box::new(error)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use npyz::{AutoSerialize, WriterBuilder};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::model::Model;

    /// The arrays of a file under construction, by their names.
    struct Arrays(ZipWriter<Cursor<Vec<u8>>>);

    impl Arrays {
        fn new() -> Self {
            Self(ZipWriter::new(Cursor::new(Vec::new())))
        }

        fn with<T: AutoSerialize>(mut self, name: &str, shape: &[u64], values: impl IntoIterator<Item = T>) -> Self {
            let mut bytes = Vec::new();
            let options = npyz::WriteOptions::new().default_dtype().shape(shape);
            let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
            writer.extend(values).unwrap();
            writer.finish().unwrap();
            self.0.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            self.0.write_all(&bytes).unwrap();
            self
        }

        fn import(self) -> Result<Option<Imported>, String> {
            let bytes = self.0.finish().unwrap().into_inner();
            let imported = from_bytes(&bytes, Path::new("W.npz"), &ImportOptions::default());
            imported.map_err(|fault| fault.to_string())
        }
    }

    const W: [f64; 9] = [2.0, 0.1, -0.3, 0.1, 1.0, 0.2, -0.3, 0.2, 1.5];
    const MU: [f64; 3] = [0.01, -0.02, 0.03];

    fn sound() -> Arrays {
        Arrays::new().with("W", &[3, 3], W).with("mu", &[3], MU)
    }

    #[test]
    fn whitening_and_mean_become_a_model() {
        let imported = sound().import().unwrap().unwrap();
        assert_eq!(imported.notes, [ImportNote::NoImpostorScores]);
        let model = Model::new(&imported.weights, imported.provenance).unwrap();
        assert_eq!((model.dims().features, model.dims().regions()), (3, Some(3)));
        assert_eq!((model.provenance().window, model.provenance().recipe_name()), (25, "connectome"));
        assert!(model.impostor_table().unwrap().is_empty());
        let stored = model.bundle().unwrap().state_tensor("connectome.mean").unwrap();
        assert_eq!(stored, MU.map(|value| value as f32));
    }

    #[test]
    fn parcels_and_impostor_scores_are_taken() {
        let file = sound().with("parcels", &[5], [3_i32, 1, 0, 2, 2]);
        let file = file.with("impostor_frames", &[2], [10_i64, 25]).with("impostor_scores", &[2], [0.02, 0.05]);
        let imported = file.import().unwrap().unwrap();
        assert!(imported.notes.is_empty(), "{:?}", imported.notes);
        let model = Model::new(&imported.weights, imported.provenance).unwrap();
        assert_eq!(model.dims().features, 5);
        assert_eq!(model.impostor_table().unwrap(), ImpostorTable::new([(10, 0.02), (25, 0.05)]));
    }

    #[test]
    fn what_is_wrong_with_an_array_is_named() {
        let changed = |at: usize, value: f64| {
            let mut w = W;
            w[at] = value;
            Arrays::new().with("W", &[3, 3], w).with("mu", &[3], MU)
        };
        let mu = |values: &[f64]| {
            let length = values.len() as u64;
            Arrays::new().with("W", &[3, 3], W).with("mu", &[length], values.iter().copied())
        };
        for (file, says) in [
            (changed(3, 0.4), "array W: it is not symmetric: W[1, 0] is 0.4 and W[0, 1] is 0.1"),
            (changed(8, -1.5), "array W: its smallest eigenvalue is -1.5"),
            (changed(4, f64::NAN), "array W: W[1, 1] is NaN"),
            (mu(&[0.0; 4]), "array mu: it has 4 values; 3 regions have 3 pairs"),
            (mu(&[0.0, f64::INFINITY, 0.0]), "array mu: mu[1] is inf"),
            (Arrays::new().with("W", &[3, 3], W), "array mu: it is missing; found W"),
            (Arrays::new().with("mu", &[3], MU), "array W: it is missing; found mu"),
            (Arrays::new().with("W", &[3, 2], [0.0; 6]).with("mu", &[3], MU), "array W: its shape is [3, 2]"),
            (Arrays::new().with("W", &[9], W).with("mu", &[3], MU), "array W: its shape is [9]"),
            (
                Arrays::new().with("W", &[2, 2], [1.0; 4]).with("mu", &[1], [0.0]),
                "array W: its shape is [2, 2]; a model has 3 to 128 regions",
            ),
            (
                Arrays::new().with("W", &[129, 129], [0.0; 129 * 129]).with("mu", &[8256], [0.0; 8256]),
                "array W: its shape is [129, 129]; a model has 3 to 128 regions",
            ),
            (sound().with("parcels", &[4], [1.0, 2.0, 2.0, 1.0]), "array parcels: the parcels have 2 regions"),
            (sound().with("parcels", &[5], [1.0, 2.0, 3.0, 4.0, 0.0]), "array parcels: it has 4 regions, W has 3"),
            (sound().with("parcels", &[4], [1.0, 2.0, 3.0, 0.5]), "array parcels: value 4 is 0.5"),
            (
                sound().with("impostor_frames", &[2], [25, 10]).with("impostor_scores", &[2], [0.1, 0.2]),
                "array impostor_frames: it must be up to 8 numbers of frames, ascending",
            ),
        ] {
            let message = file.import().unwrap_err();
            assert!(message.starts_with(says), "{message}");
        }
    }

    #[test]
    fn a_whitening_symmetric_but_for_rounding_is_taken_and_other_arrays_are_not() {
        let mut w = W;
        w[3] += 1e-7;
        let file = Arrays::new().with("W", &[3, 3], w).with("mu", &[1, 3], MU);
        let imported = file.import().unwrap().unwrap();
        assert!(Model::new(&imported.weights, imported.provenance).is_ok());
        assert!(Arrays::new().with("proj.weight", &[3], MU).import().unwrap().is_none());
    }
}
