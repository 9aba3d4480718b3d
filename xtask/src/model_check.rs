//! The token's records and attempts in every state that a few events lead to: the search of the tests, to a greater depth.

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, target};

/// The variable that the search reads.
const VARIABLE: &str = "NEURAL_VAULT_MODEL_CHECK";

/// Searches from every scenario, or from one.
pub fn run(depth: &str, scenario: Option<&str>) -> Result<(), Failure> {
    if depth.parse::<usize>().is_err() {
        return Err(Failure { message: format!("{depth} is no number of events"), status: 2 });
    }
    let mut steps = Steps::new();
    let mut search = cargo(&["test", "--release", "--locked", "--manifest-path", "firmware-example/Cargo.toml"]);
    search.args(["--package", "neural-vault-token", "--lib", "--target-dir"]).arg(target()?.join("firmware"));
    search.args(["--", "--nocapture", "every_series_of_events"]);
    let asked = [Some(depth), scenario].into_iter().flatten().collect::<Vec<_>>().join(" ");
    steps.run("Model check", search.env_remove("RUSTFLAGS").env(VARIABLE, asked))?;
    steps.summary();
    Ok(())
}
