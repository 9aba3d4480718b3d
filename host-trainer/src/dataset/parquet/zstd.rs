//! Pages compressed by zstd, decompressed in Rust.
//!
//! The parquet crate's own zstd compiles a C library, and with it `cc` takes a feature that compiles tract again. Here its
//! page reader takes the pages for uncompressed ones.

use std::io::{self, Read};

use bytes::Bytes;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use ruzstd::decoding::StreamingDecoder;

/// Pages of the reader within, decompressed.
pub(super) struct ZstdPages<P>(pub(super) P);

impl<P: PageReader> PageReader for ZstdPages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.0.get_next_page()? else {
            return Ok(None);
        };
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = decompressed(&[], buf)?,
            Page::DataPageV2 { buf, is_compressed, def_levels_byte_len, rep_levels_byte_len, .. } => {
                // Levels stand before the values, uncompressed.
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                if *is_compressed {
                    let Some((levels, packed)) = buf.split_at_checked(levels) else {
                        return Err(ParquetError::EOF("a page ends in its levels".to_owned()));
                    };
                    *buf = decompressed(levels, packed)?;
                    *is_compressed = false;
                }
            }
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}

impl<P: PageReader> Iterator for ZstdPages<P> {
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
