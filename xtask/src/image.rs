//! Sections, symbols and references of a linked image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use rustc_demangle::demangle;

use crate::steps::Failure;

/// An image linked with `--emit-relocs`, which keeps a record of every reference.
pub struct Image {
    sections: Vec<(String, u64)>,
    /// Demangled names of all symbols.
    pub symbols: Vec<String>,
    /// Every reference to a symbol, from a function or, outside of functions, from a section.
    pub references: Vec<Reference>,
}

/// A call, a branch, or an address taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub from: String,
    pub to: String,
}

impl Image {
    /// Reads an ELF file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |what: String| Failure::new(format!("{}: {what}", path.display()));
        let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&bytes).map_err(|error| failed(error.to_string()))
    }

    fn parse(bytes: &[u8]) -> object::Result<Self> {
        let file = object::File::parse(bytes)?;
        let mut image = Self { sections: Vec::new(), symbols: Vec::new(), references: Vec::new() };
        // Functions by their start. The lowest bit of an address only marks Thumb code.
        let mut functions = BTreeMap::new();
        for symbol in file.symbols() {
            let name = readable(symbol.name()?);
            if symbol.kind() == SymbolKind::Text {
                let start = symbol.address() & !1;
                functions.insert(start, (start + symbol.size(), name.clone()));
            }
            image.symbols.push(name);
        }
        for section in file.sections() {
            let name = section.name()?;
            image.sections.push((name.to_owned(), section.size()));
            for (place, relocation) in section.relocations() {
                let RelocationTarget::Symbol(index) = relocation.target() else {
                    continue;
                };
                let holder = functions.range(..=place).next_back().filter(|(_, (end, _))| place < *end);
                let from = holder.map_or(name, |(_, (_, function))| function).to_owned();
                image.references.push(Reference { from, to: readable(file.symbol_by_index(index)?.name()?) });
            }
        }
        Ok(image)
    }

    /// Total bytes of the sections with these names.
    pub fn size(&self, names: &[&str]) -> u64 {
        self.sections.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, size)| size).sum()
    }
}

/// A symbol as the source names it, the same for all boards: without hash and generic arguments.
pub fn readable(symbol: &str) -> String {
    let name = without_arguments(&format!("{:#}", demangle(symbol)));
    // A method `<a::Type>::function` becomes `a::Type::function`.
    match name.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((of, function)) if !of.contains(['<', ' ', '[', '&']) => format!("{of}{function}"),
        _ => name,
    }
}

/// `<Type<A, B> as Trait<C>>::function::<D>` becomes `<Type as Trait>::function`.
fn without_arguments(name: &str) -> String {
    let (mut kept, mut depth, mut previous) = (String::new(), 0, ' ');
    for letter in name.chars() {
        match letter {
            '<' if depth > 0 || kept.ends_with(|last: char| last.is_alphanumeric() || "_:".contains(last)) => {
                depth += 1;
                if depth == 1 && kept.ends_with("::") {
                    kept.truncate(kept.len() - 2);
                }
            }
            '>' if depth > 0 => depth -= i32::from(previous != '-'),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
        previous = letter;
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source_in_both_manglings() {
        let run = "neural_vault_token::token::Token::run";
        assert_eq!(
            readable(
                "_RNvMNtCs6UQIKhlgUoG_18neural_vault_token5tokenINtB2_5TokenNtCs2xCZRCDHDk9_8nrf528408Nrf52840E3runBW_"
            ),
            run
        );
        assert_eq!(readable("_ZN18neural_vault_token5token14Token$LT$B$GT$3run17h0123456789abcdefE"), run);
        assert_eq!(readable("memcpy"), "memcpy");
    }

    #[test]
    fn generic_arguments_are_removed_from_a_name() {
        for (name, kept) in [
            ("a::b::<C<D>>", "a::b"),
            ("<A<B<C>> as D<E>>::f::<G>", "<A as D>::f"),
            ("<A as D>::f", "<A as D>::f"),
            ("a::<fn(B) -> C<D>>::e", "a::e"),
            ("<[u8]>::copy_from_slice", "<[u8]>::copy_from_slice"),
        ] {
            assert_eq!(without_arguments(name), kept, "{name}");
        }
    }

    #[test]
    fn a_program_has_sections_and_symbols() {
        let own = Image::read(&std::env::current_exe().unwrap()).ok().unwrap();
        assert!(own.size(&[".text"]) > 0 && own.symbols.iter().any(|name| name.contains("xtask::image")));
        assert!(Image::read(Path::new(file!())).is_err() && Image::parse(b"\x7fELF").is_err());
    }
}
