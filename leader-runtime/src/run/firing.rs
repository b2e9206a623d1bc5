//! A run that is to be.

use std::sync::Arc;
use std::time::Duration;

use leader_core::Due;
use leader_core::record::Missing;

use crate::clock::{self, Glance};
use crate::lock::Guard;

/// What a run is to be for, inside a term.
#[derive(Clone, Debug)]
pub(super) struct Firing {
    pub(super) due: Due,
    /// From here on, the key is not released before the run is over.
    pub(super) guard: Arc<Guard>,
    pub(super) occasion: Occasion,
    /// When it is due, by the Unix epoch.
    pub(super) due_since_epoch: Duration,
    /// The clocks, when this came to be.
    pub(super) seen: Glance,
}

/// What a record knows that was before a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    /// How often leaders were interrupted at it.
    pub(super) interrupted: u32,
    /// What nobody ran before it.
    pub(super) missing: Missing,
}

/// What a firing comes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// An instant that is due, or the run before.
    Due,
    /// The process has come to lead, and the job wants a run for that.
    Elected,
    /// The process has come to lead, or something was found too late: the record may have more.
    Look,
    /// Somebody wants a run now, whatever is due.
    Asked,
}

impl Occasion {
    /// Whether it is for no instant that a schedule says.
    pub(super) const fn is_wish(self) -> bool {
        matches!(self, Self::Elected | Self::Asked)
    }
}

impl Firing {
    pub(super) fn new(due: Due, guard: impl Into<Arc<Guard>>, occasion: Occasion) -> Self {
        let (due_since_epoch, seen) = (clock::since_epoch(due.timestamp()), Glance::take());
        Self { due, guard: guard.into(), occasion, due_since_epoch, seen }
    }

    /// The same, with a guard of its own: threads that count up and down what is one to them all
    /// wait for each other.
    pub(super) fn fork(&self) -> Self {
        Self { guard: Arc::new(Guard::clone(&self.guard)), ..*self }
    }

    /// The same, that comes of something else.
    pub(super) fn on(&self, occasion: Occasion) -> Self {
        Self { occasion, ..self.clone() }
    }
}
