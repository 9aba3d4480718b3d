//! Somebody on the line between a host and its token, who reads every frame and may change it.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::thread;

use neural_vault_core::wire::{Kind, MAX_FRAME, decode, encode};

use crate::folder::{Folder, Run};

/// Where a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Token,
    Host,
}

/// Frames in the order in which they came.
type Seen = Vec<(To, Vec<u8>)>;

/// The line of a token at `token.sock` of the folder, and what was seen on it.
pub struct Between {
    pub frames: Arc<Mutex<Seen>>,
}

/// A frame in parts.
pub struct Parts {
    pub kind: Kind,
    pub number: u32,
    pub payload: Vec<u8>,
}

const PORT: &str = "unix:line.sock";

impl Between {
    /// Hosts at `line.sock` get through to the token, but for what `meddle` makes of frames; an empty one is lost.
    pub fn start(folder: &Folder, mut meddle: impl FnMut(To, &[u8]) -> Vec<u8> + Send + 'static) -> Self {
        let (token, listener) = (folder.path("token.sock"), UnixListener::bind(folder.path("line.sock")).unwrap());
        let frames = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&frames);
        let mut pass = move |to: To, frame: &[u8], stream: &mut UnixStream| {
            seen.lock().unwrap().push((to, frame.to_vec()));
            let sent = meddle(to, frame);
            stream.write_all(&sent).is_ok() && !sent.is_empty()
        };
        thread::spawn(move || {
            for host in listener.incoming() {
                let (mut host, mut token) = (host.unwrap(), UnixStream::connect(&token).unwrap());
                while let Some(frame) = frame_of(&mut host) {
                    // Both ways it is one frame for another, but for the zero before all else.
                    if pass(To::Token, &frame, &mut token) && frame != [0] {
                        let Some(answer) = frame_of(&mut token) else { break };
                        pass(To::Host, &answer, &mut host);
                    }
                }
            }
        });
        Self { frames }
    }

    /// Runs `neural-vault token COMMAND` through it, with the token's key of the folder.
    pub fn run(&self, folder: &Folder, arguments: &[&str]) -> Run {
        let line = ["--port", PORT, "--token-key", super::simulated::TOKEN_KEY, "--timeout", "0.4"];
        folder.run(&[&["token"], arguments, &line].concat())
    }

    /// Frames to one side, in order.
    pub fn frames(&self, to: To) -> Vec<Vec<u8>> {
        let frames = self.frames.lock().unwrap();
        frames.iter().filter(|frame| frame.0 == to).map(|frame| frame.1.clone()).collect()
    }
}

/// The parts of a frame with its final zero; `None` for a lone zero.
pub fn parts(frame: &[u8]) -> Option<Parts> {
    let mut bytes = frame[..frame.len() - 1].to_vec();
    let frame = decode(&mut bytes).ok()?;
    Some(Parts { kind: frame.kind, number: frame.number, payload: frame.payload.to_vec() })
}

/// A frame of these parts, with a CRC that is right.
pub fn frame(parts: &Parts) -> Vec<u8> {
    let mut frame = vec![0; MAX_FRAME];
    let length = encode(parts.kind, parts.number, &parts.payload, &mut frame).unwrap();
    frame.truncate(length);
    frame
}

/// Bytes up to a zero, which is part of them.
fn frame_of(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|length| length > 0) {
        frame.push(byte[0]);
        if byte == [0] {
            return Some(frame);
        }
    }
    None
}
