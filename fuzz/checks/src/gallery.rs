//! Galleries: what was written opens and finds its prototypes, and damage is refused or does no harm.

use arbitrary::{Arbitrary, Unstructured};
use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::identify::{Entry, Gallery, Match, ProbeWindows, write};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::similarity::cosine;
use neural_vault_core::testing::Aligned;
use neural_vault_core::verify::Threshold;
use sha2::{Digest, Sha256};

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 32;

/// Entries of a gallery, and damage to it whose checksum is then made right again.
#[derive(Arbitrary, Debug)]
struct Damaged<'a> {
    format: u8,
    width: u8,
    /// Label, threshold in hundredths, and components, of which there may be too few.
    entries: Vec<(&'a str, i8, &'a [u8])>,
    window: u32,
    windows: u32,
    /// Places and what is written there.
    edits: Vec<(u16, u8)>,
    cut: u8,
    added: Vec<u8>,
}

/// Takes `bytes` as a gallery, and as a description of a damaged one.
pub fn check(bytes: &[u8]) {
    opens(bytes);
    if let Ok(damaged) = Damaged::arbitrary(&mut Unstructured::new(bytes)) {
        damaged.check();
    }
}

impl Damaged<'_> {
    fn check(&self) {
        let width = usize::from(self.width % 40) + 1;
        let prototypes: Vec<Vec<f32>> = self.entries.iter().map(|(.., bytes)| components(bytes, width)).collect();
        let entries: Vec<Entry<'_>> = self
            .entries
            .iter()
            .zip(&prototypes)
            .map(|((label, hundredths, _), prototype)| {
                let threshold = Threshold::new(f32::from((*hundredths).clamp(-100, 100)) / 100.0).expect("a cosine");
                Entry { label, threshold, prototype }
            })
            .collect();
        let format = WeightFormat::ALL[usize::from(self.format) % WeightFormat::ALL.len()];
        let tolerance = if format == WeightFormat::F32 { 1e-5 } else { 0.05 };
        let probe = ProbeWindows { window: self.window, windows: self.windows };
        let Ok(written) = write(format, &[7; 32], probe, &entries) else { return };
        let narrow = Entry { prototype: &[1.0], ..entries[0] };
        assert_eq!(write(format, &[7; 32], probe, &[&entries[..], &[narrow]].concat()).is_ok(), width == 1);

        let aligned = Aligned::new(&written);
        let gallery = Gallery::open(aligned.bytes()).expect("what was written opens");
        assert_eq!((gallery.count(), gallery.width(), gallery.format()), (entries.len(), width, format));
        assert_eq!((gallery.window(), gallery.windows()), (self.window, self.windows));
        for (index, entry) in entries.iter().enumerate() {
            assert_eq!(gallery.label(index), Some(entry.label));
            assert_eq!(gallery.threshold(index).map(|t| t.cosine()), Some(entry.threshold.cosine()));
            let found = nearest(&gallery, entry.prototype).expect("a prototype is a query");
            let score =
                |index: usize| cosine(entry.prototype, &prototypes[index]).expect("prototypes have a direction");
            let best = (0..entries.len()).map(score).fold(-1.0, f32::max);
            assert!(
                (found.score - score(found.index)).abs() < tolerance && score(found.index) > best - 2.0 * tolerance
            );
        }

        let misaligned = Aligned::new(&[&[0][..], &written].concat());
        assert!(Gallery::open(&misaligned.bytes()[1..]).is_err());
        let (content, stated) = written.split_at(written.len() - CHECKSUM);
        let mut content = content.to_vec();
        for &(place, value) in &self.edits {
            if let Some(byte) = content.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        content.truncate(content.len() - usize::from(self.cut).min(content.len()));
        content.extend(&self.added);
        let checksum: [u8; 32] = Sha256::digest(&content).into();
        assert!(opens(&[&content[..], stated].concat()) == (checksum == stated));
        opens(&[&content[..], &checksum].concat());
    }
}

/// As many components as `width`, of the bytes in turn; those that are missing are zero.
fn components(bytes: &[u8], width: usize) -> Vec<f32> {
    let given = bytes.iter().map(|byte| f32::from(*byte as i8));
    given.chain(std::iter::repeat(0.0)).take(width).collect()
}

/// Whether the bytes open; what opens has labels, thresholds and scores within their limits.
fn opens(bytes: &[u8]) -> bool {
    let aligned = Aligned::new(bytes);
    let Ok(gallery) = Gallery::open(aligned.bytes()) else { return false };
    for index in 0..gallery.count() {
        assert!(gallery.label(index).is_some() && gallery.threshold(index).is_some());
    }
    assert!(gallery.label(gallery.count()).is_none() && gallery.threshold(gallery.count()).is_none());
    let query: Vec<f32> = (0..gallery.width()).map(|k| (k * k % 7) as f32 - 2.5).collect();
    let found = nearest(&gallery, &query).expect("a query with a direction");
    // Prototypes that somebody else wrote need not be of unit length.
    assert!(found.index < gallery.count() && found.score.is_finite(), "{found:?}");
    assert!(nearest(&gallery, &query[1..]).is_none());
    assert!(nearest(&gallery, &vec![0.0; query.len()]).is_none());
    // Queries side by side find what each finds alone.
    let queries = [&query[..], &query.iter().rev().copied().collect::<Vec<_>>()].concat().repeat(3);
    let mut matches = [Match { index: 0, score: 0.0 }; 6];
    gallery.identify(&queries, &mut matches, &Kernel::PORTABLE).expect("queries with a direction");
    assert!(matches.iter().step_by(2).all(|other| *other == found));
    true
}

fn nearest(gallery: &Gallery<'_>, query: &[f32]) -> Option<Match> {
    let mut found = [Match { index: 0, score: 0.0 }];
    gallery.identify(query, &mut found, &Kernel::PORTABLE).ok().map(|()| found[0])
}
