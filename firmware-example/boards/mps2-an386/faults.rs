//! Makes one mistake after another in QEMU, each after the reset that the one before ended in; `faults.txt` is what it
//! prints.
//!
//! Before each mistake, memory is filled with words that stand for a secret. The next start counts those that are left
//! before it clears any memory itself. The file `faults.stage` counts the starts.

#![no_std]
#![no_main]

#[expect(dead_code, reason = "the token uses more of it")]
mod semihosting;
mod watchdog;

use core::arch::{asm, naked_asm};
use core::fmt::{self, Write as _};
use core::hint::black_box;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug;
use cortex_m_semihosting::hio::hstdout;
use neural_vault_board_support::{Register, guard};

use semihosting::{CREATE, File, UPDATE};

/// A word that stands for a secret.
const SECRET: u32 = 0x5ec2_e700;

/// A register that no reset of this program clears before [`main`] reads it: the reload value of CMSDK timer 1.
const COUNT_AT: u32 = 0x4000_1008;
// SAFETY: a timer that is not started moves no memory.
const COUNT: Register = unsafe { Register::at(COUNT_AT) };

unsafe extern "C" {
    static _ram_start: u32;
    static _ram_end: u32;
}

/// Static memory with secrets.
static mut SECRETS: [u32; 256] = [0; 256];

/// Counts the secret's words in all of the RAM, before the start clears it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __pre_init() {
    naked_asm!(
        "movw r0, #:lower16:{start}",
        "movt r0, #:upper16:{start}",
        "movw r1, #:lower16:{end}",
        "movt r1, #:upper16:{end}",
        "movw r2, #{secret_low}",
        "movt r2, #{secret_high}",
        "movs r3, #0",
        "2: ldr r12, [r0], #4",
        "cmp r12, r2",
        "it eq",
        "addeq r3, r3, #1",
        "cmp r0, r1",
        "blo 2b",
        "movw r0, #{count_low}",
        "movt r0, #{count_high}",
        "str r3, [r0]",
        "bx lr",
        start = sym _ram_start,
        end = sym _ram_end,
        secret_low = const SECRET & 0xffff,
        secret_high = const SECRET >> 16,
        count_low = const COUNT_AT & 0xffff,
        count_high = const COUNT_AT >> 16,
    )
}

#[entry]
fn main() -> ! {
    let left = COUNT.read();
    guard::enable();
    let Some(stage) = next_stage() else { semihosting::exit(semihosting::FILES) };
    if stage > 0 {
        say(format_args!("reset; words of the secret left in memory: {left}"));
    }
    let secrets = &raw mut SECRETS;
    // SAFETY: nothing else uses this static.
    unsafe { (*secrets).fill(SECRET) };
    black_box(secrets);
    match stage {
        0 => {
            say(format_args!("reset without a handler, for comparison"));
            reset()
        }
        1 => {
            say(format_args!("a stack that overflows"));
            overflow(0);
        }
        2 => {
            say(format_args!("a panic"));
            #[expect(clippy::panic, reason = "what is tried here")]
            {
                panic!()
            }
        }
        3 => {
            say(format_args!("an undefined instruction"));
            // SAFETY: not safe, which is what is tried here.
            unsafe { asm!("udf #0") };
        }
        4 => {
            say(format_args!("an interrupt without a handler"));
            // SAFETY: calls the handler of `SVCall`, which is the default one.
            unsafe { asm!("svc 0") };
        }
        5 => {
            say(format_args!("a program that hangs"));
            watchdog::start(1);
            hang()
        }
        6 => {
            say(format_args!("a program that feeds its watchdog for three times as long as it waits"));
            watchdog::start(1);
            feed_for(3 * watchdog::SECOND);
            say(format_args!("no reset"));
            loop {
                debug::exit(debug::EXIT_SUCCESS);
            }
        }
        _ => {}
    }
    say(format_args!("not noticed"));
    semihosting::exit(semihosting::FILES)
}

/// Prints a line.
fn say(line: fmt::Arguments<'_>) {
    if let Ok(mut out) = hstdout() {
        let _ = writeln!(out, "{line}");
    }
}

/// Reads the number of this start, and writes that of the next.
fn next_stage() -> Option<u8> {
    let mut stage = [0];
    let file = match File::open(c"faults.stage", UPDATE) {
        Some(file) => {
            file.read(&mut stage)?;
            file
        }
        None => File::open(c"faults.stage", CREATE)?,
    };
    file.seek(0)?;
    file.write(&[stage[0] + 1])?;
    Some(stage[0])
}

/// Calls itself, with a secret in each frame, far more often than the stack has room for.
#[inline(never)]
#[expect(unconditional_recursion, reason = "what is tried here")]
fn overflow(depth: u32) -> u32 {
    if depth == 10_000 {
        // SAFETY: the semihosting call that ends QEMU with a failure. Nothing else works without a stack.
        unsafe { asm!("bkpt 0xab", in("r0") 0x18, in("r1") 0x2_0023) };
    }
    let frame = black_box([SECRET; 16]);
    overflow(depth + 1) + frame[depth as usize % 16]
}

/// Feeds the watchdog until a clock of 25 MHz has counted so many ticks.
fn feed_for(ticks: u32) {
    // SAFETY: value, control and reload value of CMSDK timer 1; it moves no memory.
    let [control, value, reload] = [0x4000_1000, 0x4000_1004, COUNT_AT].map(|at| unsafe { Register::at(at) });
    reload.write(u32::MAX);
    value.write(u32::MAX);
    control.write(1);
    while u32::MAX - value.read() < ticks {
        watchdog::feed();
    }
}

/// Waits for ever, asleep.
fn hang() -> ! {
    loop {
        // SAFETY: changes neither memory nor registers.
        unsafe { asm!("cpsid i", "wfi", options(nomem, nostack)) }
    }
}

/// Resets without clearing anything.
fn reset() -> ! {
    // SAFETY: the application interrupt and reset control register of the Cortex-M4.
    let control = unsafe { Register::at(0xe000_ed0c) };
    control.write(0x05fa << 16 | 1 << 2);
    hang()
}
