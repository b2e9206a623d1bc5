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

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match fault(text) {
            None => Ok(Self(text.into())),
            Some(fault) => Err(Error::new(fault)),
        }
    }
}

fn fault(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("the key is empty; use one such as `service/clock`".into());
    }
    if text.len() > Key::MAX_LEN {
        let (len, max) = (text.len(), Key::MAX_LEN);
        return Some(format!("the key has {len} bytes; use at most {max}"));
    }
    if let Some(stranger) = text.chars().find(|&c| !is_allowed(c)) {
        return Some(format!(
            "key `{text}` has {stranger:?} in it; use letters, digits and `_` `.` `,` `-` `/`"
        ));
    }
    if text.starts_with('/') || text.ends_with('/') || text.contains("//") {
        let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty()).collect();
        let remedy = match parts.join("/") {
            bare if bare.is_empty() => "service/clock".into(),
            bare => bare,
        };
        return Some(format!("key `{text}` has a `/` that parts nothing; write `{remedy}`"));
    }
    if text.contains("..") || text.split('/').any(|part| part == ".") {
        return Some(format!(
            "key `{text}` has a `.` or `..` that URLs resolve; write the path in full"
        ));
    }
    if text.split('/').next() == Some(".leader") {
        return Some(format!(
            "key `{text}` lies in `.leader/`, which is the runtime's own; use another folder"
        ));
    }
    None
}

const fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ',' | '-' | '/')
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
