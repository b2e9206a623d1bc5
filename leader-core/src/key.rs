//! The key whose holder leads: a path in the lock service.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// A lock key: 1 to 512 bytes of letters, digits and `_ . , - /`, such as `service/clock`.
///
/// `/` parts folders. There is none at the beginning, since Consul would keep it as a part of the
/// name; none at the end, since Consul's UI shows such a key as a folder; none doubled. No part is
/// `.`, and nowhere is there a `..`, since URLs resolve them. The folder `.leader/` is the
/// runtime's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The most bytes that a key has.
    pub const MAX_LEN: usize = 512;

    /// The key as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What keeps a text from being a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    Empty,
    TooLong,
    Stranger,
    Slash,
    Dots,
    Own,
}

impl Key {
    /// What keeps this text from being a key, in words: for a constant, which is checked where no
    /// text can be put together. The same rules as those of [`Key::from_str`].
    #[must_use]
    pub const fn fault(text: &str) -> Option<&'static str> {
        Some(match flaw(text.as_bytes()) {
            None => return None,
            Some(Flaw::Empty) => "the key is empty; use one such as `service/clock`",
            Some(Flaw::TooLong) => "the key is too long; use at most 512 bytes",
            Some(Flaw::Stranger) => {
                "the key has a character that no key has; use letters, digits and `_` `.` `,` `-` `/`"
            }
            Some(Flaw::Slash) => {
                "the key has a `/` at an end or two in a row; write it as `service/clock`"
            }
            Some(Flaw::Dots) => {
                "the key has a `.` or `..` that URLs resolve; write the path in full"
            }
            Some(Flaw::Own) => {
                "the key lies in `.leader/`, which is the runtime's own; use another folder"
            }
        })
    }
}

const fn flaw(text: &[u8]) -> Option<Flaw> {
    if text.is_empty() {
        return Some(Flaw::Empty);
    }
    if text.len() > Key::MAX_LEN {
        return Some(Flaw::TooLong);
    }
    let mut slash = false;
    let mut dots = false;
    // where the part begins that is being read
    let mut part = 0;
    let mut i = 0;
    while i < text.len() {
        if !is_allowed(text[i]) {
            return Some(Flaw::Stranger);
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
        Some(Flaw::Slash)
    } else if dots {
        Some(Flaw::Dots)
    } else if is_own(text) {
        Some(Flaw::Own)
    } else {
        None
    }
}

const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b',' | b'-' | b'/')
}

const fn is_own(text: &[u8]) -> bool {
    matches!(text, b".leader" | [b'.', b'l', b'e', b'a', b'd', b'e', b'r', b'/', ..])
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Err(Error::new(match flaw(text.as_bytes()) {
            None => return Ok(Self(text.into())),
            Some(Flaw::Empty) => "the key is empty; use one such as `service/clock`".into(),
            Some(Flaw::TooLong) => {
                let (len, max) = (text.len(), Self::MAX_LEN);
                format!("the key has {len} bytes; use at most {max}")
            }
            Some(Flaw::Stranger) => {
                let is_stranger = |c: &char| !u8::try_from(*c).is_ok_and(is_allowed);
                let stranger = text.chars().find(is_stranger).unwrap_or_default();
                format!(
                    "key `{text}` has {stranger:?} in it; use letters, digits and `_` `.` `,` `-` `/`"
                )
            }
            Some(Flaw::Slash) => {
                let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty()).collect();
                let remedy = match parts.join("/") {
                    bare if bare.is_empty() => "service/clock".into(),
                    bare => bare,
                };
                format!("key `{text}` has a `/` that parts nothing; write `{remedy}`")
            }
            Some(Flaw::Dots) => {
                format!("key `{text}` has a `.` or `..` that URLs resolve; write the path in full")
            }
            Some(Flaw::Own) => format!(
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
