//! The date of a document.

use std::time::{Duration, SystemTime};

use super::failure::{Failure, USAGE};

/// Fixes the date of documents, in seconds since 1970, so that equal runs make equal files.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";
/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// The date and time in UTC, as RFC 3339 writes them.
pub fn now() -> Result<String, Failure> {
    let now = match std::env::var_os(VARIABLE) {
        Some(text) => {
            let seconds = text.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds <= LAST);
            let wrong =
                || Failure::new(USAGE, format!("{VARIABLE}={} is not a number of seconds since 1970", text.display()));
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.ok_or_else(wrong)?)
        }
        None => SystemTime::now(),
    };
    Ok(humantime::format_rfc3339_seconds(now).to_string())
}
