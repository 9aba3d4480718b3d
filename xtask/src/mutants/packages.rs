//! The packages whose mutants are tried, and the tests that should notice them.

/// A package, and the tests that are its own.
pub struct Package {
    /// What it is called on the command line.
    pub name: &'static str,
    pub crate_name: &'static str,
    /// The folder of its workspace.
    pub workspace: &'static str,
    /// Test programs beside the unit tests, by the start of a file's path in the repository; the first that fits counts.
    tests: &'static [(&'static str, &'static [&'static str])],
    /// Tests that are left out, as they take long and notice nothing that others do not.
    pub skipped: &'static [&'static str],
}

pub const PACKAGES: [Package; 3] = [
    Package {
        name: "core",
        crate_name: "neural-vault-core",
        workspace: ".",
        tests: &[
            ("core/src/key.rs", &["errors", "key_vectors", "challenge_vectors"]),
            ("core/src/challenge.rs", &["errors", "challenge_vectors"]),
            ("core/src/quantise.rs", &["errors", "key_vectors"]),
            ("core/src/scan/", &["errors", "scan", "connectome"]),
            ("core/src/frame.rs", &["errors", "scan"]),
            ("core/src/wire/", &["errors", "wire"]),
            ("core/src/bundle/", &["errors", "bundle", "bundle_formats", "connectome"]),
            ("core/src/identify/", &["errors", "identify"]),
            ("core/src/encoder/connectome/", &["connectome", "connectome_vectors"]),
            ("core/src/encoder/", &["errors", "encoder_vectors", "scan", "bundle_formats", "golden_bits"]),
            ("core/src/kernel/", &["encoder_vectors", "scan", "identify", "golden_bits"]),
            ("core/src/", &["errors"]),
        ],
        // Each bit of a bundle in turn, and each length; the other tests of bundles change a field at a time.
        skipped: &["every_flipped_bit"],
    },
    Package {
        name: "session",
        crate_name: "neural-vault-session",
        workspace: ".",
        tests: &[("session/", &["attacks", "peers"])],
        skipped: &[],
    },
    Package {
        name: "token",
        crate_name: "neural-vault-token",
        workspace: "firmware-example",
        tests: &[(
            "firmware-example/src/",
            &["attacks", "bad_input", "board", "consent", "entropy", "link", "session"],
        )],
        // Each bit of the flash in turn, each write of each change, and every series of events, with a start of the token
        // for each.
        skipped: &["no_flipped_bit_takes_a_change_back", "a_start_that_finds_damage_writes_nothing", "model_check"],
    },
];

impl Package {
    /// The arguments of `cargo test` that choose the tests of a file.
    pub fn tests(&self, path: &str) -> Vec<String> {
        let chosen = self.tests.iter().find(|(start, _)| path.starts_with(start)).map_or(&[][..], |(_, tests)| tests);
        let mut arguments = vec!["--lib".to_owned()];
        arguments.extend(chosen.iter().map(|test| format!("--test={test}")));
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_program_that_is_named_is_there() {
        for package in &PACKAGES {
            let folder = match package.workspace {
                "." => crate::workspace::root().join(package.name),
                workspace => crate::workspace::root().join(workspace),
            };
            for (_, tests) in package.tests {
                for test in *tests {
                    let (file, main) =
                        (folder.join(format!("tests/{test}.rs")), folder.join(format!("tests/{test}/main.rs")));
                    assert!(file.is_file() || main.is_file(), "{}: {test}", package.name);
                }
            }
        }
    }
}
