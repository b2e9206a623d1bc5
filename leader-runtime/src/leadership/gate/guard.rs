//! The guard of work under a lock: the key is not released while a guard is alive, and the work goes
//! on only while its own epoch of leadership is believed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use leader_core::election::{Term, Timestamp};
use tokio::sync::watch;

use super::{Gate, Role};
use crate::system::clock;

/// Held by work that goes on: the key is not released before all guards are dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    belief: Belief,
    term: Term,
    began: crate::model::Term,
}

/// The belief of this process that it leads, in one epoch.
#[derive(Clone, Debug)]
pub(crate) struct Belief {
    gate: Gate,
    epoch: u64,
}

/// A view of a term for the work under it: trust, drain, and their changes.
#[derive(Debug)]
pub(crate) struct TermWatch {
    belief: Belief,
    role: watch::Receiver<Role>,
}

/// Drain of work under a lock without a job.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

impl Belief {
    pub(super) const fn new(gate: Gate, epoch: u64) -> Self {
        Self { gate, epoch }
    }

    /// Whether the belief holds now. No I/O: called before every poll.
    pub(crate) fn holds(&self) -> bool {
        self.held_at().is_some()
    }

    /// The instant of the check if the belief holds, otherwise `None`.
    pub(crate) fn held_at(&self) -> Option<Timestamp> {
        let (epoch, now) = self.gate.leading()?;
        (epoch == self.epoch).then_some(now)
    }
}

impl Guard {
    pub(super) const fn new(belief: Belief, term: Term, began: crate::model::Term) -> Self {
        Self { belief, term, began }
    }

    pub(crate) const fn belief(&self) -> &Belief {
        &self.belief
    }

    pub(crate) const fn term(&self) -> Term {
        self.term
    }

    /// The term as users see it.
    pub(crate) const fn began(&self) -> crate::model::Term {
        self.began
    }

    pub(crate) fn watch(&self) -> TermWatch {
        TermWatch { belief: self.belief.clone(), role: self.belief.gate.subscribe() }
    }

    /// Waits until the work has ended, or may not go on and was dropped. The key may be released after
    /// it.
    pub(crate) async fn run<T>(self, work: impl Future<Output = T>) -> Option<T> {
        self.led(work).await
    }

    /// Like [`run`](Self::run), and holds the key on for further work.
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

impl TermWatch {
    /// Whether leadership is believed, now.
    pub(crate) fn holds(&self) -> bool {
        self.belief.holds()
    }

    /// The deadline of trust, unless another beat is confirmed.
    pub(crate) fn trusted_until(&self) -> Timestamp {
        self.belief.gate.trust().until()
    }

    /// The trust left at which a beat counts as missed, by how late the others were answered.
    pub(crate) fn missed_beat(&self) -> Duration {
        self.belief.gate.trust().missed_beat()
    }

    /// Whether the key is to be released.
    pub(crate) fn is_draining(&self) -> bool {
        matches!(*self.role.borrow(), Role::Draining(_))
    }

    /// Whether the key is to be released, or leadership is not believed: no work may begin.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_draining() || !self.holds()
    }

    /// Waits until the key is to be released, or leadership is not believed. Cancel safe.
    pub(crate) async fn ending(mut self) {
        while !self.is_ending() {
            self.changed(Timestamp::NEVER).await;
        }
    }

    /// Whether all drains are cut short.
    pub(crate) fn is_hurried(&self) -> bool {
        self.belief.gate.trust().is_hurried()
    }

    /// Waits until any of these may have changed, or until `instant` or a good part of the way there.
    /// Cancel safe.
    pub(crate) async fn changed(&mut self, instant: Timestamp) {
        let instant = instant.min(self.trusted_until());
        tokio::select! {
            // never closed: this holds the gate, which has the sender
            _ = self.role.changed() => {}
            () = clock::sleep_towards(instant) => {}
        }
    }

    /// Waits until work without a job must end: trust has ended, or the key's [`DRAIN`] has.
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

/// A guard for another part of the same work: the key is not released before both are dropped.
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
