//! Names on the command line and on the console: commas, unknown ones, control characters, negative numbers.

use super::folder::Folder;
use super::samples::FEATURES;

/// Recordings of two labels in these sessions, the first label with this name.
fn recordings(label: &str, sessions: &[&str]) -> Folder {
    let folder = Folder::new();
    let mut text = "video,session,timestep,prediction\n".to_owned();
    for (at, label) in [label, "bob"].into_iter().enumerate() {
        for session in sessions {
            for timestep in 0..4 {
                for feature in 0..FEATURES {
                    let value = ((at + 1) * (feature + 3) * (timestep + 7)) % 11;
                    text += &format!("\"{label}\",\"{session}\",{timestep},{value}\n");
                }
            }
        }
    }
    folder.write("data.csv", text);
    folder
}

fn sessions(folder: &Folder, options: &[&str]) -> serde_json::Value {
    let train = ["train", "data.csv", "--recipe", "linear", "--out", "out", "--force"];
    folder.does(&[&train[..], options].concat());
    folder.does(&["inspect", "out", "--json"]).json()["training_sessions"].clone()
}

#[test]
fn sessions_whose_names_hold_commas_can_be_chosen() {
    let folder = recordings("ada", &["run 1, visit A", "run 2, visit A", "run 3"]);
    let both = serde_json::json!(["run 1, visit A", "run 2, visit A"]);
    assert_eq!(sessions(&folder, &["--sessions", "run 1, visit A", "--sessions", "run 2, visit A"]), both);
    assert_eq!(sessions(&folder, &["--sessions", "\"run 1, visit A\",\"run 2, visit A\""]), both);
    assert_eq!(
        sessions(&folder, &["--sessions", "run 3, \"run 2, visit A\""]),
        serde_json::json!(["run 2, visit A", "run 3"])
    );
    let enroll =
        ["enroll", "data.csv", "--model", "out", "--label", "ada", "--threshold", "0.5", "-o", "r.nve", "--json"];
    let record = folder.does(&[&enroll[..], &["--sessions", "run 1, visit A"]].concat()).json();
    assert_eq!(record["sessions"], serde_json::json!(["run 1, visit A"]));
    let evaluate =
        ["evaluate", "data.csv", "--recipe", "linear", "--methods", "linear", "--no-sweeps", "--replicates", "20"];
    folder.does(
        &[
            &evaluate[..],
            &[
                "--protocol",
                "sessions",
                "--train-sessions",
                "run 1, visit A",
                "--enroll-sessions",
                "\"run 2, visit A\"",
                "--probe-sessions",
                "run 3",
            ],
        ]
        .concat(),
    );
}

#[test]
fn an_unknown_label_or_session_lists_those_there_are_in_every_command() {
    let folder = Folder::with_enrolment();
    folder.does(&["gallery", "class00.nve", "-o", "g.nvg"]);
    let enroll = ["enroll", "data.csv", "--model", "model", "--threshold", "0.5", "-o", "n.nve"];
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve"];
    let identify = ["identify", "data.csv", "--model", "model", "--gallery", "g.nvg"];
    for command in [&enroll[..], &verify, &identify] {
        let says = ["data.csv: no label `nobody`; there are `class00`, `class01`, `class02`"];
        folder.refuses(&[command, &["--label", "nobody"]].concat(), 2, &says);
    }
    let says = ["data.csv: no session `run9`; there are `run00`, `run01`, `run02`"];
    for command in [&verify[..], &identify] {
        folder.refuses(&[command, &["--label", "class00", "--session", "run9"]].concat(), 2, &says);
    }
    for option in ["--sessions", "--development-sessions", "--probe-sessions"] {
        folder.refuses(&[&enroll[..], &["--label", "class00", option, "run01,run9"]].concat(), 2, &says);
    }
    folder.refuses(&["train", "data.csv", "--out", "out", "--sessions", "run9"], 2, &says);
    let options = ["--train-sessions", "run00", "--enroll-sessions", "run01", "--probe-sessions", "run9"];
    folder.refuses(&[&["evaluate", "data.csv"], &options[..]].concat(), 2, &says);
}

#[test]
fn negative_numbers_are_values() {
    let folder = Folder::with_model();
    for (given, shown) in [("-0.2", "-0.2000"), ("-.25", "-0.2500"), ("-2e-1", "-0.2000"), ("-1", "-1.0000")] {
        let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "r.nve", "--force"];
        let run = folder.does(&[&enroll[..], &["--threshold", given]].concat());
        assert!(run.stdout.contains(&format!("threshold {shown}")), "{}", run.stdout);
    }
    folder.refuses(&["synth", "-o", "x.csv", "--noise", "-1"], 2, &["--noise -1 must be 0 or more"]);
    folder.refuses(&["synth", "-o", "x.csv", "--classes", "-1"], 2, &["'-1'", "--classes"]);
    let train = ["train", "data.csv", "--out", "out", "--steps", "1", "--margin"];
    folder.refuses(&[&train[..], &["-0.5"]].concat(), 2, &["--margin"]);
}

#[test]
fn control_characters_of_files_and_arguments_are_shown_escaped() {
    let evil = "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}b\nerror: forged";
    let shown = "a\\u{1b}[2J\\u{9b}31m\\u{7f}\\u{202e}b\\nerror: forged";
    let folder = recordings(evil, &["run\u{1b}[1m0", "run1", "run2"]);
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "out", "--sessions", "run1"]);
    let enroll = ["enroll", "data.csv", "--model", "out", "--label", evil, "--sessions", "run2", "-o", "r\u{1b}.nve"];
    let verify = ["verify", "data.csv", "--model", "out", "--enrolment", "r\u{1b}.nve"];
    let mut said = Vec::new();
    for arguments in [
        &["inspect", "data.csv"][..],
        &["inspect", "data.csv", "--json", "--quiet"],
        &["inspect", "out"],
        &["inspect", "out/training.safetensors"],
        &enroll,
        &["inspect", "r\u{1b}.nve"],
        &["inspect", "r\u{1b}.nve", "--json"],
        &["gallery", "r\u{1b}.nve", "-o", "g.nvg"],
        &["inspect", "g.nvg"],
        &["identify", "data.csv", "--model", "out", "--gallery", "g.nvg", "--label", evil, "--session", "run2"],
        &verify,
        &[&verify[..], &["--label", evil, "--session", "no\u{1b}body"]].concat(),
        &["inspect", "ab\u{1b}sent"],
        &["in\u{1b}spect"],
        &["enroll", "data.csv", "--threshold", "\u{1b}[31m"],
    ] {
        let run = folder.run(arguments);
        let text = run.stdout + &run.stderr;
        let control = |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
        assert!(!text.contains(control), "{arguments:?}: {text:?}");
        assert!(!text.lines().any(|line| line.starts_with("error: forged")), "{arguments:?}: {text}");
        said.push(text);
    }
    assert!(said[0].contains(shown), "{}", said[0]);
    // Notes on standard error follow the document.
    let mut documents = serde_json::Deserializer::from_str(&said[1]).into_iter::<serde_json::Value>();
    let labels = documents.next().unwrap().unwrap();
    assert_eq!(labels["labels"][0], evil);
    assert!(said[14].contains("\\u{1b}[31m"), "{}", said[14]);
}

#[test]
fn a_scan_that_is_not_there_is_said_with_the_sessions_that_are() {
    let folder = recordings("ada", &["run0", "run1"]);
    let text = String::from_utf8(folder.read("data.csv")).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("\"ada\",\"run1\"")).collect::<Vec<_>>().join("\n");
    folder.write("data.csv", kept + "\n");
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "out"]);
    let enroll = ["enroll", "data.csv", "--model", "out", "--label", "ada", "--threshold", "0.5", "-o", "r.nve"];
    folder.does(&enroll);
    let verify =
        ["verify", "data.csv", "--model", "out", "--enrolment", "r.nve", "--label", "ada", "--session", "run1"];
    folder.refuses(&verify, 3, &["no scan of label ada in that session; it has some in run0"]);
}
