//! Secrets cannot be printed, copied or compared by accident.

use neural_vault_session::{Handshaken, Initiator, Session, StaticKey};
use neural_vault_testkit::assert_secret;

assert_secret!(StaticKey, Session, Initiator, Handshaken);

#[test]
fn keys_are_zeroised_on_drop() {
    fn is_zeroised<T: zeroize::ZeroizeOnDrop>() {}
    is_zeroised::<StaticKey>();
    is_zeroised::<Session>();
    is_zeroised::<Initiator>();
}
