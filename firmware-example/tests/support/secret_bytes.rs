//! Secrets as bytes, and how often they are in some memory. Included by tests and by the program that drives QEMU.

use neural_vault_session::Session;

/// Bytes of a secret that are searched for at once: a part of it is a find too.
pub const PIECE: usize = 8;

/// How often a piece of the secret is in these bytes: the number for the piece that is there most often.
pub fn copies(bytes: &[u8], secret: &[u8]) -> usize {
    let count = |piece: &[u8]| bytes.windows(PIECE).filter(|window| *window == piece).count();
    secret.chunks_exact(PIECE).map(count).max().unwrap_or(0)
}

/// The bytes of a value as they are in memory.
pub fn bytes_of<T>(value: *const T) -> Vec<u8> {
    let start = value.cast::<u8>();
    // SAFETY: the caller's value is alive; its padding is whatever was there before.
    (0..size_of::<T>()).map(|index| unsafe { start.add(index).read_volatile() }).collect()
}

/// Both keys of a session, as the host's end of it holds them.
pub fn session_keys(session: &Session) -> Vec<u8> {
    let bytes = bytes_of(session);
    let hash_at = bytes.windows(32).position(|window| window == session.hash()).expect("it holds its hash");
    let mut keys = Vec::new();
    for (index, piece) in bytes.chunks_exact(PIECE).enumerate() {
        // Beside the hash and the keys there are two numbers, which are small.
        if !(hash_at..hash_at + 32).contains(&(index * PIECE)) && piece[4..] != [0; 4] {
            keys.extend_from_slice(piece);
        }
    }
    assert_eq!(keys.len(), 64, "two keys");
    keys
}
