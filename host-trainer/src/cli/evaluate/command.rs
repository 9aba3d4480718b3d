//! The command of an evaluation, for its document.

use std::ffi::OsStr;
use std::path::Path;

/// Options that determine no figure, and whether a value follows them.
const LEFT_OUT: [(&str, bool); 9] = [
    ("--output", true),
    ("-o", true),
    ("--report", true),
    ("--scores", true),
    ("--threads", true),
    ("--force", false),
    ("--json", false),
    ("--quiet", false),
    ("-q", false),
];

/// The command that is running, without what determines no figure and without the folders of files.
pub fn command() -> String {
    words(std::env::args_os().skip(1))
}

fn words(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> String {
    let mut words = vec!["neural-vault".to_owned()];
    let mut skips = false;
    for argument in arguments {
        let argument = argument.as_ref().to_string_lossy().into_owned();
        let name = argument.split('=').next().unwrap_or_default();
        let left_out = LEFT_OUT.iter().find(|(option, _)| *option == name);
        if std::mem::take(&mut skips) {
            continue;
        }
        match left_out {
            Some((_, has_value)) => skips = *has_value && argument == name,
            None => words.push(quoted(&without_folder(&argument))),
        }
    }
    words.join(" ")
}

/// An argument that is a path, or ends with one after an equals sign, without the folders of the path.
fn without_folder(argument: &str) -> String {
    let (before, path) = match argument.split_once('=') {
        Some((before, path)) if !Path::new(argument).exists() => (format!("{before}="), path),
        _ => (String::new(), argument),
    };
    if Path::new(path).exists() { before + &file_name(Path::new(path)) } else { argument.to_owned() }
}

/// The last part of a path; of `.` and the like the path itself.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_command_keeps_what_determines_the_figures_and_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my data.csv");
        std::fs::write(&path, "").unwrap();
        let path = path.display().to_string();
        let arguments = [
            "evaluate",
            &path,
            &format!("ada={path}"),
            "--report=r.html",
            "-o",
            "r.json",
            "--probe-windows",
            "1,9",
            "--threads",
            "2",
            "--json",
            "--force",
            "--recipe=linear",
        ];
        assert_eq!(
            words(arguments.iter()),
            "neural-vault evaluate 'my data.csv' 'ada=my data.csv' --probe-windows 1,9 --recipe=linear"
        );
    }
}
