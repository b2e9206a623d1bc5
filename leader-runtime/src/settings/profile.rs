//! The stage of a deployment: a name that chooses a file of settings, and a folder of keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// 1 to 32 of `a` to `z`, `0` to `9`, `_` and `-`: it is a part of a file's name, also where those
/// have no upper case, and of every key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile(Arc<str>);

const MAX_LEN: usize = 32;

impl Profile {
    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The default prefix of keys.
    pub(super) fn key_prefix(&self) -> String {
        format!("{self}/")
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_stranger = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
        match text.chars().find(is_stranger) {
            _ if text.is_empty() => Err("a profile has a name; write one such as `stage`".into()),
            Some(c) if c.is_ascii_uppercase() => {
                Err(format!("a profile has no upper case; write `{}`", text.to_lowercase()))
            }
            Some(c) => Err(format!(
                "a profile has no {c:?} in it; use `a` to `z`, `0` to `9`, `_` and `-`"
            )),
            None if text.len() > MAX_LEN => {
                Err(format!("has {} characters; use at most {MAX_LEN}", text.len()))
            }
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
