//! Models with half-precision or integer weights, and the calibration that int8 weights need.

use half::bf16;
use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::kernel::Statistics;
use neural_vault_core::kernel::loops::standardise;

use super::{Model, ModelError, StateDict};
use crate::dataset::Dataset;

/// Largest number of values that calibration uses, evenly spread over the recordings.
const SAMPLE: usize = 1 << 20;

/// Ranges that calibration compares; each is the one before divided by 2^(1/8).
const RANGES: i32 = 40;

const STATISTICS: [&str; 2] = ["standardiser.mean", "standardiser.inv_std"];

impl Model {
    /// The model with its weights in another format; `frames` are raw values of the recordings that trained it.
    ///
    /// Formats with int8 weights need the frames to determine the range of standardised values.
    ///
    /// # Errors
    /// When a weight is outside the format's range, the frames do not calibrate, or this model is quantised already or a
    /// connectome.
    pub fn quantise(&self, format: WeightFormat, frames: &[f32]) -> Result<Self, ModelError> {
        if self.dims().is_connectome() {
            return Err(ModelError::Float32Only);
        }
        let mut weights = self.state_dict()?;
        if let Some(max_code) = format.largest_code() {
            weights.round_statistics();
            let scale = weights.input_scale(frames, max_code)?;
            weights.tensors.insert("proj.input_scale".to_owned(), vec![scale]);
        }
        self.remade(&weights, format, self.provenance.clone())
    }

    /// The raw frames of the sessions that trained this model, or of all sessions where it names none, which calibrate a format.
    ///
    /// # Errors
    /// [`ModelError::Calibration`] when none of those sessions is in `dataset`.
    pub fn calibration_frames(&self, dataset: &Dataset) -> Result<Vec<f32>, ModelError> {
        let trained = &self.provenance.training_sessions;
        let is_trained = |session: &String| trained.is_empty() || trained.contains(session);
        let mut frames = Vec::new();
        for (row, values) in dataset.rows.iter().zip(dataset.values.chunks_exact(dataset.features)) {
            if is_trained(&dataset.sessions[row.session as usize]) {
                frames.extend(values);
            }
        }
        if frames.is_empty() {
            let (origin, sessions) = (dataset.origin.display(), trained.join(", "));
            let text =
                format!("{origin}: has none of the sessions that trained the model ({sessions}); calibrate on those");
            return Err(ModelError::Calibration(text));
        }
        Ok(frames)
    }
}

impl StateDict {
    /// Rounds the standardiser to bfloat16, and changes the projection to compensate.
    ///
    /// `W (x - m) s = W' (x - m') s' + W (m' - m) s` with `W' = W s / s'`, up to the rounding of float32.
    fn round_statistics(&mut self) {
        let [(mean, rounded_mean), (inv_std, rounded_inv_std)] = STATISTICS.map(|name| {
            let exact = self.tensors.remove(name).unwrap_or_default();
            let rounded: Vec<f32> = exact.iter().map(|value| bf16::from_f32(*value).to_f32()).collect();
            self.tensors.insert(name.to_owned(), rounded.clone());
            (exact, rounded)
        });
        let quotient = |(exact, rounded): (&f32, &f32)| f64::from(*exact) / f64::from(*rounded);
        let gains: Vec<f64> = inv_std.iter().zip(&rounded_inv_std).map(quotient).collect();
        let moved = mean.iter().zip(&rounded_mean).zip(&inv_std);
        let moved =
            moved.map(|((exact, rounded), inv_std)| (f64::from(*rounded) - f64::from(*exact)) * f64::from(*inv_std));
        let moved: Vec<f64> = moved.collect();
        let mut bias = self.tensors.remove("proj.bias").unwrap_or_default();
        if let Some(weights) = self.tensors.get_mut("proj.weight") {
            for (weights, bias) in weights.chunks_exact_mut(mean.len().max(1)).zip(&mut bias) {
                let mut sum = f64::from(*bias);
                for ((weight, gain), moved) in weights.iter_mut().zip(&gains).zip(&moved) {
                    sum += f64::from(*weight) * moved;
                    *weight = (f64::from(*weight) * gain) as f32;
                }
                *bias = sum as f32;
            }
        }
        self.tensors.insert("proj.bias".to_owned(), bias);
    }

    /// The step size of a standardised feature's codes: the one with the least mean squared error over the frames.
    fn input_scale(&self, frames: &[f32], max_code: i16) -> Result<f32, ModelError> {
        let rows = frames.len() / self.dims.features;
        if rows < 2 {
            let text =
                format!("{rows} frames do not determine the range of values; give the recordings that trained it");
            return Err(ModelError::Calibration(text));
        }
        let values = self.standardised_sample(frames);
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        if !(largest.is_finite() && largest > 0.0) {
            let text = format!("the largest standardised value is {largest}; the model belongs to other recordings");
            return Err(ModelError::Calibration(text));
        }
        let max_code = f32::from(max_code);
        let scale = |range: i32| largest * (-(range as f32) / 8.0).exp2() / max_code;
        let error = |scale: f32| -> f64 {
            let squared = |value: &f32| {
                let code = (value / scale).round_ties_even().clamp(-max_code, max_code);
                f64::from(value - code * scale).powi(2)
            };
            values.iter().map(squared).sum()
        };
        let errors = (0..RANGES).map(|range| (scale(range), error(scale(range))));
        let (best, _) = errors.fold((scale(0), f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best });
        // Later scans may have larger values, and int16 codes are fine enough for a wider range.
        Ok(if max_code > f32::from(i8::MAX) { best * 2.0 } else { best })
    }

    /// Standardised values of whole frames, evenly spread.
    fn standardised_sample(&self, frames: &[f32]) -> Vec<f32> {
        let features = self.dims.features;
        let tensor = |name: &str| self.tensors.get(name).map(Vec::as_slice).unwrap_or_default();
        let [mean, inv_std] = STATISTICS.map(tensor);
        let every = (frames.len() / features).div_ceil((SAMPLE / features).max(2)).max(1);
        let mut values = Vec::new();
        for frame in frames.chunks_exact(features).step_by(every) {
            let start = values.len();
            values.resize(start + features, 0.0);
            standardise(frame, Statistics { mean, inv_std, fill: self.fill }, &mut values[start..]);
        }
        values
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use neural_vault_core::encoder::Fill;

    use super::*;
    use crate::dataset::{Standardiser, Synthetic};
    use crate::model::{Aligned, Provenance, initial_weights, initialise, linear_dims, reference_dims};

    const FEATURES: usize = 30;

    fn models() -> [Model; 2] {
        let provenance = Provenance { window: 1, ..Provenance::default() };
        [reference_dims(FEATURES), linear_dims(FEATURES)].map(|dims| initialise(dims, provenance.clone(), 3).unwrap())
    }

    fn frames() -> Vec<f32> {
        Synthetic { classes: 3, timesteps: 8, features: FEATURES, sessions: 2, noise: 0.3, seed: 5 }.recordings().values
    }

    #[test]
    fn a_quantised_model_keeps_its_bundle_bit_for_bit() {
        for model in models() {
            for format in [WeightFormat::F16, WeightFormat::I16, WeightFormat::I8I16, WeightFormat::I8] {
                let quantised = model.quantise(format, &frames()).unwrap();
                assert_eq!(quantised.format(), format);
                assert_ne!(quantised.digest(), model.digest());
                let bytes = quantised.to_bundle(None).unwrap();
                let read = Model::from_bundle(Aligned::new(&bytes)).unwrap();
                assert_eq!(read.to_bundle(None).unwrap(), bytes);
                assert_eq!(read.digest(), quantised.digest());
            }
        }
    }

    #[test]
    fn a_quantised_model_has_no_onnx_graph_and_no_safetensors() {
        let model = &models()[0];
        let quantised = model.quantise(WeightFormat::F16, &[]).unwrap();
        let refused = |result: Result<Vec<u8>, ModelError>| matches!(result, Err(ModelError::Quantised { .. }));
        assert!(refused(crate::model::onnx::to_bytes(&quantised)));
        assert!(refused(crate::model::safetensors::to_bytes(&quantised)));
        assert!(matches!(quantised.quantise(WeightFormat::I16, &[]), Err(ModelError::Quantised { .. })));
    }

    #[test]
    fn rounding_the_statistics_does_not_change_the_outputs() {
        const RAW_MEAN: f32 = 9_000.0;
        let mut model = initial_weights(linear_dims(FEATURES), 3).unwrap();
        let mut values = Synthetic { classes: 3, timesteps: 8, features: FEATURES, sessions: 2, noise: 0.3, seed: 5 }
            .recordings()
            .values;
        // Raw scanner values are far from zero: rounding such a mean to bfloat16 can move it by a standard deviation.
        values.iter_mut().enumerate().for_each(|(k, value)| *value = RAW_MEAN + (k % FEATURES) as f32 + *value * 20.0);
        model.set_standardiser(Standardiser::fit(&values, FEATURES, Fill::Mean).0);
        let mut rounded = model.clone();
        rounded.round_statistics();
        for name in STATISTICS {
            assert_ne!(rounded.tensors[name], model.tensors[name]);
            assert!(rounded.tensors[name].iter().all(|value| value.to_bits() & 0xffff == 0));
        }
        let outputs = |model: &StateDict, frame: &[f32]| -> Vec<f64> {
            let tensor = |name: &str| model.tensors[name].iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
            let (mean, inv_std) = (tensor("standardiser.mean"), tensor("standardiser.inv_std"));
            let (weight, bias) = (tensor("proj.weight"), tensor("proj.bias"));
            let statistics = || mean.iter().zip(&inv_std);
            let row = |weights: &[f64]| -> f64 {
                let inputs =
                    frame.iter().zip(statistics()).map(|(x, (mean, inv_std))| (f64::from(*x) - mean) * inv_std);
                inputs.zip(weights).map(|(input, weight)| input * weight).sum()
            };
            weight.chunks_exact(FEATURES).zip(bias).map(|(weights, bias)| row(weights) + bias).collect()
        };
        for frame in values.chunks_exact(FEATURES) {
            for (exact, made_up) in outputs(&model, frame).iter().zip(outputs(&rounded, frame)) {
                assert!((exact - made_up).abs() < 1e-5, "{exact} became {made_up}");
            }
        }
    }

    #[test]
    fn frames_that_are_too_few_or_do_not_vary_do_not_calibrate() {
        let model = &models()[0];
        for frames in [&[][..], &[0.5; FEATURES], &[0.0; 2 * FEATURES]] {
            let error = model.quantise(WeightFormat::I8, frames).err().unwrap();
            assert!(matches!(error, ModelError::Calibration(_)), "{error}");
        }
    }

    #[test]
    fn the_range_covers_the_values_but_not_a_distant_outlier() {
        let model = initial_weights(reference_dims(FEATURES), 3).unwrap();
        let mut frames: Vec<f32> = (0..2000 * FEATURES).map(|k| (k % 2001) as f32 / 1000.0 - 1.0).collect();
        let range = |frames: &[f32], max_code: i16| model.input_scale(frames, max_code).unwrap() * f32::from(max_code);
        assert!((range(&frames, 127) - 1.0).abs() < 0.1);
        assert!((range(&frames, i16::MAX) - 2.0).abs() < 0.2);
        // Clipping one outlier costs less error than coarser steps for sixty thousand other values.
        frames[17] = 20.0;
        assert!(range(&frames, 127) < 16.0);
    }
}
