//! Lock keys: the holder of a key leads.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// A lock key: 1 to 512 bytes of letters, digits and `_ . , - /`, such as `service/clock`.
///
/// `/` separates folders. A key does not begin with `/`, which Consul would keep as a part of the
/// name, nor end with `/`, since Consul's UI shows such a key as a folder, and has no `//`. No part is
/// `.`, and the key has no `..`, since URLs resolve them. The folder `.leader/` is reserved for the
/// runtime.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Maximum length of a key, in bytes.
    pub const MAX_LEN: usize = 512;

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reason for which a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    TooLong,
    BadCharacter,
    Slash,
    Dots,
    Reserved,
}

impl Key {
    /// Message for a text that is not a key, by the rules of [`Key::from_str`]: for a constant, which is
    /// checked where no text can be formatted.
    #[must_use]
    pub const fn fault(text: &str) -> Option<&'static str> {
        Some(match find_fault(text.as_bytes()) {
            None => return None,
            Some(Fault::Empty) => "the key is empty; use one such as `service/clock`",
            Some(Fault::TooLong) => "the key is too long; use at most 512 bytes",
            Some(Fault::BadCharacter) => {
                "the key has a character that no key has; use letters, digits and `_` `.` `,` `-` `/`"
            }
            Some(Fault::Slash) => {
                "the key has a `/` at an end or two in a row; write it as `service/clock`"
            }
            Some(Fault::Dots) => {
                "the key has a `.` or `..` that URLs resolve; write the path in full"
            }
            Some(Fault::Reserved) => {
                "the key lies in `.leader/`, which is the runtime's own; use another folder"
            }
        })
    }
}

const fn find_fault(text: &[u8]) -> Option<Fault> {
    if text.is_empty() {
        return Some(Fault::Empty);
    }
    if text.len() > Key::MAX_LEN {
        return Some(Fault::TooLong);
    }
    let mut slash = false;
    let mut dots = false;
    // where the part begins that is being read
    let mut part = 0;
    let mut i = 0;
    while i < text.len() {
        if !is_allowed(text[i]) {
            return Some(Fault::BadCharacter);
        }
        let is_end = i + 1 == text.len() || text[i + 1] == b'/';
        match text[i] {
            b'/' => {
                slash |= i == part;
                part = i + 1;
            }
            b'.' if is_end && i == part => dots = true,
            b'.' if i > 0 && text[i - 1] == b'.' => dots = true,
            _ => {}
        }
        i += 1;
    }
    slash |= text[text.len() - 1] == b'/';
    if slash {
        Some(Fault::Slash)
    } else if dots {
        Some(Fault::Dots)
    } else if is_reserved(text) {
        Some(Fault::Reserved)
    } else {
        None
    }
}

const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b',' | b'-' | b'/')
}

const fn is_reserved(text: &[u8]) -> bool {
    matches!(text, b".leader" | [b'.', b'l', b'e', b'a', b'd', b'e', b'r', b'/', ..])
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Err(Error::new(match find_fault(text.as_bytes()) {
            None => return Ok(Self(text.into())),
            Some(Fault::Empty) => "the key is empty; use one such as `service/clock`".into(),
            Some(Fault::TooLong) => {
                let (len, max) = (text.len(), Self::MAX_LEN);
                format!("the key has {len} bytes; use at most {max}")
            }
            Some(Fault::BadCharacter) => {
                let is_bad = |c: &char| !u8::try_from(*c).is_ok_and(is_allowed);
                let bad = text.chars().find(is_bad).unwrap_or_default();
                format!(
                    "key `{text}` has {bad:?} in it; use letters, digits and `_` `.` `,` `-` `/`"
                )
            }
            Some(Fault::Slash) => {
                let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty()).collect();
                let remedy = match parts.join("/") {
                    bare if bare.is_empty() => "service/clock".into(),
                    bare => bare,
                };
                format!("key `{text}` has a `/` that parts nothing; write `{remedy}`")
            }
            Some(Fault::Dots) => {
                format!("key `{text}` has a `.` or `..` that URLs resolve; write the path in full")
            }
            Some(Fault::Reserved) => format!(
                "key `{text}` lies in `.leader/`, which is the runtime's own; use another folder"
            ),
        }))
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
