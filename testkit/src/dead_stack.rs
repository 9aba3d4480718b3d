//! What a call leaves on the stack below its caller, where copies of secrets may lie.

use std::hint::black_box;
use std::thread;

use sha2::block_api::compress256;

/// Bytes of the stack that are looked at, below the frame that calls.
pub const DEPTH: usize = 64 * 1024;

/// The value that the stack is filled with beforehand.
pub const PAINT: u8 = 0x11;

/// The stack below a call of `work` after the call, lowest address first, and the result of `work`.
///
/// It is filled with [`PAINT`] before the call. What `work` takes by value is moved below the caller, which leaves a copy of
/// it: for such a call there are [`paint`] and [`copy_stack`]. The thread needs a stack that is deep enough: see [`on_a_large_stack`].
#[inline(never)]
pub fn dead_stack<T>(work: impl FnOnce() -> T) -> (T, Vec<u8>) {
    let mut copy = Box::new([0; DEPTH]);
    paint();
    let result = black_box(call(work));
    copy_stack(&mut copy);
    (result, copy.to_vec())
}

/// Runs `work` on a stack of 4 MiB, far more than [`dead_stack`] keeps.
///
/// # Panics
/// If `work` does.
pub fn on_a_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(4 << 20).spawn(work);
    let outcome = thread.and_then(|thread| thread.join().map_err(|_| std::io::Error::other("it panicked")));
    outcome.unwrap_or_else(|error| panic!("a thread of its own: {error}"))
}

/// Everything that allows HMAC-SHA256 under a key to be computed: its bytes, its padded blocks, the hash states after those.
pub fn traces_of_key(key: &[u8; 32]) -> Vec<Vec<u8>> {
    let mut traces = vec![key.to_vec()];
    for pad in [0x36, 0x5c] {
        traces.push(key.map(|byte| byte ^ pad).to_vec());
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        let mut state =
            [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
        compress256(&mut state, &[block]);
        traces.push(state.iter().flat_map(|word: &u32| word.to_le_bytes()).collect());
    }
    traces
}

/// Which bytes of a stack belong to any four consecutive bytes of a trace, in either order: compilers keep parts in words.
pub fn found(stack: &[u8], traces: &[Vec<u8>]) -> Vec<bool> {
    let mut is_found = vec![false; stack.len()];
    for &[a, b, c, d] in traces.iter().flat_map(|trace| trace.as_chunks::<4>().0) {
        for (at, word) in stack.windows(4).enumerate() {
            if word == [a, b, c, d] || word == [d, c, b, a] {
                is_found[at..at + 4].fill(true);
            }
        }
    }
    is_found
}

/// A frame for `work`, dead once it returns.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Fills the stack below the caller's frame with [`PAINT`].
#[inline(never)]
pub fn paint() {
    black_box(&mut [PAINT; DEPTH]);
}

/// Copies the stack below the caller's frame, lowest address first; [`paint`] was called from the same frame before.
#[inline(never)]
#[allow(unsafe_code)]
pub fn copy_stack(copy: &mut [u8; DEPTH]) {
    let here = 0u8;
    let lowest = (&raw const here).wrapping_sub(DEPTH);
    for (offset, byte) in copy.iter_mut().enumerate() {
        // SAFETY: the thread's stack of 4 MiB has far more than DEPTH bytes below this frame, and `paint` has touched them.
        *byte = unsafe { lowest.wrapping_add(offset).read_volatile() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 32] = b"0123456789abcdefFEDCBA9876543210";

    #[test]
    fn what_is_left_is_found_and_nothing_else() {
        on_a_large_stack(|| {
            let (_, stack) = dead_stack(|| {
                black_box(black_box(*SECRET));
            });
            assert!(found(&stack, &[SECRET.to_vec()]).contains(&true));
            let (_, stack) = dead_stack(|| ());
            assert!(!found(&stack, &[SECRET.to_vec()]).contains(&true));
        });
    }
}
