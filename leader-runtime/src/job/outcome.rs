//! The end of a run, and the types that a job may return.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

/// The end of a run, where `()` and an error are not enough.
///
/// ```
/// use std::time::Duration;
///
/// use leader_runtime::{Outcome, leader_job};
/// # struct Mail;
/// # enum Sent { All, Nothing, RateLimited, Refused }
/// # async fn send() -> std::io::Result<Sent> { Ok(Sent::All) }
///
/// #[leader_job(key = "service/mail", every = "1m", retries = 3)]
/// async fn send_mail() -> Result<Outcome, std::io::Error> {
///     Ok(match send().await? {
///         Sent::All => Outcome::ok(),
///         Sent::Nothing => Outcome::skip("the outbox is empty"),
///         Sent::RateLimited => Outcome::retry_after(Duration::from_secs(30), "rate limit"),
///         Sent::Refused => Outcome::fail("the account is closed"),
///     })
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Outcome(Ending);

/// The content of an [`Outcome`].
#[derive(Debug)]
pub(crate) enum Ending {
    Ok,
    Skipped(Cow<'static, str>),
    Interrupted,
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

    /// The run had nothing to do, and why.
    pub fn skip(why: impl Into<Cow<'static, str>>) -> Self {
        Self(Ending::Skipped(why.into()))
    }

    /// The run was asked to end, by its [`Stop`](crate::Stop), and has ended before its work was done.
    /// It counts as a run that was cut off: with `interrupted = "rerun"` the next leader runs it
    /// again. [`Outcome::ok`] in its place is the end of the run, and nobody goes on with it.
    ///
    /// Where no end was asked for, the run has failed.
    ///
    /// ```
    /// use leader_runtime::{Outcome, Stop, leader_job};
    /// # async fn next_batch() -> bool { false }
    ///
    /// #[leader_job(key = "service/import", cron = "@daily", interrupted = "rerun")]
    /// async fn import(stop: Stop) -> Outcome {
    ///     while next_batch().await {
    ///         if stop.is_requested() {
    ///             return Outcome::interrupted();
    ///         }
    ///     }
    ///     Outcome::ok()
    /// }
    /// ```
    pub const fn interrupted() -> Self {
        Self(Ending::Interrupted)
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

    /// Whether the run did its work.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self.0, Ending::Ok)
    }

    /// Whether the run ended before its work was done, since it was asked to.
    #[must_use]
    pub const fn is_interrupted(&self) -> bool {
        matches!(self.0, Ending::Interrupted)
    }

    /// The error of a failed run, or of one that panicked.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match &self.0 {
            Ending::Failed { error, .. } => Some(&**error),
            Ending::Ok | Ending::Skipped(_) | Ending::Interrupted => None,
        }
    }

    /// The reason why there was nothing to do.
    #[must_use]
    pub fn skip_reason(&self) -> Option<&str> {
        match &self.0 {
            Ending::Skipped(why) => Some(why),
            Ending::Ok | Ending::Interrupted | Ending::Failed { .. } => None,
        }
    }

    /// The run failed; it is tried again as its `retries` say.
    pub(crate) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Ending::Failed { error: error.into(), retry: Retry::ByPolicy })
    }

    pub(crate) fn ending(self) -> Ending {
        self.0
    }
}

/// A type that a job may return: `()`, [`Outcome`], or a [`Result`] of one of these whose error is
/// [`Into`]`<Box<dyn Error + Send + Sync>>`. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a job returns",
    label = "not an outcome",
    note = "a job returns `()`, `Outcome`, `Result<(), E>` or `Result<Outcome, E>`, where `E` \
            becomes a `Box<dyn Error + Send + Sync>`; a `Box<dyn Error>` does not, write \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait IntoOutcome: sealed::Sealed {
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
        self.map_or_else(Outcome::failed, T::into_outcome)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for super::Outcome {}
    #[diagnostic::do_not_recommend]
    impl<T, E> Sealed for Result<T, E> {}
}
