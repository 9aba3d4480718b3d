//! The methods compared: hashes, random projections, embeddings, and two honest simple rivals.
//!
//! Every method turns standardised frames into codes, keeps one template a class (the code of the class's mean), and
//! scores a probe against a template; higher scores are more alike.

mod codes;
mod fitted;

use std::sync::OnceLock;

use neural_vault_core::encoder::WeightFormat;

use super::verification::centre;
use crate::model::LATENT;
use codes::{Template, above, binary_score, byte_score, hmac, mean_vector, sha256};
pub use fitted::Fitted;

/// Bits of a BioHash, as in the reference.
const BITS: usize = 128;

/// How a probe is compared with a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// SHA-256 of the frame's bytes, compared byte by byte.
    Sha256,
    /// HMAC-SHA256 of the frame's bytes under the reference's key, compared byte by byte.
    Hmac,
    /// Signs of a Gaussian random projection to 128 numbers (Teoh, Ngo and Goh 2004), compared bit by bit.
    BioHashing,
    /// The embedding, binarised at the median of the enrolled embeddings' values, compared bit by bit.
    Neural,
    /// The embedding, compared by cosine.
    NeuralVault,
    /// As [`Method::NeuralVault`], the same encoder with its weights in this format.
    Stored(WeightFormat),
    /// As [`Method::NeuralVault`], the encoder trained with the enrolled labels as well (protocol `unseen`).
    Refit,
    /// As [`Method::NeuralVault`], the encoder trained by the reference's recipe.
    Reference,
    /// The whitened front end alone, compared by cosine; in protocol `unseen` without class weights, and centred on the
    /// gallery.
    Linear,
    /// The standardised frame itself, compared by cosine.
    RawCosine,
    /// Linear discriminant analysis with shrinkage, compared by cosine.
    Lda,
}

/// Every method but those of other weight formats, in the order of tables.
pub const ALL: [Method; 10] = [
    Method::Sha256,
    Method::Hmac,
    Method::BioHashing,
    Method::Neural,
    Method::NeuralVault,
    Method::Refit,
    Method::Reference,
    Method::Linear,
    Method::RawCosine,
    Method::Lda,
];

impl Method {
    /// The method's name on the command line and in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Sha256 => "SHA-256",
            Method::Hmac => "HMAC",
            Method::BioHashing => "BioHashing",
            Method::Neural => "Neural",
            Method::NeuralVault | Method::Stored(WeightFormat::F32) => "NeuralVault",
            Method::Stored(WeightFormat::F16) => "NeuralVault f16",
            Method::Stored(WeightFormat::I16) => "NeuralVault i16",
            Method::Stored(WeightFormat::I8I16) => "NeuralVault i8i16",
            Method::Stored(WeightFormat::I8) => "NeuralVault i8",
            Method::Refit => "refit",
            Method::Reference => "reference",
            Method::Linear => "linear",
            Method::RawCosine => "raw cosine",
            Method::Lda => "LDA",
        }
    }
}

impl Method {
    /// Whether the method has an encoder of its own, beside the one that the others share.
    #[must_use]
    pub fn has_own_encoder(self) -> bool {
        matches!(self, Method::Stored(_) | Method::Refit | Method::Reference)
    }

    /// Whether the method's figures depend on the seed of a training.
    #[must_use]
    pub fn is_trained(self) -> bool {
        matches!(self, Method::Neural | Method::NeuralVault) || self.has_own_encoder()
    }
}

/// Windows with their codes; a window's frame is the mean of its frames.
#[derive(Debug)]
pub struct Encoded {
    frames: Vec<f32>,
    features: usize,
    /// Hashes of the frames, once they were asked for.
    sha256: OnceLock<Vec<[u8; 32]>>,
    hmac: OnceLock<Vec<[u8; 32]>>,
    embeddings: Vec<Vec<f32>>,
    projected: Vec<f32>,
    discriminants: Vec<f32>,
    lda_width: usize,
    /// Unit vectors, windows x [`LATENT`].
    linear: Vec<f32>,
    centred: bool,
}

/// One template a class, where the class was enrolled.
#[derive(Debug)]
pub struct Templates(Vec<Option<Template>>);

impl Encoded {
    /// The frames themselves, row by row.
    #[must_use]
    pub fn frames(&self) -> &[f32] {
        &self.frames
    }

    /// The frames' embeddings.
    #[must_use]
    pub fn embeddings(&self) -> &[Vec<f32>] {
        &self.embeddings
    }

    /// The templates of `method` from the frames at `members`, each with its class.
    #[must_use]
    pub fn templates(&self, method: Method, members: &[(usize, u32)], classes: usize) -> Templates {
        let mut of_class = vec![Vec::new(); classes];
        for &(row, label) in members {
            of_class[label as usize].push(row);
        }
        let median = match method {
            Method::Neural => codes::median(members.iter().flat_map(|&(row, _)| self.embeddings[row].iter().copied())),
            _ => 0.0,
        };
        let template = |rows: &Vec<usize>| {
            let mean = mean_vector(rows.iter().map(|&row| self.vector(method, row)))?;
            Some(match method {
                Method::Sha256 => Template::Bytes(sha256(&mean)),
                Method::Hmac => Template::Bytes(hmac(&mean)),
                Method::BioHashing | Method::Neural => Template::Bits { bits: above(&mean, median), median },
                _ => Template::Vector(mean),
            })
        };
        let mut templates: Vec<Option<Template>> = of_class.iter().map(template).collect();
        if method == Method::Linear && self.centred {
            let gallery = templates.iter_mut().flatten().filter_map(Template::vector);
            centre(&mut gallery.collect::<Vec<_>>());
        }
        Templates(templates)
    }

    /// The score of the probe made of the frames at `rows` against each enrolled class.
    ///
    /// Vectors of several frames are averaged before they are compared; scores of hashes and bits are averaged after.
    #[must_use]
    pub fn scores(&self, method: Method, templates: &Templates, rows: &[usize]) -> Vec<(u32, f64)> {
        let mean = match method {
            Method::NeuralVault
            | Method::Stored(_)
            | Method::Refit
            | Method::Reference
            | Method::Linear
            | Method::RawCosine
            | Method::Lda => mean_vector(rows.iter().map(|&row| self.vector(method, row))).unwrap_or_default(),
            _ => Vec::new(),
        };
        let hashes = self.hashes(method);
        // A frame is binarised once, however many classes there are.
        let median = templates.0.iter().flatten().find_map(Template::median);
        let binary: Vec<Vec<u64>> =
            median.iter().flat_map(|&m| rows.iter().map(move |&row| above(self.vector(method, row), m))).collect();
        let score = |template: &Template| match template {
            Template::Bytes(bytes) => mean_of(rows.iter().map(|&row| byte_score(bytes, &hashes[row]))),
            Template::Bits { bits, .. } => mean_of(binary.iter().map(|b| binary_score(bits, b, self.bits(method)))),
            Template::Vector(vector) => codes::cosine_score(vector, &mean),
        };
        let enrolled = templates.0.iter().enumerate().filter_map(|(class, t)| Some((class as u32, t.as_ref()?)));
        enrolled.map(|(class, template)| (class, score(template))).collect()
    }

    /// The hash of every frame, made once however often frames are compared; none for methods that do not hash.
    fn hashes(&self, method: Method) -> &[[u8; 32]] {
        let all = |hash: fn(&[f32]) -> [u8; 32]| self.frames.chunks_exact(self.features).map(hash).collect();
        match method {
            Method::Sha256 => self.sha256.get_or_init(|| all(sha256)),
            Method::Hmac => self.hmac.get_or_init(|| all(hmac)),
            _ => &[],
        }
    }

    fn vector(&self, method: Method, row: usize) -> &[f32] {
        match method {
            Method::Sha256 | Method::Hmac | Method::RawCosine => {
                &self.frames[row * self.features..(row + 1) * self.features]
            }
            Method::BioHashing => &self.projected[row * BITS..(row + 1) * BITS],
            Method::Neural | Method::NeuralVault | Method::Stored(_) | Method::Refit | Method::Reference => {
                &self.embeddings[row]
            }
            Method::Linear => &self.linear[row * LATENT..(row + 1) * LATENT],
            Method::Lda => &self.discriminants[row * self.lda_width..(row + 1) * self.lda_width],
        }
    }

    fn bits(&self, method: Method) -> usize {
        if method == Method::BioHashing { BITS } else { self.embeddings.first().map_or(0, Vec::len) }
    }
}

fn mean_of(scores: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = scores.len() as f64;
    scores.sum::<f64>() / count
}
