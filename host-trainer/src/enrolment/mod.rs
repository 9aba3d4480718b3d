//! Enrolment: prototype, threshold, and the record of both. It holds no key.
//!
//! The prototype is sensitive nevertheless: with scheme v1, whoever reads it can derive the key. So only the owner can
//! read the files (mode 0600).

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
