//! Models, bundles and enrolments that are damaged, newer, foreign or do not belong together: exit code 4.

use neural_vault::enrolment::Enrolment;
use neural_vault::graph::messages::{ModelProto, NodeProto};
use neural_vault::model::{Provenance, initialise};
use neural_vault_core::encoder::Dims;
use prost::Message;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::samples::model;

/// The smallest model there can be, as a bundle.
fn bundle() -> Vec<u8> {
    let dims = Dims { features: 2, d_model: 16, heads: 1, layers: 1, feed_forward: 16, latent: 16, positions: 1 };
    let provenance = Provenance { window: 1, ..Provenance::default() };
    initialise(dims, provenance, 1).unwrap().to_bundle(None).unwrap()
}

/// Bytes of digest, tag and checksum after the content.
const TRAILER: usize = 96;

/// Computes digest and checksum of an untagged bundle anew.
fn reseal(bundle: &mut [u8]) {
    let (content, trailer) = bundle.split_at_mut(bundle.len() - TRAILER);
    let digest = Sha256::digest(content);
    trailer[..32].copy_from_slice(&digest);
    let checksum = Sha256::digest(&trailer[..64]);
    trailer[64..].copy_from_slice(&checksum);
}

#[test]
fn a_bundle_with_a_flipped_bit_is_refused() {
    let folder = Folder::new();
    let sound = bundle();
    folder.write("m.nvb", &sound);
    folder.does(&["inspect", "m.nvb"]);
    // A prime stride reaches every position in a byte and every part of the file.
    for bit in (0..sound.len() * 8).step_by(97) {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        folder.write("m.nvb", &flipped);
        folder.run(&["inspect", "m.nvb"]).failed(4, &["m.nvb: not a sound bundle model: "]);
    }
}

#[test]
fn a_truncated_or_extended_bundle_is_refused() {
    let folder = Folder::with_enrolment();
    let sound = folder.read("model/model.nvb");
    for length in [0, 1, 7, 8, 63, 64, 65, 100, sound.len() / 2, sound.len() - 96, sound.len() - 4, sound.len() - 1] {
        folder.write("m.nvb", &sound[..length]);
        folder.refuses(&["inspect", "m.nvb"], 4, &["m.nvb: not a sound bundle model: "]);
    }
    folder.write("m.nvb", &sound[..sound.len() - 64]);
    let says = ["m.nvb", "should be", "truncated or damaged"];
    folder.refuses(&["embed", "data.csv", "--model", "m.nvb", "-o", "e.npy"], 4, &says);
    folder.write("m.nvb", [&sound[..], &[0; 64]].concat());
    folder.refuses(&["verify", "data.csv", "--model", "m.nvb", "--enrolment", "class00.nve"], 4, &says);
}

#[test]
fn a_bundle_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    let mut newer = bundle();
    newer[8..10].copy_from_slice(&3u16.to_le_bytes());
    reseal(&mut newer);
    folder.write("m.nvb", &newer);
    folder.refuses(
        &["inspect", "m.nvb"],
        4,
        &["m.nvb", "bundle version 3 is newer than versions 1 and 2", "update it"],
    );
}

#[test]
fn a_bundle_of_a_newer_weight_format_is_refused() {
    let folder = Folder::new();
    let mut newer = bundle();
    newer[10..12].copy_from_slice(&9u16.to_le_bytes());
    reseal(&mut newer);
    folder.write("m.nvb", &newer);
    folder.refuses(&["inspect", "m.nvb"], 4, &["m.nvb", "weight format 9 is newer", "update it"]);
}

#[test]
fn an_onnx_file_of_another_program_is_refused() {
    let folder = Folder::new();
    let node = NodeProto { op_type: "Relu".to_owned(), input: vec!["x".into()], ..NodeProto::default() };
    let mut foreign = ModelProto { ir_version: 8, ..ModelProto::default() };
    foreign.graph.get_or_insert_default().node.push(node);
    folder.write("foreign.onnx", foreign.encode_to_vec());
    let says = ["foreign.onnx: not a sound ONNX model", "not written by neural-vault"];
    folder.refuses(&["inspect", "foreign.onnx"], 4, &says);
    folder.write("foreign.onnx", "this is text");
    folder.refuses(&["inspect", "foreign.onnx"], 4, &["foreign.onnx", "cannot be decoded"]);
    folder.write("foreign.onnx", "");
    folder.refuses(&["inspect", "foreign.onnx"], 4, &["foreign.onnx", "not written by neural-vault"]);
}

/// Writes `changed.onnx`: the model's file with one change.
fn change_onnx(folder: &Folder, change: impl FnOnce(&mut ModelProto)) {
    let mut proto = ModelProto::decode(folder.read("model/model.onnx").as_slice()).unwrap();
    change(&mut proto);
    folder.write("changed.onnx", proto.encode_to_vec());
}

#[test]
fn an_onnx_file_with_a_changed_weight_is_refused() {
    let folder = Folder::with_model();
    change_onnx(&folder, |_| ());
    folder.does(&["inspect", "changed.onnx"]);
    change_onnx(&folder, |proto| {
        let tensors = &mut proto.graph.as_mut().unwrap().initializer;
        tensors.iter_mut().find(|tensor| tensor.name == "proj.weight").unwrap().raw_data[0] ^= 1;
    });
    let says = ["changed.onnx", "weights do not match its digest", "changed or damaged"];
    folder.refuses(&["inspect", "changed.onnx"], 4, &says);
    folder.refuses(&["embed", "data.csv", "--model", "changed.onnx", "-o", "e.npy"], 4, &says);
}

#[test]
fn an_onnx_file_with_a_changed_node_is_refused() {
    let folder = Folder::with_model();
    change_onnx(&folder, |proto| {
        let nodes = &mut proto.graph.as_mut().unwrap().node;
        nodes.iter_mut().find(|node| node.op_type == "Relu").unwrap().op_type = "Sigmoid".to_owned();
    });
    let says = ["changed.onnx", "its graph is not the one that belongs to its weights"];
    folder.refuses(&["embed", "data.csv", "--model", "changed.onnx", "-o", "e.npy", "--engine", "tract"], 4, &says);
}

#[test]
fn an_onnx_file_with_a_missing_or_reshaped_tensor_is_refused() {
    let folder = Folder::with_model();
    change_onnx(&folder, |proto| {
        proto.graph.as_mut().unwrap().initializer.retain(|tensor| tensor.name != "head.1.bias");
    });
    folder.refuses(&["inspect", "changed.onnx"], 4, &["tensor head.1.bias", "is missing"]);
    change_onnx(&folder, |proto| {
        let tensors = &mut proto.graph.as_mut().unwrap().initializer;
        let tensor = tensors.iter_mut().find(|tensor| tensor.name == "proj.weight").unwrap();
        tensor.dims = vec![i64::MAX, 4];
    });
    folder.refuses(&["inspect", "changed.onnx"], 4, &["changed.onnx", "tensor proj.weight"]);
}

#[test]
fn safetensors_that_are_foreign_cut_or_changed_are_refused() {
    let folder = Folder::with_model();
    let sound = folder.read("model/model.safetensors");
    let mut changed = sound.clone();
    *changed.last_mut().unwrap() ^= 1;
    folder.write("m.safetensors", &changed);
    folder.refuses(&["inspect", "m.safetensors"], 4, &["m.safetensors", "weights do not match its digest"]);
    for length in [0, 7, 8, 200, sound.len() - 1] {
        folder.write("m.safetensors", &sound[..length]);
        folder.refuses(&["inspect", "m.safetensors"], 4, &["m.safetensors: not a sound safetensors model: "]);
        folder.refuses(&["import", "m.safetensors", "--out", "out"], 4, &["m.safetensors"]);
    }
    folder.write("m.safetensors", b"\x02\0\0\0\0\0\0\0{}");
    folder.refuses(&["inspect", "m.safetensors"], 4, &["m.safetensors", "`neural-vault import`"]);
    folder.refuses(
        &["import", "m.safetensors", "--out", "out"],
        4,
        &["m.safetensors: the encoder's proj.weight", "are missing"],
    );
}

#[test]
fn a_missing_model_is_named() {
    let folder = Folder::with_recordings();
    for name in ["absent", "absent.nvb", "absent.onnx", "absent.safetensors"] {
        let embed = ["embed", "data.csv", "--model", name, "-o", "e.npy"];
        folder.refuses(&embed, 4, &[name, "cannot be read", "check the path"]);
    }
    folder.refuses(
        &["embed", "data.csv", "--model", "data.csv", "-o", "e.npy"],
        4,
        &["data.csv", "give a model's folder"],
    );
}

#[test]
fn an_enrolment_made_with_another_model_is_refused() {
    let folder = Folder::with_enrolment();
    model(2).write(&folder.path("other")).unwrap();
    let digest =
        |path: &str| folder.does(&["inspect", path, "--json"]).json()["model_digest"].as_str().unwrap().to_owned();
    let (enrolled, given) = (digest("model"), digest("other"));
    let verify = ["verify", "data.csv", "--model", "other", "--enrolment", "class00.nve", "--label", "class00"];
    let says = ["class00.nve", &enrolled, &given, "give the model it was made with, or enrol again"];
    folder.refuses(&verify, 4, &says);
}

#[test]
fn an_enrolment_that_is_changed_cut_newer_or_absent_is_refused() {
    let folder = Folder::with_enrolment();
    let sound = folder.read("class00.nve");
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "r.nve", "--label", "class00"];
    folder.refuses(&verify, 4, &["r.nve", "cannot be read", "check the path"]);
    let refused = |bytes: &[u8]| {
        folder.write("r.nve", bytes);
        for arguments in [&verify[..], &["inspect", "r.nve"], &["derive", "--enrolment", "r.nve", "--scheme", "v1"]] {
            folder.refuses(arguments, 4, &["r.nve: not a sound enrolment", "enrol again"]);
        }
    };
    for at in (0..sound.len()).step_by(29) {
        let mut changed = sound.clone();
        changed[at] ^= 0x40;
        refused(&changed);
    }
    for length in [0, 1, 32, 40, sound.len() - 1] {
        refused(&sound[..length]);
    }
    let mut newer = sound[..sound.len() - 32].to_vec();
    newer[7] = b'5';
    let checksum = Sha256::digest(&newer);
    newer.extend(checksum);
    refused(&newer);
}

#[test]
fn an_enrolment_whose_window_no_model_takes_is_refused() {
    let folder = Folder::with_enrolment();
    let mut record = Enrolment::read(&folder.path("class00.nve")).unwrap();
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "r.nve", "--label", "class00", "--session"];
    for window in [0, 17, u32::MAX] {
        record.policy.window = window;
        record.write(&folder.path("r.nve")).unwrap();
        let says = [&format!("a window of {window} frames: the model takes 1 to 16"), "enrol again"];
        folder.refuses(&[&verify[..], &["run02"]].concat(), 2, &says);
    }
}
