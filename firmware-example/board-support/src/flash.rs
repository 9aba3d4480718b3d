//! Bounds of a NOR flash.

/// Whether `length` bytes from `offset` on lie within `capacity`, in whole units of `unit` bytes.
pub fn holds(capacity: u32, offset: u32, length: usize, unit: usize) -> bool {
    let inside = u64::from(offset) + length as u64 <= u64::from(capacity);
    inside && (offset as usize).is_multiple_of(unit) && length.is_multiple_of(unit)
}
