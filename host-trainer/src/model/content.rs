//! What a file is, by its first bytes, when it is not what its reader expects.

use std::fmt;

use neural_vault_core::bundle;
use serde::de::IgnoredAny;

/// A kind of file that people take for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// The text that Git keeps in place of a large file.
    GitLfsPointer,
    /// A ZIP archive that `torch.save` wrote: `.pt`, `.pth`, `.ckpt`, `.bin`.
    PyTorch,
    /// A Python pickle, which `torch.save` wrote before PyTorch 1.6.
    Pickle,
    /// Arrays of NumPy in a ZIP archive, `.npz`.
    NumpyArchive,
    /// One array of NumPy, `.npy`.
    NumpyArray,
    /// Any other ZIP archive.
    Zip,
    /// A tar archive.
    Tar,
    /// Compressed data, by this program.
    Compressed(&'static str),
    /// A file of HDF5, such as Keras' `.h5`.
    Hdf5,
    /// A model of llama.cpp.
    Gguf,
    /// An ONNX model.
    Onnx,
    /// A safetensors file, sound or damaged.
    Safetensors,
    /// The list of the parts of a model that is in several safetensors files.
    ShardIndex,
    /// Any other JSON text.
    Json,
    /// A web page.
    WebPage,
    /// A bundle of this program.
    Bundle,
}

impl Content {
    /// What `bytes` are, if they are something known and not what was `expected`.
    pub(super) fn unexpected(bytes: &[u8], expected: Self) -> Option<Self> {
        Self::recognise(bytes).filter(|&found| found != expected)
    }

    /// What `bytes` are, if they are something known.
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        const BEGINNINGS: [(&[u8], Content); 11] = [
            (b"version https://git-lfs.github.com/spec/", Content::GitLfsPointer),
            (b"\x93NUMPY", Content::NumpyArray),
            (b"\x89HDF\r\n\x1a\n", Content::Hdf5),
            (b"GGUF", Content::Gguf),
            (bundle::MAGIC, Content::Bundle),
            (b"\x1f\x8b", Content::Compressed("gzip")),
            (b"\x28\xb5\x2f\xfd", Content::Compressed("zstd")),
            (b"\xfd7zXZ\0", Content::Compressed("xz")),
            (b"BZh", Content::Compressed("bzip2")),
            (b"PK\x05\x06", Content::Zip),
            (b"7z\xbc\xaf\x27\x1c", Content::Compressed("7z")),
        ];
        if let Some((_, found)) = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
            return Some(*found);
        }
        match bytes {
            // The length of the header, below 2^32, and the header's brace.
            [_, _, _, _, 0, 0, 0, 0, b'{', ..] => Some(Self::Safetensors),
            [b'P', b'K', 3, 4, ..] => Some(zip(bytes)),
            [0x80, 0..=5, ..] => Some(Self::Pickle),
            // Field 1, the version of the format, then any field of a model.
            [0x08, 1..=32, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72, ..] => Some(Self::Onnx),
            _ if bytes.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => text(bytes),
        }
    }
}

/// The kind of a ZIP archive, by the name of its first file, so that a truncated one is recognised.
fn zip(bytes: &[u8]) -> Content {
    /// Bytes of a file's header before its name.
    const HEADER: usize = 30;
    let length = bytes.get(26..28).map_or(0, |length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let name = bytes.get(HEADER..HEADER + length).map(String::from_utf8_lossy).unwrap_or_default();
    // torch.save begins with `NAME/data.pkl`, torch.jit.save with the tensors or the code.
    let of_pytorch = ["/data.pkl", "/version", "/.format_version", "/byteorder", "/data/0", "/constants.pkl"];
    if of_pytorch.iter().any(|end| name.ends_with(end)) || name.contains("/code/") {
        Content::PyTorch
    } else if name.ends_with(".npy") {
        Content::NumpyArchive
    } else {
        Content::Zip
    }
}

fn text(bytes: &[u8]) -> Option<Content> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let beginning = bytes.get(..bytes.len().min(9))?.to_ascii_lowercase();
    if beginning.starts_with(b"<!doctype") || beginning.starts_with(b"<html") {
        return Some(Content::WebPage);
    }
    if !beginning.starts_with(b"{") || serde_json::from_slice::<IgnoredAny>(bytes).is_err() {
        return None;
    }
    let key = b"\"weight_map\"";
    Some(if bytes.windows(key.len()).any(|window| window == key) { Content::ShardIndex } else { Content::Json })
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitLfsPointer => "is a Git LFS pointer, which stands for a file elsewhere",
            Self::PyTorch => "is a PyTorch checkpoint, as `torch.save` writes it",
            Self::Pickle => "is a Python pickle, as `torch.save` wrote it before PyTorch 1.6",
            Self::NumpyArchive => "is a NumPy archive (`.npz`)",
            Self::NumpyArray => "is a NumPy array (`.npy`)",
            Self::Zip => "is a ZIP archive",
            Self::Tar => "is a tar archive",
            Self::Compressed(program) => return write!(f, "is compressed by {program}"),
            Self::Hdf5 => "is an HDF5 file, such as Keras writes",
            Self::Gguf => "is a GGUF model of llama.cpp",
            Self::Onnx => "is an ONNX model",
            Self::Safetensors => "is a safetensors file",
            Self::ShardIndex => "is the index of a model that is in several safetensors files",
            Self::Json => "is JSON text",
            Self::WebPage => "is a web page",
            Self::Bundle => "is a bundle of neural-vault",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The start of a ZIP archive whose first file has this name.
    fn zip_of(name: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(26, 0);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes
    }

    #[test]
    fn files_that_people_take_for_weights_are_recognised_by_their_first_bytes() {
        let tar = [&[b'm'; 257][..], b"ustar\0"].concat();
        let known: [(&[u8], Content); 22] = [
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", Content::GitLfsPointer),
            (&zip_of("archive/data.pkl"), Content::PyTorch),
            (&zip_of("epoch=3-step=100/data.pkl"), Content::PyTorch),
            (&zip_of("model/code/__torch__.py"), Content::PyTorch),
            (&zip_of("proj.weight.npy"), Content::NumpyArchive),
            (&zip_of("metadata.json"), Content::Zip),
            (b"PK\x03\x04", Content::Zip),
            (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M", Content::Pickle),
            (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}", Content::Pickle),
            (b"\x93NUMPY\x01\0", Content::NumpyArray),
            (&tar, Content::Tar),
            (b"\x1f\x8b\x08\0", Content::Compressed("gzip")),
            (b"\x89HDF\r\n\x1a\n\0", Content::Hdf5),
            (b"GGUF\x03\0\0\0", Content::Gguf),
            (b"\x08\x08\x12\x07pytorch", Content::Onnx),
            (b"\x80\x02\0\0\0\0\0\0{\"a\"", Content::Safetensors),
            (b"{\"weight_map\": {}}", Content::ShardIndex),
            (b"\xef\xbb\xbf{\"d_model\": 3}\n", Content::Json),
            (b"\n<!DOCTYPE html><html>", Content::WebPage),
            (b"<HTML>", Content::WebPage),
            (b"NVBUNDLE\x01", Content::Bundle),
            (b"BZh91AY", Content::Compressed("bzip2")),
        ];
        for (bytes, content) in known {
            assert_eq!(Content::recognise(bytes), Some(content), "{:?}", String::from_utf8_lossy(bytes));
            assert_eq!(Content::unexpected(bytes, content), None);
        }
    }

    #[test]
    fn other_bytes_are_not_named() {
        for bytes in [&b""[..], b"P", b"\x08", b"\x80", b"this is text", b"{not JSON", b"\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(Content::recognise(bytes), None, "{bytes:?}");
        }
    }
}
