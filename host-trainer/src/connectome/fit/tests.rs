use std::fs::File;

use neural_vault_testkit::vector_path;
use npyz::NpyFile;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use zip::ZipArchive;

use super::*;
use crate::connectome::tangent::features;

/// The arrays of the vectors' file.
struct Vectors(ZipArchive<File>);

impl Vectors {
    fn open() -> Self {
        Self(ZipArchive::new(File::open(vector_path("connectome.npz")).unwrap()).unwrap())
    }

    /// Names without their ending, sorted.
    fn names(&self) -> Vec<String> {
        let names = self.0.file_names().flatten();
        let mut names: Vec<String> = names.map(|name| name.trim_end_matches(".npy").to_owned()).collect();
        names.sort();
        names
    }

    /// What stands before the last dot of the names that begin with `prefix`.
    fn people(&self, prefix: &str) -> Vec<String> {
        let names = self.names().into_iter().filter(|name| name.starts_with(prefix));
        let mut people: Vec<String> = names.filter_map(|name| Some(name.rsplit_once('.')?.0.to_owned())).collect();
        people.dedup();
        people
    }

    fn get(&mut self, name: &str) -> Vec<f64> {
        let array = NpyFile::new(self.0.by_name(&format!("{name}.npy")).unwrap()).unwrap();
        match array.dtype() {
            npyz::DType::Plain(kind) if kind.size_field() == 4 => {
                array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
            }
            _ => array.into_vec().unwrap(),
        }
    }
}

fn single(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The embedding of a scan, in float64.
fn embedding(fitted: &Fitted, frames: &[f32]) -> Vec<f64> {
    let regions = fitted.regions;
    let whitening = Mat::from_fn(regions, regions, |i, j| f64::from(fitted.whitening[i * regions + j]));
    let centred = features(frames, &whitening).unwrap().into_iter().zip(&fitted.mean);
    let centred: Vec<f64> = centred.map(|(value, mean)| value - f64::from(*mean)).collect();
    let norm = dot(&centred, &centred).sqrt();
    centred.into_iter().map(|value| value / norm).collect()
}

fn rms(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn whitening_mean_embeddings_and_scores_are_those_of_the_vectors() {
    let mut vectors = Vectors::open();
    let names = vectors.names();
    let sizes: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".W")).collect();
    assert!(!sizes.is_empty());
    for size in sizes {
        let whitening = vectors.get(&format!("{size}.W"));
        let regions = whitening.len().isqrt();
        let people = vectors.people(&format!("{size}.background"));
        let runs = |person: &String| -> Vec<Vec<f32>> {
            let runs = names.iter().filter(|name| name.starts_with(&format!("{person}.run")));
            runs.map(|name| single(Vectors::open().get(name))).collect()
        };
        let runs: Vec<_> = people.iter().map(runs).collect();
        let background: Vec<Person<'_>> = (people.iter().zip(&runs))
            .map(|(label, runs)| Person {
                label,
                runs: runs.iter().map(|frames| Run { session: "", frames }).collect(),
            })
            .collect();
        let fitted = fit(regions, &background).unwrap();
        let mean = vectors.get(&format!("{size}.mu"));
        for (own, theirs) in [(&fitted.whitening, whitening), (&fitted.mean, mean)] {
            assert_eq!(own.len(), theirs.len());
            assert!(own.iter().zip(theirs).all(|(own, theirs)| (f64::from(*own) - theirs).abs() < 1e-5), "{size}");
        }

        let persons = vectors.people(&format!("{size}.person"));
        let mut prototypes = Vec::new();
        for person in &persons {
            let prototype = embedding(&fitted, &single(vectors.get(&format!("{person}.run0"))));
            assert!(rms(&prototype, &vectors.get(&format!("{person}.prototype"))) < 1e-5, "{person}");
            let run = single(vectors.get(&format!("{person}.run1")));
            let prefix = format!("{person}.probe");
            for (name, length) in names.iter().filter_map(|name| Some((name, name.strip_prefix(&prefix)?))) {
                let frames: usize = length.parse().unwrap();
                let probe = embedding(&fitted, &run[..frames * regions]);
                assert!(rms(&probe, &vectors.get(name)) < 1e-5, "{name}");
            }
            prototypes.push(prototype);
        }
        let scores = vectors.get(&format!("{size}.scores25"));
        for (person, scores) in persons.iter().zip(scores.chunks_exact(persons.len())) {
            let run = single(vectors.get(&format!("{person}.run1")));
            let probe = embedding(&fitted, &run[..25 * regions]);
            for (prototype, score) in prototypes.iter().zip(scores) {
                assert!((dot(&probe, prototype) - score).abs() < 2e-5, "{person}");
            }
        }
    }
}

/// Persons whose regions are mixed by a matrix of their own, near one that all share.
fn persons(count: usize, frames: usize, regions: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = move || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
    let shared: Vec<f32> = (0..regions * regions).map(|_| normal()).collect();
    let mut person = || {
        let mixing: Vec<f32> = shared.iter().map(|value| value + 0.5 * normal()).collect();
        let mut frame = || {
            let sources: Vec<f32> = (0..regions).map(|_| normal()).collect();
            mixing
                .chunks_exact(regions)
                .map(|row| row.iter().zip(&sources).map(|(a, b)| a * b).sum::<f32>())
                .collect::<Vec<_>>()
        };
        (0..frames).flat_map(|_| frame()).collect()
    };
    (0..count).map(|_| person()).collect()
}

fn background<'a>(persons: &'a [Vec<f32>]) -> Vec<Person<'a>> {
    let run = |frames: &'a Vec<f32>| vec![Run { session: "rest", frames }];
    persons.iter().map(|frames| Person { label: "ada", runs: run(frames) }).collect()
}

#[test]
fn the_whitening_is_symmetric_to_the_bit() {
    let persons = persons(4, 60, 20, 1);
    let fitted = fit(20, &background(&persons)).unwrap();
    for i in 0..20 {
        for j in 0..20 {
            assert_eq!(fitted.whitening[i * 20 + j].to_bits(), fitted.whitening[j * 20 + i].to_bits());
        }
    }
}

#[test]
fn the_features_of_a_short_scan_are_those_by_the_larger_inverse() {
    let scan = &persons(1, 12, 20, 3)[0];
    let persons = persons(4, 60, 20, 1);
    let fitted = fit(20, &background(&persons)).unwrap();
    let whitening = Mat::from_fn(20, 20, |i, j| f64::from(fitted.whitening[i * 20 + j]));
    let mut whitened = &whitening * correlations(scan, 20) * &whitening;
    let trace: f64 = (0..20).map(|i| whitened[(i, i)]).sum();
    whitened *= faer::Scale(20.0 / trace);
    let sum = whitened + Mat::<f64>::identity(20, 20);
    let product = &sum * full(&features(scan, &whitening).unwrap(), &sum);
    for i in 0..20 {
        for j in 0..20 {
            assert!((product[(i, j)] - f64::from(u8::from(i == j))).abs() < 1e-9);
        }
    }
}

/// The inverse of `sum`, with the negated features off its diagonal, which follows from them.
fn full(features: &[f64], sum: &Mat<f64>) -> Mat<f64> {
    let n = sum.nrows();
    let mut inverse = Mat::<f64>::zeros(n, n);
    let mut values = features.iter();
    for i in 0..n {
        for j in i + 1..n {
            let value = -values.next().unwrap();
            (inverse[(i, j)], inverse[(j, i)]) = (value, value);
        }
    }
    for i in 0..n {
        let rest: f64 = (0..n).filter(|j| *j != i).map(|j| sum[(i, j)] * inverse[(j, i)]).sum();
        inverse[(i, i)] = (1.0 - rest) / sum[(i, i)];
    }
    inverse
}

#[test]
fn the_impostor_table_foretells_the_scores_of_persons_outside_the_background() {
    const REGIONS: usize = 30;
    let all = persons(14, 400, REGIONS, 5);
    let fitted = fit(REGIONS, &background(&all[..8])).unwrap();
    let lengths: Vec<u32> = fitted.impostor.pairs().map(|(frames, _)| frames).collect();
    assert_eq!(lengths, [5, 10, 15, 25, 50, 100, 200, 400]);
    let strangers: Vec<Vec<f64>> = all[8..].iter().map(|frames| embedding(&fitted, frames)).collect();
    for length in [25, 100] {
        let mut scores = Vec::new();
        for (probe, frames) in all[8..].iter().enumerate() {
            for segment in frames.chunks_exact(length * REGIONS) {
                let segment = embedding(&fitted, segment);
                scores.extend((0..6).filter(|k| *k != probe).map(|k| dot(&segment, &strangers[k])));
            }
        }
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let foretold = f64::from(fitted.impostor.score(length).unwrap());
        assert!((mean - foretold).abs() < 0.05, "{length} frames: {foretold}, found {mean}");
    }
}

#[test]
fn lengths_that_most_persons_have_not_are_left_out_of_the_table() {
    let persons = persons(4, 60, 12, 1);
    let fitted = fit(12, &background(&persons)).unwrap();
    assert_eq!(fitted.impostor.frames, [5, 10, 15, 25, 50, 0, 0, 0]);
}

#[test]
fn two_persons_are_no_background() {
    let persons = persons(2, 60, 12, 1);
    assert_eq!(fit(12, &background(&persons)), Err(FitError::FewPersons { persons: 2 }));
}

#[test]
fn what_cannot_be_fitted_names_the_run_and_the_region() {
    let sound = persons(3, 60, 12, 1);
    let refused = |change: &dyn Fn(&mut Vec<f32>)| {
        let mut persons = sound.clone();
        change(&mut persons[1]);
        fit(12, &background(&persons)).unwrap_err().to_string()
    };
    let constant = refused(&|frames| frames.chunks_exact_mut(12).for_each(|frame| frame[4] = 0.1));
    assert!(constant.starts_with("ada, session rest: region 5 of 12 is constant"), "{constant}");
    let missing = refused(&|frames| frames[3 * 12 + 7] = f32::NAN);
    assert_eq!(missing, "ada, session rest: frame 4 has no finite value for region 8 of 12");
    assert!(refused(&|frames| frames.truncate(12)).starts_with("ada, session rest has 1 frames"));
    assert!(refused(&|frames| frames.truncate(30)).contains("30 values"));
}
