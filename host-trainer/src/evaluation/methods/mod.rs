//! The methods compared: hashes, random projections, embeddings, and two honest simple rivals.
//!
//! Every method turns standardised frames into codes, keeps one template a class (the code of the class's mean), and
//! scores a probe against a template; higher scores are more alike.

mod codes;
mod lda;

use std::sync::OnceLock;

use faer::{Mat, MatRef};
use neural_vault_core::encoder::Encoder;
use neural_vault_core::scan::ScanError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::embedding::EmbeddingError;
use codes::{Template, above, binary_score, byte_score, hmac, mean_vector, sha256};
use lda::Lda;

/// Bits of a BioHash, as in the reference.
const BITS: usize = 128;

/// Frames that share a pass over the encoder's weights.
const TOGETHER: usize = 16;

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
    /// The standardised frame itself, compared by cosine.
    RawCosine,
    /// Linear discriminant analysis with shrinkage, compared by cosine.
    Lda,
}

/// Every method, in the order of tables.
pub const ALL: [Method; 7] = [
    Method::Sha256,
    Method::Hmac,
    Method::BioHashing,
    Method::Neural,
    Method::NeuralVault,
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
            Method::NeuralVault => "NeuralVault",
            Method::RawCosine => "raw cosine",
            Method::Lda => "LDA",
        }
    }
}

/// The methods, fitted to the rows that train.
pub struct Fitted<'e> {
    /// Leaves frames as they are, which come standardised.
    encoder: Encoder<'e>,
    /// features x [`BITS`].
    projection: Mat<f32>,
    lda: Lda,
}

/// Frames with their codes.
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
}

/// One template a class, where the class was enrolled.
pub struct Templates(Vec<Option<Template>>);

impl<'e> Fitted<'e> {
    /// Fits every method to standardised training frames and their labels.
    ///
    /// The encoder comes trained, and does not standardise again.
    #[must_use]
    pub fn fit(encoder: Encoder<'e>, frames: &[f32], labels: &[u32], seed: u64) -> Self {
        let features = encoder.dims().features;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = (BITS as f32).sqrt().recip();
        let projection = Mat::from_fn(features, BITS, |_, _| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            normal * deviation
        });
        Self { encoder, projection, lda: Lda::fit(frames, features, labels) }
    }

    /// Encodes standardised frames by every method.
    ///
    /// # Errors
    /// When a frame has no embedding.
    pub fn encode(&self, frames: Vec<f32>) -> Result<Encoded, EmbeddingError> {
        let features = self.encoder.dims().features;
        let matrix = MatRef::from_row_major_slice(&frames, frames.len() / features, features);
        let projected = rows_of(&(matrix * &self.projection));
        let discriminants = rows_of(&(matrix * self.lda.axes()));
        let embeddings = self.embeddings(&frames)?;
        let (sha256, hmac, lda_width) = (OnceLock::new(), OnceLock::new(), self.lda.axes().ncols());
        Ok(Encoded { frames, features, sha256, hmac, embeddings, projected, discriminants, lda_width })
    }

    fn embeddings(&self, frames: &[f32]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let dims = self.encoder.dims();
        let together = TOGETHER.min(dims.positions);
        let mut scratch = vec![0.0; Encoder::scratch_len(dims, together)];
        let mut embeddings = vec![0.0; frames.len() / dims.features * dims.latent];
        self.encoder
            .embed_frames(frames, together, &mut scratch, &mut embeddings)
            .map_err(|e| EmbeddingError::Scan { label: "a frame".to_owned(), source: ScanError::Encode(e) })?;
        Ok(embeddings.chunks_exact(dims.latent).map(<[f32]>::to_vec).collect())
    }
}

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
                Method::NeuralVault | Method::RawCosine | Method::Lda => Template::Vector(mean),
            })
        };
        Templates(of_class.iter().map(template).collect())
    }

    /// The score of the probe made of the frames at `rows` against each enrolled class.
    ///
    /// Vectors of several frames are averaged before they are compared; scores of hashes and bits are averaged after.
    #[must_use]
    pub fn scores(&self, method: Method, templates: &Templates, rows: &[usize]) -> Vec<(u32, f64)> {
        let mean = match method {
            Method::NeuralVault | Method::RawCosine | Method::Lda => {
                mean_vector(rows.iter().map(|&row| self.vector(method, row))).unwrap_or_default()
            }
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
            Method::Neural | Method::NeuralVault => &self.embeddings[row],
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

/// A matrix's elements row by row.
fn rows_of(matrix: &Mat<f32>) -> Vec<f32> {
    (0..matrix.nrows()).flat_map(|row| matrix.row(row).iter().copied().collect::<Vec<_>>()).collect()
}
