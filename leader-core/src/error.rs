//! The one error of the core: what is wrong, what is allowed, what to do.

use std::fmt;

/// What is wrong with a value, in one line of lower case that names the value and the remedy.
///
/// The same text serves a compiler message of the macro and a line of the log at start.
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
