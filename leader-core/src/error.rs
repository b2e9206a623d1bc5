//! The error of the core: names the value, the values that are allowed, and the remedy.

use std::fmt;

/// A fault in a value: one line in lower case that names the value and the remedy.
///
/// The text serves both as a compiler message of the macro and as a log line at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<str>);

impl Error {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
