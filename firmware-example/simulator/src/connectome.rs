//! Connectome models and scans of persons whose regions covary each in a way of their own.

use std::borrow::Cow;

use neural_vault_core::bundle::{Bundle, Description, label_digest, write};
use neural_vault_core::encoder::{Dims, Encoder, Fill, WeightFormat};
use neural_vault_core::prototype;
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{Aligned, Random};

/// Fewest frames of a scan.
pub const LEAST: u8 = 25;

/// A model that whitens nothing: what it embeds is how the regions covary, and persons differ in nothing else.
///
/// Where there are more features than regions, they take the regions in turn, and every seventh belongs to none.
pub fn bundle(features: usize, regions: usize) -> Aligned {
    let dims = Dims::connectome(features, regions);
    let description = Description {
        fill: Fill::Mean,
        window: LEAST.into(),
        recipe: "connectome",
        labels: label_digest(["a", "b", "c"]),
    };
    let values = |name: &str| -> Option<Vec<f32>> {
        Some(match name {
            "connectome.parcels" => (0..features).map(|feature| parcel(feature, regions) as f32).collect(),
            "connectome.whitening" => {
                (0..regions * regions).map(|at| f32::from(u8::from(at / regions == at % regions))).collect()
            }
            "connectome.mean" => vec![0.0; dims.latent],
            _ => vec![0.0; 8],
        })
    };
    let bytes = write(&dims, WeightFormat::F32, Some(&description), |name| values(name).map(Cow::Owned), None);
    Aligned::new(&bytes.expect("a sound model"))
}

/// The region of a feature, from 1, or 0.
fn parcel(feature: usize, regions: usize) -> usize {
    if feature % 7 == 6 { 0 } else { feature % regions + 1 }
}

/// Frames of a person, of a model with as many features as regions: two takes of a person share the mixing of the regions.
pub fn scan(person: u32, take: u32, regions: usize, frames: usize) -> Vec<f32> {
    let mixing = Random(person.wrapping_mul(7919)).floats(regions * regions, 2.0 / (regions as f32).sqrt());
    let mut when = Random(take.wrapping_mul(104_729).wrapping_add(person));
    let mut scan = Vec::with_capacity(regions * frames);
    for _ in 0..frames {
        let sources = when.floats(regions, 1.0);
        let mixed = mixing.chunks_exact(regions).zip(&sources).map(|(row, own)| {
            100.0 + own + row.iter().zip(&sources).map(|(weight, source)| weight * source).sum::<f32>()
        });
        scan.extend(mixed);
    }
    scan
}

/// The same frames for a model with more features than regions.
pub fn spread(scan: &[f32], regions: usize, features: usize) -> Vec<f32> {
    let of_frame = |frame: &[f32]| -> Vec<f32> {
        (0..features)
            .map(|feature| match parcel(feature, regions) {
                0 => 1e6 * feature as f32,
                region => frame[region - 1],
            })
            .collect()
    };
    scan.chunks_exact(regions).flat_map(of_frame).collect()
}

/// The embedding that the host computes of a scan with its own copy of the model.
pub fn embedding(model: &[u8], scan: &[f32]) -> Vec<f32> {
    let bundle = Bundle::open(model).expect("a sound model");
    let (dims, encoder) = (bundle.dims(), bundle.encoder());
    let mut scratch = vec![0.0; Encoder::scratch_len(&dims, LEAST.into())];
    let mut embedding = vec![0.0; dims.latent];
    let encoded = ScanEncoder::new(&encoder, LEAST.into(), &mut scratch);
    encoded.expect("it fits").embed(scan, &mut embedding).expect("a sound scan");
    embedding
}

/// The prototype of a scan's embedding, rounded as a token stores it.
pub fn prototype(model: &[u8], scan: &[f32]) -> Vec<f32> {
    let embedding = embedding(model, scan);
    let (mut codes, mut components) = (vec![0; embedding.len()], vec![0.0; embedding.len()]);
    let scale = prototype::round(&embedding, &mut codes).expect("it has a direction");
    prototype::restore(&codes, scale, &mut components).expect("it has a direction");
    components
}
