//! The methods compared: hashes, random projections, embeddings, and two honest simple rivals.
//!
//! Every method turns standardised frames into codes, keeps one template a class (the code of the class's mean), and
//! scores a probe against a template; higher scores are more alike.

mod codes;
mod lda;

use faer::{Mat, MatRef};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::dataset::{Dataset, Row, Scan};
use crate::embedding::{Embedder, EmbeddingEngine, EmbeddingError};
use crate::model::Model;
use codes::{Template, above, binary_score, byte_score, hmac, mean_vector, sha256};
use lda::Lda;

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
pub struct Fitted {
    /// The encoder without its standardiser: frames come standardised.
    model: Model,
    features: usize,
    /// features x [`BITS`].
    projection: Mat<f32>,
    lda: Lda,
}

/// Frames with their codes.
pub struct Encoded {
    frames: Dataset,
    embeddings: Vec<Vec<f32>>,
    projected: Vec<f32>,
    discriminants: Vec<f32>,
    lda_width: usize,
}

/// One template a class, where the class was enrolled.
pub struct Templates(Vec<Option<Template>>);

impl Fitted {
    /// Fits every method to standardised training frames and their labels; the encoder comes trained.
    #[must_use]
    pub fn fit(model: &Model, frames: &[f32], labels: &[u32], seed: u64) -> Self {
        let features = model.dims.features;
        let mut model = model.clone();
        model.tensors.insert("standardiser.mean".to_owned(), vec![0.0; features]);
        model.tensors.insert("standardiser.inv_std".to_owned(), vec![1.0; features]);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = (BITS as f32).sqrt().recip();
        let projection = Mat::from_fn(features, BITS, |_, _| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            normal * deviation
        });
        Self { model, features, projection, lda: Lda::fit(frames, features, labels) }
    }

    /// Encodes standardised frames by every method.
    ///
    /// # Errors
    /// When a frame has no embedding.
    pub fn encode(&self, frames: Vec<f32>) -> Result<Encoded, EmbeddingError> {
        let rows = frames.len() / self.features;
        let matrix = MatRef::from_row_major_slice(&frames, rows, self.features);
        let projected = rows_of(&(matrix * &self.projection));
        let discriminants = rows_of(&(matrix * self.lda.axes()));
        let unlabelled = Row { label: 0, session: 0, timestep: 0 };
        let frames = Dataset {
            origin: "frames".into(),
            labels: vec![String::new()],
            sessions: vec![String::new()],
            features: self.features,
            rows: vec![unlabelled; rows],
            values: frames,
            notes: Vec::new(),
        };
        let single: Vec<Scan> = (0..rows).map(|row| Scan { label: 0, session: 0, rows: row..row + 1 }).collect();
        let embeddings = Embedder::open(&self.model, EmbeddingEngine::Core)?.scans(&frames, &single, 1)?;
        Ok(Encoded { frames, embeddings, projected, discriminants, lda_width: self.lda.axes().ncols() })
    }
}

impl Encoded {
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
        let mean = mean_vector(rows.iter().map(|&row| self.vector(method, row))).unwrap_or_default();
        // A frame is hashed or binarised once, however many classes there are.
        let median = templates.0.iter().flatten().find_map(Template::median);
        let hashes: Vec<[u8; 32]> = match method {
            Method::Sha256 => rows.iter().map(|&row| sha256(self.frames.row(row))).collect(),
            Method::Hmac => rows.iter().map(|&row| hmac(self.frames.row(row))).collect(),
            _ => Vec::new(),
        };
        let binary: Vec<Vec<u64>> =
            median.iter().flat_map(|&m| rows.iter().map(move |&row| above(self.vector(method, row), m))).collect();
        let score = |template: &Template| match template {
            Template::Bytes(bytes) => mean_of(hashes.iter().map(|hash| byte_score(bytes, hash))),
            Template::Bits { bits, .. } => mean_of(binary.iter().map(|b| binary_score(bits, b, self.bits(method)))),
            Template::Vector(vector) => codes::cosine_score(vector, &mean),
        };
        let enrolled = templates.0.iter().enumerate().filter_map(|(class, t)| Some((class as u32, t.as_ref()?)));
        enrolled.map(|(class, template)| (class, score(template))).collect()
    }

    fn vector(&self, method: Method, row: usize) -> &[f32] {
        match method {
            Method::Sha256 | Method::Hmac | Method::RawCosine => self.frames.row(row),
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
