//! Where a setting is written: what every fault in it begins with, and what a look at it ends with.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The place of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: it is what it is unless told otherwise.
    Default,
    /// It follows from this profile.
    Profile(Arc<str>),
    /// Both counted from 1, the column in characters.
    File {
        path: Arc<str>,
        line: usize,
        column: usize,
    },
    Variable(Arc<str>),
    /// The setter that was called.
    Code(&'static str),
    /// Over the job itself.
    Attribute(&'static Location<'static>),
}

/// A value, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl Place {
    /// What is wrong with the value that the setting has here, in one line.
    pub(super) fn fault(&self, name: &str, value: &str, why: impl fmt::Display) -> String {
        one_line(&format!("{}=`{value}`: {why}", self.of(name)))
    }

    /// What is wrong with there being such a setting here, in one line.
    pub(super) fn refuse(&self, name: &str, why: impl fmt::Display) -> String {
        one_line(&format!("{} {why}", self.of(name)))
    }

    /// The setting of this name: a variable says by itself which it is, and so does a setter, but
    /// that of jobs.
    fn of(&self, name: &str) -> String {
        match self {
            Self::Variable(_) => self.to_string(),
            Self::Code(_) if !name.starts_with("jobs.") => self.to_string(),
            _ => format!("{self}: {name}"),
        }
    }
}

impl<T> Placed<T> {
    pub(super) const fn by_default(value: T) -> Self {
        Self { value, place: Place::Default }
    }

    pub(super) const fn at(place: Place, value: T) -> Self {
        Self { value, place }
    }

    /// Takes what a higher layer says, if that is a value.
    pub(super) fn take<F>(&mut self, place: &Place, value: Result<T, F>) -> Result<(), F> {
        *self = Self { value: value?, place: place.clone() };
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(profile) => write!(f, "LEADER_PROFILE=`{profile}`"),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
            Self::Code(setter) => f.write_str(setter),
            Self::Attribute(location) => location.fmt(f),
        }
    }
}

/// Whoever writes a setting writes no line of the log.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}
