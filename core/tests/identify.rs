//! The nearest prototype of a gallery, and galleries that are none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use neural_vault_core::encoder::WeightFormat;
use neural_vault_core::identify::{
    Entry, Gallery, GalleryError, GalleryWriteError, IdentifyError, Match, ProbeWindows, write,
};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::key::MAX_LATENT;
use neural_vault_core::similarity::cosine;
use neural_vault_core::testing::{Aligned, Random};
use neural_vault_core::verify::Threshold;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const FORMATS: [WeightFormat; 2] = [WeightFormat::F32, WeightFormat::I8];
const DIGEST: [u8; 32] = [9; 32];

fn threshold(cosine: f32) -> Threshold {
    Threshold::new(cosine).unwrap()
}

fn vectors(seed: u32, count: usize, width: usize) -> Vec<Vec<f32>> {
    let mut random = Random(seed);
    (0..count).map(|_| random.floats(width, 1.0)).collect()
}

fn gallery(format: WeightFormat, prototypes: &[Vec<f32>]) -> Aligned {
    let labels: Vec<String> = (0..prototypes.len()).map(|k| format!("label {k}")).collect();
    let entries: Vec<Entry<'_>> = labels
        .iter()
        .zip(prototypes)
        .map(|(label, prototype)| Entry { label, threshold: threshold(0.5), prototype })
        .collect();
    Aligned::new(&write(format, &DIGEST, ProbeWindows { window: 3, windows: 2 }, &entries).unwrap())
}

fn identify(gallery: &Aligned, queries: &[Vec<f32>]) -> Vec<Match> {
    let gallery = Gallery::open(gallery.bytes()).unwrap();
    let mut matches = vec![Match { index: 0, score: 0.0 }; queries.len()];
    gallery.identify(&queries.concat(), &mut matches, &Kernel::PORTABLE).unwrap();
    matches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_best_of_all_cosines_wins(
        count in 1usize..400, queries in 1usize..20, width in 2usize..600, seed in any::<u32>(),
    ) {
        let prototypes = vectors(seed, count, width);
        let queries = vectors(!seed, queries, width);
        for (format, tolerance) in [(WeightFormat::F32, 1e-6), (WeightFormat::I8, 0.02)] {
            for (query, found) in queries.iter().zip(identify(&gallery(format, &prototypes), &queries)) {
                let score = |index: usize| cosine(query, &prototypes[index]).unwrap();
                let best = (0..count).map(score).fold(-1.0, f32::max);
                prop_assert!((found.score - score(found.index)).abs() < tolerance);
                prop_assert!(score(found.index) >= best - 2.0 * tolerance);
            }
        }
    }
}

#[test]
fn zeros_behind_the_components_change_no_score() {
    // Across the steps of a query, whose widths are 32 or 256.
    for width in [1usize, 3, 17, 31, 33, 250, 257, 4371] {
        let padded = |vectors: Vec<Vec<f32>>| -> Vec<Vec<f32>> {
            let width = width.next_multiple_of(16);
            vectors
                .into_iter()
                .map(|mut vector| {
                    vector.resize(width, 0.0);
                    vector
                })
                .collect()
        };
        let (prototypes, queries) = (vectors(5, 140, width), vectors(6, 9, width));
        for format in FORMATS {
            let found = identify(&gallery(format, &prototypes), &queries);
            let expected = identify(&gallery(format, &padded(prototypes.clone())), &padded(queries.clone()));
            let bits = |found: Vec<Match>| -> Vec<_> { found.iter().map(|m| (m.index, m.score.to_bits())).collect() };
            assert_eq!(bits(found), bits(expected), "{width}");
        }
    }
}

#[test]
fn the_widest_gallery_is_searched_on_little_stack() {
    /// The search itself, and what the standard library does before a thread's own code runs.
    const STACK: usize = (48 + 8) * 1024;

    let mut prototypes = vectors(5, 600, MAX_LATENT);
    let queries = vectors(6, 9, MAX_LATENT);
    for (place, query) in [3, 127, 128, 511, 512, 513, 590, 598, 599].into_iter().zip(&queries) {
        prototypes[place] = query.iter().map(|x| 0.5 * x).collect();
    }
    for format in FORMATS {
        let gallery = gallery(format, &prototypes);
        let gallery = Gallery::open(gallery.bytes()).unwrap();
        let (queries, mut matches) = (queries.concat(), [Match { index: 0, score: 0.0 }; 9]);
        std::thread::scope(|scope| {
            let search = || gallery.identify(&queries, &mut matches, &Kernel::PORTABLE);
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, search).unwrap().join().unwrap().unwrap();
        });
        assert_eq!(matches.map(|found| found.index), [3, 127, 128, 511, 512, 513, 590, 598, 599]);
        assert!(matches.iter().all(|found| (found.score - 1.0).abs() < 1e-5), "{matches:?}");
    }
}

#[test]
fn equal_scores_go_to_the_first() {
    let mut prototypes = vectors(1, 300, 32);
    let query = prototypes[170].clone();
    for place in [40, 127, 128, 250] {
        prototypes[place] = query.clone();
    }
    for format in FORMATS {
        let found = identify(&gallery(format, &prototypes), std::slice::from_ref(&query));
        assert_eq!(found[0].index, 40);
        assert!((found[0].score - 1.0).abs() < 1e-6);
    }
}

#[test]
fn a_query_finds_the_same_alone_and_among_others() {
    let (prototypes, queries) = (vectors(1, 500, 128), vectors(2, 19, 128));
    for format in FORMATS {
        let gallery = gallery(format, &prototypes);
        let together = identify(&gallery, &queries);
        for (query, found) in queries.iter().zip(together) {
            assert_eq!(identify(&gallery, std::slice::from_ref(query))[0], found);
        }
    }
}

#[test]
fn even_a_gallery_of_opposites_has_a_best() {
    let query = vectors(3, 1, 16);
    let opposite: Vec<f32> = query[0].iter().map(|value| -value).collect();
    for format in FORMATS {
        let found = identify(&gallery(format, &[opposite.clone(), opposite.clone()]), &query);
        assert_eq!(found[0].index, 0);
        assert!((found[0].score + 1.0).abs() < 1e-6);
    }
}

#[test]
fn the_best_of_negative_scores_is_found_in_a_later_block() {
    let query = vectors(3, 1, 16);
    let opposite: Vec<f32> = query[0].iter().map(|value| -value).collect();
    let mut prototypes = vec![opposite.clone(); 640];
    // Nearer to a right angle than the others.
    prototypes[639][..8].fill(0.0);
    for format in FORMATS {
        let found = identify(&gallery(format, &prototypes), &query);
        assert_eq!(found[0].index, 639);
        assert!((-0.99..-0.01).contains(&found[0].score), "{}", found[0].score);
    }
}

#[test]
fn queries_that_do_not_fit_are_refused() {
    for format in FORMATS {
        let bytes = gallery(format, &vectors(1, 5, 16));
        let gallery = Gallery::open(bytes.bytes()).unwrap();
        let mut matches = [Match { index: 0, score: 0.0 }; 2];
        let refusal = |queries: &[f32], matches: &mut [Match]| gallery.identify(queries, matches, &Kernel::PORTABLE);
        let (given, expected) = (31, 32);
        assert_eq!(refusal(&[0.5; 31], &mut matches), Err(IdentifyError::Queries { given, expected }));
        for unsound in [0.0, f32::NAN, f32::INFINITY] {
            let queries = [[0.5; 16], [unsound; 16]].concat();
            let error = refusal(&queries, &mut matches).unwrap_err();
            assert!(matches!(error, IdentifyError::Query { index: 1, .. }), "{error}");
        }
        let mut many = [[0.5; 16]; 40];
        many[37] = [0.0; 16];
        let error = refusal(many.as_flattened(), &mut [Match { index: 0, score: 0.0 }; 40]).unwrap_err();
        assert!(matches!(error, IdentifyError::Query { index: 37, .. }), "{error}");
    }
}

#[test]
fn a_gallery_gives_back_what_it_was_written_with() {
    for format in FORMATS {
        let bytes = gallery(format, &vectors(1, 130, 16));
        let gallery = Gallery::open(bytes.bytes()).unwrap();
        assert_eq!((gallery.width(), gallery.count(), gallery.window(), gallery.windows()), (16, 130, 3, 2));
        assert_eq!((gallery.format(), gallery.model_digest()), (format, &DIGEST));
        assert_eq!((gallery.label(0), gallery.label(129)), (Some("label 0"), Some("label 129")));
        assert_eq!(
            (gallery.threshold(129), gallery.threshold(130), gallery.label(130)),
            (Some(threshold(0.5)), None, None)
        );
    }
}

#[test]
fn there_is_no_label_behind_the_last_one() {
    let entry = Entry { label: "", threshold: threshold(0.5), prototype: &[0.5; 16] };
    let probe = ProbeWindows { window: 1, windows: 0 };
    let bytes = Aligned::new(&write(WeightFormat::F32, &DIGEST, probe, &[entry]).unwrap());
    let gallery = Gallery::open(bytes.bytes()).unwrap();
    assert_eq!((gallery.label(0), gallery.label(1)), (Some(""), None));
}

#[test]
fn a_match_is_accepted_at_the_threshold_of_its_own_prototype() {
    for format in FORMATS {
        let bytes = gallery(format, &vectors(1, 130, 16));
        let gallery = Gallery::open(bytes.bytes()).unwrap();
        for (index, score, accepted) in
            [(0, 0.5, true), (129, 0.5, true), (0, 0.499, false), (0, f32::NAN, false), (130, 1.0, false)]
        {
            assert_eq!(gallery.accepts(&Match { index, score }), accepted, "{index} {score}");
        }
    }
}

#[test]
fn every_flipped_bit_and_truncation_is_refused() {
    for format in FORMATS {
        let mut bytes = gallery(format, &vectors(1, 3, 16));
        for bit in (0..bytes.bytes().len() * 8).step_by(3) {
            bytes.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
            assert!(Gallery::open(bytes.bytes()).is_err(), "bit {bit}");
            bytes.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..bytes.bytes().len() {
            assert!(Gallery::open(&bytes.bytes()[..length]).is_err(), "{length}");
        }
        assert!(Gallery::open(Aligned::new(&[bytes.bytes(), &[0]].concat()).bytes()).is_err());
        let shifted = Aligned::new(&[&[0], bytes.bytes()].concat());
        assert_eq!(Gallery::open(&shifted.bytes()[1..]).err(), Some(GalleryError::Alignment));
    }
}

fn forged(format: WeightFormat, change: impl FnOnce(&mut [u8])) -> Option<GalleryError> {
    let mut bytes = gallery(format, &vectors(1, 3, 16));
    change(bytes.bytes_mut());
    let content = bytes.bytes().len() - 32;
    let checksum = Sha256::digest(&bytes.bytes()[..content]);
    bytes.bytes_mut()[content..].copy_from_slice(&checksum);
    Gallery::open(bytes.bytes()).err()
}

#[test]
fn a_forger_gets_no_further_with_a_right_checksum() {
    let (f32, i8) = (WeightFormat::F32, WeightFormat::I8);
    assert_eq!(forged(i8, |_| ()), None);
    assert_eq!(forged(i8, |b| b[0] = b'n'), Some(GalleryError::NotAGallery));
    assert_eq!(forged(i8, |b| b[8] = 2), Some(GalleryError::Version { found: 2 }));
    for found in [1u16, 2, 3, 5] {
        assert_eq!(forged(i8, |b| b[10] = found as u8), Some(GalleryError::Format { found }));
    }
    for (at, value) in [(12, 0u32), (12, 8193), (16, 0), (16, (1 << 24) + 1), (16, u32::MAX)] {
        let change = |b: &mut [u8]| b[at..at + 4].copy_from_slice(&value.to_le_bytes());
        assert_eq!(forged(i8, change), Some(GalleryError::Size), "{at} {value}");
    }
    let most = |b: &mut [u8]| b[16..20].copy_from_slice(&(1u32 << 24).to_le_bytes());
    assert!(matches!(forged(i8, most), Some(GalleryError::Length { .. })));
    assert!(matches!(forged(i8, |b| b[12] = 32), Some(GalleryError::Length { .. })));
    assert!(matches!(forged(i8, |b| b[31] = 0xff), Some(GalleryError::Length { .. })));
    // More prototypes than there are, in the same block: without a length of their codes they are none.
    assert_eq!(forged(i8, |b| b[16] = 4), Some(GalleryError::Value));
    assert_eq!(forged(i8, |b| b[16] = 2), Some(GalleryError::Value));
    let thresholds = 64;
    let scales = thresholds + 4 * 128;
    let codes = scales + 4 * 128;
    for unsound in [2.0f32, -1.5, f32::NAN, f32::INFINITY] {
        let write = |at: usize| move |b: &mut [u8]| b[at..at + 4].copy_from_slice(&unsound.to_le_bytes());
        assert_eq!(forged(i8, write(thresholds)), Some(GalleryError::Value));
        assert_eq!(forged(i8, write(scales)), Some(GalleryError::Value));
        assert_eq!(forged(f32, write(scales)), Some(GalleryError::Value));
    }
    for zero in [0.0f32, -0.0] {
        let change = |b: &mut [u8]| b[scales..scales + 4].copy_from_slice(&zero.to_le_bytes());
        assert_eq!(forged(i8, change), Some(GalleryError::Value));
    }
    assert_eq!(forged(i8, |b| b[codes] = 0x80), Some(GalleryError::Value));
    let ends = codes + 16 * 128;
    assert_eq!(forged(i8, |b| b[ends] = 200), Some(GalleryError::Value));
    assert_eq!(forged(i8, |b| b[ends + 8] -= 1), Some(GalleryError::Value));
    assert_eq!(forged(i8, |b| b[ends + 4 * 128] = 0xff), Some(GalleryError::Value));
}

#[test]
fn the_writer_names_what_is_wrong() {
    let sound = [0.5; 16];
    fn entry(prototype: &[f32]) -> Entry<'_> {
        Entry { label: "a", threshold: threshold(0.5), prototype }
    }
    let refusal = |format, entries: &[Entry<'_>]| {
        write(format, &DIGEST, ProbeWindows { window: 1, windows: 0 }, entries).unwrap_err()
    };
    let label = || "a".to_owned();
    let f16 = WeightFormat::F16;
    assert_eq!(refusal(f16, &[entry(&sound)]), GalleryWriteError::Format(f16));
    for format in FORMATS {
        assert_eq!(refusal(format, &[]), GalleryWriteError::Count);
        assert_eq!(refusal(format, &[entry(&[])]), GalleryWriteError::Width(0));
        let long = [0.5; MAX_LATENT + 1];
        assert_eq!(refusal(format, &[entry(&long)]), GalleryWriteError::Width(MAX_LATENT + 1));
        let other = refusal(format, &[entry(&sound), entry(&[0.5; 32])]);
        assert_eq!(other, GalleryWriteError::OtherWidth { label: label() });
        for unsound in [0.0, f32::NAN] {
            let prototype = [unsound; 16];
            let error = refusal(format, &[entry(&prototype)]);
            assert!(matches!(error, GalleryWriteError::Prototype { .. }));
        }
    }
}
