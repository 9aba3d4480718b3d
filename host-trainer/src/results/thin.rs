//! Very long lists of scores, shortened for a document.

use super::{MethodResult, Results, Shortened};

/// Scores of a list that are kept: enough for every figure of a report.
const KEPT: usize = 20_000;

impl Results {
    /// Keeps of each very long list of scores some at even steps of their order, with the lowest and the highest.
    ///
    /// A protocol with such a list has no [`trials`](super::ProtocolResult::trials) then.
    pub fn thin(&mut self) {
        let is_long = |scores: &Vec<f64>| scores.len() > KEPT;
        for protocol in &mut self.protocols {
            if !protocol.methods.iter().any(|method| is_long(&method.genuine) || is_long(&method.impostor)) {
                continue;
            }
            protocol.trials = None;
            protocol.methods.iter_mut().for_each(MethodResult::thin);
        }
        thin(&mut self.vault_scores.genuine);
        thin(&mut self.vault_scores.impostor);
    }
}

impl MethodResult {
    /// Shortens its lists of scores; its figures and the number of its trials stay.
    fn thin(&mut self) {
        let [genuine, impostor] = self.trials();
        self.shortened = Some(Shortened { genuine, impostor });
        [&mut self.genuine, &mut self.impostor].into_iter().for_each(thin);
    }
}

fn thin(scores: &mut Vec<f64>) {
    if scores.len() <= KEPT {
        return;
    }
    scores.sort_unstable_by(f64::total_cmp);
    let last = scores.len() - 1;
    *scores = (0..KEPT).map(|place| scores[place * last / (KEPT - 1)]).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Estimate;

    #[test]
    fn a_long_list_of_scores_keeps_its_distribution_and_a_short_one_its_order() {
        let thinned = |mut scores: Vec<f64>| {
            thin(&mut scores);
            scores
        };
        assert_eq!(thinned(vec![3.0, 1.0, 2.0]), [3.0, 1.0, 2.0]);
        let kept = thinned((0..100_000).rev().map(f64::from).collect());
        assert_eq!((kept.len(), kept[0], kept[KEPT - 1]), (KEPT, 0.0, 99_999.0));
        assert!((kept[KEPT / 2] - 50_000.0).abs() < 10.0);
    }

    #[test]
    fn a_method_has_as_many_trials_after_its_lists_were_shortened() {
        let figure = Estimate { value: 1.0, interval: None };
        let mut method = MethodResult {
            name: String::new(),
            eer: figure,
            eer_convex_hull: 1.0,
            d_prime: figure,
            roc_auc: figure,
            fnmr_at_fmr: Vec::new(),
            transfer: None,
            over_seeds: None,
            repeated: None,
            shortened: None,
            accuracy: 1.0,
            macro_f1: 1.0,
            genuine: vec![1.0; 300],
            impostor: vec![0.0; 25_000],
        };
        for _ in 0..2 {
            method.thin();
            assert_eq!((method.genuine.len(), method.impostor.len()), (300, KEPT));
            assert_eq!((method.trials(), method.distinct_trials()), ([300, 25_000], [300, 25_000]));
        }
    }
}
