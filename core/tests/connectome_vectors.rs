//! Connectome models against embeddings and scores in float64 by NumPy.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use neural_vault_core::bundle::{Bundle, Description, write};
use neural_vault_core::encoder::{Dims, Encoder, Fill, IMPOSTOR_LENGTHS, WeightFormat};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::similarity::cosine;
use neural_vault_core::testing::Aligned;
use neural_vault_testkit::vector_path;
use zip::ZipArchive;

/// Largest error of a score, and of an embedding's components as a root mean square.
const SCORE: f32 = 2e-5;
const COMPONENT: f64 = 1e-5;

struct Vectors(ZipArchive<File>);

impl Vectors {
    fn open() -> Self {
        Self(ZipArchive::new(File::open(vector_path("connectome.npz")).unwrap()).unwrap())
    }

    fn has(&self, name: &str) -> bool {
        self.0.index_for_name(&format!("{name}.npy")).is_some()
    }

    fn read(&mut self, name: &str) -> Vec<f64> {
        let mut bytes = Vec::new();
        self.0.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
        let array = npyz::NpyFile::new(&bytes[..]).unwrap();
        match array.dtype().descr().as_str() {
            "'<f4'" => array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
            _ => array.into_vec::<f64>().unwrap(),
        }
    }

    fn floats(&mut self, name: &str) -> Vec<f32> {
        self.read(name).into_iter().map(|value| value as f32).collect()
    }
}

/// A model of these regions, with the whitening and the mean of the vectors.
fn model(vectors: &mut Vectors, regions: usize) -> Aligned {
    let whitening = vectors.read(&format!("d{regions}.W"));
    let symmetric = (0..regions * regions)
        .map(|at| ((whitening[at] + whitening[at % regions * regions + at / regions]) / 2.0) as f32);
    let (symmetric, mean) = (symmetric.collect::<Vec<_>>(), vectors.floats(&format!("d{regions}.mu")));
    let description = Description { fill: Fill::Mean, window: 10, recipe: "connectome", labels: [0; 32] };
    let none = [0.0; IMPOSTOR_LENGTHS];
    let tensor = |name: &str| match name {
        "connectome.whitening" => Some(Cow::Borrowed(&symmetric[..])),
        "connectome.mean" => Some(Cow::Borrowed(&mean[..])),
        "connectome.impostor_frames" | "connectome.impostor_scores" => Some(Cow::Borrowed(&none[..])),
        _ => None,
    };
    let dims = Dims::connectome(regions, regions);
    Aligned::new(&write(&dims, WeightFormat::F32, Some(&description), tensor, None).unwrap())
}

fn embed(encoder: &Encoder<'_>, frames: &[f32]) -> Vec<f32> {
    let mut scratch = vec![f32::NAN; Encoder::scratch_len(encoder.dims(), 10)];
    let mut embedding = vec![0.0; encoder.dims().latent];
    ScanEncoder::new(encoder, 10, &mut scratch).unwrap().embed(frames, &mut embedding).unwrap();
    embedding
}

#[test]
fn embeddings_and_scores_are_those_of_numpy() {
    let mut vectors = Vectors::open();
    for regions in [6, 24, 94] {
        let bytes = model(&mut vectors, regions);
        let encoder = Bundle::open(bytes.bytes()).unwrap().encoder();
        let persons: Vec<_> = (0..20).filter(|p| vectors.has(&format!("d{regions}.person{p}.prototype"))).collect();
        assert!(persons.len() > 1);
        let (mut prototypes, mut probes) = (Vec::new(), Vec::new());
        for person in &persons {
            let name = |array: &str| format!("d{regions}.person{person}.{array}");
            let (run0, run1) = (vectors.floats(&name("run0")), vectors.floats(&name("run1")));
            let mut check = |frames: &[f32], expected: &str| {
                let (found, expected) = (embed(&encoder, frames), vectors.read(&name(expected)));
                let squares = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).powi(2));
                let error = (squares.sum::<f64>() / expected.len() as f64).sqrt();
                assert!(error < COMPONENT, "{regions} regions, person {person}: {error}");
                found
            };
            prototypes.push(check(&run0, "prototype"));
            for frames in [10, 25, 60] {
                let probe = check(&run1[..frames * regions], &format!("probe{frames}"));
                if frames == 25 {
                    probes.push(probe);
                }
            }
        }
        let expected = vectors.read(&format!("d{regions}.scores25"));
        let scores =
            probes.iter().flat_map(|probe| prototypes.iter().map(|prototype| cosine(probe, prototype).unwrap()));
        for (found, expected) in scores.zip(expected) {
            assert!((found - expected as f32).abs() < SCORE, "{regions} regions: {found}, not {expected}");
        }
    }
}
