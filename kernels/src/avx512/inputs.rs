//! From raw values to the inputs of products, with AVX-512.

use std::arch::x86_64::{
    __m256i, __m512, __m512i, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_castsi512_ps, _mm512_cvtepi32_epi16,
    _mm512_cvtepu16_epi32, _mm512_cvtps_epi32, _mm512_fixupimm_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps,
    _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use neural_vault_core::kernel::{Fill, LANES, Quantiser, Statistics, loops};

#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
pub(super) fn standardise(raw: &[f32], statistics: Statistics<'_, f32>, into: &mut [f32]) {
    let Statistics { mean, inv_std, fill } = statistics;
    let (mean, inv_std, into) = (&mean[..raw.len()], &inv_std[..raw.len()], &mut into[..raw.len()]);
    let (raws, raw) = raw.as_chunks::<LANES>();
    let (means, mean) = mean.as_chunks::<LANES>();
    let (inv_stds, inv_std) = inv_std.as_chunks::<LANES>();
    let (intos, into) = into.as_chunks_mut::<LANES>();
    for (((raw, mean), inv_std), into) in raws.iter().zip(means).zip(inv_stds).zip(intos) {
        // SAFETY: each is sixteen floats.
        unsafe {
            let value = standardised(raw, _mm512_loadu_ps(mean.as_ptr()), _mm512_loadu_ps(inv_std.as_ptr()), fill);
            _mm512_storeu_ps(into.as_mut_ptr(), value);
        }
    }
    loops::standardise(raw, Statistics { mean, inv_std, fill }, into);
}

#[target_feature(enable = "avx512f,avx512vl")]
#[allow(unsafe_code)]
pub(super) fn quantise(values: &[f32], quantiser: Quantiser, places: &mut [i16]) {
    let places = &mut places[..values.len()];
    let (vectors, values) = values.as_chunks::<LANES>();
    let (places, rest) = places.as_chunks_mut::<LANES>();
    for (vector, place) in vectors.iter().zip(places) {
        // SAFETY: sixteen floats.
        store(codes(unsafe { _mm512_loadu_ps(vector.as_ptr()) }, quantiser), place);
    }
    loops::quantise(values, quantiser, rest);
}

#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn quantise_raw(raw: &[f32], statistics: Statistics<'_, u16>, quantiser: Quantiser, codes: &mut [i16]) {
    let Statistics { mean, inv_std, fill } = statistics;
    let (mean, inv_std, codes) = (&mean[..raw.len()], &inv_std[..raw.len()], &mut codes[..raw.len()]);
    let (raws, raw) = raw.as_chunks::<LANES>();
    let (means, mean) = mean.as_chunks::<LANES>();
    let (inv_stds, inv_std) = inv_std.as_chunks::<LANES>();
    let (places, rest) = codes.as_chunks_mut::<LANES>();
    for (((raw, mean), inv_std), place) in raws.iter().zip(means).zip(inv_stds).zip(places) {
        store(codes_of_raw(raw, mean, inv_std, fill, quantiser), place);
    }
    loops::quantise_raw(raw, Statistics { mean, inv_std, fill }, quantiser, rest);
}

/// Sixteen raw values, standardised once those that are not finite are replaced.
#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
fn standardised(raw: &[f32; LANES], mean: __m512, inv_std: __m512, fill: Fill) -> __m512 {
    // What replaces a value, four bits for each kind of value. Finite ones stay: 1 stands for the value itself.
    let table = match fill {
        // 8, 9 and a stand for 0, -1 and 1.
        Fill::Reference => 0x11a9_1188,
        // 0 stands for the first operand, the mean.
        Fill::Mean => 0x1100_1100,
    };
    // SAFETY: sixteen floats.
    let raw = unsafe { _mm512_loadu_ps(raw.as_ptr()) };
    let filled = _mm512_fixupimm_ps::<0>(mean, raw, _mm512_set1_epi32(table));
    _mm512_mul_ps(_mm512_sub_ps(filled, mean), inv_std)
}

#[target_feature(enable = "avx512f")]
#[inline]
#[allow(unsafe_code)]
fn bfloats(bits: &[u16; LANES]) -> __m512 {
    // SAFETY: sixteen times two bytes.
    let bits: __m256i = unsafe { _mm256_loadu_si256(bits.as_ptr().cast()) };
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(bits)))
}

/// Sixteen raw values' codes, of 32 bits each.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
pub(super) fn codes_of_raw(
    raw: &[f32; LANES],
    mean: &[u16; LANES],
    inv_std: &[u16; LANES],
    fill: Fill,
    quantiser: Quantiser,
) -> __m512i {
    codes(standardised(raw, bfloats(mean), bfloats(inv_std), fill), quantiser)
}

/// The codes of sixteen values.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn codes(values: __m512, quantiser: Quantiser) -> __m512i {
    let max_code = f32::from(quantiser.max_code);
    // For NaN both take the second operand, as core's comparisons do.
    let scaled = _mm512_min_ps(_mm512_mul_ps(values, _mm512_set1_ps(quantiser.factor)), _mm512_set1_ps(max_code));
    let scaled = _mm512_max_ps(scaled, _mm512_set1_ps(-max_code));
    // The processor rounds to nearest, ties to even, as core does.
    _mm512_cvtps_epi32(scaled)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
#[allow(unsafe_code)]
fn store(codes: __m512i, place: &mut [i16; LANES]) {
    let codes = _mm512_cvtepi32_epi16(codes);
    // SAFETY: sixteen times two bytes.
    unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), codes) }
}
