//! The constant that the attribute writes down for a job.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use leader_core::{Every, Key, Seed};

use super::context::RunContext;
use super::outcome::Outcome;

/// A job: the struct that `#[leader_job]` puts beside a function, under the function's name.
///
/// It is a bound for code that is generic over jobs. Only the attribute implements it.
///
/// ```
/// use leader_runtime::{Handle, Job};
///
/// /// Runs a job now, and logs where it cannot be.
/// async fn trigger<J: Job>(handle: &Handle) {
///     if let Err(error) = handle.trigger::<J>().await {
///         eprintln!("{} on {}: {error}", J::NAME, J::KEY);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    label = "write `#[leader_job(…)]` over the function of this name"
)]
pub trait Job {
    /// All that is known of it at compile time.
    #[doc(hidden)]
    const ENTRY: Entry;

    /// The name in logs and settings, without a [`Jobs::prefix`](crate::Jobs::prefix).
    const NAME: &'static str = Self::ENTRY.name;

    /// The lock key, without the prefix of the settings.
    const KEY: &'static str = Self::ENTRY.key;
}

/// All that is known of a job at compile time.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Unique in the process.
    pub name: &'static str,
    /// The lock key, without the prefix of the settings.
    pub key: &'static str,
    /// The other options of the attribute, each with its text. The macro has read it with the
    /// parser that the start reads it with.
    pub options: &'static [(&'static str, &'static str)],
    /// `every`, where it is a constant.
    pub every: Option<Duration>,
    /// Makes the future of one run, and polls nothing; `None` where a parameter lacks something.
    pub start: for<'r> fn(&'r RunContext<'r>) -> Option<RunFuture<'r>>,
    /// Makes the future of a `standby`, on a node that does not lead.
    pub standby: Option<fn(&RunContext<'_>) -> Option<StandbyFuture>>,
    /// Where the attribute stands.
    pub place: &'static Location<'static>,
}

/// One run of a job.
pub type RunFuture<'r> = Pin<Box<dyn Future<Output = Outcome> + Send + 'r>>;

/// One call of a job's `standby`.
pub type StandbyFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Stands in for a job whose attribute is wrong, so that its callers get no second error.
/// Nothing runs it: the attribute's errors keep the program from being built.
pub const FAULTY: Entry = Entry {
    name: "",
    key: "",
    options: &[],
    every: None,
    start: |_| None,
    standby: None,
    place: Location::caller(),
};

/// A `key` that is a constant, checked where it is evaluated: at compile time. The caller is
/// tracked so that the error shows the user's token, and nothing of what is in here.
#[track_caller]
pub const fn key(key: &'static str) -> &'static str {
    match Key::fault(key) {
        None => key,
        Some(fault) => panic!("{}", fault),
    }
}

/// An `every` that is a constant, checked at compile time too.
#[track_caller]
pub const fn every(interval: Duration) -> Duration {
    if Every::takes(interval) {
        return interval;
    }
    panic!("the interval of `every` is out of bounds; use 10ms to 366d")
}

/// An `every` that is a constant, checked beside an `offset` or a `jitter` of this length.
#[track_caller]
pub const fn every_above(interval: Duration, shift: Duration) -> Duration {
    let interval = every(interval);
    if interval.as_nanos() > shift.as_nanos() {
        return interval;
    }
    panic!("the interval of `every` is not above its `offset` and its `jitter`; shorten these")
}

impl Entry {
    /// Seed of its hashed places: from the key and the name of its attribute, so that they are those
    /// which the documentation shows.
    pub(crate) fn seed(&self) -> Seed {
        Seed::of(self.key, self.name)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, key, options, every, place, .. } = self;
        write!(f, "{name} ({key:?}")?;
        if let Some(every) = every {
            write!(f, ", every = {every:?}")?;
        }
        for (option, text) in *options {
            write!(f, ", {option} = {text:?}")?;
        }
        write!(f, ", {place})")
    }
}
