//! Sending bytes to a token and receiving bytes, with a limit on every wait.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serialport::SerialPort;

use super::Port;

/// The shortest timeout that a socket accepts.
const SHORTEST: Duration = Duration::from_millis(1);

/// What a serial port's path leads to.
const SERIAL: &str = "serial port";
/// What the path of a Unix socket leads to.
const SOCKET: &str = "Unix socket";

/// An open port.
pub(super) enum Link {
    Serial(Box<dyn SerialPort>),
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Link {
    /// Opens a port; `baud` is for serial ones, `wait` limits this and every [`Link::send`].
    pub(super) fn open(port: &Port, baud: u32, wait: Duration) -> io::Result<Self> {
        let wait = wait.max(SHORTEST);
        match port {
            Port::Serial(path) => {
                check_kind(Path::new(path), SERIAL)?;
                let port = serialport::new(path, baud).timeout(wait).open();
                let mut port = port.map_err(|error| match error.description.as_str() {
                    // ENOTTY, for a device such as /dev/null.
                    "Not a typewriter" | "Inappropriate ioctl for device" => {
                        other_kind(SERIAL, "device of another kind")
                    }
                    _ => error.into(),
                })?;
                // Some boards send nothing until DTR is set; not every port has that line.
                let _ = port.write_data_terminal_ready(true);
                Ok(Self::Serial(port))
            }
            Port::Tcp(address) => {
                let stream = connect(address, wait)?;
                // Small frames must not be delayed.
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(wait))?;
                Ok(Self::Tcp(stream))
            }
            #[cfg(unix)]
            Port::Unix(path) => {
                check_kind(path, SOCKET)?;
                let stream = UnixStream::connect(path)?;
                stream.set_write_timeout(Some(wait))?;
                Ok(Self::Unix(stream))
            }
            #[cfg(not(unix))]
            Port::Unix(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets here")),
        }
    }

    /// Sends all of `bytes`; the error is of kind [`io::ErrorKind::TimedOut`] if that takes too long.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = match self {
            Self::Serial(port) => port.write_all(bytes).and_then(|()| port.flush()),
            Self::Tcp(stream) => stream.write_all(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write_all(bytes),
        };
        sent.map_err(|error| if is_timeout(&error) { io::ErrorKind::TimedOut.into() } else { error })
    }

    /// Waits for bytes; returns 0 if none arrive in time.
    pub(super) fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        let wait = wait.max(SHORTEST);
        let received = match self {
            Self::Serial(port) => port.set_timeout(wait).map_err(io::Error::from).and_then(|()| port.read(buffer)),
            Self::Tcp(stream) => stream.set_read_timeout(Some(wait)).and_then(|()| stream.read(buffer)),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_read_timeout(Some(wait)).and_then(|()| stream.read(buffer)),
        };
        match received {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the other end closed it")),
            Err(error) if is_timeout(&error) || error.kind() == io::ErrorKind::Interrupted => Ok(0),
            other => other,
        }
    }
}

/// Refuses a path that leads to something else than `wanted`, before it is opened; a name such as COM3 is no path.
fn check_kind(path: &Path, wanted: &str) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if kind(found.file_type()) != wanted => Err(other_kind(wanted, kind(found.file_type()))),
        _ => Ok(()),
    }
}

fn kind(found: std::fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if found.is_char_device() {
            return SERIAL;
        }
        if found.is_socket() {
            return SOCKET;
        }
        if found.is_fifo() {
            return "pipe";
        }
    }
    if found.is_dir() { "folder" } else { "file" }
}

fn other_kind(wanted: &str, found: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is no {wanted} but a {found}"))
}

/// The first of a host's addresses that answers.
fn connect(address: &str, wait: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, wait) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
