//! Signs of a Gaussian random projection to 128 numbers (Teoh, Ngo and Goh 2004), compared bit by bit.

use faer::Mat;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::bits::BitGallery;
use super::gallery::Gallery;
use super::method::{Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;

/// Bits of a BioHash, as in the reference.
const BITS: usize = 128;

/// Signs of a Gaussian random projection, compared bit by bit.
pub(super) struct BioHashing;

/// features x [`BITS`].
struct Projection(Mat<f32>);

impl Method for BioHashing {
    fn name(&self) -> &'static str {
        "BioHashing"
    }

    fn argument(&self) -> &'static str {
        "biohashing"
    }

    fn help(&self) -> &'static str {
        "Signs of a random projection"
    }

    fn explanation(&self) -> &'static str {
        "Signs of a random projection of the frame to 128 numbers, compared bit by bit (Teoh, Ngo and Goh 2004)."
    }

    fn fit(&self, training: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        let mut rng = ChaCha8Rng::seed_from_u64(training.seed);
        let deviation = (BITS as f32).sqrt().recip();
        let projection = Mat::from_fn(training.features, BITS, |_, _| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            normal * deviation
        });
        Ok(Box::new(Projection(projection)))
    }
}

impl Scorer for Projection {
    fn encode(&self, windows: &Windows) -> Rows {
        windows.frames.times(&self.0)
    }

    fn enrol(&self, _: &Windows, codes: &Rows, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        Box::new(BitGallery::new(codes, members, 0.0))
    }
}
