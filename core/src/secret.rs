//! Types for secrets of 32 bytes, and the stack on which they are used.

use zeroize::zeroize_stack;

/// Bytes of dead stack that [`on_cleared_stack`] clears.
///
/// The test `dead_stack` of `neural-vault-kernels` fails when a derivation or a verification reaches deeper.
pub const CLEARED_STACK: usize = 4096;

/// Does `work` and clears the stack it used, [`CLEARED_STACK`] bytes, where copies of secrets lie.
///
/// The result is moved, which may leave a copy of it: return no secret.
pub fn on_cleared_stack<T>(work: impl FnOnce() -> T) -> T {
    /// Never inlined, so that the work's frames lie below the one that clears.
    #[inline(never)]
    fn below<T>(work: impl FnOnce() -> T) -> T {
        work()
    }

    let result = below(work);
    zeroize_stack::<CLEARED_STACK>();
    result
}

/// Declares a type that holds 32 secret bytes.
///
/// It is zeroised on drop and has no `Copy`, `Clone`, `Debug` or `PartialEq`, so that it is not copied, printed or
/// compared by accident. The constructor borrows the bytes: an array passed by value leaves copies behind.
macro_rules! secret {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        pub struct $name([u8; 32]);

        impl $name {
            /// Copies the secret's bytes. The caller clears its own.
            pub fn from_bytes(bytes: &[u8; 32]) -> Self {
                Self(*bytes)
            }

            /// The secret's bytes. Copies made of them are the caller's to clear.
            pub fn expose_secret(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                zeroize::Zeroize::zeroize(&mut self.0);
            }
        }

        impl zeroize::ZeroizeOnDrop for $name {}
    };
}

pub(crate) use secret;
