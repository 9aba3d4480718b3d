//! The values of cells.

use crate::dataset::names::is_missing;

/// Longest number with a decimal comma.
const LONGEST: usize = 64;

/// How the numbers of a file are written.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    /// Whether a comma may be the decimal mark, because it does not separate the cells.
    comma_allowed: bool,
    comma_seen: bool,
    point_seen: bool,
}

impl Numbers {
    pub(super) const NUMBER: &'static str = "a number; leave the cell empty where the value is missing";
    pub(super) const MIXED: &'static str =
        "a number like those before it: the file has decimal commas and decimal points; write one of them";

    pub(super) fn new(separator: u8) -> Self {
        Self { comma_allowed: separator != b',', comma_seen: false, point_seen: false }
    }

    /// A value, correctly rounded to float32; NaN where it is missing.
    ///
    /// In a file that is not separated by commas a comma is the decimal mark, and then no cell may have a point.
    ///
    /// # Errors
    /// What the cell should be.
    #[inline]
    pub(super) fn float(&mut self, cell: &[u8]) -> Result<f32, &'static str> {
        if self.comma_allowed && !self.point_seen && cell.contains(&b'.') {
            self.point_seen = true;
            if self.comma_seen {
                return Err(Self::MIXED);
            }
        }
        fast_float2::parse(cell).or_else(|_| self.other_float(cell.trim_ascii()))
    }

    /// A value that is not a plain number.
    fn other_float(&mut self, cell: &[u8]) -> Result<f32, &'static str> {
        if is_missing(cell) {
            return Ok(f32::NAN);
        }
        let parse = |cell: &[u8]| std::str::from_utf8(cell).ok().and_then(|cell| cell.parse().ok());
        if let Some(value) = parse(cell) {
            return Ok(value);
        }
        let mut copy = [0; LONGEST];
        let value = self.with_point(cell, &mut copy).and_then(parse).ok_or(Self::NUMBER)?;
        self.comma_seen = true;
        if self.point_seen { Err(Self::MIXED) } else { Ok(value) }
    }

    /// A timestep: `3`, or `3.0` as pandas writes a column that once held NaN.
    pub(super) fn integer(&self, cell: &str) -> Option<i64> {
        let cell = cell.trim();
        cell.parse().ok().or_else(|| {
            let mut copy = [0; LONGEST];
            let cell = self.with_point(cell.as_bytes(), &mut copy).unwrap_or(cell.as_bytes());
            let value: f64 = std::str::from_utf8(cell).ok()?.parse().ok()?;
            // Above 2^53 neighbouring integers are the same float64.
            (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64)
        })
    }

    /// A cell with its only comma replaced by a point, where a comma may be the decimal mark.
    fn with_point<'c>(self, cell: &[u8], copy: &'c mut [u8; LONGEST]) -> Option<&'c [u8]> {
        let comma = cell.iter().position(|&byte| byte == b',').filter(|_| self.comma_allowed)?;
        let copy = copy.get_mut(..cell.len())?;
        copy.copy_from_slice(cell);
        copy[comma] = b'.';
        Some(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::names::MISSING;

    #[test]
    fn every_spelling_of_pandas_is_a_missing_value() {
        let mut numbers = Numbers::new(b',');
        for cell in MISSING.iter().chain([&&b"  NA "[..], &&b" "[..], &&b"NAN"[..]]) {
            assert!(numbers.float(cell).is_ok_and(f32::is_nan), "{}", String::from_utf8_lossy(cell));
        }
        for cell in [&b"na"[..], b"NONE", b"missing", b"-", b"."] {
            assert_eq!(numbers.float(cell), Err(Numbers::NUMBER));
        }
    }

    #[test]
    fn a_comma_is_the_decimal_mark_where_it_separates_nothing() {
        let mut numbers = Numbers::new(b';');
        assert_eq!(
            [&b"0,5"[..], b" -1,25e2 ", b"3", b",5"].map(|cell| numbers.float(cell)),
            [Ok(0.5), Ok(-125.0), Ok(3.0), Ok(0.5)]
        );
        assert_eq!(numbers.float(b"1.5"), Err(Numbers::MIXED));
        assert_eq!(numbers.integer("3,0"), Some(3));
        assert_eq!(numbers.integer("3,5"), None);
        for cell in [&b"1,234,5"[..], b"1.234,5", b","] {
            assert_eq!(Numbers::new(b'\t').float(cell), Err(Numbers::NUMBER));
        }
        assert_eq!(Numbers::new(b',').float(b"0,5"), Err(Numbers::NUMBER));
    }

    #[test]
    fn a_comma_after_a_point_is_refused() {
        let mut numbers = Numbers::new(b';');
        assert_eq!(numbers.float(b"1.5"), Ok(1.5));
        assert_eq!(numbers.float(b"2.5"), Ok(2.5));
        assert_eq!(numbers.float(b"1,5"), Err(Numbers::MIXED));
    }
}
