//! AdamW with gradient clipping, in place on the host.

/// Decay rates of the two moments and the epsilon of the denominator, PyTorch's defaults.
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Epsilon of the clip factor, as in `torch.nn.utils.clip_grad_norm_`.
const CLIP_EPSILON: f64 = 1e-6;

/// Lanes that a gradient's squares are summed in, so that the sum is the same on every machine.
const LANES: usize = 16;

/// Elements summed in float32 before the lanes are added to a float64 total.
const BLOCK: usize = 4096;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), one pair of moments per parameter tensor.
#[derive(Debug)]
pub struct AdamW {
    /// Running means of the gradients.
    pub first: Vec<Vec<f32>>,
    /// Running means of the squared gradients.
    pub second: Vec<Vec<f32>>,
    /// Updates done so far.
    pub updates: u64,
    /// Weight decay, multiplied by the learning rate.
    pub weight_decay: f32,
}

impl AdamW {
    /// Zero moments for tensors of the given lengths.
    #[must_use]
    pub fn new(lengths: impl Iterator<Item = usize>, weight_decay: f32) -> Self {
        let first: Vec<Vec<f32>> = lengths.map(|n| vec![0.0; n]).collect();
        Self { second: first.clone(), first, updates: 0, weight_decay }
    }

    /// Begins an update and returns what is constant over its tensors.
    ///
    /// Every gradient is multiplied by `clip`, see [`clip_factor`].
    pub fn begin(&mut self, learning_rate: f64, clip: f64) -> Update {
        self.updates += 1;
        let t = self.updates.min(i32::MAX as u64) as i32;
        let correction1 = 1.0 - f64::from(BETA1).powi(t);
        let correction2 = (1.0 - f64::from(BETA2).powi(t)).sqrt();
        // p -= lr / correction1 * m / (sqrt(v) / correction2 + epsilon), with correction2 moved out of the loop.
        Update {
            decay: (1.0 - learning_rate * f64::from(self.weight_decay)) as f32,
            rate: (learning_rate * correction2 / correction1) as f32,
            epsilon: (f64::from(EPSILON) * correction2) as f32,
            gradient1: ((1.0 - f64::from(BETA1)) * clip) as f32,
            gradient2: ((1.0 - f64::from(BETA2)) * clip * clip) as f32,
        }
    }

    /// Updates tensor number `index`.
    pub fn apply(&mut self, update: Update, index: usize, parameter: &mut [f32], gradient: &[f32]) {
        let moments = self.first[index].iter_mut().zip(&mut self.second[index]);
        for ((p, &g), (m, v)) in parameter.iter_mut().zip(gradient).zip(moments) {
            *m = *m * BETA1 + g * update.gradient1;
            *v = *v * BETA2 + g * g * update.gradient2;
            *p = *p * update.decay - update.rate * *m / (v.sqrt() + update.epsilon);
        }
    }
}

/// The constants of one update.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    decay: f32,
    rate: f32,
    epsilon: f32,
    gradient1: f32,
    gradient2: f32,
}

impl Update {
    /// The same update of a tensor that is not decayed.
    #[must_use]
    pub fn without_decay(self) -> Self {
        Self { decay: 1.0, ..self }
    }
}

/// The sum of squares of a gradient, in a fixed order.
#[must_use]
pub fn sum_of_squares(gradient: &[f32]) -> f64 {
    let mut total = 0.0;
    for block in gradient.chunks(BLOCK) {
        let mut lanes = [0.0f32; LANES];
        let (full, rest) = block.as_chunks::<LANES>();
        for chunk in full {
            for (lane, g) in lanes.iter_mut().zip(chunk) {
                *lane += g * g;
            }
        }
        for (lane, g) in lanes.iter_mut().zip(rest) {
            *lane += g * g;
        }
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
    }
    total
}

/// The factor, at most 1, that scales a gradient of this norm down to `limit`.
#[must_use]
pub fn clip_factor(norm: f64, limit: f64) -> f64 {
    (limit / (norm + CLIP_EPSILON)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_update_moves_by_the_learning_rate_against_the_gradient() {
        let mut adam = AdamW::new([3].into_iter(), 0.0);
        let mut p = [1.0f32, -2.0, 0.5];
        let update = adam.begin(1e-2, 1.0);
        adam.apply(update, 0, &mut p, &[3.0, -0.1, 0.0]);
        for (got, want) in p.iter().zip([0.99f32, -1.99, 0.5]) {
            assert!((got - want).abs() < 1e-6, "{got} {want}");
        }
    }

    #[test]
    fn weight_decay_shrinks_a_parameter_without_gradient() {
        let mut adam = AdamW::new([1].into_iter(), 0.1);
        let mut p = [2.0f32];
        let update = adam.begin(0.5, 1.0);
        adam.apply(update, 0, &mut p, &[0.0]);
        assert!((p[0] - 1.9).abs() < 1e-6);
    }

    #[test]
    fn the_sum_of_squares_is_that_of_float64() {
        let gradient: Vec<f32> = (0..10_007).map(|i| ((i * 37 % 101) as f32 - 50.0) / 31.0).collect();
        let direct: f64 = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum();
        assert!((sum_of_squares(&gradient) / direct - 1.0).abs() < 1e-6);
    }

    #[test]
    fn clipping_leaves_small_gradients_alone_and_scales_large_ones() {
        assert_eq!(clip_factor(0.5, 1.0), 1.0);
        assert!((clip_factor(4.0, 1.0) - 0.25).abs() < 1e-6);
    }
}
