//! Time blocks: sessions for recordings that have none.

use std::collections::{BTreeSet, HashMap};

use super::rows::Dataset;

impl Dataset {
    /// Cuts every recording into `count` consecutive blocks of nearly equal length, each of which becomes a session.
    ///
    /// Blocks of session `s` are called `s/block0` and so on, or `block0` where the session has no name. Neighbouring
    /// frames are strongly correlated, so blocks that are compared should not be neighbours.
    #[must_use]
    pub fn into_blocks(mut self, count: usize) -> Dataset {
        let count = count.max(1);
        let mut named = Vec::with_capacity(self.rows.len());
        for scan in self.scans() {
            let length = scan.rows.len();
            for (at, row) in self.rows[scan.rows].iter().enumerate() {
                named.push(row.session * count as u32 + (at * count / length) as u32);
            }
        }
        let name = |session: u32| {
            let block = format!("block{}", session as usize % count);
            match self.sessions[session as usize / count].as_str() {
                "" => block,
                session => format!("{session}/{block}"),
            }
        };
        // Recordings shorter than `count` leave some blocks empty: only those with rows become sessions.
        let used: BTreeSet<u32> = named.iter().copied().collect();
        let mut order: Vec<(String, u32)> = used.into_iter().map(|session| (name(session), session)).collect();
        order.sort();
        let new: HashMap<u32, u32> = order.iter().map(|&(_, old)| old).zip(0..).collect();
        for (row, session) in self.rows.iter_mut().zip(named) {
            row.session = new[&session];
        }
        self.sessions = order.into_iter().map(|(name, _)| name).collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::synth::Synthetic;

    #[test]
    fn blocks_are_consecutive_and_keep_every_row() {
        let whole = Synthetic { classes: 2, timesteps: 10, features: 3, sessions: 1, noise: 0.1, seed: 1 }.recordings();
        let cut = whole.clone().into_blocks(4);
        assert_eq!(cut.sessions, ["block0", "block1", "block2", "block3"]);
        assert_eq!(cut.values, whole.values);
        let lengths: Vec<usize> = cut.scans().iter().map(|scan| scan.rows.len()).collect();
        assert_eq!(lengths, [3, 2, 3, 2, 3, 2, 3, 2]);
    }

    #[test]
    fn blocks_of_named_sessions_carry_both_names() {
        let cut = Synthetic { classes: 2, timesteps: 4, features: 3, sessions: 2, noise: 0.1, seed: 1 }
            .recordings()
            .into_blocks(2);
        assert_eq!(cut.sessions.len(), 4);
        assert!(cut.sessions[0].ends_with("/block0"), "{:?}", cut.sessions);
    }
}
