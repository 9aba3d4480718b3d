//! Code that only panics, or unwinds after a panic: a check that passes has an edge to it, and no input reaches it.

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

/// The instructions of a program from which nothing but a panic follows, by their addresses, in order.
pub fn addresses(program: &Path) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut disassembler = Command::new("llvm-objdump");
    disassembler.args(["-d", "--no-show-raw-insn"]).arg(program);
    let output = disassembler.output().map_err(|error| format!("llvm-objdump, of LLVM: {error}"))?;
    let text = String::from_utf8(output.stdout)?;
    let code: Vec<Instruction> = text.lines().filter_map(instruction).collect();
    let place = |address: usize| code.binary_search_by_key(&address, |instruction| instruction.address).ok();
    let mut returns = vec![false; code.len() + 1];
    let mut changes = true;
    while changes {
        changes = false;
        for (at, instruction) in code.iter().enumerate().rev().filter(|(at, _)| !returns[*at]).collect::<Vec<_>>() {
            let to = |address: usize| place(address).is_none_or(|to| returns[to]);
            returns[at] = match instruction.next {
                Next::Through => returns[at + 1],
                Next::Jump(address) => to(address),
                Next::Branch(address) => returns[at + 1] || to(address),
                Next::Return => true,
                Next::Nothing => false,
            };
            changes |= returns[at];
        }
    }
    Ok(code.iter().zip(returns).filter(|(_, returns)| !returns).map(|(instruction, _)| instruction.address).collect())
}

/// `  1f2a0:      	callq	0x1425b9f <name>`
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
