//! Files of tokens' public keys: 64 hexadecimal digits, which are no secret.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::failure::{Failure, USAGE};
use crate::hex;
use crate::token::PublicKey;

/// Longest file in bytes: the digits and whitespace around them.
const LONGEST: u64 = 1024;

/// How a token's key comes into a file.
pub const HOW_TO_PIN: &str = "`neural-vault token provision` writes it; for a token that is provisioned, compare the \
                              fingerprint that `neural-vault token info` shows with the token's own, then write it by \
                              `neural-vault token pin`";

/// Reads a token's public key.
pub fn read_token_key(path: &Path) -> Result<PublicKey, Failure> {
    let refuse = |reason: &str| Failure::new(USAGE, format!("{}: {reason}; {HOW_TO_PIN}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    let mut key = [0; 32];
    match base16ct::mixed::decode(bytes.trim_ascii(), &mut key) {
        Ok(decoded) if decoded.len() == 32 => Ok(PublicKey::from_bytes(&key)),
        _ => Err(refuse("a token's key is 64 hexadecimal digits")),
    }
}

/// The line of a token's key in its file.
pub fn line(key: &PublicKey) -> String {
    hex::encode(key.as_bytes()) + "\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<PublicKey, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.key");
        std::fs::write(&path, bytes).unwrap();
        read_token_key(&path)
    }

    #[test]
    fn a_key_reads_back_with_whitespace_and_in_either_case() {
        let key = PublicKey::from_bytes(&std::array::from_fn(|at| at as u8 * 7));
        let line = line(&key);
        for text in [line.clone(), line.to_uppercase(), format!("\r\n  {line}\n")] {
            assert_eq!(read(text.as_bytes()).ok(), Some(key), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_way_to_one() {
        let line = "a5".repeat(32);
        for bytes in
            [&[][..], &[0xa5; 32], &line.as_bytes()[1..], &line.as_bytes()[2..], format!("{line}a5").as_bytes()]
        {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.code, USAGE);
            assert!(error.to_string().contains("64 hexadecimal digits; `neural-vault token provision`"), "{error}");
        }
        let absent = read_token_key(Path::new("absent.key")).unwrap_err().to_string();
        assert!(absent.starts_with("absent.key: cannot be read") && absent.contains("token pin"), "{absent}");
    }
}
