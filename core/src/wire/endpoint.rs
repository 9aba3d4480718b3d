//! What an endpoint is: a request, its answer and a key.

use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};

use super::fault::Refusal;

/// One request and its answer.
pub trait Endpoint {
    /// What the host sends.
    type Request<'a>: Serialize + Deserialize<'a>;
    /// What the token answers when it does not refuse.
    type Answer<'a>: Serialize + Deserialize<'a>;
    /// Its name.
    const NAME: &'static str;
    /// Hash of its name and of the schema of its request and its answer.
    const KEY: Key;
}

/// What a token sends back: the answer of `E` or a numbered refusal.
pub type Reply<'a, E> = Result<<E as Endpoint>::Answer<'a>, Refusal>;
