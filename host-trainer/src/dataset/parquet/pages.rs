//! The pages of a column: those compressed by zstd decompressed in Rust, and all checked.
//!
//! The parquet crate's own zstd compiles a C library, and with it `cc` takes a feature that compiles tract again. Here its
//! page reader takes the pages for uncompressed ones. Its decoders panic at a page that is shorter than its levels, and at
//! one whose dictionary is missing: such pages are refused before they see them.

use std::io::{self, Read};

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;
use ruzstd::decoding::StreamingDecoder;

/// Pages of the reader within, decompressed and checked.
pub(super) struct Pages<P> {
    inner: P,
    zstd: bool,
    /// Kinds of levels in front of the values: repetition, definition.
    kinds_of_levels: usize,
    has_dictionary: bool,
    is_text: bool,
}

impl<P: PageReader> Pages<P> {
    /// Pages of a column; those of `inner` are compressed if they are in `zstd`.
    pub(super) fn new(inner: P, column: &ColumnDescPtr, zstd: bool) -> Self {
        let kinds_of_levels = usize::from(column.max_rep_level() > 0) + usize::from(column.max_def_level() > 0);
        let is_text = column.physical_type() == Type::BYTE_ARRAY;
        Self { inner, zstd, kinds_of_levels, has_dictionary: false, is_text }
    }

    fn decompress(&self, page: &mut Page) -> Result<()> {
        match page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = decompressed(&[], buf)?,
            Page::DataPageV2 { buf, is_compressed, def_levels_byte_len, rep_levels_byte_len, .. } => {
                // Levels stand before the values, uncompressed.
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                if *is_compressed {
                    let (levels, packed) = buf.split_at_checked(levels).ok_or_else(too_short)?;
                    *buf = decompressed(levels, packed)?;
                    *is_compressed = false;
                }
            }
        }
        Ok(())
    }

    fn check(&mut self, page: &Page) -> Result<()> {
        let encoding = match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                self.has_dictionary = true;
                return check_dictionary(self.is_text, buf, *num_values);
            }
            Page::DataPage { buf, encoding, .. } => {
                let mut rest = &buf[..];
                for _ in 0..self.kinds_of_levels {
                    // A length of four bytes, and as many bytes of levels.
                    let (length, levels) = rest.split_first_chunk().ok_or_else(too_short)?;
                    let length = u32::from_le_bytes(*length) as usize;
                    rest = levels.get(length..).ok_or_else(too_short)?;
                }
                encoding
            }
            Page::DataPageV2 { buf, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                buf.get(levels..).ok_or_else(too_short)?;
                encoding
            }
        };
        #[allow(deprecated, reason = "older files say so")]
        let by_dictionary = matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if by_dictionary && !self.has_dictionary {
            return Err(ParquetError::EOF("a dictionary is missing".to_owned()));
        }
        Ok(())
    }
}

/// Refuses fewer values than these, for which the parquet crate takes memory before it reads them.
///
/// A text has its length of four bytes before it; any other value takes a byte at least.
fn check_dictionary(is_text: bool, mut bytes: &[u8], count: u32) -> Result<()> {
    if !is_text {
        return if count as usize <= bytes.len() { Ok(()) } else { Err(too_short()) };
    }
    for _ in 0..count {
        let (length, rest) = bytes.split_first_chunk().ok_or_else(too_short)?;
        bytes = rest.get(u32::from_le_bytes(*length) as usize..).ok_or_else(too_short)?;
    }
    Ok(())
}

fn too_short() -> ParquetError {
    ParquetError::EOF("a page is too short".to_owned())
}

impl<P: PageReader> PageReader for Pages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.inner.get_next_page()? else {
            return Ok(None);
        };
        if self.zstd {
            self.decompress(&mut page)?;
        }
        self.check(&page)?;
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.inner.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}

impl<P: PageReader> Iterator for Pages<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// `before`, and then what one or several frames of zstd hold.
fn decompressed(before: &[u8], mut packed: &[u8]) -> Result<Bytes> {
    let mut bytes = before.to_vec();
    while !packed.is_empty() {
        let failed = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let mut frame = StreamingDecoder::new(&mut packed).map_err(|error| failed(&error))?;
        frame.read_to_end(&mut bytes)?;
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_of_more_values_than_it_has_bytes_for_is_refused() {
        assert!(check_dictionary(false, &[0; 8], 2).is_ok());
        assert!(check_dictionary(false, &[0; 8], 1 << 30).is_err());
        assert!(check_dictionary(true, b"\x02\0\0\0ab\0\0\0\0", 2).is_ok());
        assert!(check_dictionary(true, b"\x02\0\0\0ab\0\0\0\0", 3).is_err());
    }
}
