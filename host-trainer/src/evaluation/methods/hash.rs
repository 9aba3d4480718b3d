//! Hashes of frames, compared byte by byte.

use super::gallery::{Gallery, each, mean_of};
use super::method::{Scorer, Windows};
use super::rows::Rows;

/// A hash of a frame's bytes.
pub(super) type Digest = [u8; 32];

/// Frames hashed by one function.
pub(super) struct Hashed(pub fn(&[f32]) -> Digest);

/// The hash of each class's mean frame; a byte is kept as a float of its value, as in all codes.
struct HashGallery(Vec<Option<Vec<f32>>>);

impl Hashed {
    fn code(&self, frame: &[f32]) -> Vec<f32> {
        (self.0)(frame).map(f32::from).to_vec()
    }
}

impl Scorer for Hashed {
    fn encode(&self, windows: &Windows) -> Rows {
        let codes = windows.frames.iter().flat_map(|frame| self.code(frame));
        Rows::new(codes.collect(), size_of::<Digest>())
    }

    fn enrol(&self, windows: &Windows, _codes: &Rows, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        let templates = members.iter().map(|rows| Some(self.code(&windows.frames.mean(rows)?)));
        Box::new(HashGallery(templates.collect()))
    }
}

impl Gallery for HashGallery {
    /// Scores of several windows are averaged.
    fn scores(&self, codes: &Rows, rows: &[usize]) -> Vec<(u32, f64)> {
        each(&self.0, |hash| mean_of(rows.iter().map(|&row| byte_score(hash, codes.row(row)))))
    }
}

/// One minus the share of bytes that differ.
fn byte_score(a: &[f32], b: &[f32]) -> f64 {
    let differing = a.iter().zip(b).filter(|(x, y)| x != y).count();
    1.0 - differing as f64 / a.len() as f64
}

/// Passes the little-endian bytes of a frame to `take`, a kilobyte at a time.
pub(super) fn pieces(frame: &[f32], mut take: impl FnMut(&[u8])) {
    let (pieces, rest) = frame.as_chunks::<256>();
    pieces.iter().for_each(|piece| take(piece.map(f32::to_le_bytes).as_flattened()));
    rest.iter().for_each(|value| take(&value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_score_one_when_equal_and_by_share_when_not() {
        let (a, mut b) = ([7.0; 32], [7.0; 32]);
        assert_eq!(byte_score(&a, &b), 1.0);
        b[0] = 8.0;
        assert_eq!(byte_score(&a, &b), 31.0 / 32.0);
    }

    #[test]
    fn every_byte_keeps_its_value_as_a_float() {
        let codes = Hashed(|_| std::array::from_fn(|i| 8 * i as u8 + 7)).code(&[]);
        assert!(codes.iter().enumerate().all(|(i, &code)| code == (8 * i + 7) as f32));
    }
}
