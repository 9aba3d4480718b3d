//! Whether every dependency of the command line has the same features in its build and in the whole workspace's.
//!
//! With other features cargo compiles a package a second time, and the heavy ones take minutes.

use std::collections::BTreeSet;

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Compares the features of `cargo run` with those of the tests.
pub fn run(steps: &mut Steps) -> Result<(), Failure> {
    let mut listed = |heading: &str, selection: &[&str]| {
        let mut tree = cargo(&["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"]);
        steps.output(heading, tree.args(selection))
    };
    let command = listed("Features of the command line", &["--package", "neural-vault", "--edges", "normal,build"])?;
    let workspace = listed("Features of the workspace", &["--workspace", "--edges", "normal,build,dev"])?;
    match differing(&command, &workspace)[..] {
        [] => Ok(()),
        ref packages => Err(Failure::new(format!(
            "the tests would compile these packages again, with other features than `cargo run` does:\n  {}\nask for the \
             same features wherever the workspace names them",
            packages.join("\n  ")
        ))),
    }
}

/// Lines `package|features` of the first list that the second lacks.
fn differing<'l>(command: &'l str, workspace: &'l str) -> Vec<&'l str> {
    let lines = |list| str::lines(list).map(|line| line.trim_end_matches(" (*)"));
    let known: BTreeSet<&str> = lines(workspace).collect();
    lines(command).filter(|line| !known.contains(line)).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_other_features_is_named() {
        let command = "a v1|std\nb v2|\na v1|std (*)\nc v3|x";
        assert!(differing(command, "c v3|x\nb v2| (*)\na v1|std\nd v4|").is_empty());
        assert_eq!(differing(command, "a v1|must_cast,std\nb v2|\nc v3|x"), ["a v1|std"]);
    }
}
