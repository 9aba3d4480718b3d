//! What memcheck takes for secret, and what for public.

use std::hint::black_box;

use crabgrind::memcheck::{MemState, mark_memory};

/// Marks a value as secret: from here on, what depends on it may decide no branch and no address.
pub fn secret<T: ?Sized>(value: &mut T) {
    mark(value, MemState::Undefined);
}

/// Marks a value as public.
pub fn public<T: ?Sized>(value: &T) {
    mark(value, MemState::Defined);
}

/// The same value, secret.
pub fn as_secret<T>(value: T) -> T {
    let mut value = black_box(value);
    secret(&mut value);
    black_box(&mut value);
    value
}

/// The same value, public.
pub fn as_public<T>(value: T) -> T {
    let mut value = black_box(value);
    public(&value);
    // What the compiler still holds in a register is not what was marked.
    black_box(&mut value);
    value
}

fn mark<T: ?Sized>(value: &T, state: MemState) {
    let marked = mark_memory((&raw const *value).cast(), size_of_val(value), state);
    marked.expect("under valgrind");
    black_box(value);
}
