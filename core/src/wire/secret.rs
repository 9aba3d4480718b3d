//! The administrator's key, and how secrets are sent: as their 32 bytes, without a length.

use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use crate::challenge::ChallengeKey;
use crate::key::{DerivedKey, DeviceSecret};
use crate::secret::secret;

secret! {
    /// The 256-bit key of a token's administrator; zeroised on drop, never printed or compared.
    AdminKey
}

macro_rules! as_bytes {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.expose_secret().serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut bytes = <[u8; 32]>::deserialize(deserializer)?;
                let secret = Self::from_bytes(&bytes);
                bytes.zeroize();
                Ok(secret)
            }
        }

        impl Schema for $name {
            const SCHEMA: &'static NamedType = <[u8; 32]>::SCHEMA;
        }
    )*};
}

as_bytes! { AdminKey ChallengeKey DerivedKey DeviceSecret }
