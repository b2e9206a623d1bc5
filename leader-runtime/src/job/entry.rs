//! What the attribute writes down about a job, as plain as a constant can be.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use leader_core::{Every, Key};

use super::context::Context;
use super::outcome::Outcome;

/// A job, as `jobs!` lists it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    label = "write `#[leader_job(…)]` over the function of this name"
)]
pub trait Job {
    /// All that is known of it at compile time.
    const ENTRY: Entry;
}

/// All that is known of a job at compile time.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Unique in the process.
    pub name: &'static str,
    /// The lock key, without the prefix of the settings.
    pub key: &'static str,
    /// What else the attribute says, each option with its text. The macro has read it with the
    /// parser that the start reads it with.
    pub options: &'static [(&'static str, &'static str)],
    /// `every`, where it is a constant.
    pub every: Option<Duration>,
    /// Makes the future of one run, and polls nothing; `None` where a parameter lacks something.
    pub start: for<'r> fn(&'r Context<'r>) -> Option<RunFuture<'r>>,
    /// The same of what stands in for it on a node that does not lead.
    pub standby: Option<fn(&Context<'_>) -> Option<StandbyFuture>>,
    /// Where the attribute stands.
    pub place: &'static Location<'static>,
}

/// One run of a job.
pub type RunFuture<'r> = Pin<Box<dyn Future<Output = Outcome> + Send + 'r>>;

/// One call of a job's `standby`.
pub type StandbyFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Stands in for a job whose attribute is wrong, so that its callers are not told a second time.
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

/// An `every` that is a constant, checked as well.
#[track_caller]
pub const fn every(interval: Duration) -> Duration {
    if Every::takes(interval) {
        return interval;
    }
    panic!("the interval of `every` is out of bounds; use 10ms to 366d")
}

/// The same beside an `offset` or a `jitter` of this length.
#[track_caller]
pub const fn every_above(interval: Duration, shift: Duration) -> Duration {
    let interval = every(interval);
    if interval.as_nanos() > shift.as_nanos() {
        return interval;
    }
    panic!("the interval of `every` is not above its `offset` and its `jitter`; shorten these")
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
