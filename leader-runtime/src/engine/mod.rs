//! When jobs fire: the instants at which each is due, told as they come.

mod lived;
mod precise;

use std::time::{Duration, SystemTime};

pub(crate) use precise::Precise;

/// A job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Which of the jobs, by its place in the list.
    pub(crate) job: usize,
    /// When it was due; the same on every node.
    pub(crate) due: SystemTime,
    /// It was found so much too late that it is not to be run.
    pub(crate) too_late: Option<Duration>,
}
