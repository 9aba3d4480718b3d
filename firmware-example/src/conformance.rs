//! Tries whether a board keeps the contract of [`Board`]. A builder runs it on the board once, and reads its report.
//!
//! The report goes over the board's link as lines of text, `what: outcome`. For the last check the host sends the bytes 0 to
//! 255, in order, within ten seconds; they come back in hexadecimal. What destroys or uses up something is tried only where [`Allowed`]
//! allows it.

use core::fmt::{self, Write as _};

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use crate::board::{Action, Board};
use crate::consent::consent;
use crate::store::REGION;

/// What may be tried besides reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Erases the records.
    pub erase: bool,
    /// Raises the counter of generations by one, for good.
    pub count: bool,
    /// Waits for a press of the button.
    pub press: bool,
}

/// What was found: passed, not tried and why, or failed and how.
enum Outcome {
    Passed,
    NotTried(&'static str),
    Failed(&'static str),
}

/// One check of a board, its model's memory and what is allowed.
type Check<B> = fn(&mut B, &[u8], Allowed) -> Outcome;

use Outcome::{Failed, NotTried, Passed};

/// Bytes that are written together, and the alignment of every record.
const BLOCK: usize = 16;

/// Polls after which a clock that has not moved stands still.
const POLLS: u32 = 10_000_000;

/// How long the host has to send the bytes of the link's check, in milliseconds.
const LINK_TIME: u64 = 10_000;

/// Runs every check and sends the report; whether none failed.
///
/// `model` is the memory that holds the model, as for [`crate::token::Token::start`].
pub fn run<B: Board>(board: &mut B, model: &[u8], allowed: Allowed) -> bool {
    let mut report = Report { board, sound: true };
    let checks: [(&str, Check<B>); 8] = [
        ("flash", |board, _, allowed| flash(board, allowed)),
        ("random generator", |board, _, _| random(board)),
        ("secret", |board, _, _| secret(board)),
        ("clock", |board, _, _| clock(board)),
        ("counter of generations", |board, _, allowed| generation(board, allowed)),
        ("model", |_, memory, _| opens(memory)),
        ("button", |board, _, allowed| button(board, allowed)),
        ("link", |board, _, _| link(board)),
    ];
    report
        .line(format_args!("conformance of {}", core::str::from_utf8(&B::NAME).unwrap_or("?").trim_end_matches('\0')));
    let (capacity, written, erased) = (report.board.flash().capacity(), B::Flash::WRITE_SIZE, B::Flash::ERASE_SIZE);
    report.line(format_args!("flash of {capacity} bytes, written by {written}, erased by {erased}"));
    for (what, check) in checks {
        report.board.feed_watchdog();
        match check(report.board, model, allowed) {
            Passed => report.line(format_args!("{what}: passed")),
            NotTried(why) => report.line(format_args!("{what}: not tried, {why}")),
            Failed(how) => {
                report.sound = false;
                report.line(format_args!("{what}: FAILED, {how}"));
            }
        }
    }
    let verdict = if report.sound { "no check failed" } else { "do not use this board" };
    report.line(format_args!("{verdict}"));
    report.sound
}

/// Sends lines over the board's link.
struct Report<'b, B> {
    board: &'b mut B,
    sound: bool,
}

impl<B: Board> Report<'_, B> {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Sending cannot fail.
        let _ = self.write_fmt(line);
        self.board.send(b"\r\n");
    }
}

impl<B: Board> fmt::Write for Report<'_, B> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.board.send(text.as_bytes());
        Ok(())
    }
}

/// Erases; writes; writes zeros over it; erases again. At the start and at the end of the records, with their neighbours.
fn flash<B: Board>(board: &mut B, allowed: Allowed) -> Outcome {
    let (unit, write) = (B::Flash::ERASE_SIZE as u32, B::Flash::WRITE_SIZE);
    if !BLOCK.is_multiple_of(write) || !BLOCK.is_multiple_of(B::Flash::READ_SIZE) {
        return Failed("its units of reading and writing must divide 16");
    }
    if !REGION.is_multiple_of(unit) || (board.flash().capacity() as u64) < u64::from(REGION) {
        return Failed("it must hold the records, in whole units of erasing");
    }
    if !allowed.erase {
        return NotTried("it would erase the records");
    }
    match try_flash(board, unit) {
        Ok(()) => Passed,
        Err(how) => Failed(how),
    }
}

fn try_flash<B: Board>(board: &mut B, unit: u32) -> Result<(), &'static str> {
    let pattern: [u8; BLOCK] = core::array::from_fn(|index| 0x5a ^ index as u8);
    let erased = [0xff; BLOCK];
    for from in (0..REGION).step_by(unit as usize) {
        board.feed_watchdog();
        board.flash().erase(from, from + unit).map_err(|_| "an erasure failed")?;
    }
    for place in (0..REGION).step_by(BLOCK) {
        expect(board, place, &erased, "an erased byte is not 0xff")?;
    }
    for place in [0, unit - BLOCK as u32, REGION - unit, REGION - BLOCK as u32] {
        board.flash().write(place, &pattern).map_err(|_| "a write failed")?;
        expect(board, place, &pattern, "what was written reads differently")?;
    }
    expect(board, BLOCK as u32, &erased, "a write changed what lies after it")?;
    expect(board, REGION - 2 * BLOCK as u32, &erased, "a write changed what lies before it")?;
    board.flash().write(0, &[0; BLOCK]).map_err(|_| "a second write, of zeros, failed")?;
    expect(board, 0, &[0; BLOCK], "zeros over what was written read differently")?;
    board.flash().erase(0, unit).map_err(|_| "an erasure failed")?;
    expect(board, 0, &erased, "an erased byte is not 0xff")?;
    expect(board, REGION - BLOCK as u32, &pattern, "an erasure changed another unit")?;
    board.flash().erase(REGION - unit, REGION).map_err(|_| "an erasure failed")?;
    let end = board.flash().capacity() as u32;
    let outside = board.flash().read(end, &mut [0; BLOCK]).is_ok()
        || board.flash().write(end, &pattern).is_ok()
        || board.flash().erase(end, end + unit).is_ok();
    if outside { Err("it accepts places after its end") } else { Ok(()) }
}

fn expect<B: Board>(board: &mut B, place: u32, bytes: &[u8; BLOCK], how: &'static str) -> Result<(), &'static str> {
    let mut found = [0; BLOCK];
    board.flash().read(place, &mut found).map_err(|_| "a read failed")?;
    if found == *bytes { Ok(()) } else { Err(how) }
}

/// Draws 16 KB through the health tests; no two draws are the same.
fn random<B: Board>(board: &mut B) -> Outcome {
    let mut before = [0; 32];
    for _ in 0..512 {
        board.feed_watchdog();
        let mut drawn = [0; 32];
        if board.entropy().draw(&mut drawn).is_err() {
            return Failed("it failed, or a health test of its bytes did");
        }
        if drawn == before {
            return Failed("two draws are the same");
        }
        before = drawn;
    }
    Passed
}

fn secret<B: Board>(board: &mut B) -> Outcome {
    match (board.secret(), board.secret()) {
        (Ok(first), Ok(second)) if first.expose_secret() == second.expose_secret() => Passed,
        (Ok(_), Ok(_)) => Failed("it reads differently each time"),
        _ => Failed("there is none, or it cannot be read"),
    }
}

fn clock<B: Board>(board: &mut B) -> Outcome {
    let (first, mut latest) = (board.uptime(), 0);
    for _ in 0..POLLS {
        let now = board.uptime();
        if now < latest {
            return Failed("it goes back");
        }
        latest = now;
        if now >= first + 100 {
            return Passed;
        }
    }
    Failed("it stands still")
}

fn generation<B: Board>(board: &mut B, allowed: Allowed) -> Outcome {
    let Some(value) = board.generation() else {
        return NotTried("there is none: old copies of the flash will be accepted");
    };
    if board.generation() != Some(value) {
        return Failed("it reads differently each time");
    }
    if !allowed.count {
        return NotTried("it would use up a generation");
    }
    if value >= B::LAST_GENERATION {
        return NotTried("it is used up");
    }
    if board.raise_generation(value + 1).is_err() || board.generation() != Some(value + 1) {
        return Failed("it does not rise");
    }
    Passed
}

fn opens(memory: &[u8]) -> Outcome {
    match crate::model::open(memory) {
        Ok(_) => Passed,
        Err(_) => NotTried("there is no sound model in its place"),
    }
}

fn button<B: Board>(board: &mut B, allowed: Allowed) -> Outcome {
    if !B::CONFIRMS {
        return NotTried("there is none: nobody is asked for consent");
    }
    if !allowed.press {
        return NotTried("nobody is there to press it");
    }
    board.send(b"press the button once, within 30 seconds\r\n");
    match consent(board, Action::Provision) {
        Ok(()) => Passed,
        Err(_) => Failed("no press was seen, or it was not released"),
    }
}

/// Takes the bytes 0 to 255 in order, and sends them back in hexadecimal.
fn link<B: Board>(board: &mut B) -> Outcome {
    board.send(b"send the bytes 0 to 255, within 10 seconds\r\n");
    let (mut received, mut count) = ([0; 256], 0);
    let end = board.uptime().saturating_add(LINK_TIME);
    while count < received.len() {
        board.feed_watchdog();
        match (board.receive(), received.get_mut(count)) {
            (Some(byte), Some(place)) => {
                *place = byte;
                count += 1;
            }
            _ if board.uptime() < end => {}
            _ if count == 0 => return NotTried("no byte arrived"),
            _ => return Failed("a byte was lost"),
        }
    }
    for byte in received {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' - 10 + value };
        board.send(&[digit(byte >> 4), digit(byte & 15)]);
    }
    board.send(b"\r\n");
    let in_order = received.iter().enumerate().all(|(index, byte)| index == usize::from(*byte));
    if in_order { Passed } else { Failed("a byte arrived damaged") }
}
