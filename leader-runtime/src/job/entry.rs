//! What the attribute writes down about a job, as plain as a constant can be.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;

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
    /// When it is due.
    pub schedule: Spec,
    /// Runs it once.
    pub start: for<'r> fn(&'r Context) -> RunFuture<'r>,
    /// What stands in for it on a node that does not lead.
    pub standby: Option<fn() -> StandbyFuture>,
    /// Where the attribute stands.
    pub place: &'static Location<'static>,
}

/// A schedule as its text. The macro has read it with the parser that the start reads it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// `every = "3s"`
    Every(&'static str),
    /// `cron = "0 9 * * *"`
    Cron(&'static str),
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
    schedule: Spec::Every(""),
    start: |_| Box::pin(std::future::ready(Outcome::ok())),
    standby: None,
    place: Location::caller(),
};

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, key, schedule, place, .. } = self;
        write!(f, "{name} ({key:?}, {schedule:?}, {place})")
    }
}
