//! Where the voxels of a NIfTI-1 volume are in space, as nibabel's `get_best_affine` says.

use super::fields::Fields;

/// Millimetres of a voxel's centre: three rows of x, y, z and an offset.
pub(super) type Affine = [[f64; 4]; 3];

/// Millimetres below which two affines are the same.
const NEAR: f64 = 1e-3;

/// The affine of a header: its `sform`, or else its `qform`, or else its voxel sizes about the volume's centre.
pub(super) fn of(fields: &Fields<'_>, shape: [usize; 3]) -> Result<Affine, String> {
    let (qform, sform) = (fields.short(252), fields.short(254));
    let affine = match (sform, qform) {
        (1.., _) => [fields.floats(280), fields.floats(296), fields.floats(312)],
        (_, 1..) => from_quaternion(fields),
        _ => {
            let sizes = fields.floats::<3>(80).map(|size| if size == 0.0 { 1.0 } else { size });
            let centre = |axis: usize| (shape[axis] - 1) as f64 / 2.0 * sizes[axis];
            // By convention x grows to the left.
            [[-sizes[0], 0.0, 0.0, centre(0)], [0.0, sizes[1], 0.0, -centre(1)], [0.0, 0.0, sizes[2], -centre(2)]]
        }
    };
    if affine.iter().flatten().all(|value| value.is_finite()) {
        Ok(affine)
    } else {
        Err("its affine is not finite; write it again with nibabel.save".to_owned())
    }
}

/// The row and column of the first value in which two affines differ.
pub(super) fn differ(one: &Affine, other: &Affine) -> Option<(usize, usize)> {
    let places = (0..3).flat_map(|row| (0..4).map(move |column| (row, column)));
    let apart = |(row, column): &(usize, usize)| (one[*row][*column] - other[*row][*column]).abs() > NEAR;
    places.into_iter().find(apart)
}

/// The rotation of `quatern_b` to `quatern_d`, voxel sizes from `pixdim` and `qfac`, offset from `qoffset`.
fn from_quaternion(fields: &Fields<'_>) -> Affine {
    let [b, c, d] = fields.floats::<3>(256);
    let offset = fields.floats::<3>(268);
    let [qfac, x, y, z] = fields.floats::<4>(76);
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let sizes = [x, y, if qfac == -1.0 { -z } else { z }];
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ];
    std::array::from_fn(|row| {
        let [r, s, t]: [f64; 3] = std::array::from_fn(|column| rotation[row][column] * sizes[column]);
        [r, s, t, offset[row]]
    })
}
