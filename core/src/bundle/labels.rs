//! The digest of the labels that a model was trained on.

use sha2::{Digest, Sha256};

/// SHA-256 over each label in the order of the classes: its length in bytes in 4 bytes, little-endian, then its UTF-8.
///
/// Zeros without a label, which stand for labels that are not known.
pub fn label_digest<'l>(labels: impl IntoIterator<Item = &'l str>) -> [u8; 32] {
    let mut labels = labels.into_iter().peekable();
    if labels.peek().is_none() {
        return [0; 32];
    }
    let mut hash = Sha256::new();
    for label in labels {
        hash.update((label.len() as u32).to_le_bytes());
        hash.update(label.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_every_name_and_their_order() {
        let expected = Sha256::digest(b"\x05\0\0\0alice\x04\0\0\0b\xc3\xb6b");
        assert_eq!(label_digest(["alice", "b\u{f6}b"])[..], expected[..]);
        assert_eq!(label_digest([]), [0; 32]);
        let others = [&["alice"][..], &["bob", "alice"], &["alic", "ebob"], &["alice", "bob", ""], &[""], &["", ""]];
        for (index, labels) in others.iter().enumerate() {
            let digest = label_digest(labels.iter().copied());
            assert!(others[..index].iter().all(|other| label_digest(other.iter().copied()) != digest), "{labels:?}");
        }
    }
}
