//! The ROC of two score lists, as false match and false non-match rates.

/// `(false match rate, false non-match rate)` from (0, 1) to (1, 0), one point per distinct score, the highest first; a
/// score at or above the threshold is accepted. Empty if a list has no finite score.
pub fn points(genuine: &[f64], impostor: &[f64]) -> Vec<(f64, f64)> {
    let finite = |scores: &[f64]| scores.iter().copied().filter(|score| score.is_finite()).collect::<Vec<_>>();
    let (genuine, impostor) = (finite(genuine), finite(impostor));
    if genuine.is_empty() || impostor.is_empty() {
        return Vec::new();
    }
    let mut scores: Vec<(f64, bool)> = genuine.iter().map(|&score| (score, true)).collect();
    scores.extend(impostor.iter().map(|&score| (score, false)));
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = vec![(0.0, 1.0)];
    let (mut matches, mut false_matches) = (0_usize, 0_usize);
    for tied in scores.chunk_by(|a, b| a.0 == b.0) {
        let own = tied.iter().filter(|(_, is_genuine)| *is_genuine).count();
        matches += own;
        false_matches += tied.len() - own;
        let missed = genuine.len() - matches;
        points.push((false_matches as f64 / impostor.len() as f64, missed as f64 / genuine.len() as f64));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_one_point_and_the_ends_are_there() {
        assert_eq!(points(&[0.9, 0.5], &[0.5, 0.1]), [(0.0, 1.0), (0.0, 0.5), (0.5, 0.0), (1.0, 0.0)]);
        assert!(points(&[], &[0.5]).is_empty());
        assert!(points(&[f64::NAN], &[0.5]).is_empty());
    }
}
