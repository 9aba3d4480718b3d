//! Arrays of a connectome model, as NumPy saves them.

use arbitrary::Arbitrary;

use super::{Options, imported};
use crate::damage::Damage;
use crate::npy::{archive, array};
use crate::numbers::{filled, number};

/// Arrays of a connectome model, as NumPy saves them, with damage.
#[derive(Arbitrary, Debug)]
pub(super) struct Connectome<'a> {
    regions: u8,
    is_single: bool,
    /// Entries below the diagonal, in thousandths, and the diagonal.
    whitening: &'a [u8],
    diagonal: u8,
    /// An entry that is changed on one side of the diagonal.
    other: Option<(u8, f32)>,
    mean: Option<(u8, &'a [u8])>,
    parcels: Option<&'a [u8]>,
    impostor: Option<(&'a [u8], &'a [u8])>,
    options: Options,
    damage: Damage,
}

impl Connectome<'_> {
    pub(super) fn check(&self) {
        let regions = usize::from(self.regions % 7);
        let mut whitening = vec![0.0; regions * regions];
        for row in 0..regions {
            for column in 0..row {
                let value = self.whitening.get(row * regions + column).map_or(0.0, |byte| f64::from(*byte as i8) / 1e3);
                (whitening[row * regions + column], whitening[column * regions + row]) = (value, value);
            }
            whitening[row * regions + row] = f64::from(self.diagonal) / 64.0;
        }
        if let Some((at, value)) = self.other.filter(|_| regions > 0) {
            whitening[usize::from(at) % (regions * regions)] = value.into();
        }
        let floats = |values: &[f64], shape: String| {
            let (kind, bytes) = if self.is_single {
                ("'<f4'", values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect::<Vec<_>>())
            } else {
                ("'<f8'", values.iter().flat_map(|value| value.to_le_bytes()).collect())
            };
            array(1, kind, false, &shape, &bytes)
        };
        let mut arrays = vec![("W", floats(&whitening, format!("({regions}, {regions})")))];
        if let Some((added, bytes)) = self.mean {
            let pairs = regions * regions.saturating_sub(1) / 2 + usize::from(added % 8 == 1);
            let values: Vec<f64> = filled(bytes, 4 * pairs).chunks_exact(4).map(|b| number('f', b).into()).collect();
            arrays.push(("mu", floats(&values, format!("({pairs},)"))));
        }
        if let Some(parcels) = self.parcels {
            arrays.push(("parcels", array(1, "'|i1'", false, &format!("({},)", parcels.len()), parcels)));
        }
        if let Some((frames, scores)) = self.impostor {
            arrays.push(("impostor_frames", array(1, "'|u1'", false, &format!("({},)", frames.len()), frames)));
            let scores: Vec<f64> = scores.iter().map(|byte| f64::from(*byte as i8) / 100.0).collect();
            arrays.push(("impostor_scores", floats(&scores, format!("({},)", scores.len()))));
        }
        let file = archive(&arrays, false);
        let options = self.options.options(&["W".to_owned()]);
        if let Some(found) = imported("weights.npz", &file, &options) {
            assert!(self.other.is_none_or(|(_, value)| value.is_finite()));
            let values: Vec<f32> = whitening.iter().map(|value| *value as f32).collect();
            if self.other.is_none() {
                assert_eq!(found.weights.tensors["connectome.whitening"], values);
            }
            assert_eq!(found.weights.dims.regions(), Some(regions));
        }
        imported("weights.npz", &self.damage.of(&file), &options);
    }
}
