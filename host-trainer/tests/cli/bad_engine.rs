//! Engines that are missing, wrong or without CUDA: exit code 5, and never a silent change of engine.

use super::folder::{Folder, Run};

const VARIABLE: &str = "NEURAL_VAULT_ONNXRUNTIME";

fn train(folder: &Folder, library: &str, engine: &str) -> Run {
    let arguments = ["train", "data.csv", "--out", "out", "--steps", "1", "--engine", engine];
    folder.run_with(VARIABLE, library, &arguments)
}

/// Asks for ONNX Runtime with this library, then for any engine.
fn refused(folder: &Folder, library: &str, says: &[&str]) {
    let before = folder.contents();
    train(folder, library, "onnxruntime").failed(5, says);
    let embed = ["embed", "data.csv", "--model", "model", "-o", "e.npy", "--engine", "onnxruntime"];
    folder.run_with(VARIABLE, library, &embed).failed(5, says);
    assert!(folder.contents() == before, "left {:?}", folder.names());

    let run = train(folder, library, "auto");
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in says.iter().chain(&["engine: tract"]) {
        assert!(run.stderr.contains(part), "`{part}` is not in: {}", run.stderr);
    }
}

#[test]
fn a_missing_onnx_runtime_is_refused() {
    let folder = Folder::with_model();
    refused(
        &folder,
        "/absent/libonnxruntime.so",
        &[VARIABLE, "/absent/libonnxruntime.so", "`neural-vault runtime install`"],
    );
}

#[test]
fn a_library_that_is_text_is_refused() {
    let folder = Folder::with_model();
    folder.write("fake.so", "not a library");
    refused(&folder, "fake.so", &["fake.so", "`neural-vault runtime install` fetches version 1.31.1"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_that_is_not_onnx_runtime_is_refused() {
    // The C library that this test itself runs on.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.contains("/libc.so") || line.contains("/ld-musl")).unwrap();
    let library = &line[line.find('/').unwrap()..];
    let folder = Folder::with_model();
    refused(&folder, library, &[library, "does not export `OrtGetApiBase`", "`neural-vault runtime install`"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_old_onnx_runtime_is_refused_with_its_version() {
    // A library that says its version and has no functions that this program could call.
    const SOURCE: &str = "
        typedef struct { const void *(*api)(unsigned); const char *(*version)(void); } Base;
        static const void *api(unsigned version) { return 0; }
        static const char *version(void) { return \"1.14.1\"; }
        static const Base base = { api, version };
        const Base *OrtGetApiBase(void) { return &base; }";
    let folder = Folder::with_model();
    folder.write("old.c", SOURCE);
    let compiled = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "libonnxruntime.so", "old.c"])
        .current_dir(folder.path(""))
        .status();
    assert!(compiled.unwrap().success());
    let library = folder.path("libonnxruntime.so").to_string_lossy().into_owned();
    let says = "ONNX Runtime 1.14.1 is too old; 1.17.0 or later is needed; `neural-vault runtime install`";
    refused(&folder, "libonnxruntime.so", &[&library, says]);
    let status = folder.run_with(VARIABLE, "libonnxruntime.so", &["runtime", "status"]);
    assert!(status.code == 0 && status.stdout.contains(says), "{}", status.stdout);
    assert!(status.stdout.contains(&format!("{VARIABLE} refused    {library}")), "{}", status.stdout);
}

#[test]
fn cuda_needs_a_library_with_its_provider() {
    let folder = Folder::with_recordings();
    for engine in ["auto", "onnxruntime"] {
        let train = ["train", "data.csv", "--out", "out", "--steps", "1", "--engine", engine, "--device", "cuda"];
        folder.refuses(
            &train,
            5,
            &["no usable CUDA provider", "built without CUDA", "runtime install --cuda", "--device cpu"],
        );
    }
}

#[test]
fn cuda_without_any_library_is_refused() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--out", "out", "--steps", "1", "--device", "cuda"];
    folder.run_with(VARIABLE, "/absent", &train).failed(5, &[VARIABLE, "/absent"]);
    assert_eq!(folder.names(), ["data.csv"]);
}

#[test]
fn cuda_with_tract_is_a_usage_error() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--out", "out", "--engine", "tract", "--device", "cuda"];
    folder.refuses(&train, 2, &["tract does not run on CUDA", "--engine onnxruntime"]);
}

#[test]
fn a_recipe_without_an_engine_says_that_it_uses_no_gpu() {
    let folder = Folder::with_recordings();
    let run = folder.does(&["train", "data.csv", "--out", "out", "--recipe", "linear", "--device", "cuda"]);
    assert!(run.stderr.contains("recipe linear is fitted on the processor; --device is not used"), "{}", run.stderr);
}

#[test]
fn auto_takes_onnx_runtime_when_it_is_found_and_says_so() {
    let folder = Folder::with_recordings();
    let run = folder.does(&["train", "data.csv", "--out", "out", "--steps", "1"]);
    assert!(run.stderr.contains("engine: onnxruntime"), "set {VARIABLE} for these tests: {}", run.stderr);
}

#[test]
fn status_lists_every_engine_and_what_it_lacks() {
    let folder = Folder::new();
    let status = folder.does(&["runtime", "status", "--json"]).json();
    let state = |status: &serde_json::Value, name: &str| {
        let engines = status["engines"].as_array().unwrap().clone();
        engines.into_iter().find(|engine| engine["engine"] == name).unwrap()
    };
    for name in ["core", "tract", "onnxruntime"] {
        assert_eq!(state(&status, name)["available"], true, "{name}; set {VARIABLE} for these tests");
    }
    assert!(status["library"].is_string());
    let variable = &status["looked_in"][0];
    assert_eq!((&variable["source"], &variable["state"]), (&VARIABLE.into(), &"taken".into()), "{variable}");
    assert_eq!(variable["library"], status["library"]);
    let run = folder.run_with(VARIABLE, "/absent", &["runtime", "status", "--json"]);
    let missing = state(&run.json(), "onnxruntime");
    assert_eq!(missing["available"], false);
    assert!(missing["reason"].as_str().unwrap().contains("/absent"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_library_that_pip_installed_is_found_and_status_says_where() {
    let folder = Folder::new();
    let capi = "venv/lib/python3.12/site-packages/onnxruntime/capi";
    std::fs::create_dir_all(folder.path(capi)).unwrap();
    // The library that these tests run on, under the name that a wheel gives it.
    let own = std::env::var_os(VARIABLE).unwrap();
    let mut files = std::fs::read_dir(own).unwrap().map(|entry| entry.unwrap().path());
    let library = files.find(|path| path.to_string_lossy().contains("libonnxruntime.")).unwrap();
    let linked = folder.path(capi).join(library.file_name().unwrap());
    std::os::unix::fs::symlink(std::fs::canonicalize(library).unwrap(), &linked).unwrap();
    let venv = folder.path("venv").to_string_lossy().into_owned();
    let environment = [(VARIABLE, ""), ("HOME", ""), ("XDG_DATA_HOME", ""), ("VIRTUAL_ENV", &venv)];
    let run = folder.run_in(&environment, &["runtime", "status"]);
    let found = format!("VIRTUAL_ENV              taken      {}", linked.display());
    assert!(run.stdout.contains(&found) && run.stdout.contains("onnxruntime         available"), "{}", run.stdout);
}
