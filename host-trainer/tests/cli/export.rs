//! `export`: the files of a model, made again.

use neural_vault::model::Aligned;
use neural_vault_core::bundle::{Bundle, BundleError, ProvisioningKey};

use super::folder::Folder;
use super::new_identity;
use super::samples::{FEATURES, secret};

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
fn a_shipped_folder_without_weights_to_train_on_is_exported_as_well() {
    let folder = Folder::with_model();
    let i16 = ["export", "model", "--weights", "i16", "--json", "--force"];
    let digest = folder.does(&i16).json()["model_digest"].clone();
    let exported = folder.read("model/model.i16.nvb");
    std::fs::remove_file(folder.path("model/model.safetensors")).unwrap();
    assert_eq!(folder.does(&i16).json()["model_digest"], digest);
    assert!(folder.read("model/model.i16.nvb") == exported);
    std::fs::remove_file(folder.path("model/model.onnx")).unwrap();
    folder.refuses(&i16, 4, &["model.safetensors"]);
}

#[test]
fn a_provisioning_key_tags_the_bundle_and_does_not_change_its_digest() {
    let folder = Folder::with_model();
    let [key, other] = [7, 8].map(|seed| ProvisioningKey::from_bytes(&secret(seed)));
    folder.write("key", secret(7));
    let digest = |run: super::folder::Run| run.json()["model_digest"].clone();
    let untagged = digest(folder.does(&["export", "model", "--json", "--force"]));
    let bundle = Aligned::new(&folder.read("model/model.nvb"));
    let opened = Bundle::open_authenticated(&bundle, &key);
    assert_eq!(opened.err(), Some(BundleError::Untagged));

    assert_eq!(digest(folder.does(&["export", "model", "--provisioning-key", "key", "--json", "--force"])), untagged);
    let bundle = Aligned::new(&folder.read("model/model.nvb"));
    assert!(Bundle::open_authenticated(&bundle, &key).is_ok());
    assert_eq!(Bundle::open_authenticated(&bundle, &other).err(), Some(BundleError::Tag));
    let inspect = ["inspect", "model/model.nvb", "--provisioning-key", "key"];
    assert!(folder.does(&inspect).stderr.contains("valid"));
    folder.write("key", secret(8));
    folder.refuses(&inspect, 4, &["model.nvb", "tag"]);
}

#[test]
fn a_provisioning_key_of_another_length_is_refused() {
    let folder = Folder::with_model();
    folder.write("key", "short");
    folder.refuses(
        &["export", "model", "--provisioning-key", "key", "--force"],
        2,
        &["key", "32 bytes, or 64 hexadecimal digits"],
    );
}

/// Every format but f32, with the least cosine to it that a small random model must keep.
const FORMATS: [(&str, f64); 4] = [("f16", 0.999_99), ("i16", 0.999_999), ("i8i16", 0.999), ("i8", 0.99)];

/// A recording of one frame.
fn frame(session: &str) -> String {
    let row = |value| format!("class00,{session},0,{value}\n");
    "video,session,timestep,prediction\n".to_owned() + &(0..FEATURES).map(row).collect::<String>()
}

fn export(folder: &Folder, format: &str) -> serde_json::Value {
    folder.does(&["export", "model", "--weights", format, "--data", "data.csv", "--json"]).json()
}

#[test]
fn every_format_has_its_own_digest_and_embeds_close_to_f32() {
    let folder = Folder::with_model();
    let before = folder.contents();
    let mut digests = vec![folder.does(&["inspect", "model", "--json"]).json()["model_digest"].clone()];
    for (format, least) in FORMATS {
        let printed = export(&folder, format);
        assert_eq!((&printed["weights"], &printed["scans"]), (&format.into(), &9.into()));
        assert!(printed["cosine_to_f32"]["least"].as_f64().unwrap() >= least, "{printed}");
        assert!((0.0..=1.0).contains(&printed["changed_codes_share"].as_f64().unwrap()));

        let file = format!("model/model.{format}.nvb");
        assert_eq!(printed["bundle_bytes"], folder.read(&file).len());
        let inspected = folder.does(&["inspect", &file, "--json"]).json();
        assert_eq!((&inspected["weights"], &inspected["model_digest"]), (&format.into(), &printed["model_digest"]));
        let tensors = inspected["tensors"].as_array().unwrap();
        let weight = tensors.iter().find(|tensor| tensor["name"] == "proj.weight").unwrap();
        let bytes = if format.starts_with("i8") { FEATURES * 32 } else { 2 * FEATURES * 32 };
        assert_eq!((&weight["values"], &weight["bytes"]), (&(FEATURES * 32).into(), &bytes.into()));
        assert!(!digests.contains(&printed["model_digest"]));
        digests.push(printed["model_digest"].clone());
    }
    // What was there is as it was.
    let after = folder.contents();
    assert!(before.iter().all(|(path, bytes)| after[path] == *bytes));
    assert_eq!(after.len(), before.len() + FORMATS.len());
}

#[test]
fn a_bundle_in_any_format_embeds_enrols_and_verifies() {
    let folder = Folder::with_model();
    for (format, _) in FORMATS {
        export(&folder, format);
        let model = format!("model/model.{format}.nvb");
        folder.does(&["embed", "data.csv", "--model", &model, "--window", "3", "-o", "e.npy", "--force"]);
        let enrol = ["enroll", "data.csv", "--model", &model, "--label", "class00", "--sessions", "run01"];
        folder.does(&[&enrol[..], &["--threshold", "0.5", "-o", "r.nve", "--force"]].concat());
        let scan = ["--label", "class00", "--session", "run02"];
        let verify = |model| [&["verify", "data.csv", "--model", model, "--enrolment", "r.nve"][..], &scan].concat();
        assert_eq!(folder.does(&verify(&model)).stdout, "accepted\n");
        // The enrolment belongs to the bundle, not to the float32 model it was made of.
        folder.refuses(&verify("model"), 4, &["r.nve", "give the model it was made with"]);
    }
}

#[test]
fn a_bundle_that_is_not_float32_has_no_onnx_engine() {
    let folder = Folder::with_model();
    export(&folder, "i8");
    for arguments in [&["--engine", "tract"][..], &["--engine", "onnxruntime"], &["--compare"]] {
        let embed = ["embed", "data.csv", "--model", "model/model.i8.nvb", "-o", "e.npy"];
        folder.refuses(&[&embed[..], arguments].concat(), 4, &["weights are i8", "--engine core"]);
    }
}

#[test]
fn calibration_needs_the_recordings_that_trained_the_model() {
    let folder = Folder::with_model();
    for format in ["i8", "i8i16"] {
        folder.refuses(&["export", "model", "--weights", format], 2, &["--weights", format, "give --data"]);
        let export = ["export", "model", "--weights", format, "--data"];
        folder.does(&["synth", "-o", "wide.csv", "--features", "25", "--classes", "2", "--timesteps", "2", "--force"]);
        folder.refuses(&[&export[..], &["wide.csv"]].concat(), 3, &["wide.csv", "25 features", "takes 24"]);
        // One session, and not the one that trained it.
        folder.write("other.csv", frame("run09"));
        folder.refuses(&[&export[..], &["other.csv"]].concat(), 3, &["other.csv", "run00"]);
        folder.write("one.csv", frame("run00"));
        folder.refuses(&[&export[..], &["one.csv"]].concat(), 4, &["calibration: 1 frames"]);
    }
    // Without recordings there is nothing to measure on, which f16 and i16 can do without.
    assert!(folder.does(&["export", "model", "--weights", "i16"]).stderr.contains("--data"));
}

#[test]
fn a_tag_does_not_change_the_digest_of_a_small_bundle_either() {
    let folder = Folder::with_model();
    folder.write("key", secret(7));
    let export = ["export", "model", "--weights", "i16", "--json"];
    let digest = folder.does(&export).json()["model_digest"].clone();
    let tagged = folder.does(&[&export[..], &["--provisioning-key", "key", "--force"]].concat()).json();
    assert_eq!((&tagged["model_digest"], &tagged["tagged"]), (&digest, &true.into()));
    folder.does(&["inspect", "model/model.i16.nvb", "--provisioning-key", "key"]);
}

#[test]
fn a_model_with_fewer_positions_is_smaller_and_embeds_what_fits_to_the_same_bits() {
    let folder = Folder::with_model();
    let before = folder.contents();
    let whole = folder.does(&["inspect", "model", "--json"]).json();
    let short = folder.does(&["export", "model", "--positions", "3", "--json"]).json();
    assert_ne!(short["model_digest"], whole["model_digest"]);
    // Either file is the model that the digest names, and what was there is as it was.
    for file in ["model/model.p3.onnx", "model/model.p3.nvb"] {
        let inspected = folder.does(&["inspect", file, "--json"]).json();
        assert_eq!(
            (&inspected["model_digest"], &inspected["positions"]),
            (&short["model_digest"], &3.into()),
            "{file}"
        );
    }
    assert!(before.iter().all(|(path, bytes)| folder.contents()[path] == *bytes));
    assert_eq!(folder.contents().len(), before.len() + 2);
    let bytes = |name: &str| folder.read(name).len();
    // Thirteen positions of 32 floats.
    assert_eq!(bytes("model/model.nvb") - bytes("model/model.p3.nvb"), 13 * 32 * 4);

    let embed = |model: &str, window: &str| {
        folder.does(&["embed", "data.csv", "--model", model, "--window", window, "-o", "e.npy", "--force"]);
        folder.read("e.npy")
    };
    for window in ["1", "3"] {
        for file in ["model/model.p3.onnx", "model/model.p3.nvb"] {
            assert!(embed(file, window) == embed("model", window), "{file}, windows of {window}");
        }
    }
    let core = floats(&embed("model", "3"));
    let tract = ["embed", "data.csv", "--model", "model/model.p3.onnx", "--engine", "tract", "--window", "3"];
    folder.does(&[&tract[..], &["-o", "e.npy", "--force"]].concat());
    assert!(core.iter().zip(floats(&folder.read("e.npy"))).all(|(a, b)| (a - b).abs() <= 1e-5));
    for file in ["model/model.p3.onnx", "model/model.p3.nvb"] {
        let embed = ["embed", "data.csv", "--model", file, "--window", "4", "-o", "f.npy"];
        folder.refuses(&embed, 2, &["window of 4 frames", "1 to 3"]);
    }
}

/// The embeddings of nine scans in a `.npy` file.
fn floats(npy: &[u8]) -> Vec<f32> {
    let values = &npy[npy.len() - 9 * 32 * 4..];
    values.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn fewer_positions_and_another_format_go_together() {
    let folder = Folder::with_model();
    export(&folder, "i8");
    let cut = ["export", "model", "--weights", "i8", "--data", "data.csv", "--positions", "2", "--json"];
    let printed = folder.does(&cut).json();
    assert_eq!(
        (&printed["positions"], &printed["bundle_bytes"]),
        (&2.into(), &folder.read("model/model.i8.p2.nvb").len().into())
    );
    let embed = |model: &str| {
        folder.does(&["embed", "data.csv", "--model", model, "--window", "2", "-o", "e.npy", "--force"]);
        folder.read("e.npy")
    };
    assert!(embed("model/model.i8.p2.nvb") == embed("model/model.i8.nvb"));
}

#[test]
fn positions_that_the_model_does_not_have_are_refused() {
    let folder = Folder::with_model();
    for positions in ["0", "17"] {
        let says = format!("{positions} positions: choose 1 to 16 for this model");
        for weights in ["f32", "i16"] {
            folder.refuses(&["export", "model", "--weights", weights, "--positions", positions], 2, &[&says]);
        }
    }
}

#[test]
fn a_bundle_is_written_as_intel_hex_for_an_address_too() {
    let folder = Folder::with_model();
    for (weights, bundle, file) in [
        ("f32", "model/model.p3.nvb", "model/model.p3.hex"),
        ("i16", "model/model.i16.p3.nvb", "model/model.i16.p3.hex"),
    ] {
        let export = ["export", "model", "--weights", weights, "--positions", "3", "--hex", "0x12000000", "--json"];
        let printed = folder.does(&export).json();
        assert_eq!(printed["files"].as_array().unwrap().last().unwrap(), file);
        let (text, bundle) = (String::from_utf8(folder.read(file)).unwrap(), folder.read(bundle));
        // Address, then the first bytes, with their checksums; the last record.
        assert!(text.starts_with(":020000041200E8\n:10000000"), "{}", &text[..60]);
        assert!(text.ends_with("\n:00000001FF\n"));
        let data: String =
            text.lines().filter(|line| &line[7..9] == "00").map(|line| &line[9..line.len() - 2]).collect();
        let expected: String = bundle.iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(data == expected);
        // What exists is not overwritten unasked.
        folder.refuses(&export, 2, &["already exists", "--force"]);
    }
}

#[test]
fn an_address_that_no_bundle_can_have_is_refused_and_nothing_written() {
    let folder = Folder::with_model();
    let before = folder.contents();
    for (address, says) in [
        ("0x12000002", "multiple of 4"),
        ("flash", "32 bits"),
        ("0x112000000", "32 bits"),
        ("0xfffffffc", "beyond the last address"),
    ] {
        folder.refuses(&["export", "model", "--positions", "3", "--hex", address], 2, &[says]);
    }
    assert!(folder.contents() == before);
}

#[test]
fn the_training_archive_calibrates_where_no_recordings_are_given_and_that_is_said() {
    let folder = new_identity::folder();
    new_identity::train(&folder, &["--recipe", "linear"]);
    let export = |weights: &str, options: &[&str]| {
        folder.does(&[&["export", "model", "--weights", weights, "--force"], options].concat())
    };
    let sessions = serde_json::json!(["run00", "run01", "run02", "run03"]);
    for weights in ["i8", "i8i16"] {
        let file = format!("model/model.{weights}.nvb");
        let by_data = export(weights, &["--data", "known.csv", "--json"]).json();
        let expected = folder.read(&file);
        assert_eq!((&by_data["recordings"]["source"], &by_data["calibrated"]), (&"data".into(), &true.into()));
        let by_archive = export(weights, &["--json"]).json();
        assert!(folder.read(&file) == expected, "{weights}: the same recordings, the same bundle");
        let recordings = &by_archive["recordings"];
        assert_eq!((&recordings["source"], &recordings["sessions"]), (&"archive".into(), &sessions));
        // Three labels, four sessions, six frames.
        assert_eq!((&recordings["frames"], &by_archive["scans"]), (&72.into(), &12.into()));
        let text = export(weights, &[]).stdout;
        assert!(
            text.contains(
                "calibrated on  72 frames of run00, run01, run02, run03, by the training archive\ncosine to f32 "
            ),
            "{text}"
        );
    }
    // A format that needs no calibration is measured on the archive.
    let measured = export("i16", &["--json"]).json();
    assert_eq!((&measured["calibrated"], &measured["recordings"]["source"]), (&false.into(), &"archive".into()));
    assert!(export("f16", &[]).stdout.contains("measured on    72 frames"));

    let archive = folder.read("model/training.safetensors");
    std::fs::remove_file(folder.path("model/training.safetensors")).unwrap();
    let refused = ["export", "model", "--weights", "i8", "--force"];
    folder.refuses(&refused, 2, &["model has no training archive", "--no-archive", "give --data"]);
    new_identity::train(&folder, &["--recipe", "linear", "--open-set"]);
    folder.write("model/training.safetensors", &archive);
    folder.refuses(&refused, 4, &["training.safetensors", "belongs to model", "or give --data"]);
    let run = folder.does(&["export", "model", "--weights", "i16", "--force"]);
    assert!(run.stderr.contains("the distance from f32 is not measured"), "{}", run.stderr);
}
