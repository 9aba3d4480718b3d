//! `export` and `import`: the files of a model, made again.

use neural_vault_core::bundle::{Bundle, BundleError};

use super::folder::Folder;
use super::samples::FEATURES;

/// In words, so that the bundle's floats are aligned.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word)).collect()
}

#[test]
fn deleted_exports_come_back_bit_for_bit() {
    let folder = Folder::with_model();
    let before = folder.contents();
    for name in ["model.onnx", "model.nvb"] {
        std::fs::remove_file(folder.path("model").join(name)).unwrap();
    }
    folder.does(&["export", "model"]);
    assert!(folder.contents() == before);
}

#[test]
fn a_provisioning_key_tags_the_bundle_and_leaves_its_digest() {
    let folder = Folder::with_model();
    let key = [7; 32];
    folder.write("key", key);
    let digest = |run: super::folder::Run| run.json()["digest"].clone();
    let untagged = digest(folder.does(&["export", "model", "--json"]));
    let bundle = words(&folder.read("model/model.nvb"));
    let opened = Bundle::open_authenticated(bytemuck::cast_slice(&bundle), &key);
    assert_eq!(opened.err(), Some(BundleError::Untagged));

    assert_eq!(digest(folder.does(&["export", "model", "--provisioning-key", "key", "--json"])), untagged);
    let bundle = words(&folder.read("model/model.nvb"));
    let bytes = bytemuck::cast_slice(&bundle);
    assert!(Bundle::open_authenticated(bytes, &key).is_ok());
    assert_eq!(Bundle::open_authenticated(bytes, &[8; 32]).err(), Some(BundleError::Tag));
    let inspect = ["inspect", "model/model.nvb", "--provisioning-key", "key"];
    assert!(folder.does(&inspect).stderr.contains("valid"));
    folder.write("key", [8; 32]);
    folder.refuses(&inspect, 4, &["model.nvb", "tag"]);
}

#[test]
fn a_provisioning_key_of_another_length_is_refused() {
    let folder = Folder::with_model();
    folder.write("key", "short");
    folder.refuses(
        &["export", "model", "--provisioning-key", "key"],
        2,
        &["key", "32 bytes, or 64 hexadecimal digits"],
    );
}

#[test]
fn import_takes_the_statistics_of_the_recordings_it_is_given() {
    let folder = Folder::with_model();
    let weights = "model/model.safetensors";
    let plain = folder.does(&["import", weights, "--out", "plain", "--heads", "4"]);
    assert!(plain.stderr.contains("standardises nothing"), "{}", plain.stderr);
    let import = ["import", weights, "--out", "out", "--heads", "4", "--standardise"];
    let standardised = folder.does(&[&import[..], &["data.csv"]].concat());
    assert_eq!(standardised.stderr, "");
    assert_ne!(folder.read("plain/model.nvb"), folder.read("out/model.nvb"));
    folder.does(&["synth", "-o", "wide.csv", "--features", "25", "--classes", "2", "--timesteps", "2"]);
    let says = ["wide.csv", "25 features", &format!("the model takes {FEATURES}")];
    folder.refuses(&[&import[..], &["wide.csv"]].concat(), 3, &says);
}

#[test]
fn heads_that_do_not_divide_the_width_are_refused() {
    let folder = Folder::with_model();
    let import = ["import", "model/model.safetensors", "--out", "out", "--heads"];
    for heads in ["0", "5"] {
        folder.refuses(&[&import[..], &[heads]].concat(), 4, &["proj.weight", "--heads"]);
    }
}
