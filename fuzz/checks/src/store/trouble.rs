//! What goes wrong during a change, and after it.

use arbitrary::Arbitrary;
use neural_vault_token_simulator::SimBoard;
use neural_vault_token_simulator::flash::Tear;

/// What happens during a change.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    None,
    Cut {
        after: u16,
        torn: Torn,
    },
    /// All writes and erasures after so many fail.
    Breaks {
        after: u8,
    },
    /// Erasures do nothing.
    Stuck,
    CounterFails,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Torn {
    Before,
    Within,
    After,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Flip {
    is_written: bool,
    place: u16,
    bit: u8,
}

impl Trouble {
    /// The same, in a change of so many steps and operations.
    pub(super) fn within(self, steps: usize, operations: usize) -> Self {
        match self {
            Self::Cut { after, torn } => Self::Cut { after: after % (steps as u16 + 1), torn },
            Self::Breaks { after } => Self::Breaks { after: after % (operations.min(254) as u8 + 1) },
            other => other,
        }
    }
}

impl Torn {
    pub(super) fn tear(self) -> Tear {
        match self {
            Self::Before => Tear::Before,
            Self::Within => Tear::Within,
            Self::After => Tear::After,
        }
    }
}

impl Flip {
    pub(super) fn change(self, board: &mut SimBoard) {
        let content = board.flash.content();
        let mut places: Vec<usize> = (0..content.len()).collect();
        if self.is_written {
            places.retain(|&place| content[place] != 0xff);
        }
        let Some(number) = usize::from(self.place).checked_rem(places.len()) else { return };
        board.flash.set(places[number], content[places[number]] ^ 1 << (self.bit % 8));
    }
}
