//! Conditional branches of Thumb-2 code, and what they become when a fault decides them.
//!
//! Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), A7.7.12, A7.7.21 and A7.7.38.

use std::collections::BTreeMap;

/// What a fault makes of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is skipped, whatever its condition.
    Never,
    /// It is taken, whatever its condition.
    Always,
}

/// A conditional branch, or an `IT` with the instructions that it makes conditional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    pub address: u32,
    /// Its bytes as they are.
    pub bytes: Vec<u8>,
    never: Vec<u8>,
    always: Vec<u8>,
}

const NOP: u16 = 0xbf00;
const WIDE_NOP: [u16; 2] = [0xf3af, 0x8000];

impl Branch {
    /// The bytes that a fault makes of it.
    pub fn after(&self, fault: Fault) -> &[u8] {
        match fault {
            Fault::Never => &self.never,
            Fault::Always => &self.always,
        }
    }

    /// The branch at this address of `code`, which begins at address zero; `None` for any other instruction.
    pub fn at(code: &[u8], address: u32) -> Option<Self> {
        let half = |index: usize| {
            let bytes = code.get(address as usize + 2 * index..)?.first_chunk()?;
            Some(u16::from_le_bytes(*bytes))
        };
        let first = half(0)?;
        let branch = |as_is: &[u16], never: &[u16], always: &[u16]| {
            Some(Self { address, bytes: bytes(as_is), never: bytes(never), always: bytes(always) })
        };
        match first {
            // B<cond>, T1: the offset of eight bits becomes one of eleven, T2. 0xDE and 0xDF are no branches.
            0xd000..=0xddff => {
                let offset = (i16::from((first & 0xff) as u8 as i8) & 0x7ff) as u16;
                branch(&[first], &[NOP], &[0xe000 | offset])
            }
            // CBZ, CBNZ: forward, by an offset of six bits.
            _ if first & 0xf500 == 0xb100 => {
                let offset = (first >> 9 & 1) << 5 | first >> 3 & 0x1f;
                branch(&[first], &[NOP], &[0xe000 | offset])
            }
            _ if first & 0xff00 == 0xbf00 && first & 0xf != 0 => Self::block(address, first, half),
            // B<cond>.W, T3, becomes T4. Conditions 14 and 15 are other instructions.
            0xf000..=0xf7ff => {
                let second = half(1)?;
                let is_branch = second & 0xd000 == 0x8000 && first >> 7 & 7 != 7;
                // An offset of 20 bits, S J2 J1 imm6 imm11, in one of 24, whose upper bits repeat S: both J of T4 are one.
                let (sign, j1, j2) = (first >> 10 & 1, second >> 13 & 1, second >> 11 & 1);
                let imm10 = sign << 9 | sign << 8 | j2 << 7 | j1 << 6 | first & 0x3f;
                let always = [0xf000 | sign << 10 | imm10, 0xb800 | second & 0x7ff];
                if is_branch { branch(&[first, second], &WIDE_NOP, &always) } else { None }
            }
            _ => None,
        }
    }

    /// An `IT` block: it is taken if its first condition holds. What is not executed becomes a NOP, and the block, whose
    /// instructions set no flags, one without a condition.
    fn block(address: u32, first: u16, half: impl Fn(usize) -> Option<u16>) -> Option<Self> {
        let (condition, mask) = (first >> 4 & 1, first & 0xf);
        let count = 4 - mask.trailing_zeros() as usize;
        let unconditional = 0xbfe0 | 8 >> (count - 1);
        let (mut as_is, mut never, mut always) = (vec![first], vec![unconditional], vec![unconditional]);
        for index in 0..count {
            let opposite = index > 0 && mask >> (4 - index) & 1 != condition;
            let is_wide = half(as_is.len())? >> 11 >= 0x1d;
            let nop = if is_wide { &WIDE_NOP[..] } else { &[NOP] };
            let begin = as_is.len();
            for part in 0..nop.len() {
                as_is.push(half(begin + part)?);
            }
            let instruction = as_is.get(begin..)?;
            let (kept_never, kept_always) = if opposite { (instruction, nop) } else { (nop, instruction) };
            never.extend_from_slice(kept_never);
            always.extend_from_slice(kept_always);
        }
        let [bytes, never, always] = [as_is, never, always].map(|halves| bytes(&halves));
        Some(Self { address, bytes, never, always })
    }
}

fn bytes(halves: &[u16]) -> Vec<u8> {
    halves.iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// The branches among these addresses.
pub fn among(code: &[u8], executed: impl IntoIterator<Item = u32>) -> Vec<Branch> {
    let branches = executed.into_iter().filter_map(|address| Branch::at(code, address));
    branches.map(|branch| (branch.address, branch)).collect::<BTreeMap<_, _>>().into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(code: &[u16]) -> Option<(Vec<u8>, Vec<u8>)> {
        Branch::at(&bytes(code), 0).map(|branch| (branch.never, branch.always))
    }

    #[test]
    fn branches_become_none_or_unconditional_ones() {
        // beq +8 and bne -4, from their own addresses.
        assert_eq!(both(&[0xd002]), Some((bytes(&[NOP]), bytes(&[0xe002]))));
        assert_eq!(both(&[0xd1fc]), Some((bytes(&[NOP]), bytes(&[0xe7fc]))));
        // cbz r0, +4 + 2 * 5; cbnz r3, +4 + 2 * 33.
        assert_eq!(both(&[0xb128]), Some((bytes(&[NOP]), bytes(&[0xe005]))));
        assert_eq!(both(&[0xbb0b]), Some((bytes(&[NOP]), bytes(&[0xe021]))));
        // beq.w +0x1000 becomes b.w +0x1000.
        assert_eq!(both(&[0xf001, 0x8000]), Some((bytes(&WIDE_NOP), bytes(&[0xf001, 0xb800]))));
    }

    #[test]
    fn other_instructions_are_no_branches() {
        for code in
            [[0xde00, 0], [0xdf00, 0], [0xbf00, 0], [0xe000, 0], [0xf000, 0xf800], [0xf3af, 0x8000], [0x4770, 0]]
        {
            assert_eq!(both(&code), None, "{code:04x?}");
        }
    }

    #[test]
    fn the_instructions_of_an_it_block_run_always_or_never() {
        // it eq; moveq r0, #1
        assert_eq!(both(&[0xbf08, 0x2001]), Some((bytes(&[0xbfe8, NOP]), bytes(&[0xbfe8, 0x2001]))));
        // ite ge; movge r0, #1; movlt r0, #0
        let (never, always) = (bytes(&[0xbfe4, NOP, 0x2000]), bytes(&[0xbfe4, 0x2001, NOP]));
        assert_eq!(both(&[0xbfac, 0x2001, 0x2000]), Some((never, always)));
        // itt ne; movne.w r0, #1; bxne lr
        let (never, always) = (bytes(&[0xbfe4, 0xf3af, 0x8000, NOP]), bytes(&[0xbfe4, 0xf04f, 0x0001, 0x4770]));
        assert_eq!(both(&[0xbf1c, 0xf04f, 0x0001, 0x4770]), Some((never, always)));
    }
}
