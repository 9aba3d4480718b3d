//! Links that are silent, slow, noisy or cut, peers that are none, and hosts that vanish.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use neural_vault_core::wire::{Fault, Kind, MAX_FRAME, MAX_PACKET, SEAL, decode, encode, encode_refusal};

use super::life::{OTHER, OWN};
use super::simulated::{Line, Simulated};
use crate::folder::Folder;

/// All windows of a recording of another label, more frames than the enrolment's probes have.
const LONG: [&str; 7] = ["long.csv", "--label", "class01", "--session", "run00", "--windows", "2000"];

/// Behind `token.sock` of the folder, something that hands its hosts to `serve`.
fn peer(folder: &Folder, serve: impl Fn(UnixStream) + Send + 'static) -> [&'static str; 4] {
    let listener = UnixListener::bind(folder.path("token.sock")).unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    ["token", "info", "--port", "unix:token.sock"]
}

#[test]
fn silence_is_said_with_its_port_and_its_seconds() {
    let folder = Folder::new();
    let info = peer(&folder, |mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let begun = Instant::now();
    folder
        .run(&[&info[..], &["--timeout", "0.3"]].concat())
        .failed(6, &["unix:token.sock: no answer to `handshake` in 300ms", "--timeout"]);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn nobody_there_is_said_at_once() {
    let folder = Folder::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for port in ["unix:absent.sock", &format!("tcp:{free}"), "absent-device"] {
        folder.run(&["token", "info", "--port", port]).failed(6, &[port, "cannot be opened"]);
    }
    folder.run(&["token", "info", "--port", "tcp:nowhere"]).failed(2, &["tcp:HOST:PORT"]);
}

#[test]
fn a_link_that_breaks_is_said() {
    let folder = Folder::new();
    let info = peer(&folder, drop);
    folder.run(&info).failed(6, &["unix:token.sock: the link broke at `handshake`", "run it again"]);
}

#[test]
fn another_protocol_version_is_said_with_both_numbers() {
    let folder = Folder::new();
    let info = peer(&folder, |mut stream| {
        let (mut byte, mut frame) = ([0], Vec::new());
        while stream.read(&mut byte).is_ok_and(|length| length > 0) {
            if byte == [0] {
                if let Ok(request) = decode(&mut std::mem::take(&mut frame)) {
                    let mut answer = [0; MAX_FRAME];
                    let refusal = Fault::VersionMismatch.with(7);
                    let length = encode_refusal(request.number, refusal, &mut answer).unwrap();
                    stream.write_all(&answer[..length]).unwrap();
                }
            } else {
                frame.push(byte[0]);
            }
        }
    });
    folder.run(&info).failed(6, &["unix:token.sock", "version 7, this program version 3"]);
}

#[test]
fn what_is_no_token_is_said() {
    let folder = Folder::new();
    let info = peer(&folder, |mut stream| {
        let mut piece = [0; 64];
        while stream.read(&mut piece).is_ok_and(|length| length > 0) && stream.write_all(b"OK\r\n\0").is_ok() {}
    });
    folder
        .run(&[&info[..], &["--timeout", "0.2"]].concat())
        .failed(6, &["no whole answer", "damaged frames", "--baud"]);
    let folder = Folder::new();
    let info = peer(&folder, |stream| drop(std::io::copy(&mut stream.try_clone().unwrap(), &mut &stream)));
    folder.run(&info).failed(6, &["the answer to `handshake` makes no sense"]);
}

#[test]
fn a_scan_gets_through_a_bad_line_and_costs_one_attempt() {
    let folder = Folder::with_enrolment();
    folder.does(&["synth", "-o", "long.csv", "--classes", "2", "--timesteps", "200", "--features", "24"]);
    let token = Simulated::start(&folder, Line::Bad);
    token.enrol(&folder);
    let before = token.frames.load(Ordering::SeqCst);
    // All its windows, more than the enrolment's probes have.
    let run = token.run(&folder, &[&["verify"], &LONG[..]].concat());
    assert_eq!(run.code, 1, "{}", run.stderr);
    // The zero before all else, handshake, scan-begin, nineteen chunks, verify.
    assert!(token.frames.load(Ordering::SeqCst) - before > 23, "nothing was sent again");
    assert_eq!(token.misses(&folder), 1);
    let run = token.run(&folder, &[&["verify"], &OWN[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn ctrl_c_and_a_kill_in_the_middle_of_a_scan_leave_the_token_usable() {
    let folder = Folder::with_enrolment();
    folder.does(&["synth", "-o", "long.csv", "--classes", "2", "--timesteps", "2000", "--features", "24"]);
    let token = Simulated::start(&folder, Line::Slow(Duration::from_millis(15)));
    token.enrol(&folder);
    for (signal, code) in [("INT", 130), ("KILL", -1)] {
        let before = token.frames.load(Ordering::SeqCst);
        let arguments = token.arguments(&[&["verify"], &LONG[..]].concat());
        let mut command = folder.command(&arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Of 188 chunks and a handful of other frames.
        while token.frames.load(Ordering::SeqCst) < before + 40 {
            thread::sleep(Duration::from_millis(1));
        }
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code().unwrap_or(-1), code);
        assert!(token.frames.load(Ordering::SeqCst) < before + 150, "it stopped in the middle");
        if code == 130 {
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("error: unix:token.sock: stopped at `scan-chunk`"), "{said}");
        }
        assert_eq!(token.misses(&folder), 0);
        assert_eq!(token.run(&folder, &[&["verify"], &OWN[..]].concat()).code, 0);
    }
}

#[test]
fn a_host_that_vanished_within_a_frame_does_not_disturb_the_next() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.enrol(&folder);
    let mut frame = [0; MAX_FRAME];
    let length = encode(Kind::Session, 9, &[1; MAX_PACKET + SEAL], &mut frame).unwrap();
    for sent in [1, 100, length - 1] {
        let mut stream = UnixStream::connect(folder.path("token.sock")).unwrap();
        stream.write_all(&frame[..sent]).unwrap();
        drop(stream);
        assert_eq!(token.run(&folder, &[&["verify"], &OWN[..]].concat()).code, 0, "{sent} bytes");
    }
}

#[test]
fn five_misses_in_a_row_ask_for_a_power_cycle() {
    let folder = Folder::with_enrolment();
    let token = Simulated::start(&folder, Line::Sound);
    token.provision(&folder, &[]);
    let enroll = ["enroll", "data.csv", "--enrolment", "class00.nve", "--accept-risk", "9", "--admin-key", "admin"];
    token.does(&folder, &enroll);
    for _ in 0..5 {
        assert_eq!(token.run(&folder, &[&["verify"], &OTHER[..]].concat()).code, 1);
    }
    assert_eq!(token.state(&folder), "locked");
    token.run(&folder, &[&["verify"], &OWN[..]].concat()).failed(6, &["take the token's power away"]);
    token.cycle_power();
    assert_eq!(token.run(&folder, &[&["verify"], &OWN[..]].concat()).code, 0);
}

#[test]
fn what_is_no_port_is_called_what_it_is() {
    let folder = Folder::new();
    folder.write("file", "");
    std::fs::create_dir(folder.path("directory")).unwrap();
    let _socket = UnixListener::bind(folder.path("socket")).unwrap();
    for (port, says) in [
        ("/dev/null", "no serial port but a device of another kind"),
        ("file", "no serial port but a file"),
        ("directory", "no serial port but a folder"),
        ("socket", "no serial port but a Unix socket"),
        ("unix:file", "no Unix socket but a file"),
        ("unix:directory", "no Unix socket but a folder"),
    ] {
        let run = folder.run(&["token", "info", "--port", port]);
        run.failed(6, &[&format!("{port}: cannot be opened: it is {says}")]);
        assert_eq!(run.stderr.contains("token list`"), !port.starts_with("unix:"), "{}", run.stderr);
        assert!(!run.stderr.contains("Not a typewriter") && !run.stderr.contains("other program"), "{}", run.stderr);
    }
}

#[test]
fn a_login_prompt_and_another_server_are_no_token() {
    for (greeting, closes) in
        [(&b"\r\nDebian GNU/Linux 13 host ttyS0\r\n\r\nhost login: "[..], false), (b"SSH-2.0-OpenSSH_10.0\r\n", true)]
    {
        let folder = Folder::new();
        let info = peer(&folder, move |mut stream| {
            let _ = stream.write_all(greeting);
            if !closes {
                drop(stream.read_to_end(&mut Vec::new()));
            }
        });
        let run = folder.run(&[&info[..], &["--timeout", "0.3"]].concat());
        run.failed(
            6,
            &["unix:token.sock: no token", &format!("{} bytes arrived", greeting.len()), "--port and --baud"],
        );
    }
}
