//! Names of jobs, in logs, metrics and settings.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// A job's name: 1 to 64 of `a` to `z`, `0` to `9` and `_`.
///
/// There is no upper case: a variable that overrides a job's option (`LEADER_JOB_<NAME>_EVERY`) has
/// the name in upper case, and no two names may be equal there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(Arc<str>);

impl JobName {
    /// Maximum length of a name, in characters.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as shared text.
    #[must_use]
    pub const fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl From<JobName> for Arc<str> {
    fn from(name: JobName) -> Self {
        name.0
    }
}

impl FromStr for JobName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_bad = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '_');
        if text.is_empty() {
            Err(Error::new("the job's name is empty; use one such as `clock`"))
        } else if let Some(bad) = text.chars().find(is_bad) {
            Err(Error::new(format!(
                "job name `{text}` has {bad:?} in it; use `a` to `z`, `0` to `9` and `_`"
            )))
        } else if text.len() > Self::MAX_LEN {
            let (len, max) = (text.len(), Self::MAX_LEN);
            Err(Error::new(format!("job name `{text}` has {len} characters; use at most {max}")))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl AsRef<str> for JobName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
