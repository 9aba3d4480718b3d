//! The portable token on its simulated board, served by a thread.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use neural_vault_core::testing::{Aligned, Random};
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::SimBoard;
use neural_vault_token_simulator::flash::Flash;

use crate::folder::{Folder, Run};
use crate::samples::secret;

/// What becomes of frames on their way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Nothing.
    Sound,
    /// Each takes this long.
    Slow(Duration),
    /// One in twenty is lost and one in ten damaged, both ways.
    Bad,
}

/// The file of a token's key in a test's folder.
pub const TOKEN_KEY: &str = "token.key";

/// A token that runs until the test ends.
pub struct Simulated {
    pub port: String,
    /// The file of its key, once it is provisioned or pinned.
    key: PathBuf,
    /// Frames that have come to it.
    pub frames: Arc<AtomicUsize>,
    power_was_away: Arc<AtomicBool>,
    is_damaged: Arc<AtomicBool>,
}

impl Simulated {
    /// A blank token with the folder's model, behind a Unix socket in the folder.
    pub fn start(folder: &Folder, line: Line) -> Self {
        let path = folder.path("token.sock");
        let listener = UnixListener::bind(&path).unwrap();
        Self::serve(folder, line, 0, "unix:token.sock".to_owned(), move || listener.accept().unwrap().0)
    }

    /// As [`Simulated::start`], behind a TCP port of this machine.
    pub fn start_on_tcp(folder: &Folder) -> Self {
        Self::start_on_tcp_with(folder, 0)
    }

    /// As [`Simulated::start_on_tcp`], a token that draws other keys than all others.
    pub fn start_another_on_tcp(folder: &Folder) -> Self {
        Self::start_on_tcp_with(folder, 7)
    }

    fn start_on_tcp_with(folder: &Folder, drawn: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("tcp:{}", listener.local_addr().unwrap());
        Self::serve(folder, Line::Sound, drawn, port, move || listener.accept().unwrap().0)
    }

    /// As [`Simulated::start`], at the end of a pseudo-terminal that stands for a serial port.
    pub fn start_on_serial(folder: &Folder) -> Self {
        use serialport::{SerialPort, TTYPort};
        let (mut token, host) = TTYPort::pair().unwrap();
        token.set_timeout(Duration::from_secs(3600)).unwrap();
        let port = host.name().unwrap();
        // Kept open without the lock that hosts take, or the terminal ends with the first of them.
        let open = File::options().read(true).write(true).open(&port).unwrap();
        drop(host);
        let mut ends = Some((token, open));
        let mut held = None;
        Self::serve(folder, Line::Sound, 0, port, move || match ends.take() {
            Some((token, open)) => {
                held = Some(open);
                token
            }
            None => panic!("the terminal of {held:?} ended"),
        })
    }

    fn serve<S: Read + Write>(
        folder: &Folder,
        line: Line,
        drawn: usize,
        port: String,
        mut accept: impl FnMut() -> S + Send + 'static,
    ) -> Self {
        let model = folder.read("model/model.nvb");
        let (frames, power_was_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let is_damaged = Arc::new(AtomicBool::new(false));
        let simulated = Self {
            port,
            key: folder.path(TOKEN_KEY),
            frames: Arc::clone(&frames),
            power_was_away: Arc::clone(&power_was_away),
            is_damaged: Arc::clone(&is_damaged),
        };
        thread::spawn(move || {
            let model = Aligned::new(&model);
            let mut board = SimBoard::new(Flash::new());
            // Boards draw the same bytes; one that has drawn some has other keys.
            board.entropy.draw(&mut vec![0; drawn]).unwrap();
            let mut stream = accept();
            loop {
                power_was_away.store(false, Ordering::SeqCst);
                if is_damaged.swap(false, Ordering::SeqCst) {
                    let content = board.flash.content();
                    // Boards draw the same bytes after every start; a real one would draw others.
                    board.entropy.draw(&mut [0; 7]).unwrap();
                    board.flash.set_content(&content.iter().map(|byte| byte & 0x7e).collect::<Vec<u8>>());
                }
                let mut memory = Box::new(Memory::new());
                let mut token = Token::start(board.clone(), model.bytes(), &mut memory);
                while !power_was_away.load(Ordering::SeqCst) {
                    answer(&mut stream, &mut token, line, &frames);
                    stream = accept();
                }
            }
        });
        simulated
    }

    /// Takes the power away until the next host comes.
    pub fn cycle_power(&self) {
        self.power_was_away.store(true, Ordering::SeqCst);
    }

    /// As [`Simulated::cycle_power`], with damaged records afterwards.
    pub fn damage(&self) {
        self.is_damaged.store(true, Ordering::SeqCst);
        self.cycle_power();
    }

    /// Runs `neural-vault token COMMAND --port PORT`, with these arguments after it.
    pub fn run(&self, folder: &Folder, arguments: &[&str]) -> Run {
        folder.run(&self.arguments(arguments))
    }

    pub fn does(&self, folder: &Folder, arguments: &[&str]) -> Run {
        folder.does(&self.arguments(arguments))
    }

    /// What [`Simulated::run`] runs: with the token's key where it is known and no other is given.
    pub fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let key: &[&str] = match arguments {
            ["pin", ..] => &[],
            _ if arguments.contains(&"--token-key") => &[],
            ["provision", ..] => &["--token-key", TOKEN_KEY],
            _ if self.key.exists() => &["--token-key", TOKEN_KEY],
            _ => &[],
        };
        [&["token"], arguments, &["--port", &self.port], key].concat()
    }

    pub fn state(&self, folder: &Folder) -> String {
        self.does(folder, &["info", "--json"]).json()["state"].as_str().unwrap().to_owned()
    }

    /// Misses over all slots.
    pub fn misses(&self, folder: &Folder) -> u64 {
        self.does(folder, &["info", "--json"]).json()["misses"].as_u64().unwrap()
    }

    /// Makes it the administrator's whose key is then in `admin`, with the device secret in `secret`.
    pub fn provision(&self, folder: &Folder, more: &[&str]) -> Run {
        folder.write("secret", secret(0x5e));
        let arguments = ["provision", "--model", "model", "--admin-key", "admin", "--device-secret", "secret"];
        self.does(folder, &[&arguments[..], more].concat())
    }

    /// Provisions it and enrols `class00.nve` in slot 0; returns the enrolment's identifier.
    pub fn enrol(&self, folder: &Folder) -> String {
        self.provision(folder, &["--allow-export"]);
        // Its few impostor trials allow no attempt; fifty are what a token allows at most.
        let enroll =
            ["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "50", "--admin-key", "admin"];
        self.does(folder, &[&enroll[..], &["--json"]].concat()).json()["id"].as_str().unwrap().to_owned()
    }
}

/// Serves one host until it goes.
fn answer(stream: &mut (impl Read + Write), token: &mut Token<'_, SimBoard>, line: Line, frames: &AtomicUsize) {
    let (mut piece, mut frame, mut random) = ([0; 2048], Vec::new(), Random(7));
    loop {
        let length = match stream.read(&mut piece) {
            Ok(length) if length > 0 => length,
            _ => break,
        };
        for &byte in &piece[..length] {
            frame.push(byte);
            if byte != 0 {
                continue;
            }
            frames.fetch_add(1, Ordering::SeqCst);
            spoil(&mut frame, line, &mut random);
            let mut answer = exchange(token, &frame);
            spoil(&mut answer, line, &mut random);
            frame.clear();
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    }
    // What a host left half sent has reached the token.
    exchange(token, &frame);
}

fn exchange(token: &mut Token<'_, SimBoard>, bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&byte| token.receive(byte).unwrap_or_default().to_vec()).collect()
}

fn spoil(frame: &mut Vec<u8>, line: Line, random: &mut Random) {
    match line {
        Line::Sound => {}
        Line::Slow(time) => thread::sleep(time / 2),
        Line::Bad => match random.float() {
            ..-0.9 => frame.clear(),
            0.8.. if frame.len() > 2 => {
                let middle = frame.len() / 2;
                frame[middle] ^= 0x10;
            }
            _ => {}
        },
    }
}
