//! The gate of each key: whether this process leads it. Written by the driver, read by each firing
//! and each poll of a job, without the network; the check before a poll takes no lock.

mod guard;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime};

use leader_core::election::{KeyId, Term, Timestamp};
use tokio::sync::{mpsc, watch};

use self::guard::Belief;
pub(crate) use self::guard::{DRAIN, Guard, TermWatch};
use crate::metrics::{KeyMeter, TermMeter};
use crate::model::Fence;
use crate::sync::Mutex;
use crate::system::clock;

/// The deadline until which this process may believe in its terms; one for all of them.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The deadline in nanoseconds; 0 where no term may be believed.
    until: AtomicU64,
    /// The trust left, in nanoseconds, at which a beat counts as missed.
    missed_beat: AtomicU64,
    /// Whether all drains are cut short.
    hurried: AtomicBool,
    /// Added to the fence of every term.
    fence_base: u64,
    drained: mpsc::UnboundedSender<Term>,
    begun: mpsc::UnboundedSender<Term>,
    meter: TermMeter,
}

/// The reports of all gates.
#[derive(Debug)]
pub(super) struct Reports {
    /// Terms whose work has ended.
    pub(super) drained: mpsc::UnboundedReceiver<Term>,
    /// Terms whose work may start, also those that were resumed.
    pub(super) begun: mpsc::UnboundedReceiver<Term>,
}

/// The gate of one key.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<GateState>);

#[derive(Debug)]
struct GateState {
    key: KeyId,
    trust: Arc<Trust>,
    meter: KeyMeter,
    /// The current epoch of leadership, unique in this process; 0 where it does not lead. A term has
    /// an epoch for its start and for each time it was resumed.
    epoch: AtomicU64,
    state: Mutex<TermState>,
    role: watch::Sender<Role>,
}

#[derive(Debug, Default)]
struct TermState {
    term: Option<Term>,
    /// The latest term as users see it, with its beginning.
    began: Option<crate::model::Term>,
    /// Whether new work may start.
    open: bool,
    /// Number of guards alive, of any epoch.
    running: usize,
    /// The term to report as drained when `running` reaches 0.
    draining: Option<Term>,
    /// The beginning of the latest term's drain, if it drains.
    draining_since: Option<Timestamp>,
}

/// The role of this process for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Does not lead, and may come to.
    Standby,
    /// Leads.
    Leader(Term),
    /// Leads until its work has ended.
    Draining(Term),
    /// Has ended its work, and releases the key.
    Releasing,
    /// Will never lead again: the session manager has ended.
    Closed,
}

impl Trust {
    /// Creates a trust that has ended, and the receivers of the gates' reports.
    pub(super) fn new(fence_base: u64) -> (Arc<Self>, Reports) {
        let (drained, drained_terms) = mpsc::unbounded_channel();
        let (begun, begun_terms) = mpsc::unbounded_channel();
        let (until, hurried) = (AtomicU64::new(0), AtomicBool::new(false));
        let meter = TermMeter::new();
        let missed_beat = AtomicU64::new(u64::MAX);
        let trust = Self { until, missed_beat, hurried, fence_base, drained, begun, meter };
        (Arc::new(trust), Reports { drained: drained_terms, begun: begun_terms })
    }

    pub(super) fn until(&self) -> Timestamp {
        Timestamp::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// Moves the deadline. Call it after the changes of the terms were written.
    pub(super) fn set_until(&self, until: Option<Timestamp>) {
        let until = until.unwrap_or_default();
        self.until.store(until.as_nanos(), Ordering::Release);
        self.meter.refresh(until);
    }

    pub(super) fn missed_beat(&self) -> Duration {
        Duration::from_nanos(self.missed_beat.load(Ordering::Relaxed))
    }

    /// Sets how much trust is left when a beat is answered in time. A decrease counts at once, an
    /// increase by and by.
    pub(super) fn expect(&self, left: Duration, beat: Duration) {
        let left = left.saturating_sub(beat).max(left / 2).as_nanos() as u64;
        let usual = self.missed_beat.load(Ordering::Relaxed);
        let usual = usual.saturating_add(beat.as_nanos() as u64 / 8);
        self.missed_beat.store(left.min(usual), Ordering::Relaxed);
    }

    pub(super) const fn meter(&self) -> &TermMeter {
        &self.meter
    }

    pub(super) fn refresh_meter(&self) {
        self.meter.refresh(self.until());
    }

    /// The fencing token (*fence*) of this term as users see it, with the base of the settings.
    pub(super) const fn fence(&self, term: Term) -> Fence {
        Fence::of(term, self.fence_base)
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Acquire)
    }
}

impl Gate {
    pub(super) fn new(key: KeyId, name: &str, trust: &Arc<Trust>) -> Self {
        Self(Arc::new(GateState {
            key,
            trust: Arc::clone(trust),
            meter: KeyMeter::new(name),
            epoch: AtomicU64::new(0),
            state: Mutex::default(),
            role: watch::Sender::new(Role::Standby),
        }))
    }

    pub(crate) fn key(&self) -> KeyId {
        self.0.key
    }

    /// Whether this process leads the key now.
    pub(crate) fn is_leading(&self) -> bool {
        self.leading_epoch().is_some()
    }

    /// The epoch in which this process leads the key now, if it leads.
    pub(super) fn leading_epoch(&self) -> Option<u64> {
        self.leading().map(|(epoch, _)| epoch)
    }

    /// The epoch in which this process leads the key, and the instant of the check.
    pub(super) fn leading(&self) -> Option<(u64, Timestamp)> {
        // The deadline before the epoch: a lapsed epoch is taken down before the deadline moves on,
        // so that a reader of the new deadline finds no old epoch under it.
        let until = self.0.trust.until();
        let epoch = self.0.epoch.load(Ordering::Acquire);
        let now = clock::now();
        (epoch != 0 && now < until).then_some((epoch, now))
    }

    /// The term in which this process leads the key now, if it leads.
    pub(crate) fn term(&self) -> Option<crate::model::Term> {
        let term = self.state().began?;
        self.is_leading().then_some(term)
    }

    /// Begins work under this key; `None` where it is not led, or no new work may start.
    pub(crate) fn enter(&self) -> Option<Guard> {
        let mut state = self.state();
        let (term, began) = (state.term?, state.began?);
        let epoch = self.leading_epoch().filter(|_| state.open)?;
        state.running += 1;
        let belief = Belief::new(self.clone(), epoch);
        Some(Guard::new(belief, term, began))
    }

    /// Counts another guard of work that has begun.
    pub(super) fn join(&self) {
        self.state().running += 1;
    }

    /// Counts the end of a guard.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.running -= 1;
        if state.running == 0
            && let Some(term) = state.draining.take()
        {
            self.report_drained(term);
        }
    }

    /// Whether any work goes on, of any epoch.
    pub(crate) fn has_work(&self) -> bool {
        self.state().running > 0
    }

    /// Whether the driver has announced a term that it has not ended. Ignores the deadline.
    pub(crate) fn is_announced(&self) -> bool {
        matches!(*self.0.role.borrow(), Role::Leader(_))
    }

    /// Maximum delay, on a busy machine, of the driver's reaction to a deadline. Nothing runs
    /// meanwhile: the clock alone closes the gate.
    const WAKE_DELAY: Duration = Duration::from_millis(250);

    /// Whether the driver has not ended the term though its deadline has passed.
    pub(super) fn is_past_deadline(&self) -> bool {
        let leads = || matches!(*self.0.role.borrow(), Role::Leader(_) | Role::Draining(_));
        // asked again, since the driver may just be at it
        leads() && clock::now() >= self.0.trust.until() + Self::WAKE_DELAY && leads()
    }

    /// The role of this process for the key, and its changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Role> {
        self.0.role.subscribe()
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.0.trust
    }

    pub(super) fn meter(&self) -> &KeyMeter {
        &self.0.meter
    }

    pub(super) fn refresh_meter(&self) {
        self.0.meter.refresh(self.is_leading());
    }

    /// Opens the gate for work of this term, once trust is published. `epoch` is a number never used
    /// before.
    pub(super) fn start(&self, term: Term, epoch: u64) {
        let mut state = self.state();
        let running = state.running;
        let fence = self.0.trust.fence(term);
        let began = state.began.filter(|began| began.fence() == fence);
        let began = began.unwrap_or_else(|| crate::model::Term::new(fence, SystemTime::now()));
        let term = Some(term);
        *state =
            TermState { term, began: Some(began), open: true, running, ..TermState::default() };
        self.0.epoch.store(epoch, Ordering::Release);
    }

    /// Notifies the subscribers that work of this term may start.
    pub(super) fn announce(&self, term: Term) {
        let state = self.state();
        let still = state.term == Some(term) && state.open;
        drop(state);
        if still {
            self.set_role(Role::Leader(term));
            // without jobs nobody listens
            let _ = self.0.trust.begun.send(term);
        }
    }

    /// Closes the gate for new work of this term, and reports it as drained when none goes on.
    pub(super) fn drain(&self, term: Term) {
        let mut state = self.state();
        state.open = false;
        state.draining_since.get_or_insert_with(clock::now);
        if state.running == 0 {
            self.report_drained(term);
        } else {
            state.draining = Some(term);
        }
        let is_led = state.term == Some(term);
        drop(state);
        if is_led {
            self.set_role(Role::Draining(term));
        }
    }

    /// The beginning of the drain of the key, if it drains.
    pub(super) fn draining_since(&self) -> Option<Timestamp> {
        self.state().draining_since
    }

    /// Ends the current epoch: no work of any term may go on.
    pub(crate) fn stop(&self, then: Role) {
        let mut state = self.state();
        self.0.epoch.store(0, Ordering::Release);
        (state.term, state.open) = (None, false);
        drop(state);
        self.set_role(then);
    }

    /// Ends the release of the key: the lock service has it back.
    pub(crate) fn freed(&self) {
        self.0.role.send_if_modified(|role| {
            let was_releasing = *role == Role::Releasing;
            if was_releasing {
                *role = Role::Standby;
            }
            was_releasing
        });
    }

    /// Cuts all drains short, now and from now on.
    pub(super) fn hurry(&self) {
        self.0.trust.hurried.store(true, Ordering::Release);
        self.0.role.send_modify(|_| {});
    }

    fn set_role(&self, role: Role) {
        self.0.role.send_replace(role);
    }

    fn report_drained(&self, term: Term) {
        // the driver ends only after it has released everything, or with the process
        let _ = self.0.trust.drained.send(term);
    }

    fn state(&self) -> MutexGuard<'_, TermState> {
        // nothing panics under this lock, and a count that is off by one would only delay a release
        self.0.state.lock()
    }
}
