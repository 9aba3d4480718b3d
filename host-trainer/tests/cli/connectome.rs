//! `train --recipe connectome`: what is fitted and said, its files, and recordings that give no model.

use std::io::{Cursor, Write};

use neural_vault::dataset::{Dataset, write_csv};
use npyz::WriterBuilder;
use safetensors::SafeTensors;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::folder::Folder;
use super::person::persons;

/// Regions of the persons.
const REGIONS: usize = 12;
/// Features of the wide recordings, two a region and one outside.
const WIDE: usize = 2 * REGIONS + 1;

const TRAIN: [&str; 6] = ["train", "data.csv", "--recipe", "connectome", "--out", "out"];

fn train<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&TRAIN[..], options].concat()
}

/// A folder with `data.csv`, persons p0 to p3, and `others.csv`, persons p4 to p7.
fn folder() -> Folder {
    let folder = Folder::new();
    write(&folder, "data.csv", &persons(0..4));
    write(&folder, "others.csv", &persons(4..8));
    folder
}

fn write(folder: &Folder, name: &str, dataset: &Dataset) {
    write_csv(dataset, &folder.path(name)).unwrap();
}

/// Vertices around each region's value, and one that belongs to none.
fn wide(dataset: &Dataset) -> Dataset {
    let vertices = |frame: &[f32]| {
        let mut vertices: Vec<f32> = frame.iter().flat_map(|value| [value - 0.25, value + 0.25]).collect();
        vertices.push(7.5);
        vertices
    };
    let values = dataset.values.chunks_exact(REGIONS).flat_map(vertices).collect();
    Dataset { features: WIDE, values, ..dataset.clone() }
}

/// Region numbers of [`wide`] features, in text.
fn parcels() -> String {
    let numbers = (1..=REGIONS).flat_map(|region| [10 * region; 2]).chain([0]);
    numbers.map(|number| format!("{number}\n")).collect()
}

#[test]
fn what_was_fitted_is_said_and_stored() {
    let folder = folder();
    let run = folder.does(&train(&["--background", "others.csv", "--frames", "10", "--json"]));
    assert!(
        run.stderr.starts_with("note: out/training.safetensors") && run.stderr.lines().count() == 1,
        "{}",
        run.stderr
    );
    let result = run.json();
    assert_eq!((&result["regions"], &result["persons"], &result["probe_frames"]), (&12.into(), &8.into(), &10.into()));
    assert_eq!(result["impostor_scores"].as_array().unwrap().len(), 6, "lengths up to 100 of 150 frames");
    assert!(result["effective_dimension"].as_f64().unwrap() > 5.0);
    let inspected = folder.does(&["inspect", "out", "--json"]).json();
    assert_eq!((&inspected["encoder"], &inspected["window_frames"]), (&"connectome".into(), &10.into()));
    assert_eq!(inspected["impostor_scores"], result["impostor_scores"]);
    assert_eq!(inspected["labels"].as_array().unwrap().len(), 8);
    let text = folder.does(&["inspect", "out/model.nvb"]).stdout;
    assert!(text.contains("connectome of 12 regions, latent 66\n"), "{text}");
    assert!(text.contains("probes      of 10 frames or more"), "{text}");
    let archive = folder.does(&["inspect", "out/training.safetensors", "--json"]).json();
    assert_eq!((&archive["recipe"], &archive["scans"]), (&"connectome".into(), &24.into()));
}

#[test]
fn the_same_recordings_make_the_same_files() {
    let folder = folder();
    folder.does(&train(&[]));
    folder.does(&["train", "data.csv", "--recipe", "connectome", "--out", "again", "--engine", "tract"]);
    for file in ["model.safetensors", "model.onnx", "model.nvb", "training.safetensors"] {
        assert!(folder.read(&format!("out/{file}")) == folder.read(&format!("again/{file}")), "{file}");
    }
}

#[test]
fn engines_embed_what_core_embeds() {
    let folder = folder();
    write(&folder, "wide.csv", &wide(&persons(0..4)));
    folder.write("parcels.txt", parcels());
    folder.does(&train(&[]));
    folder.does(&["train", "wide.csv", "--recipe", "connectome", "--parcels", "parcels.txt", "--out", "wide"]);
    for (model, data) in [("out", "others.csv"), ("wide", "wide.csv")] {
        let run = folder.does(&["embed", data, "--model", model, "--compare", "--json"]);
        assert_eq!(run.stderr, "", "no frame is left out");
        for pair in run.json()["pairs"].as_array().unwrap() {
            assert!(pair["largest_difference"].as_f64().unwrap() < 2e-5, "{pair}");
        }
    }
}

#[test]
fn held_back_sessions_of_the_background_are_scored_at_three_lengths() {
    let folder = folder();
    let run = folder.does(&train(&["--sessions", "s0,s1", "--background", "others.csv", "--json"]));
    let result = run.json();
    let eer = result["error_rates"].as_array().unwrap();
    assert_eq!(eer.iter().map(|entry| entry["probe_frames"].as_u64().unwrap()).collect::<Vec<_>>(), [10, 25, 50]);
    assert_eq!((&eer[1]["genuine_trials"], &eer[1]["impostor_trials"]), (&(4 * 6).into(), &(4 * 6 * 3).into()));
    assert!(eer[2]["eer_percent"].as_f64().unwrap() < 10.0, "{result}");
    let text = folder.does(&train(&["--sessions", "s0,s1", "--force"])).stdout;
    let protocol =
        "(held-back sessions s2 of background persons, in sample since the model was fitted to them; probes of 25";
    assert!(text.contains(protocol), "{text}");
}

#[test]
fn few_persons_are_noted_and_fewer_than_three_refused() {
    let folder = folder();
    let run = folder.does(&train(&[]));
    assert!(run.stderr.contains("note: 4 background persons: eight or more are better"), "{}", run.stderr);
    assert!(run.stderr.contains("--background"), "{}", run.stderr);
    write(&folder, "data.csv", &persons(0..2));
    folder.refuses(&train(&["--force"]), 3, &["data.csv: 2 persons (p0, p1)", "add persons by --background FILE"]);
}

#[test]
fn a_person_twice_in_the_background_is_named() {
    let folder = folder();
    write(&folder, "others.csv", &persons(3..6));
    folder.refuses(&train(&["--background", "others.csv"]), 3, &["label `p3` is in data.csv and in others.csv"]);
    let renamed = Dataset { labels: ["a", "b", "c"].map(str::to_owned).to_vec(), ..persons(3..6) };
    write(&folder, "others.csv", &renamed);
    let same = "label `p3`, session `s0` has the same values as label `a`, session `s0`";
    folder.refuses(&train(&["--background", "others.csv"]), 3, &[same, "leave one out"]);
}

#[test]
fn labels_of_one_session_each_are_noted() {
    let folder = folder();
    let run = folder.does(&train(&["--sessions", "s0"]));
    let says = "each of the 4 labels has one session: are they persons?";
    assert!(run.stderr.contains(says) && run.stderr.contains("--recipe whitened"), "{}", run.stderr);
}

#[test]
fn a_region_that_is_missing_is_named() {
    let folder = folder();
    let mut constant = persons(0..4);
    let scan = constant.scans()[4].clone();
    for row in scan.rows {
        constant.values[row * REGIONS + 2] = 1.5;
    }
    write(&folder, "data.csv", &constant);
    folder.refuses(&train(&[]), 3, &["data.csv: p1, session s1: region 3 of 12 is constant"]);
    let mut missing = persons(0..4);
    missing.values[5 * REGIONS + 11] = f32::NAN;
    write(&folder, "data.csv", &missing);
    let says = "data.csv: p0, session s0: frame 6 has no finite value for region 12 of 12";
    folder.refuses(&train(&[]), 3, &[says]);
    let rows: Vec<usize> = (0..persons(0..4).rows.len()).filter(|row| !(1..150).contains(row)).collect();
    write(&folder, "data.csv", &persons(0..4).select(&rows));
    folder.refuses(&train(&[]), 3, &["p0, session s0 has 1 frames"]);
}

#[test]
fn wide_frames_need_parcels_that_are_theirs() {
    let folder = Folder::new();
    let many = wide(&persons(0..3));
    let repeated = |times: usize, dataset: &Dataset| -> Dataset {
        let values = dataset.values.chunks_exact(WIDE).flat_map(|frame| frame.repeat(times)).collect();
        Dataset { features: times * WIDE, values, ..dataset.clone() }
    };
    write(&folder, "data.csv", &repeated(6, &many));
    let refused = ["frames of 150 features", "principal components lose what separates persons", "--parcels FILE"];
    folder.refuses(&train(&[]), 3, &refused);

    write(&folder, "data.csv", &many);
    let cases: [(String, &[&str]); 5] = [
        (parcels() + "0\n", &["parcels of 26 features, but frames have 25"]),
        (parcels().replace("30\n", "3.5\n"), &["parcels.txt: line 5: `3.5` is not the whole number of a region"]),
        (parcels().replace("30\n", "nan\n"), &["parcels.txt: line 5: `nan`"]),
        ("1\n".repeat(25), &["parcels.txt: the parcels have 1 regions; the recipe takes 3 to 128"]),
        (String::new(), &["parcels.txt: the file is empty"]),
    ];
    for (text, says) in cases {
        folder.write("parcels.txt", text);
        folder.refuses(&train(&["--parcels", "parcels.txt"]), 3, says);
    }
    folder.refuses(&train(&["--parcels", "missing.txt"]), 3, &["missing.txt: cannot be read"]);

    folder.write("parcels.txt", parcels());
    let run = folder.does(&train(&["--parcels", "parcels.txt"]));
    assert!(run.stderr.contains("note: parcels.txt: 25 features in 12 regions, 1 of them in none"), "{}", run.stderr);
    let text = folder.does(&["inspect", "out/training.safetensors"]).stdout;
    assert!(text.contains("parcels     25 features in 12 regions"), "{text}");
    let text = folder.does(&["inspect", "out"]).stdout;
    assert!(text.contains("connectome of 12 regions, averages of features by parcels"), "{text}");
    // Recordings of another parcellation.
    write(&folder, "narrow.csv", &persons(0..3));
    let embed = ["embed", "narrow.csv", "--model", "out", "-o", "e.npy"];
    folder.refuses(&embed, 3, &["a frame has 12 features, the model takes 25", "same parcellation"]);
}

#[test]
fn parcels_of_two_hemispheres_are_two_files() {
    let folder = Folder::new();
    write(&folder, "data.csv", &wide(&persons(0..3)));
    let (left, right): (Vec<_>, Vec<_>) =
        (0..WIDE).map(|feature| (feature / 2) % 6 + 1).enumerate().partition(|(at, _)| *at < 12);
    let text = |side: Vec<(usize, usize)>| side.iter().map(|(_, number)| format!("{number} ")).collect::<String>();
    folder.write("lh.txt", text(left));
    // Its regions are 1 to 6 too, and 7 is missing.
    folder.write("rh.txt", text(right).replace('6', "8"));
    let run = folder.does(&train(&["--parcels", "lh.txt,rh.txt"]));
    assert!(run.stderr.contains("note: rh.txt: no feature is in region 6, 7:"), "{}", run.stderr);
    assert!(run.stderr.contains("note: lh.txt,rh.txt: 25 features in 12 regions"), "{}", run.stderr);
}

#[test]
fn arguments_of_other_recipes_and_a_resumed_run_are_refused() {
    let folder = folder();
    folder.refuses(&train(&["--steps", "3"]), 2, &["recipe connectome takes no --steps"]);
    folder.refuses(&train(&["--resume"]), 2, &["nothing to --resume"]);
    folder.refuses(&train(&["--frames", "1"]), 2, &["`1` is not a number of frames"]);
    for options in [["--background", "others.csv"], ["--parcels", "p.txt"], ["--frames", "10"]] {
        let train = ["train", "data.csv", "--out", "out", "--recipe", "linear", options[0], options[1]];
        folder.refuses(&train, 2, &[&format!("recipe linear takes no {}", options[0]), "--recipe connectome"]);
    }
}

#[test]
fn other_formats_and_shorter_windows_of_the_model_are_refused() {
    let folder = folder();
    folder.does(&train(&[]));
    for format in ["f16", "i16"] {
        folder.refuses(&["export", "out", "--weights", format], 4, &["float32 weights alone", "0.006"]);
    }
    folder.refuses(&["export", "out", "--weights", "i8", "--data", "data.csv"], 4, &["float32 weights alone"]);
    folder.refuses(&["export", "out", "--positions", "4"], 4, &["a connectome model has none"]);
    folder.does(&["export", "out", "--force", "--hex", "0x0"]);
}

#[test]
fn persons_whom_no_level_tells_apart_are_pointed_to_the_recipe() {
    let folder = folder();
    let linear = ["train", "data.csv", "--recipe", "linear", "--sessions", "s0,s1", "--out", "linear"];
    let run = folder.does(&linear);
    let says = "the held-back sessions are scored little better than by guessing";
    assert!(run.stderr.contains(says) && run.stderr.contains("--recipe connectome"), "{}", run.stderr);
    folder.does(&["convert", "data.csv", "-o", "z.csv", "--zscore"]);
    let linear = ["train", "z.csv", "--recipe", "linear", "--out", "z"];
    folder.refuses(&linear, 3, &["the classes have the same mean frame", "--recipe connectome"]);
}

#[test]
fn evaluations_of_windows_refuse_the_recipe_before_they_train() {
    let folder = folder();
    let evaluate = ["evaluate", "data.csv", "--recipe", "connectome", "--protocol", "sessions", "-o", "results.json"];
    folder.refuses(&evaluate, 2, &["--protocol unseen-persons"]);
}

/// `W.npz` of the model in `out`, in float64 as NumPy computes.
fn write_npz(folder: &Folder) {
    let bytes = folder.read("out/model.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (array, tensor) in [("W", "connectome.whitening"), ("mu", "connectome.mean")] {
        let view = file.tensor(tensor).unwrap();
        let shape: Vec<u64> = view.shape().iter().map(|&size| size as u64).collect();
        let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
        let mut npy = Vec::new();
        let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(&mut npy).begin_nd().unwrap();
        writer.extend(values).unwrap();
        writer.finish().unwrap();
        zip.start_file(format!("{array}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&npy).unwrap();
    }
    folder.write("W.npz", zip.finish().unwrap().into_inner());
}

#[test]
fn whitening_and_mean_of_another_program_embed_as_the_model_that_they_are_of() {
    let folder = folder();
    folder.does(&train(&[]));
    write_npz(&folder);
    let run = folder.does(&["import", "W.npz", "--out", "imported"]);
    assert!(run.stderr.contains("enrolling cannot choose a threshold; give --threshold then"), "{}", run.stderr);
    let embed = |model: &str| {
        folder.does(&["embed", "others.csv", "--model", model, "-o", "e.npy", "--force"]);
        folder.read("e.npy")
    };
    assert!(embed("imported") == embed("out"));
    let text = folder.does(&["inspect", "imported"]).stdout;
    assert!(text.contains("impostors   not measured") && text.contains("imported from W.npz"), "{text}");
    let standardise = ["import", "W.npz", "--out", "again", "--standardise", "data.csv"];
    folder.refuses(&standardise, 2, &["a connectome model standardises nothing"]);
    folder.refuses(&["import", "W.npz", "--out", "again", "--window", "1"], 2, &["2 to 65536"]);
}
