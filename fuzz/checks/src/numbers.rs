//! Numbers of files, read one by one.

/// As many bytes, taken in turn; zeros of none.
pub(crate) fn filled(bytes: &[u8], count: usize) -> Vec<u8> {
    if bytes.is_empty() { vec![0; count] } else { bytes.iter().copied().cycle().take(count).collect() }
}

/// A number of little-endian bytes, rounded to float32; its type has the letter that NumPy gives it.
pub(crate) fn number(letter: char, bytes: &[u8]) -> f32 {
    whole(letter, bytes).map_or_else(|| wide(letter, bytes) as f32, |whole| whole as f32)
}

/// A number of little-endian bytes, rounded to float64.
pub(crate) fn wide(letter: char, bytes: &[u8]) -> f64 {
    let bits = bits(bytes);
    match (letter, bytes.len()) {
        ('f', 2) => half(bits as u16).into(),
        ('f', 4) => f32::from_bits(bits as u32).into(),
        ('f', _) => f64::from_bits(bits),
        _ => whole(letter, bytes).unwrap_or_default() as f64,
    }
}

/// The bits of values, NaN in one form.
pub(crate) fn canonical(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() }).collect()
}

/// A whole number of little-endian bytes, of other letters than a float's.
pub(crate) fn whole(letter: char, bytes: &[u8]) -> Option<i128> {
    let unused = 64 - 8 * bytes.len() as u32;
    match letter {
        'f' => None,
        'i' => Some(((bits(bytes) << unused) as i64 >> unused).into()),
        'b' => Some((bits(bytes) != 0).into()),
        _ => Some(bits(bytes).into()),
    }
}

fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

/// A float16: sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    }
}
