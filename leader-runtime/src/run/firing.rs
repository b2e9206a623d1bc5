//! A run to be: its due instant, its cause, and the guard of its term.

use std::sync::Arc;
use std::time::Duration;

use leader_core::Due;
use leader_core::record::MissedInstants;

use crate::leadership::Guard;
use crate::system::clock::{self, ClockReading};

/// A due run together with the guard that keeps its key held.
#[derive(Clone, Debug)]
pub(super) struct Firing {
    pub(super) due: Due,
    /// The key is not released before the run has ended.
    pub(super) guard: Arc<Guard>,
    pub(super) cause: Cause,
    /// The due instant, since the Unix epoch.
    pub(super) due_since_epoch: Duration,
    /// The clocks at the creation of this.
    pub(super) seen: ClockReading,
}

/// Earlier events of a run, from the record of its job.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    /// How often leaders were interrupted at this run.
    pub(super) interrupted: u32,
    /// Missed instants before it that this run stands for.
    pub(super) missing: MissedInstants,
}

/// The reason for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// An instant of the schedule, or the end of the previous run.
    Schedule,
    /// A term has begun, and the job has `on_elected`.
    Elected,
    /// A term has begun, or an instant was found too late: the record may have pending runs.
    RecordCheck,
    /// [`Handle::trigger`](crate::Handle::trigger), independent of the schedule.
    Manual,
}

impl Cause {
    /// Whether the run is for no instant of the schedule.
    pub(super) const fn is_unscheduled(self) -> bool {
        matches!(self, Self::Elected | Self::Manual)
    }
}

impl Firing {
    pub(super) fn new(due: Due, guard: impl Into<Arc<Guard>>, cause: Cause) -> Self {
        let (due_since_epoch, seen) = (clock::since_epoch(due.timestamp()), ClockReading::take());
        Self { due, guard: guard.into(), cause, due_since_epoch, seen }
    }

    /// A copy with a guard of its own: threads that count references on one guard contend for its
    /// cache line.
    pub(super) fn fork(&self) -> Self {
        Self { guard: Arc::new(Guard::clone(&self.guard)), ..*self }
    }

    pub(super) fn with_cause(&self, cause: Cause) -> Self {
        Self { cause, ..self.clone() }
    }
}
