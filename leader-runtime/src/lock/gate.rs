//! What this process knows of its leadership: written by the driver, read at every gate and by
//! everything that runs under a lock; without a network and, at the gate, without a lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use leader_core::election::{KeyId, Term, Timestamp};
use tokio::sync::{mpsc, watch};

use super::guard::{Belief, Guard};
use crate::clock;
use crate::job::Fence;
use crate::metrics::{KeyMeter, TermMeter};

/// Until when a process may believe in its terms, all of them.
#[derive(Debug)]
pub(crate) struct Trust {
    /// Nanoseconds; 0 where nothing may be believed.
    until: AtomicU64,
    /// Every drain is used up.
    hurried: AtomicBool,
    /// What every fence begins above.
    fence_base: u64,
    drained: mpsc::UnboundedSender<Term>,
    begun: mpsc::UnboundedSender<Term>,
    meter: TermMeter,
}

/// What is reported of all terms.
#[derive(Debug)]
pub(super) struct Reports {
    /// Those whose work has ended.
    pub(super) drained: mpsc::UnboundedReceiver<Term>,
    /// Those whose work may start, and those that were taken up again.
    pub(super) begun: mpsc::UnboundedReceiver<Term>,
}

/// One key, as this process stands with it.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Post>);

#[derive(Debug)]
struct Post {
    key: KeyId,
    trust: Arc<Trust>,
    meter: KeyMeter,
    /// The stint that leads: no two of one process are alike; 0 where none does.
    stint: AtomicU64,
    entry: Mutex<Entry>,
    standing: watch::Sender<Standing>,
}

#[derive(Debug, Default)]
struct Entry {
    term: Option<Term>,
    /// The latest term, and when it began.
    began: Option<super::Term>,
    /// Whether new work may start.
    open: bool,
    /// What goes on, of whatever stint.
    running: usize,
    /// Which term to report as drained when nothing runs any more.
    draining: Option<Term>,
    /// Since when the latest term is to be given up, if it is.
    draining_since: Option<Timestamp>,
}

/// Where this process stands with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does not lead, and may come to.
    By,
    /// It leads.
    Leading(Term),
    /// It leads until its work has ended.
    Draining(Term),
    /// Its work has ended, and the key is on its way back.
    Releasing,
    /// The lock manager is gone: it will never lead again.
    Gone,
}

impl Trust {
    /// Nothing to believe in yet.
    pub(super) fn new(fence_base: u64) -> (Arc<Self>, Reports) {
        let (drained, hears_drained) = mpsc::unbounded_channel();
        let (begun, hears_begun) = mpsc::unbounded_channel();
        let (until, hurried) = (AtomicU64::new(0), AtomicBool::new(false));
        let meter = TermMeter::new();
        let trust = Self { until, hurried, fence_base, drained, begun, meter };
        (Arc::new(trust), Reports { drained: hears_drained, begun: hears_begun })
    }

    pub(super) fn until(&self) -> Timestamp {
        Timestamp::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// To be called after the changes of the terms were written.
    pub(super) fn set_until(&self, until: Option<Timestamp>) {
        let until = until.unwrap_or_default();
        self.until.store(until.as_nanos(), Ordering::Release);
        self.meter.refresh(until);
    }

    pub(super) const fn meter(&self) -> &TermMeter {
        &self.meter
    }

    pub(super) fn refresh_meter(&self) {
        self.meter.refresh(self.until());
    }

    /// The number of this term for everything but the lock service, which counts from 1.
    pub(super) const fn fence(&self, term: Term) -> Fence {
        Fence::of(term, self.fence_base)
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Acquire)
    }
}

impl Gate {
    pub(super) fn new(key: KeyId, name: &str, trust: &Arc<Trust>) -> Self {
        Self(Arc::new(Post {
            key,
            trust: Arc::clone(trust),
            meter: KeyMeter::new(name),
            stint: AtomicU64::new(0),
            entry: Mutex::default(),
            standing: watch::Sender::new(Standing::By),
        }))
    }

    pub(crate) fn key(&self) -> KeyId {
        self.0.key
    }

    /// Whether this process leads the key now.
    pub(crate) fn is_leading(&self) -> bool {
        self.leading_stint().is_some()
    }

    /// The stint in which this process leads the key now.
    pub(super) fn leading_stint(&self) -> Option<u64> {
        self.leading().map(|(stint, _)| stint)
    }

    /// The same, and which instant that "now" was.
    pub(super) fn leading(&self) -> Option<(u64, Timestamp)> {
        // The deadline before the stint: a lapsed stint is taken down before the deadline moves on,
        // so that whoever reads the new deadline finds no old stint under it.
        let until = self.0.trust.until();
        let stint = self.0.stint.load(Ordering::Acquire);
        let now = clock::now();
        (stint != 0 && now < until).then_some((stint, now))
    }

    /// The term in which this process leads the key now.
    pub(crate) fn term(&self) -> Option<super::Term> {
        let term = self.entry().began?;
        self.is_leading().then_some(term)
    }

    /// Begins work under this key, where it is led and new work may start.
    pub(crate) fn enter(&self) -> Option<Guard> {
        let mut entry = self.entry();
        let (term, began) = (entry.term?, entry.began?);
        let stint = self.leading_stint().filter(|_| entry.open)?;
        entry.running += 1;
        let belief = Belief::new(self.clone(), stint);
        Some(Guard::new(belief, term, began))
    }

    /// Work that goes on has another part.
    pub(super) fn join(&self) {
        self.entry().running += 1;
    }

    /// Work that had begun has ended.
    pub(super) fn leave(&self) {
        let mut entry = self.entry();
        entry.running -= 1;
        if entry.running == 0
            && let Some(term) = entry.draining.take()
        {
            self.report_drained(term);
        }
    }

    /// Whether nobody has said that this process leads no longer, its deadline apart.
    pub(crate) fn is_said_to_lead(&self) -> bool {
        matches!(*self.0.standing.borrow(), Standing::Leading(_))
    }

    /// What the driver may take, on a busy machine, from a deadline to what follows from it. Nothing
    /// runs meanwhile: the gate is closed by the clock alone.
    const WAKING: Duration = Duration::from_millis(250);

    /// Whether its work goes on past the deadline, since what would stop it has not run.
    pub(super) fn is_past_deadline(&self) -> bool {
        let leads =
            || matches!(*self.0.standing.borrow(), Standing::Leading(_) | Standing::Draining(_));
        // asked again, since the driver may just be at it
        leads() && clock::now() >= self.0.trust.until() + Self::WAKING && leads()
    }

    /// How this process stands with the key, and how that changes.
    pub(crate) fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
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

    /// Work of this term may start, once trust is published; `stint` is a number never used before.
    pub(super) fn start(&self, term: Term, stint: u64) {
        let mut entry = self.entry();
        let running = entry.running;
        let fence = self.0.trust.fence(term);
        let began = entry.began.filter(|began| began.fence() == fence);
        let began = began.unwrap_or_else(|| super::Term::new(fence, SystemTime::now()));
        let term = Some(term);
        *entry = Entry { term, began: Some(began), open: true, running, ..Entry::default() };
        self.0.stint.store(stint, Ordering::Release);
    }

    /// Tells those who wait that work of this term may start.
    pub(super) fn announce(&self, term: Term) {
        let entry = self.entry();
        let still = entry.term == Some(term) && entry.open;
        drop(entry);
        if still {
            self.say(Standing::Leading(term));
            // a lock manager without jobs has nobody who listens
            let _ = self.0.trust.begun.send(term);
        }
    }

    /// No new work of this term starts; when none goes on, that is reported.
    pub(super) fn drain(&self, term: Term) {
        let mut entry = self.entry();
        entry.open = false;
        entry.draining_since.get_or_insert_with(clock::now);
        if entry.running == 0 {
            self.report_drained(term);
        } else {
            entry.draining = Some(term);
        }
        let is_led = entry.term == Some(term);
        drop(entry);
        if is_led {
            self.say(Standing::Draining(term));
        }
    }

    /// Since when this process is to give up the key that it leads, if it is.
    pub(super) fn draining_since(&self) -> Option<Timestamp> {
        self.entry().draining_since
    }

    /// No work of any term goes on.
    pub(super) fn stop(&self, then: Standing) {
        let mut entry = self.entry();
        self.0.stint.store(0, Ordering::Release);
        (entry.term, entry.open) = (None, false);
        drop(entry);
        self.say(then);
    }

    /// The key that was on its way back has arrived.
    pub(super) fn freed(&self) {
        self.0.standing.send_if_modified(|standing| {
            let was_releasing = *standing == Standing::Releasing;
            if was_releasing {
                *standing = Standing::By;
            }
            was_releasing
        });
    }

    /// Ends all work that drains, now and from now on.
    pub(super) fn hurry(&self) {
        self.0.trust.hurried.store(true, Ordering::Release);
        self.0.standing.send_modify(|_| {});
    }

    fn say(&self, standing: Standing) {
        self.0.standing.send_replace(standing);
    }

    fn report_drained(&self, term: Term) {
        // the driver is gone only after it has let go of everything, or with the process
        let _ = self.0.trust.drained.send(term);
    }

    fn entry(&self) -> MutexGuard<'_, Entry> {
        // nothing panics under this lock, and a count that is off by one would only delay a release
        self.0.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {

    use leader_core::election;

    use super::*;

    const TERM: Term = Term { key: KeyId(0), fence: election::Fence(7), stint: 0 };

    fn gate() -> (Gate, Arc<Trust>, mpsc::UnboundedReceiver<Term>) {
        let (trust, reports) = Trust::new(0);
        (Gate::new(KeyId(0), "test/key", &trust), trust, reports.drained)
    }

    fn soon() -> Option<Timestamp> {
        Some(clock::now() + Duration::from_secs(60))
    }

    #[test]
    fn a_gate_is_open_only_between_start_and_stop_and_inside_trust() {
        let (gate, trust, _drained) = gate();
        assert!(!gate.is_leading() && gate.enter().is_none());
        gate.start(TERM, 1);
        assert!(!gate.is_leading() && gate.enter().is_none());
        trust.set_until(soon());
        assert!(gate.is_leading());
        assert_eq!(gate.enter().map(|guard| guard.term()), Some(TERM));
        trust.set_until(Some(clock::now()));
        assert!(!gate.is_leading() && gate.enter().is_none());
        trust.set_until(soon());
        gate.stop(Standing::By);
        assert!(!gate.is_leading() && gate.enter().is_none());
    }

    #[test]
    fn work_is_past_its_deadline_where_nobody_has_stopped_it() {
        let (gate, trust, _drained) = gate();
        assert!(!gate.is_past_deadline());
        gate.start(TERM, 1);
        trust.set_until(soon());
        gate.announce(TERM);
        assert!(!gate.is_past_deadline());
        // the driver may have only just woken
        trust.set_until(Some(clock::now()));
        assert!(!gate.is_past_deadline() && !gate.is_leading());
        trust.set_until(Some(Timestamp::from_nanos(1)));
        assert!(gate.is_past_deadline() && !gate.is_leading());
        gate.stop(Standing::By);
        assert!(!gate.is_past_deadline());
    }

    #[test]
    fn a_lapsed_stint_is_not_revived_by_the_next_one() {
        let (gate, trust, _drained) = gate();
        gate.start(TERM, 1);
        trust.set_until(soon());
        let guard = gate.enter().unwrap();
        assert!(guard.belief().holds());
        gate.stop(Standing::By);
        gate.start(Term { stint: 1, ..TERM }, 2);
        assert!(gate.is_leading() && !guard.belief().holds());
    }

    #[test]
    fn l3_a_term_is_reported_as_drained_once_and_only_when_nothing_runs() {
        let (gate, trust, mut drained) = gate();
        gate.start(TERM, 1);
        trust.set_until(soon());
        let (one, two) = (gate.enter().unwrap(), gate.enter().unwrap());
        gate.drain(TERM);
        assert!(gate.enter().is_none() && one.belief().holds());
        drop(one);
        assert!(drained.try_recv().is_err());
        drop(two);
        assert_eq!(drained.try_recv(), Ok(TERM));
        assert!(drained.try_recv().is_err());
    }

    #[test]
    fn l3_work_of_a_stint_that_was_lost_still_holds_back_the_release_of_the_next() {
        let (gate, trust, mut drained) = gate();
        gate.start(TERM, 1);
        trust.set_until(soon());
        let old = gate.enter().unwrap();
        gate.stop(Standing::By);
        gate.start(Term { stint: 1, ..TERM }, 2);
        gate.drain(Term { stint: 1, ..TERM });
        assert!(drained.try_recv().is_err());
        drop(old);
        assert!(drained.try_recv().is_ok());
    }
}
