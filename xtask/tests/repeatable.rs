//! A program built with this one in the compiler's place has the same bytes in every folder.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// A workspace, and beside it a library that it uses, as the core is to the token's workspace.
const FILES: [(&str, &str); 4] = [
    ("library/Cargo.toml", "[package]\nname = \"library\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n"),
    (
        "library/src/lib.rs",
        "pub fn of<T: PartialOrd>(a: T) -> &'static str {\n    assert!(a == a, \"a\");\n    file!()\n}\n",
    ),
    (
        "program/Cargo.toml",
        "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nlibrary = { path = \"../library\" }\n",
    ),
    ("program/src/main.rs", "fn main() {\n    println!(\"{} {}\", library::of(1), library::of(2.0));\n}\n"),
];

/// Builds the program in a folder, by the compiler itself or by way of the tasks; returns it.
fn built(folder: &Path, is_repeatable: bool) -> Vec<u8> {
    for (file, text) in FILES {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--offline", "--quiet", "--target-dir", "target"]);
    cargo.current_dir(folder.join("program")).env_remove("RUSTFLAGS").env("CARGO_INCREMENTAL", "0");
    if is_repeatable {
        cargo.env("RUSTC_WRAPPER", env!("CARGO_BIN_EXE_xtask")).env("NEURAL_VAULT_REPEATABLE", "1");
    }
    assert!(cargo.status().unwrap().success());
    let program = folder.join(format!("program/target/release/program{}", std::env::consts::EXE_SUFFIX));
    let said = Command::new(&program).output().unwrap();
    assert!(said.status.success());
    let bytes = fs::read(program).unwrap();
    fs::remove_dir_all(folder).unwrap();
    bytes
}

#[test]
fn a_program_has_the_same_bytes_in_every_folder() {
    let folder = std::env::temp_dir().join(format!("xtask-repeatable-{}", std::process::id()));
    let folders = [folder.join("a"), folder.join("another/and/deeper")];
    let [one, other] = folders.each_ref().map(|folder| built(folder, true));
    assert!(one == other, "the folder changes the program");
    let names = |text: &str| one.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(names("/library-0.1.0/src/lib.rs") && !names(&folder.to_string_lossy()));
    // Without the tasks it would differ: the comparison can fail.
    let [one, other] = folders.each_ref().map(|folder| built(folder, false));
    assert!(one != other);
    fs::remove_dir_all(&folder).unwrap();
}
