//! Peak rates of this processor: arithmetic on registers alone, and reading memory alone.

use std::hint::black_box;

/// Independent sums, enough to hide the latency of an addition.
const SUMS: usize = 12;

/// Prefetch distance in bytes, as in the AVX-512 kernel.
#[cfg(target_arch = "x86_64")]
const FETCH_AHEAD: usize = 6144;

/// Multiplies and adds float32 in registers, without fused operations; returns the number of products added.
#[allow(unsafe_code)]
pub fn float_products(rounds: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { x86::float_512(rounds) };
        }
        if has!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { x86::float_256(rounds) };
        }
    }
    let mut sums = [[0.0f32; 4]; SUMS];
    let factors = black_box([1.0f32, 0.5]);
    for _ in 0..rounds {
        for sum in &mut sums {
            sum.iter_mut().for_each(|sum| *sum += factors[0] * factors[1]);
        }
        black_box(&mut sums);
    }
    rounds * SUMS * 4
}

/// Multiplies int8 and adds int32 in registers; returns the number of products added.
#[allow(unsafe_code)]
pub fn integer_products(rounds: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512vnni") {
            // SAFETY: the processor has AVX-512 VNNI.
            return unsafe { x86::integer_512(rounds) };
        }
        if has!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { x86::integer_256(rounds) };
        }
    }
    float_products(rounds)
}

/// Reads all of `bytes` and returns their XOR; fastest when they start on a cache line.
#[allow(unsafe_code)]
pub fn read(bytes: &[u8]) -> u8 {
    #[inline(always)]
    fn fold(bytes: &[u8], fetch: impl Fn(*const u8)) -> u8 {
        let (chunks, rest) = bytes.as_chunks::<512>();
        let mut lanes = [0; 512];
        for chunk in chunks {
            for line in chunk.as_chunks::<64>().0 {
                fetch(line.as_ptr());
            }
            lanes.iter_mut().zip(chunk).for_each(|(lane, byte)| *lane ^= byte);
        }
        lanes.iter().chain(rest).fold(0, |all, byte| all ^ byte)
    }
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        #[target_feature(enable = "avx512f,avx512bw")]
        fn by_lines(bytes: &[u8]) -> u8 {
            // Prefetched as in the kernel: with the hardware prefetcher alone a sixth of the cache's bandwidth is lost.
            fold(bytes, |line| _mm_prefetch::<_MM_HINT_T0>(line.cast::<i8>().wrapping_add(FETCH_AHEAD)))
        }
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512bw") {
            // SAFETY: the processor has AVX-512.
            return unsafe { by_lines(bytes) };
        }
    }
    fold(bytes, |_| ())
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_add_ps, _mm256_madd_epi16, _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps,
        _mm512_add_ps, _mm512_dpbusd_epi32, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps,
    };

    use super::{SUMS, black_box};

    /// Steps between two calls of `black_box`, so that its cost does not count.
    const STEPS: usize = 16;

    #[target_feature(enable = "avx512f")]
    pub fn float_512(rounds: usize) -> usize {
        let mut sums = [_mm512_set1_ps(0.0); SUMS];
        for _ in 0..rounds {
            let factors = black_box([_mm512_set1_ps(1.0), _mm512_set1_ps(0.5)]);
            for step in 0..STEPS {
                let factor = factors[step % 2];
                for sum in &mut sums {
                    *sum = _mm512_add_ps(*sum, _mm512_mul_ps(factor, *sum));
                }
            }
        }
        black_box(sums);
        rounds * STEPS * SUMS * 16
    }

    #[target_feature(enable = "avx2")]
    pub fn float_256(rounds: usize) -> usize {
        let mut sums = [_mm256_set1_ps(0.0); SUMS];
        for _ in 0..rounds {
            let factors = black_box([_mm256_set1_ps(1.0), _mm256_set1_ps(0.5)]);
            for step in 0..STEPS {
                let factor = factors[step % 2];
                for sum in &mut sums {
                    *sum = _mm256_add_ps(*sum, _mm256_mul_ps(factor, *sum));
                }
            }
        }
        black_box(sums);
        rounds * STEPS * SUMS * 8
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub fn integer_512(rounds: usize) -> usize {
        let mut sums = [_mm512_set1_epi32(0); SUMS];
        for _ in 0..rounds {
            let factors = black_box([_mm512_set1_epi32(3), _mm512_set1_epi32(5)]);
            for step in 0..STEPS {
                for sum in &mut sums {
                    *sum = _mm512_dpbusd_epi32(*sum, factors[step % 2], factors[1]);
                }
            }
        }
        black_box(sums);
        rounds * STEPS * SUMS * 64
    }

    #[target_feature(enable = "avx2")]
    pub fn integer_256(rounds: usize) -> usize {
        let mut sums = [_mm256_set1_epi32(0); SUMS];
        for _ in 0..rounds {
            let factors = black_box([_mm256_set1_epi32(3), _mm256_set1_epi32(5)]);
            for step in 0..STEPS {
                for sum in &mut sums {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(factors[step % 2], *sum));
                }
            }
        }
        black_box(sums);
        rounds * STEPS * SUMS * 16
    }
}
