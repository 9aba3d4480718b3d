//! The encodings of a GIFTI data array.

use std::io::Read;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use flate2::read::{GzDecoder, ZlibDecoder};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads as many numbers in decimal, separated by white space, as `values` holds.
pub(super) fn ascii(text: &str, values: &mut [f32]) -> Result<(), String> {
    let mut numbers = text.split_ascii_whitespace();
    let wanted = values.len();
    for (at, value) in values.iter_mut().enumerate() {
        let Some(number) = numbers.next() else {
            return Err(format!("it holds {at} numbers where its dimensions ask for {wanted}; copy the file again"));
        };
        *value = fast_float2::parse(number).map_err(|_| format!("`{number}` is not a number"))?;
    }
    match numbers.count() {
        0 => Ok(()),
        more => Err(format!("it holds {} numbers where its dimensions ask for {wanted}", wanted + more)),
    }
}

/// Decodes base64; white space may stand anywhere.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, String> {
    let engine = Simd::standard(PAD);
    let text = text.trim_ascii();
    let decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        engine.decode(packed)
    } else {
        engine.decode(text)
    };
    decoded.map_err(|error| format!("its base64 is damaged ({error}); copy the file again"))
}

/// Decompresses a zlib stream, which is what `GZipBase64Binary` holds, or a gzip one; stops after more than `wanted` bytes.
pub(super) fn inflate(packed: &[u8], wanted: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(wanted.saturating_add(1));
    let limit = wanted as u64 + 1;
    let read = if packed.starts_with(&GZIP_MAGIC) {
        GzDecoder::new(packed).take(limit).read_to_end(&mut bytes)
    } else {
        ZlibDecoder::new(packed).take(limit).read_to_end(&mut bytes)
    };
    read.map_err(|error| format!("its compressed data is damaged ({error}); copy the file again"))?;
    Ok(bytes)
}
