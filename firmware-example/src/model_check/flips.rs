//! Which bits of a flash are changed.

use std::vec::Vec;

use crate::store::{BANK, REGION};

/// A bit of every block of 16 bytes that is written, and of erased ones where a record would begin, end or be committed.
///
/// Every field of every record is a block or a quarter of one. Of the destroyed records of a log, all of the same zeros, the
/// first and the last ones stand for all.
pub(super) fn flips(bytes: &[u8]) -> Vec<(usize, usize)> {
    const BLOCK: usize = 16;
    const RECORD: usize = 80;
    let is_erased = |block: usize| bytes[block * BLOCK..][..BLOCK].iter().all(|&byte| byte == 0xff);
    let is_destroyed = |block: usize| {
        let place = block * BLOCK % BANK as usize;
        let around = place.saturating_sub(RECORD)..place + 3 * RECORD;
        let bank = block * BLOCK - place;
        block * BLOCK < 2 * BANK as usize
            && around.start >= 576
            && around.end <= BANK as usize
            && bytes[bank..][around].iter().all(|&byte| byte == 0)
    };
    let is_tried = |block: &usize| !is_erased(*block) && !is_destroyed(*block);
    let mut blocks: Vec<usize> = (0..bytes.len() / BLOCK).filter(is_tried).collect();
    let mut places = Vec::new();
    for bank in [0, BANK as usize] {
        let written = (bank + 576..bank + BANK as usize).rev().step_by(BLOCK).find(|place| !is_erased(place / BLOCK));
        let behind = written.map_or(bank + 576, |place| place / BLOCK * BLOCK + BLOCK);
        places.extend([bank, bank + 544, bank + 560, behind, behind + 64, bank + BANK as usize - BLOCK]);
    }
    places.extend((2 * BANK as usize..REGION as usize).step_by(4096).flat_map(|place| [place, place + 112]));
    blocks.extend(places.iter().map(|place| place / BLOCK).filter(|&block| block < bytes.len() / BLOCK));
    blocks.sort_unstable();
    blocks.dedup();
    blocks.iter().map(|block| (block * BLOCK + block * 5 % BLOCK, block % 8)).collect()
}
