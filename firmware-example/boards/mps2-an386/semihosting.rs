//! Files of the host, by ARM semihosting.

use core::ffi::CStr;

use cortex_m_semihosting::{debug, syscall, syscall1};

/// Modes of `fopen`: `rb`, `r+b`, `w+b`.
pub const READ: usize = 1;
pub const UPDATE: usize = 3;
pub const CREATE: usize = 7;

/// An open file.
pub struct File(usize);

impl File {
    /// Opens a file; `None` if that fails.
    pub fn open(name: &CStr, mode: usize) -> Option<Self> {
        // SAFETY: the name is a string of the given length that ends in a zero.
        let handle = unsafe { syscall!(OPEN, name.as_ptr(), mode, name.count_bytes()) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Moves to an offset from the file's start; `None` if that fails.
    pub fn seek(&self, place: u32) -> Option<()> {
        // SAFETY: takes numbers only.
        let status = unsafe { syscall!(SEEK, self.0, place) };
        (status == 0).then_some(())
    }

    /// Fills `bytes`; `None` if the file ends before.
    pub fn read(&self, bytes: &mut [u8]) -> Option<()> {
        // SAFETY: the host writes within the buffer's length.
        let missing = unsafe { syscall!(READ, self.0, bytes.as_mut_ptr(), bytes.len()) };
        (missing == 0).then_some(())
    }

    /// Writes all of `bytes`; `None` if that fails.
    pub fn write(&self, bytes: &[u8]) -> Option<()> {
        // SAFETY: the host reads within the buffer's length.
        let missing = unsafe { syscall!(WRITE, self.0, bytes.as_ptr(), bytes.len()) };
        (missing == 0).then_some(())
    }

    /// Length of the file in bytes.
    pub fn length(&self) -> Option<usize> {
        // SAFETY: takes a number only.
        let length = unsafe { syscall!(FLEN, self.0) };
        (length != usize::MAX).then_some(length)
    }
}

/// Prints a text and bytes, in groups of four hexadecimal digits.
pub fn show_digits(text: &CStr, bytes: &[u8]) {
    print(text);
    for (index, byte) in bytes.iter().enumerate() {
        let digit = |value: u8| char::from_digit(value.into(), 16).map_or(b'?', |digit| digit as u8);
        let group_end = if index % 2 == 1 { b' ' } else { 0 };
        let text = [digit(byte >> 4), digit(byte & 15), group_end, 0];
        CStr::from_bytes_until_nul(&text).into_iter().for_each(print);
    }
    print(c"\n");
}

fn print(text: &CStr) {
    // SAFETY: a string that ends in a zero.
    unsafe { syscall1!(WRITE0, text.as_ptr()) };
}

/// Ends QEMU with a failure and the reason.
pub fn exit(reason: &CStr) -> ! {
    print(reason);
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}

/// Why a board that lacks a file cannot run.
pub const FILES: &CStr =
    c"token.flash, token.secret or token.generation in this folder cannot be used, or are of another version of the firmware\n";
