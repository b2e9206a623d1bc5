//! Work under a lock: while it goes on its key is not released, and it goes on only while its own
//! stint of leadership is believed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use leader_core::election::{Term, Timestamp};
use tokio::sync::watch;

use super::gate::{Gate, Standing};
use crate::clock;

/// Work that goes on.
#[derive(Debug)]
pub(crate) struct Guard {
    belief: Belief,
    term: Term,
    began: super::Term,
}

/// That this process leads, in one stint.
#[derive(Clone, Debug)]
pub(crate) struct Belief {
    gate: Gate,
    stint: u64,
}

/// What work under a lock has to look at while it goes on.
#[derive(Debug)]
pub(crate) struct Watch {
    belief: Belief,
    standing: watch::Receiver<Standing>,
}

/// How long work by hand may go on after its key was to be given up.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

impl Belief {
    pub(super) const fn new(gate: Gate, stint: u64) -> Self {
        Self { gate, stint }
    }

    /// Whether it holds, now: no I/O, and asked before every poll.
    pub(crate) fn holds(&self) -> bool {
        self.held_at().is_some()
    }

    /// The instant at which it was seen to hold; `None` where it does not.
    pub(crate) fn held_at(&self) -> Option<Timestamp> {
        let (stint, now) = self.gate.leading()?;
        (stint == self.stint).then_some(now)
    }
}

impl Guard {
    pub(super) const fn new(belief: Belief, term: Term, began: super::Term) -> Self {
        Self { belief, term, began }
    }

    pub(crate) const fn belief(&self) -> &Belief {
        &self.belief
    }

    pub(crate) const fn term(&self) -> Term {
        self.term
    }

    /// The same, as users are told of it.
    pub(crate) const fn began(&self) -> super::Term {
        self.began
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch { belief: self.belief.clone(), standing: self.belief.gate.standing() }
    }

    /// Polls this work while it may go on. When this comes back the work has ended or was dropped,
    /// and the key may be given up.
    pub(super) async fn run<T>(self, work: impl Future<Output = T>) -> Option<T> {
        self.led(work).await
    }

    /// The same, and the key is held on: work that follows is under it too.
    pub(crate) async fn led<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut watch = self.watch();
        // dropped before the guard itself
        let mut work = pin!(work);
        // A process that was frozen resumes into this check, not into the work.
        let believed = poll_fn(|cx| {
            if self.belief.holds() { work.as_mut().poll(cx).map(Some) } else { Poll::Ready(None) }
        });
        tokio::select! {
            biased;
            () = watch.ended() => None,
            done = believed => done,
        }
    }
}

impl Watch {
    /// Whether leadership is believed, now.
    pub(crate) fn holds(&self) -> bool {
        self.belief.holds()
    }

    /// Until when that is so, unless another beat comes through.
    pub(crate) fn trusted_until(&self) -> Timestamp {
        self.belief.gate.trust().until()
    }

    /// Whether the key is to be given up.
    pub(crate) fn is_draining(&self) -> bool {
        matches!(*self.standing.borrow(), Standing::Draining(_))
    }

    /// Whether every drain is used up.
    pub(crate) fn is_hurried(&self) -> bool {
        self.belief.gate.trust().is_hurried()
    }

    /// Comes back when any of these may have changed, at `instant` or a good part of the way there.
    pub(crate) async fn changed(&mut self, instant: Timestamp) {
        let instant = instant.min(self.trusted_until());
        tokio::select! {
            // the gate that says so is a part of this
            _ = self.standing.changed() => {}
            () = clock::sleep_towards(instant) => {}
        }
    }

    /// Comes back when work by hand must end: trust has ended, or the key is to be given up and its
    /// [`DRAIN`] is used up.
    async fn ended(&mut self) {
        while self.holds() {
            let drained_at = self.belief.gate.draining_since().map(|since| since + DRAIN);
            if drained_at.is_some_and(|at| clock::now() >= at || self.is_hurried()) {
                return;
            }
            self.changed(drained_at.unwrap_or(Timestamp::NEVER)).await;
        }
    }
}

/// Another part of the same work: the key is not released before both have ended.
impl Clone for Guard {
    fn clone(&self) -> Self {
        self.belief.gate.join();
        Self { belief: self.belief.clone(), term: self.term, began: self.began }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.belief.gate.leave();
    }
}
