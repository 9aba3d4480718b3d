//! Bundles: what opens is sound and was written so, and anything else is refused.

use arbitrary::{Arbitrary, Unstructured};
use neural_vault_core::bundle::{Bundle, Description, label_digest, retag};
use neural_vault_core::encoder::{Dims, Encoder, Fill, WeightFormat};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{Aligned, described_bundle};
use sha2::{Digest, Sha256};

/// Bytes after the content: digest, tag and checksum.
const TRAILER: usize = 96;

/// A sound bundle with damage, whose digest and checksum are then made right again.
#[derive(Arbitrary, Debug)]
struct Damaged {
    kind: Kind,
    format: u8,
    is_described: bool,
    window: u8,
    /// Places, of two bytes so that the header is met often, and what is written there.
    edits: Vec<(u16, u8)>,
    /// Bytes cut from the end of the content, or added to it.
    cut: u8,
    added: Vec<u8>,
    is_sealed: bool,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Network { features: u8, layers: u8, positions: u8 },
    Linear { features: u8 },
    Connectome { regions: u8, features: u8 },
}

/// Takes `bytes` as a bundle, and as a description of a damaged one.
pub fn check(bytes: &[u8]) {
    opens(bytes);
    if let Ok(damaged) = Damaged::arbitrary(&mut Unstructured::new(bytes)) {
        damaged.check();
    }
}

impl Damaged {
    fn check(&self) {
        let format = WeightFormat::ALL[usize::from(self.format) % WeightFormat::ALL.len()];
        let description = Description {
            fill: Fill::Mean,
            window: usize::from(self.window),
            recipe: "fuzzed",
            labels: label_digest(["a"]),
        };
        let description = self.is_described.then_some(&description);
        let Ok(sound) = described_bundle(description, format, &self.kind.dims(), 7, None) else { return };
        if let Err(error) = Bundle::open(sound.bytes()) {
            panic!("what was written does not open: {error}; {self:?}");
        }
        opens(sound.bytes());

        let mut content = sound.bytes()[..sound.bytes().len() - TRAILER].to_vec();
        for &(place, value) in &self.edits {
            if let Some(byte) = content.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        content.truncate(content.len() - usize::from(self.cut).min(content.len()));
        content.extend(&self.added);
        if self.is_sealed && content.len() >= 16 {
            let length = (content.len() + TRAILER) as u32;
            content[12..16].copy_from_slice(&length.to_le_bytes());
        }
        let digest: [u8; 32] = Sha256::digest(&content).into();
        let stated = [digest, [0; 32]].concat();
        let checksum: [u8; 32] = Sha256::digest(&stated).into();
        opens(&[&content[..], &stated, &checksum].concat());
    }
}

impl Kind {
    /// Sizes small enough for thousands of models a second; some are outside what a model may have.
    fn dims(&self) -> Dims {
        match *self {
            Kind::Network { features, layers, positions } => Dims {
                features: usize::from(features % 9),
                d_model: 16,
                heads: 2,
                layers: usize::from(layers % 3),
                feed_forward: 16,
                latent: 16,
                positions: usize::from(positions % 5),
            },
            Kind::Linear { features } => Dims::linear(features.into(), 16, 4),
            Kind::Connectome { regions, features } => Dims::connectome(usize::from(features), usize::from(regions % 9)),
        }
    }
}

/// Whether the bytes open; what opens has sound tensors, is written again byte for byte, and embeds or refuses a scan.
fn opens(bytes: &[u8]) -> bool {
    let aligned = Aligned::new(bytes);
    let Ok(bundle) = Bundle::open(aligned.bytes()) else { return false };
    let mut end = 0;
    for tensor in bundle.tensors() {
        assert!(tensor.offset >= end && tensor.offset + tensor.length <= bytes.len() as u64, "{tensor:?}");
        end = tensor.offset + tensor.length;
        let values = bundle.state_tensor(&tensor.name.to_string());
        assert!(values.is_none_or(|values| values.iter().all(|value| value.is_finite())), "{tensor:?}");
    }
    let untagged = retag(&bundle, None);
    assert!(bundle.is_tagged() || untagged == bytes, "an untagged bundle is written as it was");
    let again = Bundle::reopen(aligned.bytes()).expect("what opens is opened again");
    assert_eq!((again.digest(), again.dims()), (bundle.digest(), bundle.dims()));
    embed(&bundle.encoder());
    true
}

/// Embeds a scan that says something; an embedding that is given is finite.
fn embed(encoder: &Encoder<'_>) {
    let dims = encoder.dims();
    let window = dims.max_window().min(4);
    // A header may state sizes that its tensors bear out and a scan would take long for.
    if dims.features * window > 1 << 16 {
        return;
    }
    let scan: Vec<f32> = (0..dims.features * window).map(|at| (at * at % 11) as f32 - 4.0).collect();
    let mut scratch = vec![0.0; Encoder::scratch_len(dims, window)];
    let mut embedding = vec![0.0; dims.latent];
    let embedded =
        ScanEncoder::new(encoder, window, &mut scratch).and_then(|scanner| scanner.embed(&scan, &mut embedding));
    if embedded.is_ok() {
        assert!(embedding.iter().all(|component| component.is_finite()) && embedding.iter().any(|c| *c != 0.0));
    }
}
