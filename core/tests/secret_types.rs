//! Secrets cannot be printed, copied or compared by accident.
#![cfg(feature = "wire")]

use neural_vault_core::bundle::ProvisioningKey;
use neural_vault_core::challenge::{ChallengeKey, ChallengeKeyBuffer};
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer};
use neural_vault_core::wire::{AdminKey, Provisioning};
use neural_vault_testkit::assert_secret;

assert_secret!(
    DerivedKey,
    KeyBuffer,
    ChallengeKey,
    ChallengeKeyBuffer,
    DeviceSecret,
    AdminKey,
    ProvisioningKey,
    Provisioning
);

#[test]
fn secrets_of_32_bytes_are_zeroised_on_drop() {
    fn is_zeroised<T: zeroize::ZeroizeOnDrop>() {}
    is_zeroised::<DerivedKey>();
    is_zeroised::<ChallengeKey>();
    is_zeroised::<DeviceSecret>();
    is_zeroised::<AdminKey>();
    is_zeroised::<ProvisioningKey>();
}
