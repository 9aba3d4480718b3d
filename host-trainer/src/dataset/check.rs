//! Checks that recordings can be trained on.

use neural_vault_core::encoder::Fill;
use neural_vault_core::scan::check_frame;

use super::error::DatasetError;
use super::rows::{Dataset, Row};
use super::standardiser::Standardiser;

/// Refuses a recording whose values are all NaN.
///
/// # Errors
/// [`DatasetError::AllNan`].
pub fn check_values(dataset: &Dataset) -> Result<(), DatasetError> {
    if dataset.values.iter().all(|value| value.is_nan()) {
        return Err(DatasetError::AllNan { file: dataset.origin.clone() });
    }
    Ok(())
}

/// Refuses frames that say nothing: fewer than half of the values finite, or no two finite values that differ.
///
/// # Errors
/// [`DatasetError::Degenerate`], for the first such frame among `rows`.
///
/// # Panics
/// When a row is not in the dataset.
pub fn check_frames(dataset: &Dataset, rows: impl IntoIterator<Item = usize>) -> Result<(), DatasetError> {
    for row in rows {
        check_frame(dataset.row(row)).map_err(|source| {
            let Row { label, session, timestep, .. } = dataset.rows[row];
            let (label, session) = (dataset.labels[label as usize].clone(), dataset.sessions[session as usize].clone());
            DatasetError::Degenerate { file: dataset.origin.clone(), label, session, timestep, source }
        })?;
    }
    Ok(())
}

/// Refuses recordings that cannot be trained on; returns notes about constant features and labels without rows.
///
/// # Errors
/// [`DatasetError::NoRows`], [`DatasetError::AllNan`], [`DatasetError::OneClass`], [`DatasetError::OneRow`],
/// [`DatasetError::Degenerate`].
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
        return Err(DatasetError::OneClass { file, label: label.clone() });
    }
    if let Some((label, _)) = counts().find(|&(_, &rows)| rows == 1) {
        return Err(DatasetError::OneRow { file, label: label.clone() });
    }
    check_frames(dataset, 0..dataset.rows.len())?;

    let origin = file.display();
    let mut notes: Vec<String> = counts()
        .filter(|&(_, &rows)| rows == 0)
        .map(|(label, _)| format!("{origin}: label `{label}` has no rows in the chosen sessions"))
        .collect();
    let (_, constant) = Standardiser::fit(&dataset.values, dataset.features, Fill::Mean);
    if constant > 0 {
        let features = dataset.features;
        notes.push(format!("{origin}: {constant} of {features} features are constant and carry no information"));
    }
    Ok(notes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::dataset::fixtures::load_as;

    fn csv(lines: &str) -> Dataset {
        let text = format!("video,session,timestep,prediction\n{lines}");
        load_as("recording.csv", text.as_bytes()).unwrap()
    }

    #[test]
    fn two_labels_of_two_rows_may_be_trained() {
        let dataset = csv("a,r,0,1\na,r,1,2\nb,r,0,3\nb,r,1,4\n");
        assert_eq!(check_training(&dataset).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn one_class_is_refused() {
        let message = check_training(&csv("a,r,0,1\na,r,1,2\n")).unwrap_err().to_string();
        assert!(message.contains("only one class, `a`"), "{message}");
    }

    #[test]
    fn sessions_that_leave_one_class_are_refused() {
        let dataset = csv("a,r,0,1\na,r,1,2\nb,s,0,3\nb,s,1,4\n").restrict_sessions(&["r"]).unwrap();
        assert!(matches!(check_training(&dataset), Err(DatasetError::OneClass { label, .. }) if label == "a"));
    }

    #[test]
    fn a_label_with_one_row_is_refused() {
        let message = check_training(&csv("a,r,0,1\na,r,1,2\nb,r,0,3\n")).unwrap_err().to_string();
        assert!(message.contains("label `b` has one row"), "{message}");
    }

    #[test]
    fn a_recording_of_nothing_but_nan_is_refused() {
        let mut dataset = csv("a,r,0,1\na,r,1,2\nb,r,0,3\nb,r,1,4\n");
        dataset.values.fill(f32::NAN);
        assert!(matches!(check_training(&dataset), Err(DatasetError::AllNan { .. })));
        dataset.values[2] = 1.0;
        assert!(check_values(&dataset).is_ok());
    }

    #[test]
    fn a_constant_feature_gives_a_note() {
        let dataset = csv("a,r,0,1\na,r,0,7\na,r,1,2\na,r,1,7\nb,r,0,3\nb,r,0,7\nb,r,1,4\nb,r,1,7\n");
        let notes = check_training(&dataset).unwrap();
        assert!(notes.len() == 1 && notes[0].contains("1 of 2 features are constant"), "{notes:?}");
    }

    #[test]
    fn a_label_without_rows_gives_a_note() {
        let lines = "a,r,0,1\na,r,1,2\nb,r,0,3\nb,r,1,4\nc,s,0,5\n";
        let notes = check_training(&csv(lines).restrict_sessions(&["r"]).unwrap()).unwrap();
        assert!(notes.len() == 1 && notes[0].contains("label `c` has no rows"), "{notes:?}");
    }
}
