//! Foreign text, as shown to people: in one line, without control characters, and of bounded length.
//! Scripts get such text whole, as JSON.

use std::fmt;

use serde::Serialize;

/// The beginning of a text; a longer text is cut, and ends with `…`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excerpt<'a> {
    text: &'a str,
    length: usize,
}

impl<'a> Excerpt<'a> {
    /// For a log line or an error: at most 200 characters.
    pub(crate) const fn line(text: &'a str) -> Self {
        Self { text, length: 200 }
    }

    /// For a name within a sentence, or a cell of a table: at most 60 characters.
    pub(crate) const fn name(text: &'a str) -> Self {
        Self { text, length: 60 }
    }
}

impl Excerpt<'_> {
    /// Whether the text is shown unchanged, neither cut nor escaped.
    pub(crate) fn is_whole(self) -> bool {
        self.to_string() == self.text
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        let mut length = 0;
        // the position of a possible `…`
        let mut cut = 0;
        for char in self.text.chars() {
            let before = shown.len();
            push(&mut shown, char);
            length += shown[before..].chars().count();
            if length > self.length {
                shown.truncate(cut);
                shown.push('…');
                break;
            }
            if length < self.length {
                cut = shown.len();
            }
        }
        f.pad(&shown)
    }
}

/// Escapes control characters, so that a setting or a node's name cannot forge log lines.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    text.chars().for_each(|char| push(&mut line, char));
    line
}

/// Appends a character, escaped if a terminal would obey it.
fn push(line: &mut String, char: char) {
    if is_obeyed(char) { line.extend(char.escape_default()) } else { line.push(char) }
}

/// Whether a terminal obeys the character instead of drawing it: control characters, and characters
/// of Unicode that change the direction of a line or have no width.
fn is_obeyed(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Maximum length of a setting's value, in bytes. No valid value is longer, and an error shows the
/// value.
pub(crate) const MAX_VALUE_LENGTH: usize = 4096;

/// The fault of a value that is too long; `None` for any other.
pub(crate) fn too_long(value: &str) -> Option<String> {
    let len = value.len();
    (len > MAX_VALUE_LENGTH).then(|| format!("has {len} bytes; use at most {MAX_VALUE_LENGTH}"))
}

/// `1 key`, `2 keys`
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Serializes a value of strings and numbers, which cannot fail.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_short_and_plain_is_shown_as_it_is() {
        let exact = "é".repeat(60);
        for text in ["", "worker-17.example", "Größe ist 3 (größer)", &exact] {
            assert_eq!(Excerpt::name(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_long_is_cut_and_shows_it() {
        let text = "x".repeat(3_000);
        assert_eq!(Excerpt::name(&text).to_string(), "x".repeat(59) + "…");
        assert_eq!(Excerpt::line(&text).to_string(), "x".repeat(199) + "…");
        // an escape is there as a whole, or not at all
        let text = "x".repeat(56) + "\u{1b}[2J";
        assert_eq!(Excerpt::name(&text).to_string(), "x".repeat(56) + "…");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let told = Excerpt::line("\u{1b}[2Ja\r\nb\u{202e}c\u{200b}").to_string();
        assert_eq!(told, "\\u{1b}[2Ja\\r\\nb\\u{202e}c\\u{200b}");
    }

    proptest! {
        #[test]
        fn any_text_is_one_bounded_line(text in any::<String>(), more in 0..100usize) {
            let text = text.repeat(more);
            let told = Excerpt::name(&text).to_string();
            prop_assert!(told.chars().count() <= 60);
            prop_assert!(!told.chars().any(is_obeyed));
        }
    }
}
