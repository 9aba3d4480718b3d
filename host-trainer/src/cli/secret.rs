//! Secrets read from files, drawn at random, and printed as hexadecimal digits.
//!
//! Each has a type that is zeroised on drop and has no `Clone`, `Debug` or `PartialEq`; no bare array of secret bytes is
//! passed or returned. Digits are read and made in constant time.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rand::Rng;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::console::Console;
use super::failure::{Failure, OUTPUT, USAGE};
use crate::files;

/// Longest file of a secret in bytes: its digits and whitespace around them.
const LONGEST: usize = 1024;

/// A secret or a key as lower-case hexadecimal digits.
pub struct Digits(Zeroizing<String>);

/// A key of any length.
pub struct Key(Zeroizing<Vec<u8>>);

/// Reads a secret from a file of 32 bytes, or of 64 hexadecimal digits, lower-case or upper-case.
pub fn read_secret<S>(path: &Path, from_bytes: impl FnOnce(&[u8; 32]) -> S) -> Result<S, Failure> {
    let refuse = |reason: String| Failure::new(USAGE, format!("{}: {reason}", path.display()));
    let bytes = read_start(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if let Ok(raw) = <&[u8; 32]>::try_from(bytes.as_slice()) {
        return Ok(from_bytes(raw));
    }
    let mut secret = Zeroizing::new([0; 32]);
    match base16ct::mixed::decode(bytes.trim_ascii(), &mut *secret) {
        Ok(decoded) if decoded.len() == 32 && bytes.len() <= LONGEST => Ok(from_bytes(&secret)),
        _ => Err(refuse("a secret is 32 bytes, or 64 hexadecimal digits; make one with `openssl rand -hex 32`".into())),
    }
}

/// Draws a secret and writes it in hexadecimal, readable by its owner only.
pub fn new_secret<S>(path: &Path, from_bytes: impl FnOnce(&[u8; 32]) -> S) -> Result<S, Failure> {
    let mut secret = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut *secret);
    let line = Digits::new(&*secret).line();
    files::write_private(path, line.as_bytes()).map_err(|error| Failure::new(OUTPUT, error))?;
    Ok(from_bytes(&secret))
}

/// Warns when users other than its owner can read a secret.
pub fn warn_of_readers(path: &Path, console: &Console) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
            console.note(format!("warning: {} is open to others than its owner; `chmod 600` it", path.display()));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, console);
}

impl Digits {
    /// The digits of these bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(Zeroizing::new(base16ct::lower::encode_string(secret)))
    }

    /// The digits. The caller must clear any copies.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// The digits and a newline.
    pub fn line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(self.0.len() + 1));
        line.push_str(self.expose_secret());
        line.push('\n');
        line
    }
}

/// Only for [`Console::secret_result`], which clears the document that it builds.
impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl Key {
    /// A key of `length` bytes, which `derive` fills.
    pub fn derive<E>(length: usize, derive: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Zeroizing::new(vec![0; length]));
        derive(&mut key.0)?;
        Ok(key)
    }

    /// Its digits.
    pub fn digits(&self) -> Digits {
        Digits::new(&self.0)
    }
}

/// The file's bytes, at most one more than [`LONGEST`], in memory that is never reallocated and so leaves no copy behind.
fn read_start(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // `read_to_end` grows a vector that is full: one byte more than it can read keeps it from growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::key::DeviceSecret;

    use super::*;

    neural_vault_testkit::assert_secret!(Digits, Key);

    fn read(bytes: &[u8]) -> Result<DeviceSecret, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, bytes).unwrap();
        read_secret(&path, DeviceSecret::from_bytes)
    }

    #[test]
    fn a_secret_is_32_bytes_or_64_digits_of_either_case() {
        for bytes in [&[0xa5; 32][..], "a5".repeat(32).as_bytes(), "A5".repeat(32).as_bytes()] {
            assert_eq!(read(bytes).ok().unwrap().expose_secret(), &[0xa5; 32]);
        }
        assert!(read(format!("\n {}\r\n", "aA".repeat(32)).as_bytes()).is_ok());
    }

    #[test]
    fn any_other_content_is_refused_with_one_message() {
        let digits = "a5".repeat(32);
        for text in [
            "",
            &digits[1..],
            &digits[2..],
            &format!("{digits}a"),
            &format!("{digits}a5"),
            &format!("{}g", &digits[1..]),
            &format!("{} ", "a5 ".repeat(32)),
            &"é".repeat(32),
            &"+5".repeat(32),
            &"a".repeat(31),
            &"a".repeat(33),
            &"a5".repeat(LONGEST),
            &format!("{digits}{}a5", " ".repeat(LONGEST)),
        ] {
            let error = read(text.as_bytes()).err().unwrap();
            assert_eq!(error.code, USAGE, "{text}");
            assert!(error.to_string().contains("32 bytes, or 64 hexadecimal digits"), "{text}: {error}");
        }
    }

    #[test]
    fn a_drawn_secret_reads_back_and_the_next_one_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let drawn = new_secret(&path, DeviceSecret::from_bytes).ok().unwrap();
        let read = read_secret(&path, DeviceSecret::from_bytes).ok().unwrap();
        assert_eq!(drawn.expose_secret(), read.expose_secret());
        let other = new_secret(&path, DeviceSecret::from_bytes).ok().unwrap();
        assert_ne!(drawn.expose_secret(), other.expose_secret());
    }

    #[test]
    fn digits_are_lower_case() {
        assert_eq!(Digits::new(&[0x00, 0x9a, 0xff]).expose_secret(), "009aff");
    }
}
