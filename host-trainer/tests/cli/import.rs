//! `import`: weights trained elsewhere, as people have them.

use std::collections::{BTreeMap, HashMap};

use half::bf16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::folder::Folder;
use super::samples::FEATURES;

/// Weights under construction: type, shape and bytes of each tensor.
struct Weights {
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
    metadata: HashMap<String, String>,
}

impl Weights {
    /// The model in `folder` as another program would save it.
    fn of_model(folder: &Folder) -> Self {
        let bytes = folder.read("model/model.safetensors");
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file
            .iter()
            .map(|(name, view)| (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec())));
        let metadata = [("norm_first", "True"), ("activation", "relu"), ("heads", "4"), ("window", "2")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { tensors: tensors.collect(), metadata: metadata.into() }
    }

    fn write(&self, folder: &Folder, name: &str) {
        let views = self
            .tensors
            .iter()
            .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        folder.write(name, safetensors::serialize(views, Some(self.metadata.clone())).unwrap());
    }
}

/// Imports `w.safetensors` into `out`: its notes, and its digest.
fn import(folder: &Folder, further: &[&str]) -> (String, String) {
    let run = folder.does(&[&["import", "w.safetensors", "--out", "out", "--json", "--force"], further].concat());
    (run.stderr.clone(), run.json()["model_digest"].as_str().unwrap().to_owned())
}

#[test]
fn weights_of_another_program_give_the_model_that_they_are_of() {
    let folder = Folder::with_model();
    let embed = |model: &str| {
        folder.does(&["embed", "data.csv", "--model", model, "--window", "3", "-o", "e.npy", "--force"]);
        folder.read("e.npy")
    };
    let mut weights = Weights::of_model(&folder);
    weights.write(&folder, "w.safetensors");
    let (notes, digest) = import(&folder, &[]);
    assert!(embed("out") == embed("model"));
    assert_eq!(
        notes,
        "note: the model does not standardise its input; give --standardise DATA unless the input is standardised\n"
    );
    assert_eq!(folder.does(&["inspect", "out", "--json"]).json()["window_frames"], 2);

    weights.tensors = weights.tensors.into_iter().map(|(name, raw)| (format!("module.model.{name}"), raw)).collect();
    weights.tensors.get_mut("module.model.pos.pe").unwrap().1.swap(0, 1);
    weights.write(&folder, "w.safetensors");
    let (notes, imported) = import(&folder, &[]);
    assert_eq!(imported, digest);
    let says = "note: w.safetensors: left out of the tensors' names: `model.`, `module.`\n";
    assert!(notes.starts_with(says), "{notes}");
}

#[test]
fn the_digest_depends_on_values_and_not_on_the_types_in_the_file() {
    let folder = Folder::with_model();
    let mut weights = Weights::of_model(&folder);
    let mut coarse = Vec::new();
    for (dtype, _, bytes) in weights.tensors.values_mut() {
        let rounded: Vec<bf16> =
            bytes.as_chunks::<4>().0.iter().map(|b| bf16::from_f32(f32::from_le_bytes(*b))).collect();
        coarse.push(rounded.iter().flat_map(|v| v.to_f32().to_le_bytes()).collect::<Vec<u8>>());
        (*dtype, *bytes) = (Dtype::BF16, rounded.iter().flat_map(|v| v.to_le_bytes()).collect());
    }
    weights.write(&folder, "w.safetensors");
    let (notes, from_bfloat) = import(&folder, &[]);
    assert!(notes.starts_with("note: w.safetensors: 23 tensors are bfloat16 and were converted"), "{notes}");
    for ((dtype, _, bytes), values) in weights.tensors.values_mut().zip(coarse) {
        (*dtype, *bytes) = (Dtype::F32, values);
    }
    weights.write(&folder, "w.safetensors");
    assert_eq!(import(&folder, &[]).1, from_bfloat);
}

#[test]
fn what_cannot_be_computed_is_refused_with_the_file_and_what_to_do() {
    let folder = Folder::with_model();
    let mut weights = Weights::of_model(&folder);
    let norm = (Dtype::F32, vec![32], vec![0; 128]);
    weights.tensors.insert("enc.norm.weight".to_owned(), norm.clone());
    weights.write(&folder, "w.safetensors");
    let refuses = |says: &[&str]| {
        folder.refuses(&["import", "w.safetensors", "--out", "out"], 4, &[&["error: w.safetensors: "], says].concat());
    };
    refuses(&["does not compute with enc.norm.weight", "--skip"]);
    let (notes, _) = import(&folder, &["--skip", "enc.norm"]);
    assert!(notes.contains("note: w.safetensors: skipped: enc.norm.weight"), "{notes}");
    std::fs::remove_dir_all(folder.path("out")).unwrap();
    let absent = ["import", "w.safetensors", "--out", "out", "--skip", "loss"];
    folder.refuses(&absent, 2, &["no tensor is named `loss`"]);
    weights.tensors.remove("enc.norm.weight");

    for (key, value, says) in [
        ("norm_first", "False", "pre-norm"),
        ("activation", "gelu", "ReLU"),
        ("heads", "four", "--heads"),
        ("window", "0", "--window"),
    ] {
        let sound = weights.metadata.insert(key.to_owned(), value.to_owned()).unwrap();
        weights.write(&folder, "w.safetensors");
        refuses(&[&format!("metadata entry {key} is `{value}`"), says]);
        weights.metadata.insert(key.to_owned(), sound);
    }
    weights.tensors.insert("head.0.weight".to_owned(), (Dtype::F32, vec![16], vec![0; 64]));
    weights.write(&folder, "w.safetensors");
    refuses(&["tensor head.0.weight: has shape [16], expected [32]"]);
    weights.tensors.remove("head.0.weight");
    weights.write(&folder, "w.safetensors");
    refuses(&["the encoder's head.0.weight is missing"]);
}

#[test]
fn files_of_other_kinds_are_named_by_every_command_that_reads_a_model() {
    let folder = Folder::with_recordings();
    let mut checkpoint = b"PK\x03\x04".to_vec();
    checkpoint.resize(26, 0);
    checkpoint.extend(b"\x10\0\0\0archive/data.pkl\x80\x02}q\0.");
    let kinds: [(&[u8], &str, &str); 4] = [
        (b"version https://git-lfs.github.com/spec/v1\nsize 12345\n", "Git LFS pointer", "git lfs pull"),
        (&checkpoint, "PyTorch checkpoint", "safetensors.torch.save_file(model.state_dict()"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "compressed by gzip", "unpack it"),
        (b"<!DOCTYPE html>", "web page", "download the file itself"),
    ];
    for (bytes, what, remedy) in kinds {
        for name in ["w.safetensors", "w.pt"] {
            folder.write(name, bytes);
            folder.refuses(&["import", name, "--out", "out"], 4, &[name, what, "not a safetensors file", remedy]);
        }
        for name in ["m.safetensors", "m.onnx", "m.nvb", "m.pt"] {
            folder.write(name, bytes);
            if name != "m.pt" {
                folder.refuses(&["inspect", name], 4, &[name, what, remedy]);
            }
            folder.refuses(&["embed", "data.csv", "--model", name, "-o", "e.npy"], 4, &[name, what]);
        }
    }
}

#[test]
fn the_standardiser_is_fitted_to_any_recordings_that_train_takes() {
    let folder = Folder::with_model();
    Weights::of_model(&folder).write(&folder, "w.safetensors");
    let (_, whole) = import(&folder, &["--standardise", "data.csv"]);
    let text = String::from_utf8(folder.read("data.csv")).unwrap();
    folder.write("subjects.csv", text.replacen("video", "subject", 1));
    let import_subjects = ["import", "w.safetensors", "--out", "out", "--standardise", "subjects.csv"];
    folder.run(&import_subjects).failed(3, &["no column `video`", "--label-column"]);
    assert_eq!(import(&folder, &["--standardise", "subjects.csv", "--label-column", "subject"]).1, whole);
    folder.does(&["synth", "-o", "other.csv", "--features", "24", "--classes", "1", "--seed", "9"]);
    let renamed = String::from_utf8(folder.read("other.csv")).unwrap().replace("class00", "other");
    folder.write("other.csv", renamed);
    assert_ne!(import(&folder, &["--standardise", "data.csv", "--standardise", "other.csv"]).1, whole);
    folder.refuses(&["import", "w.safetensors", "--out", "new", "--label-column", "subject"], 2, &["--standardise"]);
    folder.write("zeros.csv", "video,timestep,prediction\n".to_owned() + &"ada,0,0\n".repeat(FEATURES));
    let zeros = ["import", "w.safetensors", "--out", "new", "--standardise", "data.csv", "--standardise", "zeros.csv"];
    folder.refuses(&zeros, 3, &["label `ada`, timestep 0", "says nothing"]);
}

#[test]
fn import_takes_the_statistics_of_the_recordings_it_is_given() {
    let folder = Folder::with_model();
    let weights = "model/model.safetensors";
    let plain = folder.does(&["import", weights, "--out", "plain", "--heads", "4"]);
    assert!(plain.stderr.contains("does not standardise its input"), "{}", plain.stderr);
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
