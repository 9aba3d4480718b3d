//! Secrets cannot be printed or copied by accident.

use core::fmt::Debug;
use core::marker::PhantomData;

use neural_vault_core::key::{DerivedKey, DeviceSecret};

/// Asks the compiler what `T` implements: an inherent constant, there only under its bound, hides the trait's.
struct Ask<T>(PhantomData<T>);

trait Otherwise {
    const PRINTS: bool = false;
    const CLONES: bool = false;
}

impl<T> Otherwise for Ask<T> {}

struct AskClone<T>(PhantomData<T>);

impl<T> Otherwise for AskClone<T> {}

impl<T: Debug> Ask<T> {
    const PRINTS: bool = true;
}

impl<T: Clone> AskClone<T> {
    const CLONES: bool = true;
}

#[test]
fn secrets_have_neither_debug_nor_clone() {
    const { assert!(Ask::<[u8; 32]>::PRINTS && AskClone::<[u8; 32]>::CLONES) };
    const { assert!(!Ask::<DerivedKey>::PRINTS && !AskClone::<DerivedKey>::CLONES) };
    const { assert!(!Ask::<DeviceSecret>::PRINTS && !AskClone::<DeviceSecret>::CLONES) };
}
