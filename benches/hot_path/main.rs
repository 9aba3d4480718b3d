//! `cargo bench -p neural-vault-benches [-- FILTER]`, or `cargo xtask bench [FILTER]`; with `--table` one table of
//! all engines and the machine's limits instead; `--token=FILE` adds the core's figures on a token to it.

mod connectome;
mod encode;
mod evaluate;
mod identify;
mod key;
mod quantise;
mod read;
mod train;
mod verify;

use criterion::Criterion;
use neural_vault_benches::{Stop, table};

fn main() -> Result<(), Stop> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--table") {
        let token = arguments.iter().find_map(|argument| argument.strip_prefix("--token="));
        return table::print(token, arguments.iter().any(|argument| argument == "--json"));
    }
    let mut criterion = Criterion::default().configure_from_args();
    quantise::group(&mut criterion)?;
    key::group(&mut criterion)?;
    verify::group(&mut criterion)?;
    encode::group(&mut criterion)?;
    connectome::group(&mut criterion)?;
    evaluate::group(&mut criterion)?;
    identify::group(&mut criterion)?;
    read::group(&mut criterion)?;
    train::group(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
