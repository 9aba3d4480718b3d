//! Types that hold secrets cannot be printed, copied or compared by accident.

use neural_vault_core::key::{DerivedKey, DeviceSecret};
use neural_vault_core::wire::{AdminKey, Provisioning};
use neural_vault_testkit::assert_secret;
use zeroize::ZeroizeOnDrop;

use crate::board::BoardSecret;
use crate::seal::Sealer;
use crate::vault::{Identity, Slot, Vault};

assert_secret!(BoardSecret, DeviceSecret, AdminKey, DerivedKey, Provisioning, Identity, Slot, Vault, Sealer);

#[test]
fn secrets_are_zeroised_on_drop() {
    fn is_zeroised<T: ZeroizeOnDrop>() {}
    is_zeroised::<BoardSecret>();
    is_zeroised::<DeviceSecret>();
    is_zeroised::<AdminKey>();
    is_zeroised::<DerivedKey>();
}
