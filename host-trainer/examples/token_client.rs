//! Asks a verification token what it is, and has it test itself.
//!
//! `cargo run --release --example token_client -- /dev/ttyACM0`; a port may also be `tcp:HOST:PORT` or `unix:PATH`.

use std::error::Error;
use std::time::Duration;

use neural_vault::token::{Client, Timeouts};

/// Bits a second of a serial port.
const BAUD: u32 = 115_200;

#[allow(dead_code, reason = "a test includes this file")]
fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("give the token's port")?;
    println!("{}", describe(&port)?);
    Ok(())
}

/// A line about the token at `port`.
pub fn describe(port: &str) -> Result<String, Box<dyn Error>> {
    let timeouts = Timeouts { timeout: Duration::from_secs(10), stop: Default::default() };
    let mut client = Client::open(&port.parse()?, BAUD, timeouts, None)?;
    let info = client.info()?;
    let sound = client.self_test()?.count_ones();
    Ok(format!("{port}: {:?}, {} slots, {sound} parts sound", info.state, client.welcome().slots))
}
