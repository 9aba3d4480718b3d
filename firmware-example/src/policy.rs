//! The policy as the records hold it: one byte.

use neural_vault_core::wire::Policy;
use serde::{Deserialize, Serialize};

/// What the token allows, a bit each. With three `bool`s, a blank vault would not be all zeros, and its copy would take
/// flash.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct StoredPolicy(u8);

const ALLOW_EXPORT: u8 = 1;
const CONFIRM_VERIFY: u8 = 2;
const CONFIRM_CHALLENGE: u8 = 4;

impl StoredPolicy {
    pub(crate) fn new(policy: Policy) -> Self {
        let bit = |is_set: bool, bit| if is_set { bit } else { 0 };
        Self(
            bit(policy.allow_export, ALLOW_EXPORT)
                | bit(policy.confirm_verify, CONFIRM_VERIFY)
                | bit(policy.confirm_challenge, CONFIRM_CHALLENGE),
        )
    }

    pub(crate) fn policy(self) -> Policy {
        let Self(bits) = self;
        Policy {
            allow_export: bits & ALLOW_EXPORT != 0,
            confirm_verify: bits & CONFIRM_VERIFY != 0,
            confirm_challenge: bits & CONFIRM_CHALLENGE != 0,
        }
    }
}
