//! `cargo bench -p neural-vault-benches [-- FILTER]`, or `cargo xtask bench [FILTER]`.

mod encode;
mod key;
mod quantise;
mod read;
mod train;
mod verify;

use criterion::Criterion;
use neural_vault_benches::Stop;

fn main() -> Result<(), Stop> {
    let mut criterion = Criterion::default().configure_from_args();
    quantise::group(&mut criterion)?;
    key::group(&mut criterion)?;
    verify::group(&mut criterion)?;
    encode::group(&mut criterion)?;
    read::group(&mut criterion)?;
    train::group(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
