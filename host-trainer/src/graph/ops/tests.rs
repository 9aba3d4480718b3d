//! Every operator's gradient against central differences, run by tract.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::engine::{Data, Engine, Feed};
use crate::graph::builder::ElementType;
use crate::graph::loss::{EXCLUDED, FORBIDDEN, Mining, ProxyAnchor, proxy_anchor, triplet};

/// Step of the central difference; with values near 1 it balances truncation against float32 rounding.
const STEP: f32 = 1e-2;
const TOLERANCE: f32 = 2e-3;

#[test]
fn elementwise_gradients_match_central_differences() {
    check(&[&[3, 4], &[3, 4]], |g, p| add(g, p[0], p[1]));
    check(&[&[3, 4], &[3, 4]], |g, p| subtract(g, p[0], p[1]));
    check(&[&[3, 4]], |g, p| scale(g, p[0], -1.7));
    check(&[&[3, 4]], |g, p| {
        let keep = g.constant(&[3, 4], &[0.0, 2.0, 2.0, 0.0, 2.0, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 2.0]);
        mask(g, p[0], keep)
    });
    check(&[&[3, 4]], |g, p| {
        let row = g.constant(&[4], &[0.5, -0.5, 1.0, 2.0]);
        offset(g, p[0], row)
    });
    check(&[&[5, 8]], |g, p| relu(g, p[0]));
    check(&[&[5, 8]], |g, p| gelu(g, p[0]));
    check(&[&[5, 8]], |g, p| softplus(g, p[0]));
}

#[test]
fn matrix_gradients_match_central_differences() {
    check(&[&[5, 3], &[4, 3], &[4]], |g, p| linear(g, p[0], p[1], p[2]));
    check(&[&[2, 2, 3, 4], &[2, 2, 4, 5]], |g, p| matmul(g, p[0], p[1]));
}

#[test]
fn normalisation_gradients_match_central_differences() {
    check(&[&[4, 16], &[16], &[16]], |g, p| layer_norm(g, p[0], p[1], p[2], 1e-5));
    check(&[&[2, 2, 3, 5]], |g, p| softmax(g, p[0]));
    check(&[&[4, 6]], |g, p| l2_normalise(g, p[0]));
}

#[test]
fn layout_gradients_match_central_differences() {
    check(&[&[4, 6]], |g, p| reshape(g, p[0], &[Dim::Fixed(2), Dim::Fixed(2), Dim::Fixed(6)]));
    check(&[&[2, 3, 4, 5]], |g, p| transpose(g, p[0], &[2, 0, 3, 1]));
    check(&[&[3, 2, 4]], |g, p| {
        let [a, b, c] = split3(g, p[0]);
        let b = scale(g, b, 2.0);
        let c = scale(g, c, -3.0);
        let ab = add(g, a, b);
        add(g, ab, c)
    });
    check(&[&[4, 3]], |g, p| {
        // Row 2 is taken twice, so its gradient is the sum of both.
        let rows = g.integers(&[2, 0, 2]);
        gather_rows(g, p[0], rows)
    });
}

#[test]
fn reduction_gradients_match_central_differences() {
    check(&[&[3, 4, 5]], |g, p| mean_over_time(g, p[0]));
    check(&[&[3, 4]], |g, p| sum_of_squares(g, p[0]));
    check(&[&[3, 4]], |g, p| mean(g, p[0]));
    check(&[&[3, 4]], |g, p| log_sum_exp(g, p[0]));
}

#[test]
fn proxy_anchor_gradient_matches_central_differences() {
    // Of three classes, the last has no window here.
    let own: Vec<f32> = [1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0].map(|own| if own == 1 { 0.0 } else { -EXCLUDED }).to_vec();
    let extra = [Feed { name: "own", shape: &[3, 4], data: Data::F32(&own) }];
    check_with(&[&[4, 6], &[3, 6]], &extra, |g, p| {
        let unit = l2_normalise(g, p[0]);
        proxy_anchor(g, unit, p[1], ProxyAnchor { classes: 3, present: 2, scale: 2.0, margin: 0.1 })
    });
}

#[test]
fn batch_hard_triplet_gradient_matches_central_differences() {
    let positives = [FORBIDDEN, 0.0, FORBIDDEN, FORBIDDEN, 0.0, FORBIDDEN, FORBIDDEN, FORBIDDEN];
    let positives = [positives, [FORBIDDEN, FORBIDDEN, FORBIDDEN, 0.0, FORBIDDEN, FORBIDDEN, 0.0, FORBIDDEN]].concat();
    let negatives: Vec<f32> = [0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0]
        .map(|different| if different == 1 { 0.0 } else { -FORBIDDEN })
        .to_vec();
    let extra = [
        Feed { name: "positives", shape: &[4, 4], data: Data::F32(&positives) },
        Feed { name: "negatives", shape: &[4, 4], data: Data::F32(&negatives) },
    ];
    check_with(&[&[4, 6]], &extra, |g, p| {
        let unit = l2_normalise(g, p[0]);
        triplet(g, unit, Mining::BatchHard, 0.7)
    });
}

fn check(shapes: &[&[usize]], operator: impl Fn(&mut Graph, &[Value]) -> Value) {
    check_with(shapes, &[], operator);
}

/// Compares the gradients of `sum(operator(parameters) * weights)` with central differences, element by element.
fn check_with(shapes: &[&[usize]], extra: &[Feed<'_>], operator: impl Fn(&mut Graph, &[Value]) -> Value) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.5f32..1.5)).collect::<Vec<_>>();
    let mut graph = Graph::new();
    let names: Vec<String> = (0..shapes.len()).map(|i| format!("parameter{i}")).collect();
    let parameters: Vec<Value> = names.iter().zip(shapes).map(|(name, shape)| graph.parameter(name, shape)).collect();
    let out = operator(&mut graph, &parameters);
    let shape = graph.fixed_shape(out);
    let count = shape.iter().product::<usize>();
    // `mean` divides by the count.
    let weights: Vec<f32> = draw(count).iter().map(|w| w * count as f32).collect();
    let weights = graph.constant(&shape, &weights);
    let weighted = mask(&mut graph, out, weights);
    let loss = if shape.is_empty() { weighted } else { mean(&mut graph, weighted) };
    let gradients = graph.gradients(loss, &parameters);
    graph.output("loss", loss);
    for (i, gradient) in gradients.iter().enumerate() {
        graph.output(&format!("gradient{i}"), *gradient);
    }
    // Inputs are fed in the order of declaration: parameters first, then what the operator declared.
    assert!(graph.inputs.iter().all(|(_, element)| *element == ElementType::F32));
    let mut session = Engine::Tract.open(&graph.into_model("check"), 1).unwrap();
    let mut values: Vec<Vec<f32>> = shapes.iter().map(|shape| draw(shape.iter().product())).collect();
    let mut run = |values: &[Vec<f32>]| {
        let mut feeds: Vec<Feed<'_>> = names
            .iter()
            .zip(shapes)
            .zip(values)
            .map(|((name, shape), data)| Feed { name, shape, data: Data::F32(data) })
            .collect();
        feeds.extend_from_slice(extra);
        let outputs = session.run(&feeds).unwrap();
        (0..=shapes.len()).map(|i| outputs.output(i).unwrap().to_vec()).collect::<Vec<_>>()
    };
    let gradients = run(&values).split_off(1);
    for p in 0..values.len() {
        for i in 0..values[p].len() {
            let centre = values[p][i];
            let mut loss_at = |x: f32| {
                values[p][i] = x;
                f64::from(run(&values)[0][0])
            };
            let numeric = (loss_at(centre + STEP) - loss_at(centre - STEP)) / f64::from(2.0 * STEP);
            values[p][i] = centre;
            let analytic = gradients[p][i];
            assert!(
                (analytic - numeric as f32).abs() <= TOLERANCE * (1.0 + analytic.abs()),
                "parameter {p} element {i}: gradient {analytic}, central difference {numeric}"
            );
        }
    }
    assert!(gradients.iter().flatten().any(|g| g.abs() > 10.0 * TOLERANCE), "all gradients vanish: nothing was tested");
}
