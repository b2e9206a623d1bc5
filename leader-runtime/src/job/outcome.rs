//! How a run ended, and what a job may return to say so.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

/// How a run ended, where `()` and an error do not say it all.
#[derive(Debug)]
#[must_use]
pub struct Outcome(Ending);

/// What an [`Outcome`] holds.
#[derive(Debug)]
pub(crate) enum Ending {
    Ok,
    Skipped(Cow<'static, str>),
    Failed { error: Box<dyn Error + Send + Sync>, retry: Retry },
}

/// Whether a failed run is to be tried again, so far as the job has a say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// As its `retries` say.
    ByPolicy,
    /// Never: it would fail again.
    Never,
    /// As its `retries` say, but after this time.
    After(Duration),
}

impl Outcome {
    /// The run did its work.
    pub const fn ok() -> Self {
        Self(Ending::Ok)
    }

    /// There was nothing to do, and why.
    pub fn skip(why: impl Into<Cow<'static, str>>) -> Self {
        Self(Ending::Skipped(why.into()))
    }

    /// The run failed for good: it is not tried again, whatever its `retries`.
    pub fn fail(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Ending::Failed { error: error.into(), retry: Retry::Never })
    }

    /// The run failed, and is to be tried again only after this time: a rate limit. Without
    /// `retries` it has failed.
    pub fn retry_after(delay: Duration, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Ending::Failed { error: error.into(), retry: Retry::After(delay) })
    }

    fn error(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Ending::Failed { error: error.into(), retry: Retry::ByPolicy })
    }

    pub(crate) fn ending(self) -> Ending {
        self.0
    }
}

/// A type that a job may return: `()`, [`Outcome`], or a [`Result`] of one of these whose error is
/// [`Into`]`<Box<dyn Error + Send + Sync>>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a job returns",
    label = "not an outcome",
    note = "a job returns `()`, `Outcome`, `Result<(), E>` or `Result<Outcome, E>`, where `E` \
            becomes a `Box<dyn Error + Send + Sync>`; a `Box<dyn Error>` does not, write \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait IntoOutcome {
    #[doc(hidden)]
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::ok()
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoOutcome, E: Into<Box<dyn Error + Send + Sync>>> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        self.map_or_else(Outcome::error, T::into_outcome)
    }
}
