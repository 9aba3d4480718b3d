//! What a file of another format is, told by its first bytes.

/// The kinds: what they are with what to do, the bytes, and where those are.
const KINDS: &[(&str, &[u8], usize)] = &[
    ("a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV", b"PK\x03\x04", 0),
    ("an Excel workbook; save the sheet as CSV", b"\xd0\xcf\x11\xe0", 0),
    ("gzip data; unpack it", b"\x1f\x8b", 0),
    ("bzip2 data; unpack it", b"BZh", 0),
    ("xz data; unpack it", b"\xfd7zXZ\0", 0),
    ("Zstandard data; unpack it", b"\x28\xb5\x2f\xfd", 0),
    ("a tar archive; unpack it", b"ustar", 257),
    ("a NumPy array; end its name in .npy", b"\x93NUMPY", 0),
    ("a Parquet table; end its name in .parquet", b"PAR1", 0),
    ("an Arrow table; save it as Parquet or CSV", b"ARROW1", 0),
    ("an Arrow table; save it as Parquet or CSV", b"FEA1", 0),
    ("an HDF5 file; save the array with numpy.save", b"\x89HDF\r\n\x1a\n", 0),
    ("a MATLAB file; save the array with numpy.save(path, scipy.io.loadmat(file)[name])", b"MATLAB 5.0", 0),
    ("a Python pickle; save the array with numpy.save(path, array, allow_pickle=False)", b"\x80\x02", 0),
    ("a Python pickle; save the array with numpy.save(path, array, allow_pickle=False)", b"\x80\x03", 0),
    ("a Python pickle; save the array with numpy.save(path, array, allow_pickle=False)", b"\x80\x04", 0),
    ("a Python pickle; save the array with numpy.save(path, array, allow_pickle=False)", b"\x80\x05", 0),
    ("a NIfTI image; end its name in .nii", b"n+1\0", 344),
    ("a PDF document; export the table as CSV", b"%PDF-", 0),
    ("a Git LFS pointer, not the file; fetch it with `git lfs pull`", b"version https://git-lfs", 0),
    ("a git-annex pointer, not the file; fetch it with `datalad get`", b"/annex/objects/", 0),
    ("a web page; download the file itself", b"<!DOCTYPE", 0),
    ("a web page; download the file itself", b"<!doctype", 0),
    ("a web page; download the file itself", b"<html", 0),
    ("XML; end its name in .gii if it is GIFTI", b"<?xml", 0),
    ("UTF-32 text; save it as UTF-8", b"\xff\xfe\0\0", 0),
    ("UTF-32 text; save it as UTF-8", b"\0\0\xfe\xff", 0),
];

/// What a file is that begins with these bytes, and what to do with it.
pub(super) fn kind(start: &[u8]) -> Option<&'static str> {
    let is = |bytes: &[u8], at: usize| start.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    KINDS.iter().find(|(_, bytes, at)| is(bytes, *at)).map(|(kind, ..)| *kind)
}

/// As [`kind`], for files of text: bytes that are in no text tell a file of another kind too.
pub(super) fn kind_of_text(start: &[u8]) -> Option<&'static str> {
    let binary = || start.contains(&0).then_some("binary data, not text; give it the ending of its format");
    kind(start).or_else(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let mut tar = vec![b'x'; 257];
        tar.extend(b"ustar");
        assert!(kind(&tar).is_some_and(|kind| kind.starts_with("a tar archive")));
        assert!(kind(b"PK\x03\x04rest").is_some_and(|kind| kind.starts_with("a ZIP archive")));
        for start in [&b"video,timestep"[..], b"", b"P"] {
            assert_eq!(kind_of_text(start), None);
        }
        assert_eq!(kind(b"a\0b"), None);
        assert!(kind_of_text(b"a\0b").is_some_and(|kind| kind.starts_with("binary data")));
    }
}
