//! Names as NumPy stores them, in items of one length.

/// Text of four bytes a character, without the zeros after it.
pub(super) fn wide_text(item: &[u8], big_endian: bool) -> Option<String> {
    let (characters, _) = item.as_chunks::<4>();
    let code = |&bytes: &[u8; 4]| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let text: Option<String> = characters.iter().map(|bytes| char::from_u32(code(bytes))).collect();
    text.map(|text| text.trim_end_matches('\0').to_owned())
}

/// Text in UTF-8, without the zeros after it.
pub(super) fn narrow_text(item: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(item).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}
