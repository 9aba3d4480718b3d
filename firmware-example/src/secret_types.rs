//! Types that hold secrets cannot be printed, copied or compared by accident.

use core::fmt::Debug;
use core::marker::PhantomData;

use neural_vault_core::key::{DerivedKey, DeviceSecret};
use neural_vault_core::wire::{AdminKey, Provisioning};
use zeroize::ZeroizeOnDrop;

use crate::board::BoardSecret;
use crate::components::Components;
use crate::seal::Sealer;
use crate::vault::{Identity, Slot, Vault};

/// Asks the compiler whether a type has a trait: an inherent constant, there only under its bound, hides the trait's.
macro_rules! ask {
    ($ask:ident: $($bound:tt)*) => {
        struct $ask<T>(PhantomData<T>);

        impl<T> Otherwise for $ask<T> {}

        impl<T: $($bound)*> $ask<T> {
            const YES: bool = true;
        }
    };
}

trait Otherwise {
    const YES: bool = false;
}

ask!(Prints: Debug);
ask!(Clones: Clone);
ask!(Compares: PartialEq);

macro_rules! has_none {
    ($($secret:ty),*) => {
        $(const { assert!(!Prints::<$secret>::YES && !Clones::<$secret>::YES && !Compares::<$secret>::YES) };)*
    };
}

#[test]
fn secrets_are_neither_printed_nor_copied_nor_compared() {
    const { assert!(Prints::<[u8; 32]>::YES && Clones::<[u8; 32]>::YES && Compares::<[u8; 32]>::YES) };
    has_none!(BoardSecret, DeviceSecret, AdminKey, DerivedKey, Provisioning, Identity, Slot, Vault, Sealer, Components);
}

#[test]
fn secrets_are_zeroised_on_drop() {
    fn is_zeroised<T: ZeroizeOnDrop>() {}
    is_zeroised::<BoardSecret>();
    is_zeroised::<DeviceSecret>();
    is_zeroised::<AdminKey>();
    is_zeroised::<DerivedKey>();
}
