//! Behaviour of every command: JSON, `--quiet`, help, usage and a closed pipe.

use std::process::Stdio;

use super::folder::Folder;
use super::samples::secret;

const COMMANDS: [&str; 15] = [
    "synth",
    "train",
    "import",
    "export",
    "inspect",
    "embed",
    "enroll",
    "verify",
    "derive",
    "secret",
    "token",
    "runtime",
    "demo",
    "completions",
    "man",
];

#[test]
fn json_is_one_document_under_the_commands_schema() {
    let folder = Folder::with_enrolment();
    folder.write("secret", secret(1));
    let runs: [&[&str]; 13] = [
        &["synth", "-o", "new.csv", "--features", "4"],
        &["train", "data.csv", "--out", "out", "--steps", "1", "--engine", "tract"],
        &["import", "model/model.safetensors", "--out", "imported", "--heads", "4"],
        &["export", "model"],
        &["inspect", "data.csv"],
        &["embed", "data.csv", "--model", "model", "-o", "e.npy"],
        &["enroll", "data.csv", "--model", "model", "--label", "class01", "--threshold", "0.5", "-o", "new.nve"],
        &[
            "verify",
            "data.csv",
            "--model",
            "model",
            "--enrolment",
            "class00.nve",
            "--label",
            "class00",
            "--session",
            "run02",
        ],
        &["derive", "--enrolment", "class00.nve", "--device-secret", "secret"],
        &["secret", "-o", "made"],
        &["runtime", "status"],
        &["completions", "bash"],
        &["man"],
    ];
    for arguments in runs {
        let command = arguments[0];
        for order in [[arguments, &["--json"]].concat(), [&["--json"], arguments].concat()] {
            let writes = ["synth", "train", "import", "export", "embed", "enroll", "secret"].contains(&command);
            let order = if writes { [&order[..], &["--force"]].concat() } else { order };
            let document = folder.does(&order).json();
            let schema = document["schema"].as_str().unwrap();
            let named = if command == "runtime" { "runtime-status" } else { command };
            assert_eq!(schema.rsplit_once('/').unwrap().0, format!("neural-vault/{named}"));
        }
    }
}

#[test]
fn quiet_leaves_results_and_errors_alone() {
    let folder = Folder::with_model();
    folder.write("flat.csv", "video,timestep,prediction\na,0,1\na,1,1\nb,0,1\nb,1,1\n");
    let train = ["train", "flat.csv", "--out", "out", "--recipe", "reference", "--steps", "1", "--engine", "auto"];
    assert!(folder.does(&train).stderr.contains("constant"));
    let run = folder.does(&[&train[..], &["--quiet", "--force"]].concat());
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("model "));
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--sessions", "run01", "-o", "r.nve"];
    assert!(!folder.does(&enroll).stderr.is_empty());
    assert_eq!(folder.does(&[&enroll[..], &["-q", "--force"]].concat()).stderr, "");
    folder.refuses(&["inspect", "absent.csv", "--quiet"], 3, &["absent.csv"]);
}

#[test]
fn output_that_is_not_a_terminal_gets_plain_lines() {
    let folder = Folder::with_recordings();
    let run = folder.does(&["train", "data.csv", "--out", "out", "--steps", "3", "--engine", "tract"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains(['\u{1b}', '\r']), "{}", run.stderr);
}

#[test]
fn usage_errors_exit_with_2_and_show_the_usage() {
    let folder = Folder::new();
    folder.refuses(&["fetch"], 2, &["fetch", "--help"]);
    folder.refuses(&["synth"], 2, &["--output", "Usage"]);
    folder.refuses(&["synth", "-o", "x.csv", "--classes", "0"], 2, &["--classes"]);
    folder.refuses(&["synth", "-o", "x.csv", "--noise", "nan"], 2, &["--noise"]);
    folder.refuses(&["embed", "x.csv", "--model", "m", "--engine", "torch"], 2, &["torch", "onnxruntime"]);
    folder.refuses(&["man", "fetch"], 2, &["no command fetch"]);
    folder.refuses(&["completions", "csh"], 2, &["csh", "zsh"]);
    assert_eq!(folder.run(&[]).code, 2);
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let folder = Folder::new();
    let help = folder.does(&["--help"]).stdout;
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        assert!(folder.does(&[command, "--help"]).stdout.contains("Usage: neural-vault"), "{command}");
    }
    for code in ["0 done", "1 rejected", "2 usage", "3 bad input", "4 bad", "5 engine", "7 a result", "130"] {
        assert!(help.contains(code), "{code}: {help}");
    }
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let folder = Folder::new();
    for (shell, mark) in
        [("bash", "complete -F"), ("zsh", "#compdef neural-vault"), ("fish", "complete -c neural-vault")]
    {
        let script = folder.does(&["completions", shell]).stdout;
        assert!(script.contains(mark), "{shell}");
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    let page = folder.does(&["man"]).stdout;
    assert!(page.contains(".TH neural-vault 1"), "{page}");
    for command in COMMANDS {
        assert!(page.contains(command), "{command}");
        let own = folder.does(&["man", command]).stdout;
        assert!(own.contains(&format!(".TH neural-vault-{command} 1")) && own.contains(".SH OPTIONS"), "{own}");
    }
    let own = folder.does(&["man", "token", "enroll"]).stdout;
    assert!(own.contains(".TH neural-vault-token-enroll 1") && own.contains("admin\\-key"), "{own}");
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_command_quietly_with_exit_code_7() {
    let folder = Folder::with_model();
    for arguments in [&["completions", "bash"][..], &["inspect", "model", "--json"], &["man"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(7), ""), "{arguments:?}");
    }
}
