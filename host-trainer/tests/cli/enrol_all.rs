//! `enroll --all` and `--labels`: several labels at once, each into a file of its own; `gallery` of their folder.

use std::fs;

use neural_vault::dataset::{Dataset, write_csv};
use serde_json::{Value, json};

use super::folder::Folder;
use super::new_identity;
use super::person;
use super::samples::{model, recordings};

const ENROLL: [&str; 6] = ["enroll", "data.csv", "--model", "model", "--sessions", "run01"];

fn enroll<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&ENROLL[..], options].concat()
}

/// A document of an enrolment without what is of one run.
fn without_run(mut document: Value) -> Value {
    let object = document.as_object_mut().unwrap();
    ["file", "id", "schema"].iter().for_each(|key| drop(object.remove(*key)));
    document
}

fn relabelled(labels: [&str; 3]) -> Dataset {
    Dataset { labels: labels.map(str::to_owned).to_vec(), ..recordings() }
}

#[test]
fn all_labels_are_enrolled_as_each_would_be_by_itself() {
    let folder = Folder::with_model();
    for options in [&[][..], &["--development-sessions", "run02"], &["--threshold", "0.5", "--probe-sessions", "run02"]]
    {
        let all = folder.does(&enroll(&[options, &["--all", "-o", "enrolled", "--force", "--json"]].concat())).json();
        assert_eq!((&all["folder"], &all["refused"]), (&"enrolled".into(), &json!([])));
        let found = all["enrolments"].as_array().unwrap();
        assert_eq!(found.len(), 3);
        for (index, document) in found.iter().enumerate() {
            let label = format!("class0{index}");
            assert_eq!(document["file"], format!("enrolled/{label}.nve"));
            let one = enroll(&[options, &["--label", &label, "-o", "one.nve", "--force", "--json"]].concat());
            assert_eq!(without_run(document.clone()), without_run(folder.does(&one).json()), "{options:?}");
            let inspected = folder.does(&["inspect", document["file"].as_str().unwrap(), "--json"]).json();
            assert_eq!((&inspected["label"], &inspected["id"]), (&label.into(), &document["id"]));
        }
        let ids: Vec<&Value> = found.iter().map(|document| &document["id"]).collect();
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    }
}

#[test]
fn a_table_names_files_thresholds_and_attempts_and_says_the_rate_once() {
    let folder = Folder::with_model();
    let run = folder.does(&enroll(&["--all", "-o", "enrolled"]));
    assert!(
        run.stdout.starts_with(
            "enrolled: 3 of 3 labels enrolled, for probes of 3 frames\nlabel    file         scans  threshold"
        ),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("class02  class02.nve      1     "), "{}", run.stdout);
    assert_eq!(run.stdout.matches("EER ").count(), 1, "{}", run.stdout);
    let few = folder.does(&enroll(&["--labels", "class02,class00", "-o", "few"]));
    assert!(few.stdout.starts_with("few: 2 of 2 labels"), "{}", few.stdout);
    assert_eq!(fs::read_dir(folder.path("few")).unwrap().count(), 2);
}

#[test]
fn nothing_is_replaced_unasked_and_a_new_enrolment_has_all_its_attempts() {
    let folder = Folder::with_model();
    folder.does(&enroll(&["--labels", "class01", "-o", "enrolled"]));
    folder.write("enrolled/class01.nve.attempts", "of the earlier enrolment");
    folder.refuses(&enroll(&["--all", "-o", "enrolled"]), 2, &["enrolled/class01.nve already exists", "--force"]);
    folder.does(&enroll(&["--all", "-o", "enrolled", "--force"]));
    assert!(!folder.path("enrolled/class01.nve.attempts").exists());
}

#[test]
fn labels_are_named_by_one_of_three_options_and_the_output_is_a_folder() {
    let folder = Folder::with_model();
    let refuses = |options: &[&'static str], says: &[&str]| folder.refuses(&enroll(options), 2, says);
    let usage = |options: &[&'static str]| {
        let run = folder.run(&enroll(options));
        assert!(run.code == 2 && run.stderr.contains("Usage"), "{}", run.stderr);
    };
    usage(&["-o", "enrolled"]);
    usage(&["-o", "enrolled", "--all", "--label", "class00"]);
    usage(&["-o", "enrolled", "--all", "--labels", "class00"]);
    refuses(&["-o", "enrolled", "--labels", "class00,class09"], &["no label `class09`"]);
    refuses(&["-o", ".", "--all"], &["holds an input", "a folder of its own"]);
    folder.write("file", "");
    folder.refuses(&enroll(&["-o", "file", "--all"]), 7, &["file"]);
}

#[test]
fn no_label_leads_out_of_the_folder_or_to_the_file_of_another() {
    let folder = Folder::new();
    model(1).write(&folder.path("model")).unwrap();
    write_csv(&relabelled(["../up", "Face", "face"]), &folder.path("data.csv")).unwrap();
    let found = folder.does(&enroll(&["--all", "-o", "enrolled", "--json", "-q"])).json();
    let files: Vec<&str> =
        found["enrolments"].as_array().unwrap().iter().map(|document| document["file"].as_str().unwrap()).collect();
    assert!(files.iter().all(|file| file.starts_with("enrolled/") && file.matches('/').count() == 1), "{files:?}");
    assert_ne!(files[1].to_lowercase(), files[2].to_lowercase());
    assert_eq!(fs::read_dir(folder.path("enrolled")).unwrap().count(), 3);
}

#[test]
fn a_label_that_cannot_be_enrolled_is_named_and_the_others_are_written() {
    let folder = Folder::with_model();
    // class02 was recorded in run00 and run02 only.
    let text = String::from_utf8(folder.read("data.csv")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("class02,run01,")).collect();
    folder.write("data.csv", kept.join("\n"));
    let run = folder.run(&enroll(&["--all", "-o", "enrolled"]));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stdout.contains("enrolled: 2 of 3 labels enrolled"), "{}", run.stdout);
    assert!(run.stdout.contains("not enrolled: label class02 has no scan in these sessions"), "{}", run.stdout);
    assert_eq!(fs::read_dir(folder.path("enrolled")).unwrap().count(), 2);
    let run = folder.run(&enroll(&["--all", "-o", "again", "--json"]));
    let document = run.document();
    let refused = json!([{ "label": "class02", "code": 2, "error": "label class02 has no scan in these sessions" }]);
    assert_eq!((run.code, &document["refused"]), (2, &refused));
    folder.refuses(&enroll(&["--labels", "class02", "-o", "none"]), 2, &["no label can be enrolled", "class02"]);
}

#[test]
fn one_refit_takes_all_new_labels_in() {
    let folder = new_identity::folder();
    new_identity::train(&folder, &["--recipe", "linear"]);
    let enroll = ["enroll", "all.csv", "--model", "model", "--sessions", "run00,run01,run02,run03", "--refit", "again"];
    let run = folder.does(&[&enroll[..], &["--labels", "class03,class04", "-o", "enrolled"]].concat());
    assert!(run.stderr.contains("with class03, class04 in it"), "{}", run.stderr);
    let inspect = folder.does(&["inspect", "again", "--json"]).json();
    assert_eq!(inspect["labels"].as_array().unwrap().len(), 5);
    let verify = ["verify", "all.csv", "--model", "again", "--session", "run04"];
    for label in ["class03", "class04"] {
        let enrolment = format!("enrolled/{label}.nve");
        folder.does(&[&verify[..], &["--enrolment", &enrolment, "--label", label]].concat());
    }
    let known = [&enroll[..7], &["twice", "--labels", "class00,class01", "-o", "known"]].concat();
    folder.refuses(&known, 3, &["trained on all these labels already", "without --refit"]);
}

#[test]
fn all_persons_are_enrolled_as_each_would_be_and_the_background_is_left_out() {
    let folder = person::folder();
    let enroll = ["enroll", "data.csv", "background.csv", "--model", "model", "--sessions", "s0,s1"];
    let run = folder.does(&[&enroll[..], &["--all", "-o", "enrolled", "--json"]].concat());
    assert!(run.stderr.contains("background persons of the model are left out: p0, p1, p2"), "{}", run.stderr);
    let all = run.json();
    let labels: Vec<&Value> = all["enrolments"].as_array().unwrap().iter().map(|found| &found["label"]).collect();
    assert_eq!(labels, ["p8", "p9", "q0", "q1"]);
    for document in all["enrolments"].as_array().unwrap() {
        let label = document["label"].as_str().unwrap();
        let one =
            folder.does(&[&enroll[..], &["--label", label, "-o", "one.nve", "--force", "--json"]].concat()).json();
        assert_eq!(without_run(document.clone()), without_run(one), "{label}");
    }
    // A person with too few frames is refused alone.
    let text = String::from_utf8(folder.read("data.csv")).unwrap();
    let is_kept = |line: &&str| !line.starts_with("q0,") || line.starts_with("q0,s0,1,");
    folder.write("data.csv", text.lines().filter(is_kept).collect::<Vec<_>>().join("\n"));
    let run = folder.run(&["enroll", "data.csv", "--model", "model", "--all", "-o", "fewer"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("3 of 4 labels") && run.stdout.contains("not enrolled: "), "{}", run.stdout);
    assert!(run.stdout.contains("q0"), "{}", run.stdout);
}

#[test]
fn a_gallery_of_a_folder_is_that_of_its_enrolments_by_name() {
    let folder = Folder::with_model();
    folder.does(&enroll(&["--all", "-o", "enrolled", "--seed", "3"]));
    folder.write("enrolled/class00.nve.attempts", "");
    folder.write("enrolled/notes.txt", "");
    let run = folder.does(&["gallery", "enrolled", "-o", "folder.nvg"]);
    assert!(
        run.stdout.contains("3 prototypes") && run.stderr.contains("left out, not enrolments (*.nve): notes.txt"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("attempts"), "{}", run.stderr);
    let files = ["enrolled/class00.nve", "enrolled/class01.nve", "enrolled/class02.nve"];
    folder.does(&[&["gallery"], &files[..], &["-o", "files.nvg"]].concat());
    assert!(folder.read("folder.nvg") == folder.read("files.nvg"));
    // An enrolment that is given and in the folder is in the gallery once.
    let run = folder.does(&["gallery", "enrolled/class01.nve", "enrolled", "-o", "once.nvg"]);
    assert!(run.stdout.contains("3 prototypes"), "{}", run.stdout);

    fs::create_dir(folder.path("empty")).unwrap();
    folder.refuses(&["gallery", "empty", "-o", "g.nvg"], 4, &["empty: no enrolment", "enroll --all -o empty"]);
    model(2).write(&folder.path("other")).unwrap();
    let other = ["enroll", "data.csv", "--model", "other", "--label", "class00", "--threshold", "0"];
    folder.does(&[&other[..], &["-o", "enrolled/odd.nve"]].concat());
    let says = ["enrolled/odd.nve: made with model", "enrolled/class00.nve with", "a gallery is of one model"];
    folder.refuses(&["gallery", "enrolled", "-o", "g.nvg"], 4, &says);
    folder.write("enrolled/odd.nve", "not an enrolment");
    folder.refuses(&["gallery", "enrolled", "-o", "g.nvg"], 4, &["enrolled/odd.nve: not a sound enrolment"]);
}
