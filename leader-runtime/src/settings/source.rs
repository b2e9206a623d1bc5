//! The source of a setting: the beginning of every error about it, and the last column of a list.

use crate::text::{Excerpt, one_line};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The source of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Not written: the default is in force.
    Default,
    /// Derived from this profile.
    Profile(Arc<str>),
    /// Line and column are counted from 1, the column in characters.
    File {
        path: Arc<str>,
        line: usize,
        column: usize,
    },
    Variable(Arc<str>),
    /// The setter that was called.
    Code(&'static str),
    /// The attribute of the job.
    Attribute(&'static Location<'static>),
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

impl Source {
    /// Formats "the value of this setting is wrong here" as one line.
    pub(super) fn fault(&self, name: &str, value: &str, why: impl fmt::Display) -> String {
        one_line(&format!(
            "{}=`{}`: {why}",
            self.of(&Excerpt::line(name).to_string()),
            Excerpt::line(value)
        ))
    }

    /// Formats "this setting is not allowed here" as one line.
    pub(super) fn refuse(&self, name: &str, why: impl fmt::Display) -> String {
        one_line(&format!("{} {why}", self.of(&Excerpt::line(name).to_string())))
    }

    /// The source and the name of a setting. A variable names its setting, and so does a setter other
    /// than that of jobs.
    fn of(&self, name: &str) -> String {
        match self {
            Self::Variable(_) => self.to_string(),
            Self::Code(_) if !name.starts_with("jobs.") => self.to_string(),
            _ => format!("{self}: {name}"),
        }
    }
}

impl<T> Located<T> {
    pub(super) const fn by_default(value: T) -> Self {
        Self { value, source: Source::Default }
    }

    pub(super) const fn at(source: Source, value: T) -> Self {
        Self { value, source }
    }

    /// Replaces the value by that of a higher layer, if that one is valid.
    pub(super) fn take<F>(&mut self, source: &Source, value: Result<T, F>) -> Result<(), F> {
        *self = Self { value: value?, source: source.clone() };
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(profile) => write!(f, "LEADER_PROFILE=`{profile}`"),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Variable(name) => Excerpt::line(name).fmt(f),
            Self::Code(setter) => f.write_str(setter),
            Self::Attribute(location) => location.fmt(f),
        }
    }
}
