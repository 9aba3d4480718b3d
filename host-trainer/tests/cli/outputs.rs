//! Outputs never destroy: an input is refused, and what is there is replaced only by `--force`.

use std::fs;

use super::folder::Folder;

const ENROLL: [&str; 9] = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--threshold", "0.5", "-o"];

/// A folder with all that the commands read.
fn folder() -> Folder {
    let folder = Folder::with_enrolment();
    folder.does(&["gallery", "class00.nve", "-o", "g.nvg"]);
    folder.does(&["embed", "data.csv", "--model", "model", "-o", "e.npy"]);
    let evaluate = ["evaluate", "data.csv", "--recipe", "linear", "--methods", "linear", "--no-sweeps"];
    folder.does(&[&evaluate[..], &["--replicates", "20", "-o", "r.json", "--report", "r.html"]].concat());
    folder.does(&["secret", "-o", "secret"]);
    folder.does(&["synth", "-o", "s.csv", "--features", "4"]);
    folder
}

#[test]
fn what_is_there_is_kept_and_replaced_only_by_force() {
    let folder = folder();
    let evaluate = ["evaluate", "data.csv", "--recipe", "linear", "--methods", "linear", "--no-sweeps"];
    let evaluate = [&evaluate[..], &["--replicates", "20"]].concat();
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "trained"]);
    for (arguments, file) in [
        (&["synth", "-o", "s.csv", "--features", "4"][..], "s.csv"),
        (&["train", "data.csv", "--recipe", "linear", "--out", "trained"], "trained/model.safetensors"),
        (&["import", "model/model.safetensors", "--out", "trained"], "trained/model.safetensors"),
        (&["export", "model"], "model/model.onnx"),
        (&["embed", "data.csv", "--model", "model", "-o", "e.npy"], "e.npy"),
        (&["gallery", "class00.nve", "-o", "g.nvg"], "g.nvg"),
        (&[&evaluate[..], &["-o", "r.json"]].concat(), "r.json"),
        (&[&evaluate[..], &["--report", "r.html"]].concat(), "r.html"),
        (&[&evaluate[..], &["--scores", "e.npy"]].concat(), "e.npy"),
        (&["compare", "r.json", "r.json", "--report", "r.html"], "r.html"),
    ] {
        folder.refuses(arguments, 2, &[&format!("{file} already exists"), "--force"]);
        folder.does(&[arguments, &["--force"]].concat());
    }
    for (arguments, file) in
        [(&[&ENROLL[..], &["class00.nve"]].concat()[..], "class00.nve"), (&["secret", "-o", "secret"], "secret")]
    {
        let before = folder.read(file);
        folder.refuses(arguments, 2, &[&format!("{file} already exists"), "could never be made again", "--force"]);
        folder.does(&[arguments, &["--force"]].concat());
        assert_ne!(folder.read(file), before);
    }
}

#[test]
fn an_input_is_never_an_output_not_even_by_force() {
    let folder = folder();
    for (arguments, input) in [
        (&["embed", "data.csv", "--model", "model", "-o", "data.csv"][..], "data.csv"),
        (&["embed", "data.csv", "--model", "model", "-o", "./model/../data.csv"], "data.csv"),
        (&["embed", "data.csv", "--model", "model", "-o", "model/model.nvb"], "model"),
        (&["embed", "data.csv", "--model", "model/model.nvb", "-o", "model/model.nvb"], "model/model.nvb"),
        (&[&ENROLL[..], &["data.csv"]].concat(), "data.csv"),
        (&[&ENROLL[..], &["model/model.safetensors"]].concat(), "model"),
        (&["gallery", "class00.nve", "-o", "class00.nve"], "class00.nve"),
        (&["evaluate", "data.csv", "--scores", "data.csv"], "data.csv"),
        (&["compare", "r.json", "r.json", "--report", "r.json"], "r.json"),
        (&["import", "model/model.safetensors", "--out", "model"], "model/model.safetensors"),
        (&["import", "model/model.safetensors", "--out", "new", "--standardise", "new"], "new"),
        (&["train", "data.csv", "--recipe", "linear", "--out", "."], "data.csv"),
        (&[&ENROLL[..], &["new.nve", "--refit", "model"]].concat(), "model"),
    ] {
        if input == "new" {
            fs::create_dir(folder.path("new")).unwrap();
            fs::copy(folder.path("data.csv"), folder.path("new/data.csv")).unwrap();
        }
        let says = [&*format!("input of this command ({input})"), "give the output"];
        folder.refuses(&[arguments, &["--force"]].concat(), 2, &says);
    }
}

#[cfg(unix)]
#[test]
fn an_input_is_known_by_its_links_and_in_its_folder() {
    let folder = folder();
    std::os::unix::fs::symlink("data.csv", folder.path("symbolic.csv")).unwrap();
    fs::hard_link(folder.path("data.csv"), folder.path("hard.csv")).unwrap();
    std::os::unix::fs::symlink("model", folder.path("same-model")).unwrap();
    for output in ["symbolic.csv", "hard.csv"] {
        let embed = ["embed", "data.csv", "--model", "model", "-o", output, "--force"];
        folder.refuses(&embed, 2, &[output, "is an input of this command (data.csv)"]);
    }
    let train = ["train", "data.csv", "--recipe", "linear", "--out", "same-model", "--force"];
    folder.refuses(&["import", "model/model.safetensors", "--out", "same-model", "--force"], 2, &["same-model: holds"]);
    folder.does(&train);
    // A recording of the folder that is read, but not another file in it.
    fs::create_dir_all(folder.path("scans/ada")).unwrap();
    fs::copy(folder.path("data.csv"), folder.path("scans/ada/data.csv")).unwrap();
    folder.write("scans/notes.json", "{}");
    let evaluate = ["evaluate", "scans", "--recipe", "linear", "--methods", "linear", "--no-sweeps", "--force"];
    let evaluate = [&evaluate[..], &["--replicates", "20", "-o"]].concat();
    folder.refuses(&[&evaluate[..], &["scans/ada/data.csv"]].concat(), 2, &["is an input of this command (scans)"]);
    folder.does(&[&evaluate[..], &["scans/notes.json"]].concat());
}

#[test]
fn two_outputs_of_one_command_are_two_files() {
    let folder = folder();
    for report in ["new", "./new", "model/../new"] {
        let evaluate = ["evaluate", "data.csv", "-o", "new", "--report", report, "--force"];
        folder.refuses(&evaluate, 2, &[report, "two outputs"]);
    }
}

#[test]
fn a_path_that_cannot_be_written_is_named_with_the_reason() {
    let folder = folder();
    folder.write("file", "");
    fs::create_dir(folder.path("directory")).unwrap();
    for (output, reason) in [
        ("absent/x", "there is no folder absent"),
        ("file/x", "file is not a folder"),
        ("directory", "a folder of this name is in the way"),
    ] {
        for arguments in [
            &["synth"][..],
            &["embed", "data.csv", "--model", "model"],
            &ENROLL[..8],
            &["gallery", "class00.nve"],
            &["evaluate", "data.csv"],
            &["secret"],
        ] {
            for force in [&[][..], &["--force"]] {
                let arguments = [arguments, &["-o", output], force].concat();
                let run = folder.run(&arguments);
                run.failed(7, &[&format!("cannot write {output}: {reason}")]);
                assert!(!run.stderr.contains(".neural-vault-"), "{}", run.stderr);
            }
        }
    }
}

#[test]
fn an_unfinished_run_is_replaced_only_by_force() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--recipe", "linear", "--out", "out"];
    fs::create_dir(folder.path("out")).unwrap();
    folder.write("out/checkpoint.safetensors", "work of hours");
    folder.refuses(&train, 2, &["out/checkpoint.safetensors", "--resume", "--force"]);
    folder.does(&[&train[..], &["--force"]].concat());
    assert!(!folder.path("out/checkpoint.safetensors").exists());
}

#[test]
fn an_enrolment_may_go_into_the_folder_that_its_refit_makes() {
    let folder = Folder::with_recordings();
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "model", "--sessions", "run00"]);
    folder.does(&["synth", "-o", "new.csv", "--classes", "4", "--features", "24", "--timesteps", "6"]);
    let enroll =
        ["enroll", "new.csv", "--model", "model", "--label", "class03", "--threshold", "0.5", "--refit", "again"];
    folder.does(&[&enroll[..], &["-o", "again/ada.nve"]].concat());
    assert!(folder.path("again/ada.nve").is_file() && folder.path("again/model.nvb").is_file());
}

#[test]
fn a_dash_and_a_device_are_no_file() {
    let folder = folder();
    for arguments in [&["synth"][..], &["embed", "data.csv", "--model", "model"], &["gallery", "class00.nve"]] {
        folder.refuses(&[arguments, &["-o", "-"]].concat(), 2, &["-: this output is a file"]);
    }
    // A link to a regular file, the one that the output is redirected to.
    #[cfg(target_os = "linux")]
    {
        let redirected = fs::File::create(folder.path("redirected")).unwrap();
        let mut command = folder.command(&["synth", "-o", "/dev/stdout", "--force"]);
        let output = command.stdout(redirected).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
    }
}
