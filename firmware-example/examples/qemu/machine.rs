//! A token in QEMU with a Unix socket as its link.

use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use neural_vault_session::PublicKey;
use neural_vault_token_simulator::client::{Client, Transport};

/// Longest wait for an answer: before its first one, the token hashes its model.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What a token in QEMU is made of.
#[derive(Clone)]
pub struct Setup {
    /// QEMU's arguments, from the board's folder: words, in which `{firmware}`, `{model}` and `{link}` stand for these.
    pub arguments: String,
    /// The firmware as ELF.
    pub firmware: PathBuf,
    /// The model's bundle.
    pub model: PathBuf,
    /// Folder of the flash and the secret.
    pub folder: PathBuf,
    /// Whether to count instructions: each takes one nanosecond of the machine's time.
    pub count: bool,
    /// Further arguments of QEMU.
    pub more: Vec<String>,
}

/// A running machine; dropping it is a power cut.
pub struct Machine {
    child: Child,
    link: UnixStream,
}

impl Setup {
    /// Starts the token and opens a session with it; it must be the one that `pinned` names, if it is given.
    pub fn start(&self, pinned: Option<&PublicKey>) -> Result<Client<Machine>, Box<dyn Error>> {
        let socket = self.folder.join("token.sock");
        let _ = std::fs::remove_file(&socket);
        let (firmware, model) = (self.firmware.display().to_string(), self.model.display().to_string());
        let link = format!("unix:{},server=on,wait=off", socket.display());
        let given =
            |word: &str| word.replace("{firmware}", &firmware).replace("{model}", &model).replace("{link}", &link);
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(self.arguments.split_whitespace().map(given)).args(&self.more);
        // What a token in disorder writes by semihosting is no result.
        qemu.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        if self.count {
            qemu.args(["-icount", "shift=0"]);
        }
        let child = qemu.spawn().map_err(|error| format!("qemu-system-arm: {error}"))?;
        let link = connect(&socket)?;
        link.set_read_timeout(Some(TIMEOUT))?;
        let mut client = Client::new(Machine { child, link });
        client.handshake_with(pinned)?;
        Ok(client)
    }
}

/// Keeps this thread, and the machines that it starts, on one processor, where the system can do that.
///
/// QEMU hands each byte of the link from one thread to another. On two processors, the one that waits for a byte falls
/// asleep: waking it for each takes most of the time of a scan.
pub fn stay_on_one_processor() {
    if let Some(first) = core_affinity::get_core_ids().unwrap_or_default().first() {
        core_affinity::set_for_current(*first);
    }
}

/// Connects to a socket of a machine that is starting.
pub fn connect(socket: &Path) -> Result<UnixStream, Box<dyn Error>> {
    let begun = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(link) => return Ok(link),
            Err(error) if begun.elapsed() > TIMEOUT => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Transport for Machine {
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
        if self.send(frame).is_err() { Vec::new() } else { self.answer() }
    }
}

impl Machine {
    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.link.write_all(bytes)
    }

    /// Reads up to a zero, or what comes in time.
    pub fn answer(&mut self) -> Vec<u8> {
        let (mut answer, mut piece) = (Vec::new(), [0; 2048]);
        while answer.last() != Some(&0) {
            match self.link.read(&mut piece) {
                Ok(length) if length > 0 => answer.extend_from_slice(&piece[..length]),
                _ => break,
            }
        }
        answer
    }

    /// Sets the longest wait for bytes.
    pub fn set_timeout(&mut self, timeout: Duration) -> std::io::Result<()> {
        self.link.set_read_timeout(Some(timeout))
    }

    /// Whether QEMU was ended by a signal.
    pub fn was_killed(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(status)) if status.signal().is_some())
    }

    /// Cuts the power.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}
