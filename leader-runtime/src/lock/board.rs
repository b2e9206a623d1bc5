//! What this process knows of its leadership: written by the driver, read by the gate and by every
//! running job, without a network and, at the gate, without a lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use leader_core::election::{KeyId, Term, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::clock;

/// The notice board of one lock manager.
#[derive(Debug)]
pub(crate) struct Board {
    /// Nanoseconds; 0 where nothing may be believed.
    trusted_until: AtomicU64,
    /// Every drain is used up.
    hurry: AtomicBool,
    posts: Vec<Post>,
    drained: mpsc::UnboundedSender<Term>,
}

/// One key on the board.
#[derive(Debug)]
struct Post {
    /// The stint that leads: no two of one process are alike; 0 where none does.
    stint: AtomicU64,
    entry: Mutex<Entry>,
    standing: watch::Sender<Standing>,
}

#[derive(Debug, Default)]
struct Entry {
    term: Option<Term>,
    /// Whether new work may start.
    open: bool,
    /// Runs that go on, of whatever stint.
    running: usize,
    /// Which term to report as drained when nothing runs any more.
    draining: Option<Term>,
}

/// Where this process stands with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does not lead.
    By,
    /// It leads.
    Leading(Term),
    /// It leads until its work has ended.
    Draining(Term),
}

impl Board {
    /// A board of so many keys, none of them led. The receiver hears which terms have drained.
    pub(crate) fn new(keys: usize) -> (Self, mpsc::UnboundedReceiver<Term>) {
        let (drained, receiver) = mpsc::unbounded_channel();
        let post = || Post {
            stint: AtomicU64::new(0),
            entry: Mutex::default(),
            standing: watch::Sender::new(Standing::By),
        };
        let posts = (0..keys).map(|_| post()).collect();
        let (trusted_until, hurry) = (AtomicU64::new(0), AtomicBool::new(false));
        (Self { trusted_until, hurry, posts, drained }, receiver)
    }

    /// The gate: whether this process leads the key now.
    pub(crate) fn is_leading(&self, key: KeyId) -> bool {
        // The deadline before the stint: a lapsed stint is taken down before the deadline moves on,
        // so that whoever reads the new deadline finds no old stint under it.
        let until = self.trusted_until.load(Ordering::Acquire);
        self.post(key).stint.load(Ordering::Acquire) != 0 && clock::now().as_nanos() < until
    }

    /// Enters a run of this key, where it is led and new work may start.
    pub(crate) fn enter(self: &Arc<Self>, key: KeyId) -> Option<Guard> {
        let post = self.post(key);
        let mut entry = post.entry();
        let term = entry.term?;
        if !entry.open || !self.is_leading(key) {
            return None;
        }
        entry.running += 1;
        let stint = post.stint.load(Ordering::Acquire);
        let belief = Belief { board: Arc::clone(self), term, stint };
        Some(Guard { belief, standing: post.standing.subscribe() })
    }

    /// Ends every run that drains, now and from now on.
    pub(crate) fn hurry(&self) {
        self.hurry.store(true, Ordering::Release);
        for post in &self.posts {
            post.standing.send_modify(|_| {});
        }
    }

    /// Whether every drain is used up.
    pub(crate) fn is_hurried(&self) -> bool {
        self.hurry.load(Ordering::Acquire)
    }

    /// Until when terms are believed, after their changes were written.
    pub(super) fn trust_until(&self, until: Option<Timestamp>) {
        let nanos = until.map_or(0, Timestamp::as_nanos);
        self.trusted_until.store(nanos, Ordering::Release);
    }

    /// Work of this term may start; `stint` is a number never used before.
    pub(super) fn start(&self, term: Term, stint: u64) {
        let post = self.post(term.key);
        let mut entry = post.entry();
        let running = entry.running;
        *entry = Entry { term: Some(term), open: true, running, draining: None };
        post.stint.store(stint, Ordering::Release);
        drop(entry);
        post.standing.send_replace(Standing::Leading(term));
    }

    /// No new work of this term starts; when none goes on, the receiver hears of it.
    pub(super) fn drain(&self, term: Term) {
        let post = self.post(term.key);
        let mut entry = post.entry();
        entry.open = false;
        if entry.running == 0 {
            self.report_drained(term);
        } else {
            entry.draining = Some(term);
        }
        let led = entry.term == Some(term);
        drop(entry);
        if led {
            post.standing.send_replace(Standing::Draining(term));
        }
    }

    /// No work of this term goes on.
    pub(super) fn stop(&self, term: Term) {
        let post = self.post(term.key);
        let mut entry = post.entry();
        post.stint.store(0, Ordering::Release);
        entry.term = None;
        entry.open = false;
        drop(entry);
        post.standing.send_replace(Standing::By);
    }

    fn leave(&self, key: KeyId) {
        let mut entry = self.post(key).entry();
        entry.running -= 1;
        if entry.running == 0
            && let Some(term) = entry.draining.take()
        {
            self.report_drained(term);
        }
    }

    fn report_drained(&self, term: Term) {
        // the driver is gone only after it has let go of everything, or with the process
        let _ = self.drained.send(term);
    }

    fn post(&self, KeyId(key): KeyId) -> &Post {
        &self.posts[key as usize]
    }
}

impl Post {
    fn entry(&self) -> MutexGuard<'_, Entry> {
        // nothing panics under this lock, and a count that is off by one would only delay a release
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that goes on; while there is one, its key is not released.
#[derive(Debug)]
pub(crate) struct Guard {
    belief: Belief,
    standing: watch::Receiver<Standing>,
}

/// That this process leads in one term, which ends.
#[derive(Clone, Debug)]
pub(crate) struct Belief {
    board: Arc<Board>,
    term: Term,
    stint: u64,
}

impl Belief {
    /// Whether the term is believed, now. No I/O; asked before every poll of a job.
    pub(crate) fn holds(&self) -> bool {
        let until = self.until();
        let stint = self.board.post(self.term.key).stint.load(Ordering::Acquire);
        stint == self.stint && clock::now() < until
    }

    fn until(&self) -> Timestamp {
        Timestamp::from_nanos(self.board.trusted_until.load(Ordering::Acquire))
    }
}

impl Guard {
    pub(crate) const fn belief(&self) -> &Belief {
        &self.belief
    }

    pub(crate) const fn term(&self) -> Term {
        self.belief.term
    }

    /// Comes back when the run must end: trust has ended, or the key is to be given up and `drain`
    /// has passed since.
    pub(crate) async fn ended(&mut self, drain: Duration) -> End {
        let mut drained_at = None;
        loop {
            if !self.belief.holds() {
                return End::TrustEnded;
            }
            if matches!(*self.standing.borrow_and_update(), Standing::Draining(_)) {
                let at = *drained_at.get_or_insert_with(|| clock::now() + drain);
                if clock::now() >= at || self.belief.board.is_hurried() {
                    return End::DrainUsedUp;
                }
            }
            let until = self.belief.until();
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
        self.belief.board.leave(self.belief.term.key);
    }
}

/// Why a run had to end before it ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    TrustEnded,
    DrainUsedUp,
}
