//! Names of ports, and the serial ports of this machine.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use serialport::SerialPortType;

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A serial device: `/dev/ttyACM0`, `COM3`.
    Serial(String),
    /// Host and port: `tcp:localhost:5555`.
    Tcp(String),
    /// A Unix socket: `unix:token.sock`.
    Unix(PathBuf),
}

/// The text is not the name of a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no port: give a serial device such as /dev/ttyACM0, tcp:HOST:PORT or unix:PATH")]
pub struct PortError(String);

/// A serial port of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialDevice {
    /// Its name, as [`Port`] parses it.
    pub path: String,
    /// Vendor and product number, and the names that the device gives them.
    pub usb: Option<(u16, u16, String)>,
}

/// The serial ports of this machine, by path. Nothing is sent to them.
///
/// # Errors
/// When the system cannot list them.
pub fn serial_devices() -> io::Result<Vec<SerialDevice>> {
    // The library fails on a Linux without this folder, such as a jail.
    if cfg!(target_os = "linux") && !std::path::Path::new("/sys/class/tty").is_dir() {
        return Ok(Vec::new());
    }
    let mut devices: Vec<SerialDevice> = serialport::available_ports()?
        .into_iter()
        .map(|port| SerialDevice {
            path: port.port_name,
            usb: match port.port_type {
                SerialPortType::UsbPort(usb) => {
                    let names: Vec<String> = [usb.manufacturer, usb.product].into_iter().flatten().collect();
                    Some((usb.vid, usb.pid, names.join(" ")))
                }
                _ => None,
            },
        })
        .collect();
    devices.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(devices)
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let wrong = || PortError(text.to_owned());
        if let Some(address) = text.strip_prefix("tcp:") {
            let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
            let sound = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
            return if sound { Ok(Self::Tcp(address.to_owned())) } else { Err(wrong()) };
        }
        match text.strip_prefix("unix:") {
            Some("") => Err(wrong()),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None if text.is_empty() => Err(wrong()),
            None => Ok(Self::Serial(text.to_owned())),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(path) => f.write_str(path),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_port_reads_back_from_its_text() {
        for text in ["/dev/ttyACM0", "COM3", "tcp:localhost:5555", "tcp:[::1]:80", "unix:/run/token.sock"] {
            assert_eq!(text.parse::<Port>().unwrap().to_string(), text);
        }
        assert_eq!("tcp:a:1".parse(), Ok(Port::Tcp("a:1".to_owned())));
        assert_eq!("unix:s".parse(), Ok(Port::Unix(PathBuf::from("s"))));
    }

    #[test]
    fn a_text_that_is_not_a_port_is_refused_and_quoted() {
        for text in ["", "tcp:", "tcp:host", "tcp::1", "tcp:host:0", "tcp:host:65536", "unix:"] {
            let error = text.parse::<Port>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("tcp:HOST:PORT"), "{error}");
        }
    }
}
