//! Recognises recordings whose rows are features and whose columns are timesteps.

use std::path::Path;

use super::error::DatasetError;

/// Vertices of the surface meshes that recordings are sampled on: one hemisphere, both, or the cortex and more.
#[rustfmt::skip]
const MESHES: [usize; 19] = [
    // FreeSurfer's fsaverage3 to fsaverage7.
    642, 1_284, 2_562, 5_124, 10_242, 20_484, 40_962, 81_924, 163_842, 327_684,
    // HCP's fs_LR at 32k and 59k, the cortex of each without the medial wall, and their grayordinates.
    32_492, 64_984, 29_696, 29_716, 59_412, 91_282, 59_292, 118_584, 170_494,
];

/// Whether a surface mesh has this number of vertices.
pub(super) fn is_mesh(vertices: usize) -> bool {
    MESHES.contains(&vertices)
}

/// Refuses an unlabelled matrix with as many rows as a mesh has vertices, unless it has as many columns as one.
///
/// # Errors
/// [`DatasetError::Transposed`].
pub(super) fn check_orientation(file: &Path, rows: usize, columns: usize) -> Result<(), DatasetError> {
    if is_mesh(rows) && !is_mesh(columns) {
        return Err(DatasetError::Transposed { file: file.to_owned(), rows, columns });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_vertices_by_timesteps_is_refused() {
        for (rows, columns) in [(20_484, 40), (642, 1), (91_282, 1_200), (10_242, 10_241)] {
            let message = check_orientation(Path::new("a.npy"), rows, columns).unwrap_err().to_string();
            assert!(message.starts_with(&format!("a.npy: {rows} rows x {columns} columns")), "{message}");
            assert!(message.contains("array.T"), "{message}");
        }
    }

    #[test]
    fn a_matrix_of_timesteps_by_vertices_is_not() {
        for (rows, columns) in [(40, 20_484), (20_484, 20_484), (642, 20_484), (1_200, 91_282), (300, 400), (641, 94)] {
            assert!(check_orientation(Path::new("a.npy"), rows, columns).is_ok(), "{rows} x {columns}");
        }
    }
}
