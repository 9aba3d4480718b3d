//! The challenge key of an enrolment, which a token gives its administrator once.

use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::challenge::ChallengeKey;

use crate::cli::console::Console;
use crate::cli::digits::Digits;
use crate::cli::failure::Failure;
use crate::cli::output::{Force, Outputs, new_key_file, write_key_file};
use crate::files::{Pending, Readers};

/// What is lost with a challenge key.
const LOST: &str = ", and answers of its enrolment could no longer be checked";

/// Where the challenge key goes.
#[derive(Args)]
pub struct ChallengeKeyArguments {
    /// The file for the challenge key, which checks the token's answers to challenges (`token challenge --check`);
    /// readable by its owner only.
    #[arg(long, value_name = "FILE")]
    challenge_key: Option<PathBuf>,
    #[command(flatten)]
    force: Force,
}

/// The file for a challenge key, begun before the token is asked for it.
pub struct ChallengeKeyFile<'a>(Option<(&'a PathBuf, Pending)>);

impl ChallengeKeyArguments {
    /// Begins the file, so that no enrolment is made whose key cannot be kept; `inputs` are not to be replaced.
    pub fn create<'p>(&self, inputs: impl IntoIterator<Item = &'p Path>) -> Result<ChallengeKeyFile<'_>, Failure> {
        let Some(path) = &self.challenge_key else {
            return Ok(ChallengeKeyFile(None));
        };
        Outputs::new(self.force, inputs).file(path, LOST)?;
        Ok(ChallengeKeyFile(Some((path, new_key_file(path, Readers::Owner, self.force.existing())?))))
    }

    /// The file's name, for JSON.
    pub fn shown(&self) -> Option<String> {
        self.challenge_key.as_ref().map(|path| path.display().to_string())
    }
}

impl ChallengeKeyFile<'_> {
    /// Writes the key, or says that it is not kept.
    pub fn write(self, key: &ChallengeKey, console: &Console) -> Result<(), Failure> {
        let Some((path, file)) = self.0 else {
            console.note(
                "note: without --challenge-key answers to challenges cannot be checked; `token rotate` makes another",
            );
            return Ok(());
        };
        write_key_file(file, path, &Digits::new(key.expose_secret()).line())
    }
}
