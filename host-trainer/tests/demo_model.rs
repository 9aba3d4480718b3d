//! The model that ships with the project.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use neural_vault::dataset::{LoadOptions, load};
use neural_vault::embedding::{Embedder, EmbeddingEngine};
use neural_vault::engine::Engine;
use neural_vault::model;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)
}

#[test]
fn the_onnx_file_and_the_bundle_have_the_same_digest() {
    let onnx = model::load(&shipped("haxby-demo/model.onnx")).unwrap();
    let bundle = model::load(&shipped("haxby-demo/model.nvb")).unwrap();
    assert_eq!(onnx.digest(), bundle.digest());
    assert_eq!(onnx.provenance().training_sessions, ["run00", "run01", "run02", "run03"]);
}

#[test]
fn core_and_tract_embed_the_shipped_recordings_to_close_vectors() {
    let model = model::load(&shipped("haxby-demo/model.nvb")).unwrap();
    let recordings =
        load(&[shipped("data/haxby/haxby_slice_runs00-05.csv.gz").into()], &LoadOptions::default()).unwrap();
    let scans = recordings.scans();
    let embed = |engine| Embedder::open(&model, engine).unwrap().scans(&recordings, &scans, 3).unwrap();
    let core = embed(EmbeddingEngine::Core);
    let tract = embed(EmbeddingEngine::Onnx(Engine::Tract));
    assert_eq!(core.len(), 48);
    for (a, b) in core.iter().flatten().zip(tract.iter().flatten()) {
        assert!((a - b).abs() <= 1e-5, "{a} {b}");
    }
}
