//! Enrolment: prototype, threshold, and the record of both. It holds no key.
//!
//! The prototype is sensitive all the same: with scheme v1 anyone who reads it has the key, so files are for their owner
//! only (mode 0600).

mod attempts;
mod development;
mod enrol;
mod error;
mod policy;
mod record;
mod threshold;

pub use attempts::{ATTEMPTS, Attempts, AttemptsError};
pub use development::cross_fitted;
pub use enrol::{EnrolError, Request, enrol};
pub use error::EnrolmentError;
pub use policy::Policy;
pub use record::{Development, Enrolment, Outcome, Target};
