//! Decisions among classes: confusion matrix, accuracy, macro F1.

/// How often each true class (row) was decided to be each class (column).
///
/// # Panics
/// When a class of `decisions`, which are pairs of truth and decision, is not below `classes`.
#[must_use]
pub fn confusion_matrix(decisions: &[(u32, u32)], classes: usize) -> Vec<Vec<u32>> {
    let mut matrix = vec![vec![0; classes]; classes];
    for &(truth, decided) in decisions {
        matrix[truth as usize][decided as usize] += 1;
    }
    matrix
}

/// The share of correct decisions in a square confusion matrix; `None` without decisions.
#[must_use]
pub fn accuracy(confusion: &[Vec<u32>]) -> Option<f64> {
    let total: u64 = confusion.iter().flatten().map(|&count| u64::from(count)).sum();
    let right: u64 = confusion.iter().enumerate().map(|(class, row)| u64::from(row[class])).sum();
    (total > 0).then(|| right as f64 / total as f64)
}

/// The unweighted mean F1 over all classes that occur, as truth or as decision; `None` without decisions.
///
/// As scikit-learn's `f1_score(average="macro", zero_division=0)`: a class without a correct decision has an F1 of 0.
#[must_use]
pub fn macro_f1(confusion: &[Vec<u32>]) -> Option<f64> {
    let f1 = (0..confusion.len()).filter_map(|class| {
        let truths: u64 = confusion[class].iter().map(|&count| u64::from(count)).sum();
        let decisions: u64 = confusion.iter().map(|row| u64::from(row[class])).sum();
        let occurrences = truths + decisions;
        (occurrences > 0).then(|| 2.0 * f64::from(confusion[class][class]) / occurrences as f64)
    });
    let (count, sum) = f1.fold((0_u32, 0.0), |(count, sum), f1| (count + 1, sum + f1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::reference;
    use super::*;

    #[test]
    fn rows_are_truths_and_columns_decisions() {
        assert_eq!(confusion_matrix(&[(0, 1), (0, 1), (1, 1), (2, 0)], 3), [[0, 2, 0], [0, 1, 0], [1, 0, 0]]);
    }

    #[test]
    fn agrees_with_scikit_learn() {
        let cases = reference().classification;
        assert!(!cases.is_empty());
        for case in cases {
            let decisions: Vec<(u32, u32)> = case.truth.into_iter().zip(case.decided).collect();
            let confusion = confusion_matrix(&decisions, case.classes);
            assert_eq!(confusion, case.confusion);
            assert!((accuracy(&confusion).unwrap() - case.accuracy).abs() < 1e-12);
            assert!((macro_f1(&confusion).unwrap() - case.macro_f1).abs() < 1e-12);
        }
    }

    #[test]
    fn no_decisions_have_no_figures() {
        assert_eq!(accuracy(&confusion_matrix(&[], 3)), None);
        assert_eq!(macro_f1(&confusion_matrix(&[], 3)), None);
    }
}
