//! The compared methods: hashes, random projections, embeddings, and simple methods without a trained encoder.
//!
//! Every method turns standardised frames into codes, keeps one template per class (the code of the class's mean), and
//! scores a probe against a template; a higher score means more alike. Methods for persons take all frames of a scan at
//! once instead, see [`ScanMethod`]. A method is one file here and one line in [`METHODS`].

mod biohashing;
mod bits;
mod connectome;
mod connectome_centred;
mod correlations;
mod cosine;
mod fingerprint;
mod fingerprint_centred;
mod gallery;
mod hash;
mod hmac;
mod lda;
mod linear;
mod mean_frame;
mod method;
mod neural;
mod neural_vault;
mod raw_cosine;
mod reference;
mod refit;
mod rows;
mod scan_method;
mod sha256;
mod stored;
mod tangent;

use neural_vault_core::encoder::WeightFormat;

pub use gallery::Gallery;
pub(super) use mean_frame::MeanFrame;
pub use method::{EncoderUse, Method, OwnEncoder, Scorer, TrainingRows, Windows};
pub use rows::{Rows, mean_vector};
pub use scan_method::{Background, BackgroundPerson, Described, ScanMethod, ScanScorer};

/// Every method except those of other weight formats, in the order of tables.
pub const METHODS: &[&dyn Method] = &[
    &sha256::Sha256,
    &hmac::Hmac,
    &biohashing::BioHashing,
    &neural::Neural,
    &neural_vault::NeuralVault,
    &refit::Refit,
    &reference::Reference,
    &linear::Linear,
    &raw_cosine::RawCosine,
    &lda::Lda,
    &connectome::Connectome,
    &connectome_centred::ConnectomeCentred,
    &fingerprint::Fingerprint,
    &fingerprint_centred::FingerprintCentred,
    &tangent::Tangent,
];

/// The method under test with its encoder's weights in `format`.
#[must_use]
pub fn with_weights(format: WeightFormat) -> &'static dyn Method {
    let stored = stored::FORMATS.iter().find(|stored| stored.format == format);
    stored.map_or(&neural_vault::NeuralVault, |stored| stored)
}

/// The method of a name in results, which may be followed by text in brackets: `NeuralVault (cosine)`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Method> {
    let name = name.split(" (").next().unwrap_or_default();
    let stored = stored::FORMATS.iter().map(|stored| stored as &dyn Method);
    METHODS.iter().copied().chain(stored).find(|method| method.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::protocols::PROTOCOLS;

    #[test]
    fn every_method_is_found_by_its_name_alone_or_followed_by_brackets() {
        for method in METHODS.iter().copied().chain(WeightFormat::ALL.map(with_weights)) {
            for name in [method.name().to_owned(), format!("{} (cosine)", method.name())] {
                assert_eq!(find(&name).map(|found| found.name()), Some(method.name()), "{name}");
            }
        }
        assert!(find("shrinkage LDA").is_none());
    }

    #[test]
    fn every_method_is_explained_in_one_sentence() {
        for method in METHODS.iter().copied().chain(WeightFormat::ALL.map(with_weights)) {
            let text = method.explanation().replace("et al. ", "and others ");
            assert!(text.ends_with('.') && text.len() < 150 && !text.contains(". "), "{text}");
        }
    }

    #[test]
    fn names_are_distinct_and_one_method_is_under_test_by_any_protocol() {
        for (place, method) in METHODS.iter().enumerate() {
            let before = &METHODS[..place];
            assert!(before.iter().all(|other| other.name() != method.name() && other.argument() != method.argument()));
        }
        for protocol in PROTOCOLS {
            let tested = METHODS.iter().filter(|method| method.fits(*protocol) && method.is_under_test());
            assert_eq!(tested.count(), 1, "{}", protocol.name());
        }
    }
}
