//! Runs commands one after another: prints and times each, stops at the first that fails.
//!
//! All of that is printed to standard error; standard output is left to the results.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Why a task stopped: a message, and the status to exit with.
pub struct Failure {
    pub message: String,
    pub status: i32,
}

impl Failure {
    pub fn new(message: String) -> Self {
        Self { message, status: 1 }
    }

    /// Makes a failure of an error of reading or writing `path`.
    pub fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::new(format!("{}: {error}", path.display()))
    }
}

/// The steps run so far, with the time each took.
pub struct Steps {
    done: Vec<(String, Duration)>,
    begun: Instant,
}

impl Steps {
    pub fn new() -> Self {
        Self { done: Vec::new(), begun: Instant::now() }
    }

    /// Runs `command`, which inherits standard output and standard error.
    pub fn run(&mut self, heading: &str, command: &mut Command) -> Result<(), Failure> {
        self.step(heading, command, Command::status)
    }

    /// Runs `command`, prints its standard output, and calls `line` with each line of it.
    pub fn run_reading(
        &mut self,
        heading: &str,
        command: &mut Command,
        mut line: impl FnMut(&str),
    ) -> Result<(), Failure> {
        self.step(heading, command, |command| {
            let mut child = command.stdout(Stdio::piped()).spawn()?;
            if let Some(output) = child.stdout.take() {
                for bytes in BufReader::new(output).split(b'\n') {
                    let text = bytes?;
                    let text = String::from_utf8_lossy(&text);
                    println!("{text}");
                    line(&text);
                }
            }
            child.wait()
        })
    }

    /// Runs `command` and returns its standard output.
    pub fn output(&mut self, heading: &str, command: &mut Command) -> Result<String, Failure> {
        self.output_for(heading, command, None)
    }

    /// As [`Steps::output`], with a file as standard input if one is given.
    pub fn output_for(
        &mut self,
        heading: &str,
        command: &mut Command,
        input: Option<&Path>,
    ) -> Result<String, Failure> {
        let mut text = Vec::new();
        self.step(heading, command, |command| {
            if let Some(input) = input {
                command.stdin(File::open(input)?);
            }
            let mut child = command.stdout(Stdio::piped()).spawn()?;
            if let Some(mut output) = child.stdout.take() {
                output.read_to_end(&mut text)?;
            }
            child.wait()
        })?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Prints the times, at the end of a task in which nothing failed.
    pub fn summary(&self) {
        eprintln!("\n== Times");
        for (heading, time) in &self.done {
            eprintln!("{:>7.1} s  {heading}", time.as_secs_f64());
        }
        eprintln!("{:>7.1} s  in all", self.begun.elapsed().as_secs_f64());
    }

    fn step(
        &mut self,
        heading: &str,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>,
    ) -> Result<(), Failure> {
        let by_hand = as_typed(command);
        eprintln!("\n== {heading}\n$ {by_hand}");
        let begun = Instant::now();
        let status = run(command.stdin(Stdio::null())).map_err(|error| Failure {
            message: format!("{heading}: {error}; the command was:\n  {by_hand}"),
            status: 127,
        })?;
        if !status.success() {
            return Err(Failure {
                message: format!("{heading}: {status}; to run it by hand:\n  {by_hand}"),
                status: status.code().unwrap_or(101),
            });
        }
        let time = begun.elapsed();
        eprintln!("-- {:.1} s", time.as_secs_f64());
        self.done.push((heading.to_owned(), time));
        Ok(())
    }
}

/// The command as it would be typed in the workspace's root, with the variables it sets.
pub fn as_typed(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _ = write!(line, "{}={} ", name.display(), quoted(&value.to_string_lossy()));
        }
    }
    line.push_str(&quoted(&command.get_program().to_string_lossy()));
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&quoted(&argument.to_string_lossy()));
    }
    line
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_written_as_it_would_be_typed() {
        let mut command = Command::new("cargo");
        command.args(["doc", "it's", ""]).env("RUSTFLAGS", "-C target-cpu=native").env_remove("RUSTC");
        assert_eq!(as_typed(&command), r"RUSTFLAGS='-C target-cpu=native' cargo doc 'it'\''s' ''");
    }

    #[test]
    fn a_failing_step_stops_with_its_status_and_its_command() {
        let failure = Steps::new().run("Lint", Command::new("sh").args(["-c", "exit 7"])).unwrap_err();
        assert_eq!(failure.status, 7);
        assert!(failure.message.contains("sh -c 'exit 7'"), "{}", failure.message);
    }

    #[test]
    fn a_missing_command_is_a_failure() {
        let failure = Steps::new().run("Lint", &mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(failure.status, 127);
    }

    #[test]
    fn a_step_that_is_read_passes_on_each_line() {
        let mut lines = Vec::new();
        let mut command = Command::new("printf");
        command.arg("one\ntwo");
        let outcome = Steps::new().run_reading("Print", &mut command, |line| lines.push(line.to_owned()));
        assert!(outcome.is_ok());
        assert_eq!(lines, ["one", "two"]);
    }
}
