//! ARM's MPS2 with AN386, a Cortex-M4F at 25 MHz, as a token's board.

use neural_vault_board_support::{Register, footprint, guard};
use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, Fingerprint, Footprint, NoSecret};
use neural_vault_token::entropy::{Entropy, EntropyFailed, RandomSource};
use zeroize::Zeroizing;

use crate::flash::FileFlash;
use crate::semihosting::{self, File};
use crate::watchdog;

/// Address and bytes of the PSRAM, which stands for external flash with the model.
pub const MODEL: (u32, usize) = (0x2100_0000, 16 << 20);

/// Ticks of the timers in a millisecond.
const TICKS: u32 = 25_000;

/// Seconds after which the watchdog takes the token for hanging: many, because a host that is busy may not run QEMU for a
/// while.
const HANGS: u32 = 20;

/// Instructions in a tick when QEMU runs with `-icount shift=0`: an instruction takes one nanosecond.
const INSTRUCTIONS: u32 = 40;

/// The board: its files, UART0, and timers 0 and 1.
pub struct Mps2 {
    flash: FileFlash,
    secret: File,
    entropy: Entropy<HostRandom>,
    /// The counter outside the flash, and its value.
    generations: File,
    generation: u32,
    /// Ticks of timer 0 that earlier wraps add up to, and its value at the last reading.
    wraps: u64,
    latest: u32,
}

/// The host's random generator.
pub struct HostRandom(File);

// SAFETY: registers of the CMSDK peripherals of AN386 (ARM DAI0386, 3.1); they move no memory.
const UART_DATA: Register = unsafe { Register::at(0x4000_4000) };
// SAFETY: as above.
const UART_STATE: Register = unsafe { Register::at(0x4000_4004) };
// SAFETY: as above.
const UART_CONTROL: Register = unsafe { Register::at(0x4000_4008) };
// SAFETY: as above.
const UART_DIVIDER: Register = unsafe { Register::at(0x4000_4010) };
// SAFETY: as above.
const TIMER_CONTROL: Register = unsafe { Register::at(0x4000_0000) };
// SAFETY: as above.
const TIMER_VALUE: Register = unsafe { Register::at(0x4000_0004) };
// SAFETY: as above.
const TIMER_RELOAD: Register = unsafe { Register::at(0x4000_0008) };
// SAFETY: as above.
const WAKE_CONTROL: Register = unsafe { Register::at(0x4000_1000) };
// SAFETY: as above.
const WAKE_RELOAD: Register = unsafe { Register::at(0x4000_1008) };
// SAFETY: as above.
const WAKE_INTERRUPT: Register = unsafe { Register::at(0x4000_100c) };
// SAFETY: as above.
const UART_INTERRUPT: Register = unsafe { Register::at(0x4000_400c) };
// SAFETY: the interrupt controller of the Cortex-M4: set-enable and clear-pending of lines 0 to 31.
const LINE_ENABLE: Register = unsafe { Register::at(0xe000_e100) };
// SAFETY: as above.
const PENDING_CLEAR: Register = unsafe { Register::at(0xe000_e280) };

/// Lines of the interrupt controller: a received byte, and timer 1.
const UART_LINE: u32 = 1;
const WAKE_LINE: u32 = 1 << 9;
const RECEIVE_INTERRUPT: u32 = 2;
const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;

impl Mps2 {
    /// Starts the guard below the stack and the watchdog, then the rest; `None` without the board's files.
    pub fn new() -> Option<Self> {
        guard::enable();
        watchdog::start(HANGS);
        UART_DIVIDER.write(16);
        // Transmit, receive, and an interrupt for a received byte: pending, it wakes the processor; it is never taken. So
        // does timer 1 every second, because a sleeping token must feed its watchdog.
        disable_interrupts();
        UART_CONTROL.write(0b1011);
        WAKE_RELOAD.write(1000 * TICKS);
        WAKE_CONTROL.write(0b1001);
        LINE_ENABLE.write(UART_LINE | WAKE_LINE);
        TIMER_RELOAD.write(u32::MAX);
        TIMER_VALUE.write(u32::MAX);
        TIMER_CONTROL.write(1);
        let random = File::open(c"/dev/urandom", semihosting::READ)?;
        let secret = match File::open(c"token.secret", semihosting::READ) {
            Some(file) => file,
            None => {
                let mut secret = Zeroizing::new([0; 32]);
                random.read(&mut *secret)?;
                let file = File::open(c"token.secret", semihosting::CREATE)?;
                file.write(&*secret)?;
                file
            }
        };
        let mut generation = [0; 4];
        let generations = match File::open(c"token.generation", semihosting::UPDATE) {
            Some(file) => {
                file.read(&mut generation)?;
                file
            }
            None => File::open(c"token.generation", semihosting::CREATE)?,
        };
        let (flash, generation) = (FileFlash::open()?, u32::from_le_bytes(generation));
        let entropy = Entropy::new(HostRandom(random));
        let mut board = Self { flash, secret, entropy, generations, generation, wraps: 0, latest: 0 };
        board.clock();
        Some(board)
    }

    /// Ticks since the start. The timer wraps every 171 seconds, and this must be called between: polling the link does.
    fn clock(&mut self) -> u64 {
        let now = !TIMER_VALUE.read();
        if now < self.latest {
            self.wraps += 1 << 32;
        }
        self.latest = now;
        self.wraps | u64::from(now)
    }
}

impl RandomSource for HostRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        self.0.read(bytes).ok_or(EntropyFailed)
    }
}

impl Board for Mps2 {
    type Flash = FileFlash;
    type Random = HostRandom;
    const NAME: [u8; 16] = *b"mps2-an386\0\0\0\0\0\0";
    const CONFIRMS: bool = false;

    fn receive(&mut self) -> Option<u8> {
        if UART_STATE.read() & RECEIVE_FULL == 0 {
            self.clock();
            sleep();
            return None;
        }
        let byte = UART_DATA.read() as u8;
        UART_INTERRUPT.write(RECEIVE_INTERRUPT);
        PENDING_CLEAR.write(UART_LINE);
        Some(byte)
    }

    fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while UART_STATE.read() & TRANSMIT_FULL != 0 {}
            UART_DATA.write(u32::from(*byte));
        }
    }

    fn flash(&mut self) -> &mut FileFlash {
        &mut self.flash
    }

    fn entropy(&mut self) -> &mut Entropy<HostRandom> {
        &mut self.entropy
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        let mut read = None;
        let secret = BoardSecret::filled_by(|bytes| read = self.secret.seek(0).and_then(|()| self.secret.read(bytes)));
        read.ok_or(NoSecret).and(secret)
    }

    fn uptime(&mut self) -> u64 {
        self.clock() / u64::from(TICKS)
    }

    fn button(&mut self) -> bool {
        false
    }

    fn ask(&mut self, _: Option<Action>) {}

    const SHOWS_FINGERPRINT: bool = true;

    fn show_fingerprint(&mut self, fingerprint: &Fingerprint) {
        semihosting::show_digits(c"the token's fingerprint is ", fingerprint.as_bytes());
    }

    fn feed_watchdog(&mut self) {
        watchdog::feed();
    }

    fn generation(&mut self) -> Option<u32> {
        Some(self.generation)
    }

    fn raise_generation(&mut self, generation: u32) -> Result<(), CounterFailed> {
        let written = self.generations.seek(0).and_then(|()| self.generations.write(&generation.to_le_bytes()));
        written.ok_or(CounterFailed)?;
        self.generation = generation;
        Ok(())
    }

    fn ticks(&mut self) -> Option<u32> {
        Some(!TIMER_VALUE.read())
    }

    fn footprint(&mut self) -> Option<Footprint> {
        Some(Footprint { per_tick: INSTRUCTIONS, memory: footprint::static_memory(), stack: footprint::stack() })
    }
}

/// Sleeps until an interrupt is pending, so that a waiting token takes no processor time of the host.
fn sleep() {
    // SAFETY: changes neither memory nor registers.
    unsafe { core::arch::asm!("wfi", options(nomem, nostack, preserves_flags)) }
    WAKE_INTERRUPT.write(1);
    PENDING_CLEAR.write(WAKE_LINE);
}

fn disable_interrupts() {
    // SAFETY: nothing here relies on interrupts.
    unsafe { core::arch::asm!("cpsid i", options(nomem, nostack, preserves_flags)) }
}
