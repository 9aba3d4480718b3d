//! The compiler for builds that can be repeated: the same output in every folder, of every user.
//!
//! Cargo calls this program in the place of the compiler, by `RUSTC_WRAPPER`. Two arguments depend on folders:
//!
//! - the paths of sources, which programs contain in messages of panics. They get a prefix that names the package instead.
//! - cargo's hash of a package, which is part of the names of its symbols, and symbols are sorted by name. For a package
//!   outside of the workspace, such as the core in the token's workspace, it is a hash of the path too. It is replaced by
//!   one of the package's name, version and settings.

use std::process::Command;

use sha2::{Digest, Sha256};

use crate::steps::Failure;
use crate::workspace::own;

/// Set where this program is called in the place of the compiler.
const VARIABLE: &str = "NEURAL_VAULT_REPEATABLE";

/// The time of a build in seconds since 1970: the first that the wheel, a zip archive, can hold. Where it changes, cargo
/// compiles all packages with C in them again, and what is built on them.
const TIME: &str = "315532800";

/// Options whose values say how a package is compiled.
const SETTINGS: [&str; 5] = ["--crate-name", "--crate-type", "--cfg", "--target", "-C"];

/// Values of `-C` that say where: names of files, and cargo's hash itself.
const PLACES: [&str; 5] = ["metadata=", "extra-filename=", "incremental=", "linker=", "link-arg"];

/// What cargo tells the compiler about the package.
struct Package {
    name: String,
    version: String,
    /// The folder of its manifest.
    folder: String,
    /// The folder of the files that its build script wrote.
    generated: Option<String>,
}

/// Makes a build by cargo repeatable. Cargo does not notice, so the build needs a target folder of its own.
pub fn repeatable(cargo: &mut Command) -> Result<&mut Command, Failure> {
    cargo.env("RUSTC_WRAPPER", own()?).env(VARIABLE, "1").env("SOURCE_DATE_EPOCH", TIME);
    // What cargo keeps to compile changed packages in parts depends on earlier builds.
    cargo.env("CARGO_INCREMENTAL", "0");
    Ok(cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS"))
}

/// Whether cargo called this program in the place of the compiler.
pub fn is_called() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Calls the compiler, whose path and arguments these are, as cargo gave them; returns its exit status.
pub fn run(command: &[String]) -> Result<i32, Failure> {
    let [compiler, arguments @ ..] = command else {
        return Err(Failure::new(format!("{VARIABLE} is set, but cargo gave no compiler")));
    };
    let variable = |name| std::env::var(name).ok();
    let package = || {
        Some(Package {
            name: variable("CARGO_PKG_NAME")?,
            version: variable("CARGO_PKG_VERSION")?,
            folder: variable("CARGO_MANIFEST_DIR")?,
            generated: variable("OUT_DIR"),
        })
    };
    let mut compiler = Command::new(compiler);
    // Cargo asks the compiler for its version too.
    match package().filter(|_| arguments.iter().any(|argument| argument.starts_with("metadata="))) {
        Some(package) => compiler.args(package.arguments(arguments)),
        None => compiler.args(arguments),
    };
    let status = compiler.status().map_err(|error| Failure::new(format!("{compiler:?}: {error}")))?;
    Ok(status.code().unwrap_or(101))
}

impl Package {
    /// The compiler's arguments in which nothing depends on folders.
    fn arguments(&self, given: &[String]) -> Vec<String> {
        let hash = format!("metadata={}", self.hash(given));
        let metadata = |argument: &String| argument.starts_with("metadata=");
        let replaced = given.iter().map(|argument| if metadata(argument) { hash.clone() } else { argument.clone() });
        let mut arguments: Vec<String> = replaced.collect();
        let name = format!("/{}-{}", self.name, self.version);
        arguments.push(format!("--remap-path-prefix={}={name}", self.folder));
        if let Some(generated) = &self.generated {
            arguments.push(format!("--remap-path-prefix={generated}={name}/generated"));
        }
        arguments
    }

    /// A hash that differs between packages, and between compilations of one with other settings.
    fn hash(&self, arguments: &[String]) -> String {
        let mut settings = vec![self.name.as_str(), &self.version];
        for pair in arguments.windows(2) {
            let is_place = PLACES.iter().any(|place| pair[1].starts_with(place));
            if SETTINGS.contains(&pair[0].as_str()) && !is_place {
                settings.push(&pair[1]);
            }
        }
        let hash = Sha256::digest(settings.join("\0"));
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(folder: &str, feature: &str, metadata: &str) -> Vec<String> {
        let package = Package {
            name: "core".to_owned(),
            version: "0.1.0".to_owned(),
            folder: format!("{folder}/core"),
            generated: None,
        };
        let given = format!(
            "--crate-name core --edition=2024 {folder}/core/lib.rs --cfg feature=\"{feature}\" -C opt-level=3 \
             -C metadata={metadata} -C extra-filename=-{metadata} --out-dir {folder}/target"
        );
        package.arguments(&given.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn metadata(arguments: &[String]) -> String {
        arguments.iter().find(|argument| argument.starts_with("metadata=")).cloned().unwrap_or_default()
    }

    #[test]
    fn a_package_has_the_same_hash_in_every_folder_and_another_with_other_settings() {
        let here = metadata(&arguments("/home/a", "std", "1"));
        assert_eq!(here.len(), "metadata=".len() + 16);
        assert_eq!(here, metadata(&arguments("/srv/b/c", "std", "2")));
        assert_ne!(here, metadata(&arguments("/home/a", "wire", "1")));
    }

    #[test]
    fn sources_are_named_by_their_package_and_other_arguments_stay() {
        let arguments = arguments("/home/a", "std", "1");
        assert_eq!(arguments.last().map(String::as_str), Some("--remap-path-prefix=/home/a/core=/core-0.1.0"));
        assert!(arguments.iter().any(|argument| argument == "extra-filename=-1"));
        assert!(arguments.iter().any(|argument| argument == "/home/a/core/lib.rs"));
    }
}
