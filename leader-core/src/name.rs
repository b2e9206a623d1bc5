//! The name of a job: what logs, metrics and settings call it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;

/// A job's name: 1 to 64 of `a` to `z`, `0` to `9` and `_`.
///
/// Upper case is left to the variable that overrides a job (`LEADER_JOB_<NAME>_EVERY`): no two
/// names may become one there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(Arc<str>);

impl JobName {
    /// The most characters that a name has.
    pub const MAX_LEN: usize = 64;

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, to be shared.
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
        let is_stranger = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '_');
        if text.is_empty() {
            Err(Error::new("the job's name is empty; use one such as `clock`"))
        } else if let Some(stranger) = text.chars().find(is_stranger) {
            Err(Error::new(format!(
                "job name `{text}` has {stranger:?} in it; use `a` to `z`, `0` to `9` and `_`"
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
