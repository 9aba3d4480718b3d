//! Errors under `--json`: one document on stdout, the same text on stderr, the exit code as without it.

use std::process::Stdio;

use serde_json::{Value, json};

use super::folder::{Folder, Run};

/// The document of a failed run, checked against its exit code and its text on stderr.
fn document(run: &Run, code: i32) -> Value {
    assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
    let document = run.document();
    assert_eq!((&document["schema"], &document["code"]), (&json!("neural-vault/error/1"), &json!(code)), "{document}");
    let text = document["error"].as_str().unwrap();
    assert!(!text.is_empty() && run.stderr.contains(text.lines().next().unwrap()), "{document}: {}", run.stderr);
    document
}

#[test]
fn every_kind_of_error_is_a_document_with_its_command_and_its_exit_code() {
    let folder = Folder::with_enrolment();
    folder.write("bad.csv", "video,timestep,prediction\na,0,1\na,x,2\n");
    std::fs::create_dir(folder.path("bad")).unwrap();
    folder.write("bad/model.safetensors", "no model");
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "class00.nve"];
    let cases: [(&[&str], i32, Value, &str); 18] = [
        (&[], 2, Value::Null, "subcommand"),
        (&["fetch"], 2, Value::Null, "fetch"),
        (&["--frobnicate"], 2, Value::Null, "--frobnicate"),
        (&["synth"], 2, json!("synth"), "--output"),
        (&["synth", "-o", "x.csv", "--classes", "0"], 2, json!("synth"), "--classes"),
        (&["synth", "-o", "x.csv", "--noise", "nan"], 2, json!("synth"), "--noise"),
        (&["token"], 2, json!("token"), "subcommand"),
        (&["token", "enroll", "data.csv"], 2, json!("token-enroll"), "--port"),
        (&["man", "fetch"], 2, json!("man"), "no command fetch"),
        (&enroll, 2, json!("enroll"), "class00.nve already exists"),
        (&["inspect", "absent.csv"], 3, json!("inspect"), "absent.csv"),
        (&["convert", "bad.csv", "-o", "out.npz"], 3, json!("convert"), "line 3"),
        (&["compare", "data.csv", "data.csv"], 3, json!("compare"), "data.csv: not JSON"),
        (&["embed", "data.csv", "--model", "bad", "--compare"], 4, json!("embed"), "model.safetensors"),
        (&["derive", "--enrolment", "data.csv", "--scheme", "v1"], 4, json!("derive"), "data.csv"),
        (&["token", "info", "--port", "unix:absent"], 6, json!("token-info"), "absent"),
        (&["synth", "-o", "absent/x.csv"], 7, json!("synth"), "there is no folder absent"),
        (&["secret", "-o", "model"], 7, json!("secret"), "a folder of this name is in the way"),
    ];
    for (arguments, code, command, says) in cases {
        for order in [[arguments, &["--json"]].concat(), [&["--json"], arguments].concat()] {
            let found = document(&folder.run(&order), code);
            assert_eq!(found["command"], command, "{order:?}: {found}");
            assert!(found["error"].as_str().unwrap().contains(says), "{order:?}: {found}");
        }
        let plain = folder.run(arguments);
        assert_eq!((plain.code, plain.stdout.as_str()), (code, ""), "{arguments:?}");
    }
    let embed = ["embed", "data.csv", "--model", "model", "--engine", "onnxruntime", "-o", "e.npy", "--json"];
    let found = document(&folder.run_with("NEURAL_VAULT_ONNXRUNTIME", "absent", &embed), 5);
    assert!(found["error"].as_str().unwrap().contains("NEURAL_VAULT_ONNXRUNTIME"), "{found}");
}

#[test]
fn the_text_of_an_error_is_that_of_stderr_and_holds_no_control_character() {
    let folder = Folder::new();
    let run = folder.run(&["inspect", "\u{1b}[2J\n.csv", "--json", "--quiet"]);
    let found = document(&run, 3);
    assert_eq!(run.stderr, format!("error: {}\n", found["error"].as_str().unwrap()));
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{}", run.stdout);
    let usage = document(&folder.run(&["synth", "--json"]), 2);
    assert!(!usage["error"].as_str().unwrap().starts_with("error:"), "{usage}");
}

#[test]
fn an_option_after_two_dashes_asks_for_nothing() {
    let folder = Folder::new();
    let run = folder.run(&["synth", "--", "--json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
}

#[test]
fn a_rejected_verification_is_a_result_and_no_error() {
    let folder = Folder::with_enrolment();
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--session", "run02"];
    let run = folder.run(&[&verify[..], &["--label", "class01", "--json"]].concat());
    let found = run.document();
    assert_eq!((run.code, &found["accepted"]), (1, &json!(false)), "{found}");
    assert_eq!(found["schema"], "neural-vault/verify/1");
}

#[test]
fn an_error_to_a_closed_pipe_is_told_on_stderr_alone() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = folder.command(&["inspect", "absent.csv", "--json"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(3), 1), "{stderr}");
    assert!(stderr.starts_with("error: absent.csv"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_command_with_exit_code_130_and_a_document() {
    use std::process::Command;
    let folder = Folder::new();
    let shell = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
    let pipe = folder.path("pipe.csv");
    shell(&format!("mkfifo '{}'", pipe.display()));
    for (options, lines) in [(&["--json"][..], 6), (&[], 0)] {
        let arguments = [&["inspect", "pipe.csv"], options].concat();
        let child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Opening waits for the command to read.
        let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
        shell(&format!("kill -INT {}", child.id()));
        let run = Run::from(child.wait_with_output().unwrap());
        drop(writer);
        assert_eq!((run.code, run.stderr.as_str()), (130, "error: stopped by Ctrl-C\n"));
        assert_eq!(run.stdout.lines().count(), lines, "{}", run.stdout);
        if !options.is_empty() {
            assert_eq!(document(&run, 130)["command"], "inspect");
        }
    }
}
