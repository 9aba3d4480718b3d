//! What a recording must hold before it can be trained on.

use super::{Dataset, DatasetError, Standardiser};

/// Refuses a recording without a single number.
///
/// # Errors
/// [`DatasetError::AllNan`].
pub fn check_values(dataset: &Dataset) -> Result<(), DatasetError> {
    if dataset.values.iter().all(|value| value.is_nan()) {
        return Err(DatasetError::AllNan {
            file: dataset.origin.clone(),
        });
    }
    Ok(())
}

/// Refuses what the triplet loss cannot train on; gives notes on what it can but a person should know.
///
/// Notes tell of constant features and of labels without rows.
///
/// # Errors
/// [`DatasetError::NoRows`], [`DatasetError::AllNan`], [`DatasetError::OneClass`], [`DatasetError::OneRow`].
pub fn check_training(dataset: &Dataset) -> Result<Vec<String>, DatasetError> {
    let file = dataset.origin.clone();
    if dataset.rows.is_empty() {
        return Err(DatasetError::NoRows { file });
    }
    check_values(dataset)?;
    let mut rows = vec![0_usize; dataset.labels.len()];
    for row in &dataset.rows {
        rows[row.label as usize] += 1;
    }
    let counts = || dataset.labels.iter().zip(&rows);
    let mut present = counts().filter(|&(_, &rows)| rows > 0);
    if let (Some((label, _)), None) = (present.next(), present.next()) {
        return Err(DatasetError::OneClass {
            file,
            label: label.clone(),
        });
    }
    if let Some((label, _)) = counts().find(|&(_, &rows)| rows == 1) {
        return Err(DatasetError::OneRow {
            file,
            label: label.clone(),
        });
    }

    let origin = file.display();
    let mut notes: Vec<String> = counts()
        .filter(|&(_, &rows)| rows == 0)
        .map(|(label, _)| format!("{origin}: label `{label}` has no rows in the chosen sessions"))
        .collect();
    let (_, constant) = Standardiser::fit(&dataset.values, dataset.features);
    if constant > 0 {
        let features = dataset.features;
        notes.push(format!(
            "{origin}: {constant} of {features} features are constant and carry nothing"
        ));
    }
    Ok(notes)
}
