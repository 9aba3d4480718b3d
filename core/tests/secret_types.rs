//! Secrets cannot be printed, copied or compared by accident.
#![cfg(feature = "wire")]

use neural_vault_core::bundle::ProvisioningKey;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer};
use neural_vault_core::wire::{AdminKey, Provisioning};

/// Whether a type implements a trait: an inherent constant, there only under its bound, hides the trait's.
macro_rules! implements {
    ($type:ty: $bound:path) => {{
        struct Ask<T>(core::marker::PhantomData<T>);
        #[allow(dead_code)]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T> Otherwise for Ask<T> {}
        #[allow(dead_code)]
        impl<T: $bound> Ask<T> {
            const ANSWER: bool = true;
        }
        Ask::<$type>::ANSWER
    }};
}

macro_rules! assert_secret {
    ($($type:ty)*) => {$(
        const {
            assert!(!implements!($type: Copy) && !implements!($type: Clone));
            assert!(!implements!($type: core::fmt::Debug) && !implements!($type: core::fmt::Display));
            assert!(!implements!($type: PartialEq));
        }
    )*};
}

#[test]
fn secrets_are_neither_copied_nor_printed_nor_compared() {
    const { assert!(implements!([u8; 32]: Copy) && implements!([u8; 32]: PartialEq)) };
    const { assert!(implements!([u8; 32]: Clone) && implements!([u8; 32]: core::fmt::Debug)) };
    assert_secret! { DerivedKey KeyBuffer DeviceSecret AdminKey ProvisioningKey Provisioning }
}

#[test]
fn secrets_of_32_bytes_are_zeroised_on_drop() {
    fn is_zeroised<T: zeroize::ZeroizeOnDrop>() {}
    is_zeroised::<DerivedKey>();
    is_zeroised::<DeviceSecret>();
    is_zeroised::<AdminKey>();
    is_zeroised::<ProvisioningKey>();
}
