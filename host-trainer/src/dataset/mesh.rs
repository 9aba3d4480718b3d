//! Surfaces of which the number of vertices is known.

/// Vertices of fsaverage3 to fsaverage7 and of HCP's 32k surfaces, of one hemisphere and of both.
const KNOWN: [usize; 12] = [642, 1_284, 2_562, 5_124, 10_242, 20_484, 40_962, 81_924, 163_842, 327_684, 32_492, 64_984];

/// Whether a number is the number of vertices of a known surface.
pub(super) fn is_known(vertices: usize) -> bool {
    KNOWN.contains(&vertices)
}
