//! Checks of settings.

use super::TrainingError;

/// Refuses the setting `name` with its range, unless it is `sound`.
pub(super) fn in_range(name: &'static str, sound: bool, range: impl FnOnce() -> String) -> Result<(), TrainingError> {
    if sound { Ok(()) } else { Err(TrainingError::Setting { name, reason: range() }) }
}

pub(super) fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
