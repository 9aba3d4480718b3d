//! HMAC-SHA256 of the frame's bytes under the reference's key, compared byte by byte.

use hmac::{KeyInit, Mac};

use super::hash::{Digest, Hashed, pieces};
use super::method::{Method, Scorer, TrainingRows};
use crate::evaluation::error::EvaluationError;

/// The reference's HMAC key.
const KEY: &[u8] = b"secret_vault";

/// HMAC-SHA256 of the frame's bytes under the reference's key, compared byte by byte.
pub(super) struct Hmac;

impl Method for Hmac {
    fn name(&self) -> &'static str {
        "HMAC"
    }

    fn argument(&self) -> &'static str {
        "hmac"
    }

    fn help(&self) -> &'static str {
        "HMAC-SHA256 of the frame"
    }

    fn explanation(&self) -> &'static str {
        "HMAC-SHA256 of the frame's bytes under one key, compared byte by byte: any change makes another code (RFC 2104)."
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(Hashed(hmac)))
    }
}

/// HMAC-SHA256 of a frame's little-endian float32 bytes under the reference's key.
fn hmac(frame: &[f32]) -> Digest {
    match hmac::Hmac::<sha2::Sha256>::new_from_slice(KEY) {
        Ok(mut mac) => {
            pieces(frame, |piece| mac.update(piece));
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of any length.
        Err(_) => [0; 32],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_the_reference_key() {
        // Python: hmac.new(b"secret_vault", struct.pack("<2f", 1.0, -2.5), "sha256").hexdigest()
        let got: String = hmac(&[1.0, -2.5]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(got, "e8abf038cf5a00b9ca179669e48e23c49b95c1a366bf22c6c40227e0ef07cb74");
    }
}
