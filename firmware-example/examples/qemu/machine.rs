//! A token in QEMU, its link a Unix socket.

use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use neural_vault_token_simulator::client::{Client, Transport};

/// Longest wait for an answer: the token hashes its model before it answers for the first time.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What a token in QEMU is made of.
#[derive(Clone)]
pub struct Setup {
    /// The firmware as ELF.
    pub firmware: PathBuf,
    /// The model's bundle.
    pub model: PathBuf,
    /// Folder that holds the flash and the secret.
    pub folder: PathBuf,
    /// Whether to count instructions: one a nanosecond of the machine's time.
    pub count: bool,
}

/// A running machine; it ends with this value, as if its power went.
pub struct Machine {
    child: Child,
    link: UnixStream,
}

impl Setup {
    /// Switches the token on.
    pub fn start(&self) -> Result<Client<Machine>, Box<dyn Error>> {
        let socket = self.folder.join("token.sock");
        let _ = std::fs::remove_file(&socket);
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", "mps2-an386", "-display", "none", "-monitor", "none"])
            .args(["-semihosting-config", "enable=on,target=native"])
            .arg("-kernel")
            .arg(&self.firmware)
            .arg("-device")
            .arg(format!("loader,file={},addr=0x21000000,force-raw=on", self.model.display()))
            .arg("-serial")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        if self.count {
            qemu.args(["-icount", "shift=0"]);
        }
        let child = qemu.spawn().map_err(|error| format!("qemu-system-arm: {error}"))?;
        let link = connect(&socket)?;
        link.set_read_timeout(Some(TIMEOUT))?;
        let mut client = Client::new(Machine { child, link });
        client.handshake()?;
        Ok(client)
    }
}

fn connect(socket: &Path) -> Result<UnixStream, Box<dyn Error>> {
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
        let mut answer = Vec::new();
        if self.link.write_all(frame).is_err() {
            return answer;
        }
        let mut piece = [0; 2048];
        while answer.last() != Some(&0) {
            match self.link.read(&mut piece) {
                Ok(length) if length > 0 => answer.extend_from_slice(&piece[..length]),
                _ => break,
            }
        }
        answer
    }
}

impl Machine {
    /// Takes the power away.
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
