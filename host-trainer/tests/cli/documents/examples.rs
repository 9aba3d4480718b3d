//! The examples of the pages, run from the first to the last in a folder of their own.
//!
//! In a `console` block, lines after `$ ` are run and must succeed; what they print must be the lines below them, where
//! `...` stands for any text and a line of its own for any lines. What a command prints need not be shown. A `python`
//! block is a program that must succeed; its first line may name the file that it is saved as, such as `# encoder.py`. With
//! `no-run` after its name it must only be Python, and with `package` the tests of the Python package run it. The folder
//! holds `recordings.csv.gz`, the recordings that ship with the project.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::folder::Folder;
use super::page::{Block, Page, ROOT};

/// The Python with numpy and onnxruntime; `cargo xtask test` sets it.
const PYTHON: &str = "NEURAL_VAULT_PYTHON";
const RECORDINGS: &str = "models/data/haxby/haxby_slice_runs00-05.csv.gz";

#[test]
fn the_examples_of_every_page_run_and_print_what_they_show() {
    let (mut commands, mut programs) = (0, 0);
    for page in Page::all() {
        let folder = Folder::new();
        fs::copy(Path::new(ROOT).join(RECORDINGS), folder.path("recordings.csv.gz")).unwrap();
        for block in &page.blocks {
            match block.info.split_whitespace().collect::<Vec<_>>()[..] {
                ["console"] => {
                    for example in examples(block) {
                        commands += 1;
                        example.check(&page.name, &folder);
                    }
                }
                ["python"] => {
                    programs += 1;
                    let first = block.text.lines().next().unwrap_or_default();
                    let name = first.strip_prefix("# ").filter(|name| name.ends_with(".py")).unwrap_or("program.py");
                    folder.write(name, &block.text);
                    python(&page.name, block, &folder, &[name]);
                }
                ["python", "no-run"] => {
                    folder.write("syntax.py", &block.text);
                    python(&page.name, block, &folder, &["-m", "py_compile", "syntax.py"]);
                }
                ["python", "package"] => {
                    let has_tests = ["README.md", "python/README.md"].contains(&&*page.name)
                        || Path::new(&page.name).parent() == Some("docs".as_ref());
                    assert!(has_tests, "{}: python/tests/test_pages.py does not look here", page.name);
                }
                ["python" | "console", ..] => panic!("{}: nothing runs a block of `{}`", page.name, block.info),
                _ => {}
            }
        }
    }
    assert!(commands >= 8 && programs >= 5, "{commands} commands and {programs} programs");
}

/// A command with the lines that it prints, if they are shown.
struct Example {
    command: String,
    shown: Vec<String>,
}

fn examples(block: &Block) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut continues = false;
    for line in block.text.lines() {
        let begins = line.strip_prefix("$ ");
        match (begins, examples.last_mut()) {
            (Some(command), _) => examples.push(Example { command: command.to_owned(), shown: Vec::new() }),
            (None, Some(example)) if continues => example.command += &format!("\n{line}"),
            (None, Some(example)) => example.shown.push(line.to_owned()),
            (None, None) => panic!("a console block begins with a command: {line}"),
        }
        continues = line.ends_with('\\') && (begins.is_some() || continues);
    }
    examples
}

impl Example {
    fn check(&self, page: &str, folder: &Folder) {
        let script = format!("exec 2>&1\n{}", self.command);
        let output =
            Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).env("PATH", path()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{page}: {}: {}\n{printed}", self.command, output.status);
        let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
        assert!(
            self.shown.is_empty() || matches(&self.shown, &lines),
            "{page}: {}\nshown:\n{}\nprinted:\n{printed}",
            self.command,
            self.shown.join("\n")
        );
    }
}

/// The search path with the program in front.
fn path() -> OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_neural-vault")).parent().unwrap().to_path_buf();
    let others = env::var_os("PATH").unwrap_or_default();
    env::join_paths([program].into_iter().chain(env::split_paths(&others))).unwrap()
}

/// Whether the lines that a command printed are those shown; a line `...` stands for any number of lines.
fn matches(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.trim() == "..." => (0..=printed.len()).any(|at| matches(rest, &printed[at..])),
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(first, others)| fits(line, first) && matches(rest, others))
        }
    }
}

/// Whether a line is that of the pattern, in which `...` stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once("...") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| fits(after, &rest[at..]))
        }),
    }
}

fn python(page: &str, block: &Block, folder: &Folder, arguments: &[&str]) {
    let program = env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    let output = Command::new(program).args(arguments).current_dir(folder.path("")).output().unwrap();
    assert!(
        output.status.success(),
        "{page}: Python with numpy and onnxruntime is needed, see {PYTHON}\n{}\n{}",
        block.text,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_command_that_fails_or_prints_something_else_is_found() {
    let block = |text: &str| Block { info: "console".to_owned(), text: text.to_owned() };
    let passes = |text: &str| {
        let folder = Folder::new();
        std::panic::catch_unwind(|| examples(&block(text)).iter().for_each(|example| example.check("page", &folder)))
            .is_ok()
    };
    assert!(passes("$ printf 'a 1.5 c\\n' \\\n    \\\n    && echo b; echo last\na ... c\n...\nlast\n$ true\n"));
    assert!(passes("$ neural-vault --version\nneural-vault ...\n"));
    assert!(!passes("$ neural-vault --version\nanother ...\n"));
    assert!(!passes("$ neural-vault inspect absent.csv\n"));
    assert!(!passes("$ echo a; echo b\na\n"));
}
