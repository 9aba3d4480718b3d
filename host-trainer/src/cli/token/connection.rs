//! What the token's commands share: the port, the token's and the administrator's key, sending scans.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use neural_vault_core::wire::{AdminKey, Fault, Purpose, TokenInfo};

use super::key_file::{HOW_TO_PIN, read_token_key};
use crate::cli::console::Console;
use crate::cli::failure::{DATA, Failure, TOKEN, USAGE};
use crate::cli::interrupt;
use crate::cli::progress::Progress;
use crate::cli::scans::note_windows;
use crate::cli::secret_file::read_secret;
use crate::dataset::{Dataset, Scan, check_frames};
use crate::embedding::{EmbeddingError, check_width};
use crate::token::{Client, Port, PublicKey, Timeouts};

/// The heading of the options that say which token is used.
const CONNECTION: &str = "Connection";

/// The token's port.
#[derive(Args)]
pub struct PortArguments {
    /// The token: a serial device such as /dev/ttyACM0, tcp:HOST:PORT or unix:PATH.
    #[arg(help_heading = CONNECTION, long, value_name = "PORT")]
    port: Port,
    /// Seconds to wait for an answer, at least 60 where a person must confirm.
    #[arg(help_heading = CONNECTION, long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    timeout: f64,
    /// Bits a second of a serial port; USB ports ignore it.
    #[arg(help_heading = CONNECTION, long, default_value_t = 115_200)]
    baud: u32,
}

/// The token's port, and the key by which this machine knows the token.
#[derive(Args)]
pub struct TokenArguments {
    #[command(flatten)]
    port: PortArguments,
    /// The token's public key, which `token provision` or `token pin` wrote.
    #[arg(long, value_name = "FILE", help_heading = CONNECTION)]
    token_key: Option<PathBuf>,
}

/// The administrator's key.
#[derive(Args)]
pub struct AdminArguments {
    /// The administrator's key: 32 bytes, or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    admin_key: PathBuf,
}

/// How the token is known at first contact.
#[derive(Args)]
pub struct FirstContactArguments {
    /// The fingerprint that the token must have, 32 hexadecimal digits, as it shows it or as it was written down.
    #[arg(long, value_name = "DIGITS", value_parser = fingerprint)]
    fingerprint: Option<[u8; 16]>,
}

impl PortArguments {
    /// Opens the port and a session; with a `pinned` key no other token can answer.
    ///
    /// From then on Ctrl-C ends the conversation between two frames.
    pub fn open(&self, pinned: Option<&PublicKey>) -> Result<Client, Failure> {
        let timeouts = Timeouts { timeout: Duration::from_secs_f64(self.timeout), stop: interrupt::flag() };
        Ok(Client::open(&self.port, self.baud, timeouts, pinned)?)
    }
}

impl TokenArguments {
    /// Opens a session with the pinned token, for what nobody else may get or answer.
    pub fn open(&self, console: &Console) -> Result<Client, Failure> {
        self.check()?;
        self.open_any(console)
    }

    /// Opens a session; without a pinned key with whoever answers, and says so.
    pub fn open_any(&self, console: &Console) -> Result<Client, Failure> {
        let pinned = self.token_key.as_deref().map(read_token_key).transpose()?;
        let client = self.port.open(pinned.as_ref())?;
        if pinned.is_none() {
            let fingerprint = client.token().fingerprint();
            console.note(format!(
                "note: fingerprint {fingerprint}: not verified; compare it with what the token shows, or give --token-key"
            ));
        }
        Ok(client)
    }

    /// Fails without a pinned key.
    pub fn check(&self) -> Result<(), Failure> {
        match self.token_key {
            Some(_) => Ok(()),
            None => Err(Failure::new(
                USAGE,
                format!("give --token-key FILE, the token's public key, so that nobody else can answer: {HOW_TO_PIN}"),
            )),
        }
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

impl FirstContactArguments {
    /// Checks the token's fingerprint against the given one, or shows it to be compared.
    pub fn check(&self, client: &Client, console: &Console) -> Result<(), Failure> {
        let found = client.token().fingerprint();
        match self.fingerprint {
            Some(given) if given == *found.as_bytes() => Ok(()),
            Some(_) => {
                let port = client.port();
                let text = format!(
                    "{port}: the token's fingerprint is {found}: another one than was given, so nothing was sent"
                );
                Err(Failure::new(TOKEN, text))
            }
            None => {
                let with = match client.shows_its_fingerprint() {
                    true => "compare it with what the token shows",
                    false => "this token shows none, so trust it only if nobody else can be on the line",
                };
                console.note(format!("note: fingerprint {found}: {with}"));
                Ok(())
            }
        }
    }
}

/// Reads a fingerprint: 32 hexadecimal digits, in groups or not.
fn fingerprint(text: &str) -> Result<[u8; 16], String> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != ':').collect();
    let mut bytes = [0; 16];
    match base16ct::mixed::decode(&digits, &mut bytes) {
        Ok(decoded) if decoded.len() == 16 => Ok(bytes),
        _ => Err(format!("`{text}` is not a fingerprint, which has 32 hexadecimal digits")),
    }
}

/// Prints a note when the token waits for a person.
pub fn ask_for_consent(client: &Client, console: &Console) {
    if client.asks_a_person() {
        console.note("confirm it at the token");
    }
}

/// Sends a scan with progress: all its frames to a token that embeds scans as a whole, else those in windows of its length.
///
/// The token cuts what it gets into windows from its first frame on, so these are the windows that this machine cuts.
pub fn send_scan(
    client: &mut Client,
    purpose: Purpose<'_>,
    dataset: &Dataset,
    scan: &Scan,
    info: &TokenInfo,
    console: &Console,
) -> Result<(), Failure> {
    let label = &dataset.labels[scan.label as usize];
    // Before a value is sent: the token refuses a frame that says nothing too, but cannot name it.
    if info.whole_scans {
        check_frames(dataset, scan.rows.clone())?;
        return send_values(client, purpose, dataset, label, dataset.scan_values(scan), console);
    }
    // A token without a window refuses any scan.
    let window = usize::from(info.window).max(1);
    check_frames(dataset, dataset.windows(scan, window).into_iter().flat_map(|window| window.rows))?;
    note_windows(dataset, std::slice::from_ref(scan), window, console);
    send_values(client, purpose, dataset, label, &dataset.windowed_values(scan, window), console)
}

/// Sends frames of a label as a scan, with progress.
pub fn send_values(
    client: &mut Client,
    purpose: Purpose<'_>,
    dataset: &Dataset,
    label: &str,
    values: &[f32],
    console: &Console,
) -> Result<(), Failure> {
    let (what, total) = (format!("sending {label} to the token"), values.len() as u64);
    let mut progress = Progress::new(console);
    let mut sent = |sent: usize| progress.report(&what, sent as u64, total, "values");
    client.scan(purpose, dataset.features, values, &mut sent).map_err(|error| match error.fault() {
        Some(Fault::Width) => match check_width(dataset, error.detail() as usize) {
            Err(transposed @ EmbeddingError::Transposed { .. }) => transposed.into(),
            _ => Failure::new(
                DATA,
                format!(
                    "{}: a frame has {} features, the token's model takes {}; use recordings of the same parcellation as \
                     the training data",
                    dataset.origin.display(),
                    dataset.features,
                    error.detail()
                ),
            ),
        },
        _ => error.into(),
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.05..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("`{text}` is not a number of seconds from 0.05 to 3600")),
    }
}
