//! Sizes of sections and names of symbols in a 32-bit little-endian ELF file (System V ABI, chapter 4).

/// What the firmware's checks need of an ELF file.
pub struct Elf<'a> {
    /// Name and bytes in memory of every section.
    pub sections: Vec<(&'a str, u64)>,
    /// Name of every symbol.
    pub symbols: Vec<&'a str>,
}

const SECTION: usize = 40;
const SYMBOL: usize = 16;

impl<'a> Elf<'a> {
    /// Reads a file; `None` when it is not such an ELF file.
    pub fn read(file: &'a [u8]) -> Option<Self> {
        if file.get(..6)? != b"\x7fELF\x01\x01" {
            return None;
        }
        let table = file.get(word(file, 0x20)?..)?;
        let count = usize::from(half(file, 0x30)?);
        let headers: Vec<&[u8]> = table.chunks_exact(SECTION).take(count).collect();
        let content = |header: &[u8]| file.get(word(header, 16)?..)?.get(..word(header, 20)?);
        let names = content(headers.get(usize::from(half(file, 0x32)?))?)?;

        let mut elf = Self { sections: Vec::new(), symbols: Vec::new() };
        for header in &headers {
            let name = text(names, word(header, 0)?)?;
            elf.sections.push((name, word(header, 20)? as u64));
            if name == ".symtab" {
                let strings = content(headers.get(word(header, 24)?)?)?;
                for symbol in content(header)?.chunks_exact(SYMBOL) {
                    elf.symbols.push(text(strings, word(symbol, 0)?)?);
                }
            }
        }
        Some(elf)
    }

    /// Bytes of the sections with these names.
    pub fn size(&self, names: &[&str]) -> u64 {
        self.sections.iter().filter(|(name, _)| names.contains(name)).map(|(_, size)| size).sum()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes) as usize)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn text(strings: &[u8], at: usize) -> Option<&str> {
    let rest = strings.get(at..)?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    std::str::from_utf8(rest.get(..end)?).ok()
}
