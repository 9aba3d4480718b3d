//! The instructions of a program: what an edge leads to, and what only panics.
//!
//! Code that only panics, or unwinds after a panic, is no input's: checks that pass have an edge to it.

use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Parts of the names of functions that do not return.
const ENDS: [&str; 10] = [
    "panic",
    "unwrap_failed",
    "expect_failed",
    "_fail",
    "handle_error",
    "handle_alloc_error",
    "capacity_overflow",
    "_Unwind_Resume",
    "abort",
    "_error_fail",
];

/// Instructions that are followed, in case that a jump leads back.
const LONGEST: usize = 10_000;

/// The instructions of a program, in order.
pub struct Code(Vec<Instruction>);

/// An instruction: its address, and what follows it.
struct Instruction {
    address: usize,
    next: Next,
}

enum Next {
    /// The next instruction.
    Through,
    /// The instruction of this address.
    Jump(usize),
    /// Either.
    Branch(usize),
    /// The caller, or what is not known.
    Return,
    /// Nothing.
    Nothing,
}

impl Code {
    /// Disassembles a program.
    pub fn of(program: &Path) -> Result<Self, Box<dyn Error>> {
        let mut disassembler = Command::new("llvm-objdump");
        disassembler.args(["-d", "--no-show-raw-insn"]).arg(program);
        let output = disassembler.output().map_err(|error| format!("llvm-objdump, of LLVM: {error}"))?;
        Ok(Self(String::from_utf8(output.stdout)?.lines().filter_map(instruction).collect()))
    }

    /// The addresses of the instructions that surely follow `start`, to the first branch or the next of `edges`, which are in
    /// order.
    ///
    /// Where an edge tells as much as another, the compiler counts one of the two: jumps go on without an edge.
    pub fn block(&self, start: usize, edges: &[usize]) -> Vec<usize> {
        let is_edge = |address: usize| address != start && edges.binary_search(&address).is_ok();
        let (mut block, mut at) = (Vec::new(), self.place(start));
        while let Some(place) = at.filter(|place| block.len() < LONGEST && *place < self.0.len()) {
            let Instruction { address, next } = &self.0[place];
            if is_edge(*address) {
                break;
            }
            block.push(*address);
            at = match next {
                Next::Through => Some(place + 1),
                Next::Jump(address) => self.place(*address),
                Next::Branch(_) | Next::Return | Next::Nothing => None,
            };
        }
        block
    }

    /// The addresses of the instructions from which nothing but a panic follows, in order.
    pub fn doomed(&self) -> Vec<usize> {
        let mut returns = vec![false; self.0.len() + 1];
        let mut changes = true;
        while changes {
            changes = false;
            for at in (0..self.0.len()).rev() {
                let to = |address: usize| self.place(address).is_none_or(|to| returns[to]);
                let now = returns[at]
                    || match self.0[at].next {
                        Next::Through => returns[at + 1],
                        Next::Jump(address) => to(address),
                        Next::Branch(address) => returns[at + 1] || to(address),
                        Next::Return => true,
                        Next::Nothing => false,
                    };
                changes |= now != returns[at];
                returns[at] = now;
            }
        }
        self.0.iter().zip(returns).filter(|(_, returns)| !returns).map(|(instruction, _)| instruction.address).collect()
    }

    fn place(&self, address: usize) -> Option<usize> {
        self.0.binary_search_by_key(&address, |instruction| instruction.address).ok()
    }
}

/// `  1f2a0:  callq 0x1425b9f <name>`, with a tab behind the instruction's name.
fn instruction(line: &str) -> Option<Instruction> {
    let (address, rest) = line.split_once(':')?;
    let address = usize::from_str_radix(address.trim(), 16).ok()?;
    let (name, operands) = rest.trim_start().split_once('\t').unwrap_or((rest.trim(), ""));
    let target = operands.strip_prefix("0x").and_then(|operand| operand.split_whitespace().next());
    let target = target.and_then(|target| usize::from_str_radix(target, 16).ok());
    let is_end = ENDS.iter().any(|end| operands.contains(end)) && !operands.contains("+0x");
    let next = match name {
        "ud2" | "int3" | "hlt" => Next::Nothing,
        _ if name.starts_with("call") && is_end => Next::Nothing,
        _ if name.starts_with("ret") => Next::Return,
        _ if name.starts_with("jmp") => match target {
            _ if is_end => Next::Nothing,
            Some(target) => Next::Jump(target),
            None => Next::Return,
        },
        _ if name.starts_with('j') => target.map_or(Next::Return, Next::Branch),
        _ => Next::Through,
    };
    Some(Instruction { address, next })
}
