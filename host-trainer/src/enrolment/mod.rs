//! Enrolment: prototype, threshold, and the record of both. It holds no key.
//!
//! The prototype is sensitive nevertheless: with scheme v1, whoever reads it can derive the key. So only the owner can
//! read the files (mode 0600).

mod attempts;
mod derive;
mod describe;
mod development;
mod enrol;
mod enrol_error;
mod error;
mod measured;
mod note;
mod own_windows;
mod person;
mod person_request;
mod person_trials;
mod policy;
mod probe_length;
mod record;
mod threshold;

pub use attempts::{ATTEMPTS, Attempts, AttemptsError, attempts_here};
pub use derive::{Answer, DeriveError};
pub use describe::describe_false_matches;
pub use development::{Chosen, cross_fitted, halves_of_sessions};
pub use enrol::{Identity, Request, enrol, enrol_all};
pub use enrol_error::EnrolError;
pub use error::EnrolmentError;
pub use measured::{Measured, ProbeThreshold, false_matches};
pub use note::{EnrolNote, SHORT_ENROLMENTS, SHORT_PROBES};
pub use person::{enrol_person, enrol_persons};
pub use person_request::{LEAST_FRAMES, PersonRequest};
pub use policy::Policy;
pub use record::{Development, Enrolment, Outcome, Probe, Target};
