//! Work under a lock: while it goes on its key is not released, and it goes on only while its own
//! stint of leadership is believed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use leader_core::election::Term;
use tokio::sync::watch;

use super::gate::{Gate, Standing};
use crate::clock;

/// Work that goes on.
#[derive(Debug)]
pub(crate) struct Guard {
    belief: Belief,
    term: Term,
    began: super::Term,
    standing: watch::Receiver<Standing>,
}

/// That this process leads, in one stint.
#[derive(Clone, Debug)]
pub(super) struct Belief {
    gate: Gate,
    stint: u64,
}

/// Why work had to end before it ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    TrustEnded,
    DrainUsedUp,
}

/// How long work may go on after its key was to be given up.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

impl Belief {
    pub(super) const fn new(gate: Gate, stint: u64) -> Self {
        Self { gate, stint }
    }

    /// Whether it holds, now: no I/O, and asked before every poll.
    fn holds(&self) -> bool {
        self.gate.leading_stint() == Some(self.stint)
    }
}

impl Guard {
    pub(super) const fn new(
        belief: Belief,
        term: Term,
        began: super::Term,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        Self { belief, term, began, standing }
    }

    #[cfg(test)]
    pub(super) fn holds(&self) -> bool {
        self.belief.holds()
    }

    pub(crate) const fn term(&self) -> Term {
        self.term
    }

    /// The same, as users are told of it.
    pub(super) const fn began(&self) -> super::Term {
        self.began
    }

    /// How this process stands with the key, and how that changes.
    pub(crate) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Polls this work while it may go on. When this comes back the work has ended or was dropped,
    /// and the key may be given up.
    pub(crate) async fn run<T>(mut self, work: impl Future<Output = T>) -> Result<T, End> {
        let belief = self.belief.clone();
        // dropped before the guard itself
        let mut work = pin!(work);
        // A process that was frozen resumes into this check, not into the work.
        let believed = poll_fn(|cx| {
            if belief.holds() { work.as_mut().poll(cx).map(Some) } else { Poll::Ready(None) }
        });
        tokio::select! {
            biased;
            end = self.ended() => Err(end),
            done = believed => done.ok_or(End::TrustEnded),
        }
    }

    /// Comes back when the work must end: trust has ended, or the key is to be given up and its
    /// [`DRAIN`] is used up.
    async fn ended(&mut self) -> End {
        let gate = self.belief.gate.clone();
        let mut drained_at = None;
        loop {
            if !self.belief.holds() {
                return End::TrustEnded;
            }
            if matches!(*self.standing.borrow_and_update(), Standing::Draining(_)) {
                let at = *drained_at.get_or_insert_with(|| clock::now() + DRAIN);
                if clock::now() >= at || gate.trust().is_hurried() {
                    return End::DrainUsedUp;
                }
            }
            let until = gate.trust().until();
            let wake_at = drained_at.map_or(until, |at| at.min(until));
            tokio::select! {
                changed = self.standing.changed() => if changed.is_err() {
                    return End::TrustEnded;
                },
                () = clock::sleep_towards(wake_at) => {}
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.belief.gate.leave();
    }
}
