//! A connectome model as a graph of standard operators.
//!
//! The inverse of A + I is found by the Newton-Schulz iteration X <- X (2 I - (A + I) X) (Schulz 1933). A has no negative
//! eigenvalue and a trace of as many as there are regions, d, so the eigenvalues of A + I lie between 1 and d + 1 whatever
//! the scan. From X = 2 / (d + 2) I the error of the inverse, relative to it, is at most d / (d + 2), and every step
//! squares it: 11 of them take it below the rounding of float32 for 128 regions.

use super::builder::Attribute;
use super::encoder::Weights;
use super::{Dim, Graph, Value, ops};

/// Relative error of the inverse after the last step, but for rounding.
const ERROR: f64 = 1e-9;

/// Embeds raw `frames` `[time, features]`, a whole scan, as a unit vector `[1, pairs of regions]`.
///
/// A scan of a constant region, or with a frame in which a region has no finite value, becomes NaN.
pub fn connectome(graph: &mut Graph, frames: Value, regions: usize, weights: &Weights) -> Value {
    let time = graph.shape(frames)[0];
    let averaged = match weights.get("connectome.parcels") {
        Some(&parcels) => means(graph, frames, parcels, regions),
        None => without_level(graph, frames),
    };
    let rows = [time, Dim::Fixed(regions)];
    let centre = reduce(graph, "ReduceMean", averaged, regions);
    let centred = graph.node("Sub", &[averaged, centre], vec![], rows.to_vec());
    let norm = reduce(graph, "ReduceL2", centred, regions);
    let normalised = graph.node("Div", &[centred, norm], vec![], rows.to_vec());
    let turned = ops::transpose(graph, normalised, &[1, 0]);
    let correlations = product(graph, turned, normalised);

    let whitening = weights["connectome.whitening"];
    let left = product(graph, whitening, correlations);
    let whitened = product(graph, left, whitening);
    let identity: Vec<f32> = (0..regions * regions).map(|at| f32::from(u8::from(at % (regions + 1) == 0))).collect();
    let identity = graph.constant(&[regions, regions], &identity);
    let diagonal = ops::mask(graph, whitened, identity);
    let trace = graph.node("ReduceSum", &[diagonal], vec![("keepdims", Attribute::Int(0))], vec![]);
    let count = graph.scalar(regions as f32);
    let factor = graph.node("Div", &[count, trace], vec![], vec![]);
    let scaled = ops::mask(graph, whitened, factor);
    let sum = ops::add(graph, scaled, identity);
    let inverse = inverse(graph, sum, identity, regions);

    let flat = ops::reshape(graph, inverse, &[Dim::Fixed(regions * regions)]);
    let above: Vec<i64> = (0..regions).flat_map(|i| (i + 1..regions).map(move |j| (i * regions + j) as i64)).collect();
    let pairs = Dim::Fixed(above.len());
    let above = graph.integers(&above);
    let features = graph.node("Gather", &[flat, above], vec![("axis", Attribute::Int(0))], vec![pairs]);
    // v - mu, where v is minus what was gathered.
    let shifted = graph.node("Add", &[features, weights["connectome.mean"]], vec![], vec![pairs]);
    let centred = graph.node("Neg", &[shifted], vec![], vec![pairs]);
    let row = ops::reshape(graph, centred, &[Dim::Fixed(1), pairs]);
    ops::l2_normalise(graph, row)
}

/// Newton-Schulz steps for the inverse of so many regions.
fn steps(regions: usize) -> usize {
    let first = regions as f64 / (regions + 2) as f64;
    (ERROR.ln() / first.ln()).log2().ceil() as usize
}

/// The inverse of `matrix`, whose eigenvalues lie between 1 and `regions` + 1.
fn inverse(graph: &mut Graph, matrix: Value, identity: Value, regions: usize) -> Value {
    let double = ops::scale(graph, identity, 2.0);
    let mut inverse = ops::scale(graph, identity, 2.0 / (regions + 2) as f32);
    for _ in 0..steps(regions) {
        let near_identity = product(graph, matrix, inverse);
        let correction = ops::subtract(graph, double, near_identity);
        inverse = product(graph, inverse, correction);
    }
    inverse
}

/// Frames less the first one: a level far above the deviations would cost digits.
fn without_level(graph: &mut Graph, frames: Value) -> Value {
    let (zero, one) = (graph.integers(&[0]), graph.integers(&[1]));
    let first = vec![Dim::Fixed(1), graph.shape(frames)[1]];
    let first = graph.node("Slice", &[frames, zero, one, zero], vec![], first);
    let shape = graph.shape(frames).to_vec();
    graph.node("Sub", &[frames, first], vec![], shape)
}

/// The mean over each region's finite values, less that of the first frame, `[time, regions]`.
fn means(graph: &mut Graph, frames: Value, parcels: Value, regions: usize) -> Value {
    let (time, features) = (graph.shape(frames)[0], graph.shape(frames)[1]);
    let (all, wide, narrow) =
        (vec![time, features], vec![features, Dim::Fixed(regions)], vec![time, Dim::Fixed(regions)]);
    let (one, zero) = (graph.scalar(1.0), graph.scalar(0.0));
    // Which feature is in which region, as 0 and 1.
    let numbers: Vec<f32> = (1..=regions).map(|region| region as f32).collect();
    let numbers = graph.constant(&[1, regions], &numbers);
    let column = ops::reshape(graph, parcels, &[features, Dim::Fixed(1)]);
    let is_member = graph.node("Equal", &[column, numbers], vec![], wide.clone());
    let members = graph.node("Where", &[is_member, one, zero], vec![], wide);

    let is_nan = graph.node("IsNaN", &[frames], vec![], all.clone());
    let is_infinite = graph.node("IsInf", &[frames], vec![], all.clone());
    let missing = graph.node("Or", &[is_nan, is_infinite], vec![], all.clone());
    let present = graph.node("Where", &[missing, zero, one], vec![], all.clone());
    let counts = graph.node("MatMul", &[present, members], vec![], narrow.clone());
    let average = |graph: &mut Graph, values: Value| {
        let values = graph.node("Where", &[missing, zero, values], vec![], all.clone());
        let sums = graph.node("MatMul", &[values, members], vec![], narrow.clone());
        graph.node("Div", &[sums, counts], vec![], narrow.clone())
    };
    // Regions' first means are taken off their features before the sums, which would lose digits to a high level.
    let level = average(graph, frames);
    let (start, end) = (graph.integers(&[0]), graph.integers(&[1]));
    let level = graph.node("Slice", &[level, start, end, start], vec![], vec![Dim::Fixed(1), Dim::Fixed(regions)]);
    let spread = ops::transpose(graph, members, &[1, 0]);
    let level = graph.node("MatMul", &[level, spread], vec![], vec![Dim::Fixed(1), features]);
    let raised = graph.node("Sub", &[frames, level], vec![], all.clone());
    average(graph, raised)
}

/// A reduction over time, `[1, regions]`.
fn reduce(graph: &mut Graph, operator: &'static str, x: Value, regions: usize) -> Value {
    let attributes = vec![("axes", Attribute::Ints(vec![0])), ("keepdims", Attribute::Int(1))];
    graph.node(operator, &[x], attributes, vec![Dim::Fixed(1), Dim::Fixed(regions)])
}

fn product(graph: &mut Graph, a: Value, b: Value) -> Value {
    let shape = vec![graph.shape(a)[0], graph.shape(b)[1]];
    graph.node("MatMul", &[a, b], vec![], shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_suffice_for_the_widest_range_of_eigenvalues() {
        for (regions, taken) in [(3, 6), (94, 10), (128, 11)] {
            assert_eq!(steps(regions), taken);
            // Every eigenvalue of the product of matrix and inverse goes the same way by itself.
            for eigenvalue in [1.0, 1.5, regions as f64 / 2.0, (regions + 1) as f64] {
                let mut inverse = 2.0 / (regions + 2) as f64;
                for _ in 0..steps(regions) {
                    inverse *= 2.0 - eigenvalue * inverse;
                }
                assert!((eigenvalue * inverse - 1.0).abs() <= ERROR, "{regions} regions, eigenvalue {eigenvalue}");
            }
        }
    }
}
