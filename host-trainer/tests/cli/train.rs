//! `train`: the same seed makes the same files, and every score names its protocol.

use super::folder::Folder;

const FILES: [&str; 4] = ["model.safetensors", "model.onnx", "model.nvb", "train.jsonl"];

/// Trains once with each of `runs`; all files must be the same bytes.
#[track_caller]
fn repeats(runs: [&[&str]; 2]) {
    let folder = Folder::with_recordings();
    for (out, options) in ["first", "second"].iter().zip(runs) {
        folder.does(&[&["train", "data.csv", "--out", out, "--steps", "6", "--seed", "7"], options].concat());
    }
    for name in FILES {
        let [first, second] = ["first", "second"].map(|out| folder.read(&format!("{out}/{name}")));
        assert!(first == second, "{name} differs");
    }
}

#[test]
fn tract_repeats_a_run_bit_for_bit() {
    repeats([&["--engine", "tract"]; 2]);
    repeats([&["--engine", "tract", "--recipe", "reference", "--rows", "12"]; 2]);
}

#[test]
fn onnx_runtime_repeats_a_run_bit_for_bit_with_one_thread_and_with_two() {
    repeats(
        [["1"], ["2"]]
            .map(|threads| [&["--engine", "onnxruntime", "--threads"], &threads[..]].concat())
            .each_ref()
            .map(Vec::as_slice),
    );
    for threads in ["1", "2"] {
        let run = ["--engine", "onnxruntime", "--threads", threads, "--recipe", "reference", "--rows", "12"];
        repeats([&run; 2]);
    }
}

#[test]
fn windows_batch_hard_mining_and_the_cosine_schedule_repeat_as_well() {
    let run = "--engine tract --recipe reference --window 2 --mining batch-hard --schedule cosine";
    repeats([&run.split(' ').collect::<Vec<_>>(); 2]);
}

#[test]
fn a_linear_model_takes_no_steps_and_is_the_same_on_any_engine() {
    let folder = Folder::with_recordings();
    let digest = |out, engine| {
        let train = ["train", "data.csv", "--out", out, "--recipe", "linear", "--engine", engine, "--json"];
        let result = folder.does(&train).json();
        assert_eq!((&result["steps"], &result["engine"]), (&0.into(), &serde_json::Value::Null));
        result["model_digest"].clone()
    };
    assert_eq!(digest("a", "tract"), digest("b", "onnxruntime"));
    assert_eq!(folder.does(&["inspect", "a", "--json"]).json()["encoder"], "linear");
    let embed = ["embed", "--model", "a", "data.csv", "-o", "e.npy", "--compare"];
    folder.does(&embed);
}

#[test]
fn an_argument_of_another_recipe_is_refused() {
    let folder = Folder::with_recordings();
    for (recipe, argument, belongs) in [
        ("whitened", ["--batch", "8"], "reference"),
        ("whitened", ["--window", "2"], "reference"),
        ("reference", ["--windows", "1,3"], "whitened"),
        ("linear", ["--steps", "5"], "whitened or reference"),
    ] {
        let train = ["train", "data.csv", "--out", "out", "--recipe", recipe, argument[0], argument[1]];
        folder.refuses(&train, 2, &[recipe, argument[0], belongs]);
    }
}

#[test]
fn another_seed_makes_another_model() {
    let folder = Folder::with_recordings();
    let digest = |seed| {
        let train = ["train", "data.csv", "--out", seed, "--steps", "1", "--seed", seed, "--engine", "tract", "--json"];
        folder.does(&train).json()["model_digest"].clone()
    };
    assert_ne!(digest("1"), digest("2"));
}

#[test]
fn sessions_held_back_are_scored_separately_from_those_that_trained() {
    let folder = Folder::with_recordings();
    let train = [
        "train",
        "data.csv",
        "--out",
        "out",
        "--steps",
        "40",
        "--engine",
        "tract",
        "--force",
        "--sessions",
        "run00,run02",
    ];
    let train = [&train[..], &["--recipe", "reference"]].concat();
    let text = folder.does(&train).stdout;
    let of = |sessions| format!(" % ({sessions}; probes of 1 frame; ");
    assert!(
        text.contains(&(of("in sample, training sessions run00, run02") + "36 genuine and 72 impostor trials)")),
        "{text}"
    );
    assert!(text.contains(&(of("held-back sessions run01") + "18 genuine and 36 impostor trials)")), "{text}");
    let result = folder.does(&[&train[..], &["--json"]].concat()).json();
    let (first, last) = (result["first_loss"].as_f64().unwrap(), result["last_loss"].as_f64().unwrap());
    assert!(last < first, "{first} to {last}");
    let trials: Vec<_> = result["error_rates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["genuine_trials"].clone(), e["impostor_trials"].clone()))
        .collect();
    assert_eq!(trials, [(36.into(), 72.into()), (18.into(), 36.into())]);
    assert_eq!(
        folder.does(&["inspect", "out", "--json"]).json()["training_sessions"],
        serde_json::json!(["run00", "run02"])
    );
}

#[test]
fn blocks_make_sessions_of_recordings_that_have_none() {
    let folder = Folder::new();
    folder.does(&[
        "synth",
        "-o",
        "one.csv",
        "--sessions",
        "1",
        "--features",
        "16",
        "--classes",
        "2",
        "--timesteps",
        "16",
    ]);
    let train = [
        "train",
        "one.csv",
        "--out",
        "out",
        "--blocks",
        "4",
        "--sessions",
        "block0,block1",
        "--steps",
        "1",
        "--engine",
        "tract",
    ];
    let text = folder.does(&train).stdout;
    assert!(text.contains("(in sample, training sessions block0, block1; probes of 3 frames; "), "{text}");
    assert!(text.contains("(held-back sessions block2, block3; probes of 3 frames; "), "{text}");
}

#[test]
fn the_log_has_one_line_a_step() {
    let folder = Folder::with_recordings();
    let train = "train data.csv --out out --recipe reference --steps 5 --schedule cosine --engine tract";
    folder.does(&train.split(' ').collect::<Vec<_>>());
    let log = String::from_utf8(folder.read("out/train.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["step"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let rates: Vec<f64> = lines.iter().map(|line| line["learning_rate"].as_f64().unwrap()).collect();
    assert!(rates.is_sorted_by(|a, b| a > b) && rates[0] == 1e-4, "{rates:?}");
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let folder = Folder::with_recordings();
    for (option, value) in [
        ("--steps", "0"),
        ("--batch", "0"),
        ("--rows", "3"),
        ("--margin", "0"),
        ("--margin", "nan"),
        ("--learning-rate", "0"),
        ("--learning-rate", "inf"),
        ("--clip", "0"),
        ("--weight-decay=-1", ""),
        ("--dropout", "1"),
        ("--window", "0"),
        ("--threads", "0"),
        ("--checkpoint-every", "0"),
        ("--blocks", "0"),
    ] {
        let mut train = vec!["train", "data.csv", "--out", "out", "--recipe", "reference", "--engine", "tract", option];
        train.extend(Some(value).filter(|value| !value.is_empty()));
        folder.refuses(&train, 2, &[option.split('=').next().unwrap()]);
    }
}

#[test]
fn the_archive_of_raw_scans_is_named_with_its_size_and_can_be_left_out() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--recipe", "linear", "--out", "out"];
    let run = folder.does(&train);
    let bytes = folder.read("out/training.safetensors").len();
    let note = run.stderr.lines().last().unwrap();
    let says = ["note: out/training.safetensors (", " kB) holds every raw scan", "do not share it", "--no-archive"];
    assert!(says.iter().all(|part| note.contains(part)), "{note}");
    let found = folder.does(&["inspect", "out", "--json"]).json();
    assert_eq!((&found["archive"], &found["archive_bytes"]), (&"out/training.safetensors".into(), &bytes.into()));
    let text = folder.does(&["inspect", "out"]).stdout;
    assert!(text.contains("every raw scan that trained the model; do not share it"), "{text}");
    assert!(folder.does(&["train", "--help"]).stdout.contains("holds every raw scan"));

    // A model without an archive does not keep that of another.
    let result = folder.does(&[&train[..], &["--no-archive", "--force", "--json"]].concat());
    assert!(result.json().get("archive").is_none() && !result.stderr.contains("raw scan"), "{}", result.stderr);
    assert!(!folder.path("out/training.safetensors").exists());
    assert!(folder.does(&["inspect", "out"]).stdout.contains("archive     none: "));
    let enroll = ["enroll", "data.csv", "--model", "out", "--label", "class00", "-o", "r.nve", "--refit", "again"];
    folder.refuses(
        &enroll,
        4,
        &["out/training.safetensors", "without --no-archive", "train a model on the recordings"],
    );
}

#[test]
fn a_model_and_its_archive_are_replaced_together_or_not_at_all() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--recipe", "linear", "--out", "out"];
    folder.does(&train);
    let before = folder.contents();
    let other = [&train[..], &["--open-set", "--force"]].concat();
    // Space for the archive, none for the model; then for neither.
    for blocks in [14, 4] {
        folder.run_on_full_disk(blocks, &other).failed(7, &["cannot write out/"]);
        assert!(folder.contents() == before, "{:?}", folder.names());
    }
}
