//! Secrets in files: 32 bytes, raw or as 64 hexadecimal digits.
//!
//! A device secret, an administrator's key and a provisioning key are all read and made here. What has the length of a
//! secret and is not one is refused: digits or characters that were taken for raw bytes carry 128 bits or fewer, and a
//! placeholder carries none. Each such kind has a chance below 10^-9 among random bytes.
//!
//! Secrets are in types that are zeroised on drop and have no `Clone`, `Debug` or `PartialEq`; a bare array of secret bytes
//! is only lent, to what makes such a type of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use neural_vault_core::secret::on_cleared_stack;
use rand::Rng;
use zeroize::Zeroizing;

use crate::files::{self, Existing, Readers};

/// Longest file of a secret in bytes: its digits and whitespace around them.
const LONGEST: usize = 1024;

/// Fewest different values among the bytes of a secret: half of it repeated, or filled with one value, has no more
/// than 17.
const FEWEST_VALUES: usize = 18;

/// How a file holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 32 bytes.
    Raw,
    /// 64 hexadecimal digits.
    Hexadecimal,
}

/// Why a file is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It has the length of neither form.
    #[error("a secret is 32 bytes, or 64 hexadecimal digits")]
    Length,
    /// It is half a secret in hexadecimal.
    #[error("32 hexadecimal digits are 128 bits, and a secret has 256: 64 digits")]
    Digits,
    /// It is a passphrase.
    #[error("32 characters of text are a passphrase, not 32 random bytes")]
    Text,
    /// It is one byte, repeated.
    #[error("all its bytes are equal: a placeholder, not a secret")]
    Equal,
    /// It is a count, or something shorter that was repeated or filled up.
    #[error("its bytes follow a pattern: a placeholder, or a shorter secret repeated or filled up")]
    Pattern,
}

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file holds no secret.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why it is none.
        reason: Unfit,
    },
}

/// Reads a secret from a file of 32 bytes, or of 64 hexadecimal digits, lower-case or upper-case, with white space
/// around them; `from_bytes` is lent its bytes.
///
/// # Errors
/// The file cannot be read, or is not a secret.
pub fn read<S>(path: &Path, from_bytes: impl FnOnce(&[u8; 32]) -> S) -> Result<S, SecretError> {
    let mut secret = Zeroizing::new([0; 32]);
    on_cleared_stack(|| {
        let bytes = read_start(path).map_err(|source| SecretError::Read { path: path.to_owned(), source })?;
        let parsed = parse(&bytes, |bytes| secret.copy_from_slice(bytes));
        parsed.map_err(|reason| SecretError::Unfit { path: path.to_owned(), reason })
    })?;
    // Made last, where the caller wants it: whatever is moved leaves a copy.
    Ok(from_bytes(&secret))
}

/// The secret in the content of a file, of which [`read`] makes it; `from_bytes` is lent its bytes.
///
/// # Errors
/// The content is not a secret.
pub(crate) fn parse<S>(bytes: &[u8], from_bytes: impl FnOnce(&[u8; 32]) -> S) -> Result<S, Unfit> {
    let trimmed = bytes.trim_ascii();
    if trimmed.len() == 32 && trimmed.iter().fold(true, |all, byte| all & byte.is_ascii_hexdigit()) {
        return Err(Unfit::Digits);
    }
    if let Ok(raw) = <&[u8; 32]>::try_from(bytes) {
        check(raw)?;
        return Ok(from_bytes(raw));
    }
    let mut secret = Zeroizing::new([0; 32]);
    match base16ct::mixed::decode(trimmed, &mut *secret) {
        Ok(decoded) if decoded.len() == 32 && bytes.len() <= LONGEST => {
            check(&secret)?;
            Ok(from_bytes(&secret))
        }
        _ => Err(Unfit::Length),
    }
}

/// The form of the secret in a file, without the secret; [`Unfit::Length`] for every file that is no attempt at one.
///
/// # Errors
/// The file cannot be read.
pub fn form(path: &Path) -> io::Result<Result<Form, Unfit>> {
    let bytes = read_start(path)?;
    let form = if bytes.len() == 32 { Form::Raw } else { Form::Hexadecimal };
    Ok(parse(&bytes, |_| form))
}

/// Draws a secret from the system's generator, and lends its bytes to `use_it`.
pub fn random<T>(use_it: impl FnOnce(&[u8; 32]) -> T) -> T {
    let mut secret = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut *secret);
    use_it(&secret)
}

/// Writes a secret in hexadecimal, readable by its owner only; replaces a file that is there.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, secret: &[u8; 32]) -> io::Result<()> {
    write_over(path, secret, Existing::Replace)
}

/// As [`write()`], but replaces no file.
///
/// # Errors
/// The file cannot be written, or one is there.
pub fn write_new(path: &Path, secret: &[u8; 32]) -> io::Result<()> {
    write_over(path, secret, Existing::Keep)
}

/// A warning where users other than its owner can read a file.
#[must_use]
pub fn exposure(path: &Path) -> Option<String> {
    (!is_private(path)).then(|| format!("{} is open to others than its owner; `chmod 600` it", path.display()))
}

/// Whether only a file's owner can read and write it; true where the system does not say.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    path.exists()
}

fn write_over(path: &Path, secret: &[u8; 32], existing: Existing) -> io::Result<()> {
    let mut line = Zeroizing::new([b'\n'; 65]);
    let digits = base16ct::lower::encode(secret, &mut line[..64]);
    digits.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    files::write(path, &*line, Readers::Owner, existing)
}

/// Refuses bytes that cannot be random; of a sound secret the time tells no more than where its first byte is that no text has.
fn check(secret: &[u8; 32]) -> Result<(), Unfit> {
    let repeats = |at: usize| secret[..at].iter().fold(false, |found, byte| found | (*byte == secret[at]));
    let values = (0..32).map(|at| usize::from(!repeats(at))).sum::<usize>();
    let step = secret[1].wrapping_sub(secret[0]);
    let is_count = secret.windows(2).fold(true, |count, pair| count & (pair[1].wrapping_sub(pair[0]) == step));
    let is_odd = |character: char| character.is_control() && !character.is_whitespace();
    match values {
        1 => Err(Unfit::Equal),
        _ if std::str::from_utf8(secret).is_ok_and(|text| !text.contains(is_odd)) => Err(Unfit::Text),
        _ if is_count | (values < FEWEST_VALUES) => Err(Unfit::Pattern),
        _ => Ok(()),
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
    use proptest::prelude::*;

    use super::*;

    /// 64 digits of 32 bytes that follow no pattern.
    const DIGITS: &str = "8f1d3c0a77e2b95446d0a1fe5b832c6990174e2df3a8bc6105df7296ce481b3a";

    fn raw() -> [u8; 32] {
        let mut raw = [0; 32];
        base16ct::lower::decode(DIGITS, &mut raw).unwrap();
        raw
    }

    fn read_bytes(bytes: &[u8]) -> Result<DeviceSecret, SecretError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, bytes).unwrap();
        read(&path, DeviceSecret::from_bytes)
    }

    #[track_caller]
    fn refused(bytes: &[u8], unfit: &Unfit) {
        let error = read_bytes(bytes).err().unwrap();
        assert!(matches!(&error, SecretError::Unfit { reason, .. } if reason == unfit), "{bytes:?}: {error}");
        assert!(error.to_string().ends_with(&format!("secret: {unfit}")), "{bytes:?}: {error}");
    }

    #[test]
    fn a_secret_is_32_bytes_or_64_digits_of_either_case() {
        for bytes in [&raw()[..], DIGITS.as_bytes(), DIGITS.to_uppercase().as_bytes()] {
            assert_eq!(read_bytes(bytes).ok().unwrap().expose_secret(), &raw());
        }
        assert!(read_bytes(format!("\n {}{}\r\n", &DIGITS[..32], DIGITS[32..].to_uppercase()).as_bytes()).is_ok());
    }

    #[test]
    fn content_of_another_length_is_refused() {
        for text in [
            "",
            &DIGITS[1..],
            &DIGITS[2..],
            &format!("{DIGITS}a"),
            &format!("{DIGITS}a5"),
            &format!("{}g", &DIGITS[1..]),
            &format!("{} ", "a5 ".repeat(32)),
            &"é".repeat(32),
            &"+5".repeat(32),
            &"x".repeat(31),
            &"x".repeat(33),
            &"a5".repeat(LONGEST),
            &format!("{DIGITS}{}a5", " ".repeat(LONGEST)),
        ] {
            refused(text.as_bytes(), &Unfit::Length);
        }
    }

    #[test]
    fn half_a_secret_in_hexadecimal_is_refused() {
        refused(&DIGITS.as_bytes()[..32], &Unfit::Digits);
        refused(&DIGITS.to_uppercase().as_bytes()[..32], &Unfit::Digits);
        refused(format!("{}\n", &DIGITS[..32]).as_bytes(), &Unfit::Digits);
    }

    #[test]
    fn a_passphrase_is_refused_in_any_alphabet() {
        refused(b"correct horse battery staple 123", &Unfit::Text);
        refused("Übergröße & Zürich, naïve café!".as_bytes().first_chunk::<32>().unwrap(), &Unfit::Text);
        refused(base16ct::lower::encode_string(b"correct horse battery staple 123").as_bytes(), &Unfit::Text);
        refused(b"two lines of \tit, of 32 bytes!!\n", &Unfit::Text);
    }

    #[test]
    fn placeholders_and_shorter_secrets_filled_up_are_refused_raw_and_in_hexadecimal() {
        let counted = |step: u8| std::array::from_fn::<u8, 32, _>(|at| (at as u8).wrapping_mul(step).wrapping_add(3));
        let mut filled = raw();
        filled[16..].fill(0);
        let mut twice = raw();
        twice.copy_within(..16, 16);
        for (bytes, unfit) in [
            ([0; 32], Unfit::Equal),
            ([0xff; 32], Unfit::Equal),
            (counted(1), Unfit::Pattern),
            (counted(255), Unfit::Pattern),
            (counted(7), Unfit::Pattern),
            (filled, Unfit::Pattern),
            (twice, Unfit::Pattern),
        ] {
            refused(&bytes, &unfit);
            refused(base16ct::lower::encode_string(&bytes).as_bytes(), &unfit);
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_a_secret(bytes in any::<[u8; 32]>()) {
            prop_assert!(read_bytes(&bytes).is_ok());
        }
    }

    #[test]
    fn a_drawn_secret_reads_back_and_the_next_one_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let draw = |write: fn(&Path, &[u8; 32]) -> io::Result<()>| {
            random(|secret| write(&path, secret).map(|()| DeviceSecret::from_bytes(secret)))
        };
        let drawn = draw(write_new).unwrap();
        assert_eq!(form(&path).unwrap(), Ok(Form::Hexadecimal));
        assert!(exposure(&path).is_none());
        let back = read(&path, DeviceSecret::from_bytes).ok().unwrap();
        assert_eq!(drawn.expose_secret(), back.expose_secret());
        assert!(draw(write_new).is_err());
        let other = draw(write).unwrap();
        assert_ne!(drawn.expose_secret(), other.expose_secret());
    }
}
