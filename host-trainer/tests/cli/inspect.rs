//! `inspect`: every kind of file, described.

use serde_json::{Value, json};

use super::folder::Folder;

fn inspect(folder: &Folder, name: &str) -> Value {
    let value = folder.does(&["inspect", name, "--json"]).json();
    assert_eq!((&value["schema"], &value["file"]), (&json!("neural-vault/inspect/2"), &json!(name)));
    assert_eq!(value["sound"], true);
    let text = folder.does(&["inspect", name]).stdout;
    assert!(text.starts_with(&format!("{name}: ")), "{text}");
    value
}

#[test]
fn the_files_of_a_model_have_one_digest_and_one_shape() {
    let folder = Folder::with_model();
    let whole = inspect(&folder, "model");
    assert_eq!((&whole["kind"], &whole["features"], &whole["latent"]), (&json!("model"), &json!(24), &json!(32)));
    assert_eq!((&whole["heads"], &whole["layers"], &whole["positions"]), (&json!(4), &json!(1), &json!(16)));
    assert_eq!(whole["training_sessions"], json!(["run00"]));
    for name in ["model/model.safetensors", "model/model.onnx"] {
        let mut one = inspect(&folder, name);
        one["file"] = json!("model");
        assert_eq!(one, whole, "{name}");
    }
    let bundle = inspect(&folder, "model/model.nvb");
    assert_eq!((&bundle["model_digest"], &bundle["tensors"]), (&whole["model_digest"], &whole["tensors"]));
}

#[test]
fn an_enrolment_is_described_without_its_prototype() {
    let folder = Folder::with_enrolment();
    let value = inspect(&folder, "class00.nve");
    assert_eq!(
        (&value["kind"], &value["label"], &value["components"]),
        (&json!("enrolment"), &json!("class00"), &json!(32))
    );
    assert_eq!(value["model_digest"], inspect(&folder, "model")["model_digest"]);
    assert_eq!((&value["sessions"], &value["scans"]), (&json!(["run01"]), &json!(1)));
    assert!(value.get("prototype").is_none());
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01", "-o", "r.nve"];
    let protocol = "each half of the enrolment scans against the other halves, of one session; probes of 3 frames; ";
    assert!(
        folder.does(&enroll).stderr.contains(&format!("threshold for the EER, on trials of EER 0.0 % ({protocol}"))
    );
    let text = folder.does(&["inspect", "r.nve"]).stdout;
    assert!(text.contains(&format!("chosen for  the EER, on trials of EER 0.0 % ({protocol}")), "{text}");
}

#[test]
fn recordings_are_counted() {
    let folder = Folder::with_recordings();
    let value = inspect(&folder, "data.csv");
    assert_eq!((&value["kind"], &value["rows"], &value["features"]), (&json!("data"), &json!(54), &json!(24)));
    assert_eq!(
        (&value["scans"], &value["shortest_scan_frames"], &value["longest_scan_frames"]),
        (&json!(9), &json!(6), &json!(6))
    );
    assert_eq!((&value["missing_values"], &value["constant_features"]), (&json!(0), &json!(0)));
    folder.write("gaps.csv", "video,timestep,prediction\na,0,1\na,0,\na,1,1\na,1,inf\n");
    let value = inspect(&folder, "gaps.csv");
    // Neither feature varies: one has a single value, the other none that is finite.
    assert_eq!((&value["missing_values"], &value["constant_features"]), (&json!(2), &json!(2)));
}

#[test]
fn a_run_in_its_folder_is_described_file_by_file() {
    let folder = Folder::with_recordings();
    folder.does(&["train", "data.csv", "--out", "out", "--recipe", "linear", "--sessions", "run00,run01"]);
    let model = inspect(&folder, "out");
    assert_eq!((&model["kind"], &model["archive"]), (&json!("model"), &json!("out/training.safetensors")));
    let archive = inspect(&folder, "out/training.safetensors");
    assert_eq!((&archive["kind"], &archive["recipe"]), (&json!("archive"), &json!("linear")));
    assert_eq!(archive["model_digest"], model["model_digest"]);
    assert_eq!((&archive["rows"], &archive["features"], &archive["scans"]), (&json!(36), &json!(24), &json!(6)));
    assert_eq!(archive["sessions"], json!(["run00", "run01"]));
}

#[test]
fn results_and_secrets_are_described() {
    let folder = Folder::with_recordings();
    let evaluate =
        ["evaluate", "data.csv", "--recipe", "linear", "--methods", "linear", "--no-sweeps", "--replicates", "20"];
    folder.does(&[&evaluate[..], &["-o", "r.json"]].concat());
    let results = inspect(&folder, "r.json");
    assert_eq!((&results["kind"], &results["data"]["rows"]), (&json!("results"), &json!(54)));
    assert_eq!(results["protocols"][0]["methods"][0]["name"], "linear");
    let text = folder.does(&["inspect", "r.json"]).stdout;
    assert!(text.contains("; probes of 1 frame; 18 genuine and 36 impostor trials)"), "{text}");
    folder.write("other.json", "{}");
    folder.refuses(&["inspect", "other.json"], 3, &["other.json", "schema"]);

    folder.does(&["secret", "-o", "secret"]);
    folder.write("raw", super::samples::secret(3));
    for (name, form) in [("secret", "hexadecimal"), ("raw", "raw")] {
        let value = inspect(&folder, name);
        assert_eq!((&value["kind"], &value["form"], &value["bits"]), (&json!("secret"), &json!(form), &json!(256)));
        let shown = folder.does(&["inspect", name]).stdout + &value.to_string();
        let bytes = folder.read(name);
        let digits =
            if form == "raw" { base16ct::lower::encode_string(&bytes) } else { String::from_utf8(bytes).unwrap() };
        assert!(!shown.contains(&digits[..8]), "{shown}");
    }
    folder.write("half", "8f1d3c0a77e2b95446d0a1fe5b832c69");
    folder.refuses(&["inspect", "half"], 2, &["half", "128 bits"]);
}

#[test]
fn endings_are_known_in_any_case_and_some_kinds_without_one() {
    let folder = Folder::with_enrolment();
    folder.does(&["gallery", "class00.nve", "-o", "g.nvg"]);
    for (from, to, kind) in [
        ("model/model.onnx", "MODEL.ONNX", "model"),
        ("model/model.nvb", "Model.NVB", "model"),
        ("model/model.safetensors", "MODEL.SafeTensors", "model"),
        ("class00.nve", "RECORD.NVE", "enrolment"),
        ("class00.nve", "record", "enrolment"),
        ("g.nvg", "G.NVG", "gallery"),
        ("g.nvg", "gallery.bak", "gallery"),
        ("data.csv", "DATA.CSV", "data"),
    ] {
        std::fs::copy(folder.path(from), folder.path(to)).unwrap();
        assert_eq!(inspect(&folder, to)["kind"], kind, "{to}");
    }
    for model in ["MODEL.ONNX", "Model.NVB", "MODEL.SafeTensors"] {
        folder.does(&["embed", "DATA.CSV", "--model", model, "-o", "e.npy", "--force"]);
    }
}

#[test]
fn each_recording_has_its_frames_gaps_missing_values_mean_and_deviation() {
    let folder = Folder::new();
    folder.write(
        "scans.csv",
        "video,session,timestep,prediction\na,r1,0,1\na,r1,1,3\na,r1,5,\na,r2,0,7\nb,r1,4,5\nb,r2,1,1\n",
    );
    let value = inspect(&folder, "scans.csv");
    let first = json!({
        "label": "a", "session": "r1", "frames": 3, "gaps": 1, "missing_values": 1, "mean": 2.0, "deviation": 1.0,
    });
    assert_eq!(value["recordings"][0], first);
    assert_eq!(value["recordings"].as_array().unwrap().len(), 4);
    let text = folder.does(&["inspect", "scans.csv"]).stdout;
    let row = text.lines().find(|line| line.starts_with("a      r1")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["a", "r1", "3", "1", "1", "2.0000", "1.0000"]);
}

#[test]
fn of_many_recordings_those_with_gaps_or_missing_values_are_shown_first() {
    let folder = Folder::new();
    let mut lines = "video,session,timestep,prediction\n".to_owned();
    for number in 0..60 {
        let value = if number == 57 { "" } else { "1" };
        lines += &format!("label{number:02},r,0,{value}\nlabel{number:02},r,1,2\n");
    }
    folder.write("many.csv", lines);
    let text = folder.does(&["inspect", "many.csv"]).stdout;
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("label") && line.contains(" r ")).collect();
    assert_eq!(rows.len(), 40, "{text}");
    assert!(rows[0].starts_with("label57") && text.ends_with("and 20 more, which --json lists\n"), "{text}");
}

#[test]
fn recordings_whose_level_tells_their_labels_apart_get_a_warning() {
    let folder = Folder::new();
    let recordings = |level: &dyn Fn(usize, usize) -> f32| {
        let mut lines = "video,session,timestep,prediction\n".to_owned();
        for (label, session, frame) in (0..27).map(|at| (at / 9, at / 3 % 3, at % 3)) {
            for value in [1.0, -1.0, 0.5 * frame as f32] {
                lines += &format!("l{label},s{session},{frame},{}\n", value + level(label, session));
            }
        }
        lines
    };
    folder.write("level.csv", recordings(&|label, session| 10.0 * label as f32 + 0.1 * session as f32));
    folder.write("session.csv", recordings(&|_, session| 10.0 * session as f32));
    let told = folder.does(&["inspect", "level.csv"]);
    assert!(told.stderr.contains("the mean level of a recording alone separates the labels (100 %"), "{}", told.stderr);
    assert!(inspect(&folder, "level.csv")["level_between_labels_share"].as_f64().unwrap() > 0.99);
    let untold = folder.does(&["inspect", "session.csv"]);
    assert!(!untold.stderr.contains("separates the labels"), "{}", untold.stderr);
    assert!(inspect(&folder, "session.csv")["level_between_labels_share"].is_null());
    folder.does(&["convert", "level.csv", "-o", "clean.csv", "--zscore"]);
    assert!(inspect(&folder, "clean.csv")["level_between_labels_share"].is_null());
}

#[test]
fn what_is_no_recording_is_described_by_itself() {
    let folder = Folder::with_model();
    let says = ["model/model.nvb: is no recording", "by itself"];
    folder.refuses(&["inspect", "data.csv", "model/model.nvb"], 2, &says);
}
