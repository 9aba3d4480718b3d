//! The date of a document.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

/// Fixes the date of documents, in seconds since 1970, so that equal runs make equal files.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";
/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// The date that the environment asks for is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE}={} is not a number of seconds since 1970", value.display())]
pub struct DateError {
    /// What the variable holds.
    value: OsString,
}

/// The date and time in UTC, as RFC 3339 writes them; `SOURCE_DATE_EPOCH` fixes it.
///
/// # Errors
/// When that variable holds no number of seconds.
pub fn now() -> Result<String, DateError> {
    let now = match std::env::var_os(VARIABLE) {
        Some(value) => {
            let seconds = value.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds <= LAST);
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.ok_or(DateError { value })?)
        }
        None => SystemTime::now(),
    };
    Ok(humantime::format_rfc3339_seconds(now).to_string())
}
