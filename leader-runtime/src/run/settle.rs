//! A job with a record: whatever of it is pending is run, one at a time, and each run is claimed
//! before it begins.
//!
//! A firing of such a job is no more than a reason to look: what is due by the clock and not by the
//! record is run, the oldest first or the newest alone, as the job wants it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use leader_core::record::{Ended, Keeping, Record, Todo};
use leader_core::{Interrupted, Missed, Overlap};
use tracing::warn;

use super::Shared;
use super::course::{self, Finished};
use super::firing::{Firing, Occasion, Past};
use super::job::Job;
use super::ledger::{Ledger, Office};
use super::outcome::{RunOutcome, SkipReason};
use crate::clock;
use crate::job::{Spare, StopReason};
use crate::lock::{Place, Records};

const MOMENT: Duration = Duration::from_nanos(1);

/// Where the records of this process's jobs are kept, and by whom.
#[derive(Clone)]
pub(crate) struct Archive {
    pub(crate) records: Arc<dyn Records>,
    pub(crate) node: Arc<str>,
}

/// What a job wants kept, and where.
#[derive(Debug)]
pub(super) struct Book {
    keeping: Keeping,
    office: Office,
    /// The record, as this process read it in its term.
    ledger: Mutex<Option<Ledger>>,
    /// Whether a run goes on, and not only a look at the record.
    is_running: AtomicBool,
}

impl Archive {
    pub(super) fn book(&self, keeping: Keeping, lock: &str, job: &str) -> Book {
        let place = Place { lock: lock.to_owned(), job: job.to_owned() };
        let office =
            Office { records: Arc::clone(&self.records), place, node: Arc::clone(&self.node) };
        Book { keeping, office, ledger: Mutex::default(), is_running: AtomicBool::new(false) }
    }
}

impl Book {
    fn ledger(&self) -> MutexGuard<'_, Option<Ledger>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a due instant that nobody runs is kept, for this process or the next leader.
    pub(super) fn keeps_missed(&self) -> bool {
        self.keeping.missed != Missed::Skip
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    async fn run(&self, job: &Job, shared: &Shared, firing: &Firing, past: Past) -> Finished {
        self.is_running.store(true, Ordering::Release);
        let finished = course::run(job, shared, firing, past, &mut Spare::default()).await;
        self.is_running.store(false, Ordering::Release);
        finished
    }
}

/// Runs what is pending. Comes back when nothing is, the term is over, or the key is to be given
/// up: the next leader runs the rest.
pub(super) async fn settle(job: &Job, shared: &Shared, book: &Book, firing: &Firing) {
    // what no schedule says is no part of the record
    if firing.occasion.is_wish() {
        book.run(job, shared, firing, Past::default()).await;
    }
    let fence = firing.guard.term().fence;
    // put back when it is known how it reads
    let taken = book.ledger().take();
    let ledger = match taken {
        Some(ledger) if ledger.fence() == fence => Some(ledger),
        _ => {
            // where there was no record yet, this very instant is no bygone
            let since = firing.due.timestamp() - MOMENT;
            let opened = book.office.clone().open(fence, job.schedule(), since);
            let opened = firing.guard.led(opened).await.and_then(Result::ok);
            if let Some(at) = opened.as_ref().and_then(|ledger| ledger.record.last_success()) {
                job.meter().succeeded(job.name.as_str(), clock::since_epoch(at));
            }
            opened
        }
    };
    let Some(mut ledger) = ledger else { return };
    let mut is_first = true;
    while let Some(todo) = next(job, book, &mut ledger, firing, is_first) {
        is_first = false;
        if !work(job, shared, book, &mut ledger, firing, todo).await {
            return;
        }
    }
    *book.ledger() = Some(ledger);
}

fn next(
    job: &Job,
    book: &Book,
    ledger: &mut Ledger,
    firing: &Firing,
    is_first: bool,
) -> Option<Todo> {
    let (schedule, keeping) = (job.schedule(), book.keeping);
    // where instants are kept, it was among those that were pending
    let is_live = firing.occasion == Occasion::Due && (is_first || !book.keeps_missed());
    let live = |record: &Record| is_live.then(|| record.live(firing.due.timestamp())).flatten();
    let (mut now, mut from) = (clock::wall(), clock::wall());
    if firing.occasion == Occasion::Due {
        let due = firing.due.timestamp();
        (now, from) = (now.max(due), now.min(due - MOMENT));
    }
    ledger.set_right(&job.name, now, from);
    let record = &mut ledger.record;
    // what is kept for the next leader is not begun when the key is to be given up; a run that is to
    // be made again would be lost to it by a claim of another
    if firing.guard.watch().is_draining() {
        let is_kept = book.keeps_missed()
            || keeping.interrupted == Interrupted::Rerun && record.interrupted().is_some();
        return if is_kept { None } else { live(record) };
    }
    if book.keeps_missed() {
        let given_up = record.give_up(schedule, keeping, now);
        if let Some(oldest) = given_up.oldest {
            let (count, oldest) = (given_up.count, job.due(oldest));
            warn!(job = %job.name, count, %oldest, "missed too long ago: not run");
        }
    }
    record.next(schedule, keeping, now).or_else(|| live(record))
}

/// Claims a run, makes it, and writes down how it ended; false where the term is over.
async fn work(
    job: &Job,
    shared: &Shared,
    book: &Book,
    ledger: &mut Ledger,
    firing: &Firing,
    todo: Todo,
) -> bool {
    let guard = &firing.guard;
    let now = clock::wall();
    let next = job.schedule().next_after(todo.due);
    let is_newest = next.is_none_or(|next| next > now);
    let claimed = guard.led(ledger.claim(todo, now)).await;
    if claimed.is_none_or(|claimed| claimed.is_err()) {
        return false;
    }
    let run = Firing::new(job.due(todo.due), Arc::clone(guard), Occasion::Due);
    let past = Past { interrupted: todo.attempt - 1, missing: todo.missing };
    let finished = book.run(job, shared, &run, past).await;
    // what was due while older ones were worked off is no reason to leave it out
    if is_newest
        && job.policies().overlap == Overlap::Skip
        && let Some(overlapped) = job.slot.withdraw(|next| next.occasion == Occasion::Due)
    {
        job.faults().tell_overlap(&job.name, overlapped.due);
        shared.tell_skipped(job, &overlapped, SkipReason::Overlap);
        ledger.record.pass_over(overlapped.due.timestamp());
    }
    let ended = match finished.outcome {
        RunOutcome::Ok => Ended::Ok,
        RunOutcome::Skipped(why) => Ended::Skipped(why.to_string()),
        RunOutcome::Failed(why) => Ended::Failed(why.to_string()),
        RunOutcome::Cancelled(reason @ StopReason::Replaced) => Ended::Failed(reason.to_string()),
        RunOutcome::Cancelled(reason) => Ended::Interrupted(reason.to_string()),
    };
    let written = guard.led(ledger.end(ended, clock::wall())).await;
    written.is_some_and(|written| written.is_ok())
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the archive of {}", self.node)
    }
}
