//! What the token's commands share: the port, the administrator's key, sending scans.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use neural_vault_core::wire::{AdminKey, Fault};

use crate::cli::console::Console;
use crate::cli::failure::{DATA, Failure};
use crate::cli::secret_file::read_secret;
use crate::dataset::{Dataset, Scan};
use crate::escape::Escaped;
use crate::token::{Client, Port, Timeouts};

/// The token's port.
#[derive(Args)]
pub struct PortArguments {
    /// The token: a serial device such as /dev/ttyACM0, tcp:HOST:PORT or unix:PATH.
    #[arg(long, value_name = "PORT")]
    port: Port,
    /// Seconds to wait for an answer, at least 60 where a person must confirm.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    timeout: f64,
    /// Bits a second of a serial port; USB ports ignore it.
    #[arg(long, default_value_t = 115_200)]
    baud: u32,
}

/// The administrator's key.
#[derive(Args)]
pub struct AdminArguments {
    /// The administrator's key: 32 bytes, or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    admin_key: PathBuf,
}

impl PortArguments {
    /// Opens the port and makes the handshake. From then on Ctrl-C ends the conversation between two frames.
    pub fn open(&self) -> Result<Client, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        // Without a handler Ctrl-C ends the program at once, which is safe for the token too.
        let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
        let timeouts = Timeouts { timeout: Duration::from_secs_f64(self.timeout), stop };
        Ok(Client::open(&self.port, self.baud, timeouts)?)
    }
}

impl AdminArguments {
    /// Reads the key.
    pub fn key(&self, console: &Console) -> Result<AdminKey, Failure> {
        admin_key(&self.admin_key, console)
    }
}

/// Reads an administrator's key.
pub fn admin_key(path: &Path, console: &Console) -> Result<AdminKey, Failure> {
    read_secret(path, AdminKey::from_bytes, console)
}

/// Prints a note when the token waits for a person.
pub fn ask_for_consent(client: &Client, console: &Console) {
    if client.asks_a_person() {
        console.note("confirm it at the token");
    }
}

/// Sends a scan, with progress.
pub fn send_scan(client: &mut Client, dataset: &Dataset, scan: &Scan, console: &Console) -> Result<(), Failure> {
    let values = dataset.scan_values(scan);
    let bar = console.progress(values.len() as u64);
    bar.set_message(format!("values of {} to the token", Escaped(&dataset.labels[scan.label as usize])));
    let outcome = client.scan(dataset.features, values, &mut |sent| bar.set_position(sent as u64));
    bar.finish_and_clear();
    outcome.map_err(|error| match error.fault() {
        Some(Fault::Width) => Failure::new(
            DATA,
            format!(
                "{}: a frame has {} features, the token's model takes {}; use recordings of the same parcellation as the \
                 training data",
                dataset.origin.display(),
                dataset.features,
                error.detail()
            ),
        ),
        _ => error.into(),
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.05..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("`{text}` is not a number of seconds from 0.05 to 3600")),
    }
}
