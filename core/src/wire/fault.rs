//! Numbered errors: why a token refused a request, and what to do next.

use core::error::Error;
use core::fmt;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// A refusal as it is sent: a number that keeps its meaning for ever, and one detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Refusal {
    /// [`Fault::number`].
    pub number: u16,
    /// What the fault's variant defines, else 0.
    pub detail: u32,
}

impl Refusal {
    /// What the number stands for; `None` for a number of a later version.
    pub fn fault(&self) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.number() == self.number)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        fault.with(0)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, detail } = self;
        match self.fault() {
            Some(fault) if *detail != 0 => write!(f, "{fault} (error {number}, {detail})"),
            Some(fault) => write!(f, "{fault} (error {number})"),
            None => write!(f, "error {number} ({detail}), which this version does not know"),
        }
    }
}

impl Error for Refusal {}

/// Declares the faults, their numbers and their texts in one table.
macro_rules! faults {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal;)*) => {
        /// Why a token refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            const ALL: [Self; [$($number),*].len()] = [$(Self::$name),*];

            /// Its number on the link.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

faults! {
    /// A frame's CRC or stuffing is wrong.
    1 Damaged "a frame arrived damaged: send it again";
    /// A frame is longer than the longest.
    2 TooLong "a frame is too long";
    /// No endpoint has this key: the peers differ.
    3 UnknownEndpoint "host and token do not share this request: use versions that belong together";
    /// The message does not decode, or has bytes left over.
    4 Malformed "a request does not decode";
    /// No session: the token was started, or another host opened a session, since this one was.
    5 HandshakeNeeded "the token was restarted, or another host spoke to it: begin with a handshake";
    /// Another protocol version; the detail is the token's.
    6 VersionMismatch "host and token speak different protocol versions";
    /// This build of the firmware does not have it.
    7 Unsupported "this token does not offer that";
    /// The request was answered with a key, which is sent once.
    8 AnswerGone "the answer held a key, which is sent once: ask anew";
    /// The handshake does not fit: altered on the way, or made for another token's key.
    9 HandshakeFailed "the handshake was altered, or made for another token's key";
    /// The request was not sealed in this session for this place; the detail is the number of the next request.
    10 NotInSession "the request does not belong to this session at this place";

    /// Provisioned before.
    20 NotBlank "the token is provisioned: wipe it first";
    /// Not provisioned yet.
    21 NotProvisioned "the token is blank: provision it first";
    /// The number is not below the token's number of slots; the detail is that number.
    22 NoSuchSlot "there is no such slot";
    /// An admin command names a slot that holds no enrolment.
    23 SlotEmpty "the slot holds no enrolment";
    /// The threshold is not a number from -1 to 1.
    24 Threshold "the threshold is not a number from -1 to 1";
    /// The window is 0 or longer than the token's longest; the detail is the longest.
    25 Window "the token has no memory for this window";
    /// Another number of scans was taken for enrolment; the detail is that number.
    26 EnrolmentScans "the token holds another number of scans for this enrolment";
    /// The prototype is not the one the command was made for.
    27 PrototypeMismatch "the enrolled scans are not those the command was made for";
    /// An application label is longer than 64 bytes.
    28 Application "the application's label is longer than 64 bytes";
    /// The false match rate allows no attempt, and no risk was accepted that covers it.
    29 Budget "the false match rate allows no attempt: an admin must accept a risk that covers it";

    /// Another number of features; the detail is the model's.
    30 Width "the scan's frames are not as wide as the model's";
    /// No frame, or too many.
    31 Frames "a scan has at least one frame";
    /// Another chunk is expected; the detail is its number.
    32 OutOfOrder "a chunk of the scan is missing or came twice";
    /// No scan is open.
    33 NoScanOpen "no scan is open: begin one";
    /// A chunk is not as long as it must be; the detail is its length in values.
    34 ChunkLength "a chunk of the scan is not as long as it must be";
    /// No complete scan was sent; each serves once.
    35 NoScan "no complete scan is at hand: send one";
    /// The scan has no embedding: a frame says nothing, and the detail is its number from 1, or all is overflow.
    36 Degenerate "the scan, or a frame of it, says nothing: record it again";

    /// The scan was begun for another purpose.
    37 OtherPurpose "the scan was begun for another purpose: send it again for this one";
    /// The scan has fewer frames than an embedding is made of; the detail is the fewest.
    38 TooShort "the scan has too few frames for the token's model";
    /// A region of the scan has the same value in every frame; the detail is its number from 1.
    39 ConstantRegion "a region of the scan has the same value in every frame: record it again";

    /// The tag is wrong.
    40 NotAuthorised "not authorised: use the right admin key";
    /// The policy keeps keys inside.
    41 ExportForbidden "this token does not export keys";
    /// Nobody confirmed at the token.
    42 NotConfirmed "nobody confirmed it at the token";
    /// The button was pressed all the time: held, or stuck.
    43 ButtonStuck "the token's button is held down or stuck: release it, then press it once when the token asks";
    /// Export was given up.
    44 ExportGivenUp "export of keys was given up: only a wipe brings it back";

    /// The probe was not accepted.
    50 Rejected "rejected";
    /// Five misses in a row.
    51 PowerCycleNeeded "too many misses in a row: take the token's power away and try again";
    /// The budget of attempts is used up.
    52 BudgetUsedUp "too many misses: an admin must reset the attempts";

    /// There is no sound model; the detail is 0.
    60 Model "the token's model is missing or damaged: flash it again";
    /// The model is not the provisioned one.
    61 ModelMismatch "the token's model is not the one it was provisioned for";
    /// The model is wider than the token's memory.
    62 ModelTooLarge "the token has no memory for this model";

    /// The flash, or the counter outside it, refused an operation.
    70 StorageFailed "the token's flash failed: take its power away and ask for its state";
    /// A sealed record was changed.
    71 StorageDamaged "the token's records are damaged: wipe it";
    /// The records are older than the hardware's counter.
    72 StorageRolledBack "the token's records were rolled back: wipe it";
    /// Every value but the last of the hardware's counter is used; the last one is for a wipe.
    73 GenerationsUsedUp "the token's hardware counter is used up: only a wipe is left";

    /// No randomness; after a failed health test, until the next start.
    80 Entropy "the token's random generator failed";
    /// The detail has a bit for each failed part, as in `SelfTestReport`.
    81 SelfTest "the token's self-test failed";
    /// The place of the board's secret holds only zeros or only ones, or cannot be read.
    82 NoSecret "the token's chip holds no secret to seal records with";

    /// The first component asked for is past the embedding's end; the detail is the number of components.
    90 NoSuchComponent "the embedding has fewer components than were asked for";
}

impl Fault {
    /// The refusal with a detail.
    pub const fn with(self, detail: u32) -> Refusal {
        Refusal { number: self.number(), detail }
    }
}

impl Error for Fault {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_number_stands_for_one_fault() {
        for fault in Fault::ALL {
            assert_eq!(fault.with(7).fault(), Some(fault));
        }
        assert_eq!(Refusal { number: 9999, detail: 3 }.fault(), None);
    }

    #[test]
    fn a_refusal_says_its_number_and_what_to_do() {
        let refusal = Fault::Width.with(1024);
        assert_eq!(refusal.to_string(), "the scan's frames are not as wide as the model's (error 30, 1024)");
        assert_eq!(Refusal { number: 999, detail: 0 }.to_string(), "error 999 (0), which this version does not know");
    }
}
