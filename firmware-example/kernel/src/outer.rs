//! Sums of outer products, with what is the same for a row of the square looked up once a row.

use neural_vault_core::kernel::{LANES, RowPairs};

/// Pairs that share a pass over the square.
const TOGETHER: usize = 2;

/// As [`Kernel::add_outer`](neural_vault_core::kernel::Kernel::add_outer).
// Not inlined: otherwise it would be compiled where it is used, for size.
#[inline(never)]
pub(super) fn add(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) {
    pairs.check(square);
    let RowPairs { left, right, columns } = pairs;
    // Two pairs share a pass over the square: the frames that wait are two, a step of the inverse has one.
    for (left, right) in left.chunks(TOGETHER * columns).zip(right.chunks(TOGETHER * columns)) {
        if left.len() == columns {
            add_rows([left], [right], columns, square);
        } else {
            let (left, right) = (left.split_at(columns), right.split_at(columns));
            add_rows([left.0, left.1], [right.0, right.1], columns, square);
        }
    }
}

/// Adds the products of `N` pairs of rows.
#[inline(always)]
fn add_rows<const N: usize>(
    left: [&[[f32; LANES]]; N],
    right: [&[[f32; LANES]]; N],
    columns: usize,
    square: &mut [[f32; LANES]],
) {
    for (i, row) in square.chunks_exact_mut(columns).enumerate() {
        let (column, lane) = (i / LANES, i % LANES);
        let left = left.map(|row| row[column][lane]);
        let right = right.map(|row| &row[column..]);
        for (j, sums) in row[column..].iter_mut().enumerate() {
            let mut open = *sums;
            for (left, right) in left.iter().zip(right) {
                for (sum, right) in open.iter_mut().zip(&right[j]) {
                    *sum += left * right;
                }
            }
            *sums = open;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use neural_vault_core::kernel::Kernel;
    use std::vec::Vec;

    #[test]
    fn the_bits_are_those_of_the_portable_kernel() {
        let mut state = 1u32;
        let mut random = |count: usize| -> Vec<[f32; LANES]> {
            let mut float = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            };
            (0..count).map(|_| [(); LANES].map(|()| float())).collect()
        };
        for (regions, columns, pairs) in [(3, 1, 1), (16, 1, 2), (35, 3, 1), (94, 6, 2), (100, 7, 3), (100, 7, 9)] {
            let (left, right, before) = (random(pairs * columns), random(pairs * columns), random(regions * columns));
            let rows = RowPairs { left: &left, right: &right, columns };
            let mut found = [before.clone(), before];
            add(rows, &mut found[0]);
            (Kernel::PORTABLE.add_outer)(rows, &mut found[1]);
            let bits =
                found.each_ref().map(|square| square.as_flattened().iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            assert_eq!(bits[0], bits[1], "{regions} regions, {pairs} pairs");
        }
    }
}
