//! Text from files and arguments, made safe to show on a terminal.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// Text of one line whose control characters are shown as escapes, such as `\u{1b}` and `\n`.
///
/// Besides the control characters of ASCII and Latin-1 these are the characters that change the direction of text or
/// have no width, which make one name look like another. A backslash stays as it is, so escaping twice changes nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'t>(pub(crate) &'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        for (at, character) in self.0.char_indices().filter(|&(_, character)| must_be_escaped(character)) {
            formatter.write_str(&self.0[shown..at])?;
            match character {
                '\n' => formatter.write_str("\\n")?,
                '\r' => formatter.write_str("\\r")?,
                '\t' => formatter.write_str("\\t")?,
                _ => write!(formatter, "\\u{{{:x}}}", u32::from(character))?,
            }
            shown = at + character.len_utf8();
        }
        formatter.write_str(&self.0[shown..])
    }
}

/// A path as text whose control characters are shown as escapes.
pub(crate) fn path(path: &Path) -> String {
    Escaped(&path.to_string_lossy()).to_string()
}

/// Whether a terminal would act on a character, or show nothing for it.
pub(crate) fn must_be_escaped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_as_escapes() {
        let text = "a\u{1b}[2J\nb\r\tc\u{9b}31m\u{7f}\0";
        assert_eq!(Escaped(text).to_string(), "a\\u{1b}[2J\\nb\\r\\tc\\u{9b}31m\\u{7f}\\u{0}");
    }

    #[test]
    fn characters_that_turn_or_hide_text_are_shown_as_escapes() {
        assert_eq!(
            Escaped("a\u{202e}b\u{2066}c\u{200b}\u{feff}").to_string(),
            "a\\u{202e}b\\u{2066}c\\u{200b}\\u{feff}"
        );
    }

    #[test]
    fn other_text_stays_as_it_is_and_escaping_twice_changes_nothing() {
        for text in ["Zoë's scan 1\\2", "名前", ""] {
            assert_eq!(Escaped(text).to_string(), text);
        }
        let once = Escaped("\u{1b}\\").to_string();
        assert_eq!(Escaped(&once).to_string(), once);
        assert_eq!(path(Path::new("a\nb")), "a\\nb");
    }
}
