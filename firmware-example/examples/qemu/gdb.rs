//! QEMU's debugger stub: stops the machine, reads and writes its memory, lets it go on.

use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::machine::connect;

/// Bytes of memory that one packet carries.
const PIECE: usize = 1024;

/// A machine stopped by a debugger; it goes on when this is dropped.
pub struct Stopped(UnixStream);

impl Stopped {
    /// Connects to the stub at this socket, which stops the machine.
    pub fn at(socket: &std::path::Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self(connect(socket)?))
    }

    /// Reads memory.
    pub fn read(&mut self, from: u32, length: usize) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let piece = PIECE.min(length - bytes.len());
            let answer = self.ask(&format!("m{:x},{piece:x}", from as usize + bytes.len()))?;
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let read: Option<Vec<u8>> = answer.as_bytes().chunks(2).map(byte).collect();
            bytes.extend(read.ok_or_else(|| format!("memory was not read: {answer}"))?);
        }
        Ok(bytes)
    }

    /// Writes memory, code included.
    pub fn write(&mut self, to: u32, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.ask(&format!("M{to:x},{:x}:{digits}", bytes.len()))?.as_str() {
            "OK" => Ok(()),
            answer => Err(format!("memory was not written: {answer}").into()),
        }
    }

    /// Gives QEMU's monitor a command.
    pub fn monitor(&mut self, command: &str) -> Result<(), Box<dyn Error>> {
        let digits: String = command.bytes().map(|byte| format!("{byte:02x}")).collect();
        // The monitor's text comes in packets of their own before the final one.
        let mut answer = self.ask(&format!("qRcmd,{digits}"))?;
        while answer.starts_with('O') && answer != "OK" {
            answer = self.answer()?;
        }
        if answer == "OK" { Ok(()) } else { Err(format!("{command}: {answer}").into()) }
    }

    /// Address of the next instruction.
    pub fn program_counter(&mut self) -> Result<u32, Box<dyn Error>> {
        // Registers 0 to 15, each as eight digits, lowest byte first.
        let registers = self.ask("g")?;
        let digits = registers.get(15 * 8..16 * 8).ok_or("no registers")?;
        Ok(u32::from_str_radix(digits, 16)?.swap_bytes())
    }

    /// Lets the machine run until it comes to this address.
    pub fn run_to(&mut self, address: u32) -> Result<(), Box<dyn Error>> {
        self.ask(&format!("Z1,{address:x},2"))?;
        write!(self.0, "$c#63")?;
        while !self.answer()?.starts_with('T') {}
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<String, Box<dyn Error>> {
        let sum = question.bytes().fold(0u8, u8::wrapping_add);
        write!(self.0, "${question}#{sum:02x}")?;
        // QEMU also tells, unasked, that the machine has stopped.
        loop {
            let answer = self.answer()?;
            if !answer.starts_with('T') {
                return Ok(answer);
            }
        }
    }

    /// The next packet, without its frame and its sum; acknowledges it.
    fn answer(&mut self) -> Result<String, Box<dyn Error>> {
        let mut answer = String::new();
        while self.byte()? != b'$' {}
        loop {
            match self.byte()? {
                b'#' => break,
                byte => answer.push(char::from(byte)),
            }
        }
        let _sum = [self.byte()?, self.byte()?];
        self.0.write_all(b"+")?;
        Ok(answer)
    }

    fn byte(&mut self) -> Result<u8, Box<dyn Error>> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Detaching lets the machine go on.
        let _ = self.ask("D");
    }
}
