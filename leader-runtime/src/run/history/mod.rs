//! Catch-up of a job with a record: its pending runs are made one at a time, and each run is claimed
//! in the record before it begins.
//!
//! A firing of such a job is only a reason to look at the record. The instants that are due by the
//! clock and not by the record are run, the oldest first or the newest alone, by `missed`.

pub(super) mod json;
mod open_record;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leader_core::record::{NextRun, Record, RecordPolicy, RecordedOutcome};
use leader_core::{Interrupted, Missed};

use self::open_record::JobRecord;
use super::execute::{EndedRun, Execution};
use super::firing::{Cause, Firing, Past};
use crate::job::Spare;
use crate::leadership::{RecordKey, RecordStore};
use crate::model::{RunOutcome, SkipReason, StopReason};
use crate::sync::Mutex;
use crate::system::clock;

/// The smallest step between two instants.
const NANOSECOND: Duration = Duration::from_nanos(1);

/// The record store of a process, and the name under which its node claims runs.
#[derive(Clone)]
pub(crate) struct RecordAccess {
    pub(crate) store: Arc<dyn RecordStore>,
    pub(crate) node: Arc<str>,
}

/// The record of a job, over all terms of this process.
#[derive(Debug)]
pub(super) struct History {
    policy: RecordPolicy,
    access: RecordAccess,
    key: RecordKey,
    /// The record as it was left by the last catch-up; `None` before it, and where its state is
    /// unknown.
    open: Mutex<Option<JobRecord>>,
    /// Whether a run is under way, and not only a record check.
    is_running: AtomicBool,
}

impl RecordAccess {
    /// The history of a job under a lock.
    pub(super) fn history(&self, policy: RecordPolicy, lock: &str, job: &str) -> History {
        let key = RecordKey { lock: lock.to_owned(), job: job.to_owned() };
        let (open, is_running) = (Mutex::default(), AtomicBool::new(false));
        History { policy, access: self.clone(), key, open, is_running }
    }
}

impl History {
    /// Whether a due instant that nobody runs stays pending, for this process or the next leader.
    pub(super) fn keeps_missed(&self) -> bool {
        self.policy.missed != Missed::Skip
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }
}

/// A mark that a run is under way, until it is dropped.
struct RunMark<'a>(&'a AtomicBool);

impl<'a> RunMark<'a> {
    fn set(is_running: &'a AtomicBool) -> Self {
        is_running.store(true, Ordering::Release);
        Self(is_running)
    }
}

impl Drop for RunMark<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Makes the pending runs. Returns when none is left, the term has ended, or the key is to be given
/// up: the next leader makes the others.
pub(super) async fn catch_up(execution: Execution<'_>, history: &History) {
    let Execution { job, shared, firing } = execution;
    let catch_up = CatchUp { execution, history };
    // a run that no schedule demands is no part of the record
    if firing.cause.is_unscheduled() {
        catch_up.run(firing, Past::default()).await;
    }
    let Some(mut record) = catch_up.open_record().await else { return };
    let mut is_first = true;
    while let Some(todo) = catch_up.next(&mut record, is_first) {
        is_first = false;
        if !catch_up.run_claimed(&mut record, todo).await {
            return;
        }
    }
    let Some(Ok(expired)) = firing.guard.led(record.write_expired()).await else { return };
    shared.report_missed(job, firing, SkipReason::Expired, expired);
    *history.open.lock() = Some(record);
}

/// The catch-up of one firing.
#[derive(Clone, Copy)]
struct CatchUp<'a> {
    execution: Execution<'a>,
    history: &'a History,
}

impl CatchUp<'_> {
    async fn run(self, firing: &Firing, past: Past) -> EndedRun {
        let _mark = RunMark::set(&self.history.is_running);
        Execution { firing, ..self.execution }.run(past, &mut Spare::default()).await
    }

    /// The record in the term of the firing: as it was left, or read anew. `None` where the term is
    /// over.
    async fn open_record(self) -> Option<JobRecord> {
        let Self { execution: Execution { job, firing, .. }, history } = self;
        let fence = firing.guard.term().fence;
        // put back only when its state is known
        let left = history.open.lock().take();
        if let Some(record) = left.filter(|record| record.fence() == fence) {
            return Some(record);
        }
        // where there was no record yet, this very instant was not missed
        let since = firing.due.timestamp() - NANOSECOND;
        let (access, key) = (history.access.clone(), history.key.clone());
        let ending = firing.guard.watch().ending();
        let opened = JobRecord::open(access, key, fence, job.schedule(), since, ending);
        let opened = firing.guard.led(opened).await.and_then(Result::ok);
        if let Some(at) = opened.as_ref().and_then(|opened| opened.record.succeeded) {
            job.meter().has_succeeded(job.name.as_str(), clock::since_epoch(at));
        }
        opened
    }

    /// The next run to claim; `None` where no run is pending, or the key is to be given up.
    fn next(self, open: &mut JobRecord, is_first: bool) -> Option<NextRun> {
        let Self { execution: Execution { job, firing, .. }, history } = self;
        let (schedule, policy) = (job.schedule(), history.policy);
        // where missed instants are kept, the firing's own was among the pending ones
        let is_scheduled = firing.cause == Cause::Schedule;
        let may_be_on_time = is_scheduled && (is_first || !history.keeps_missed());
        let on_time = |record: &Record| {
            may_be_on_time.then(|| record.on_time(firing.due.timestamp())).flatten()
        };
        let (mut now, mut from) = (clock::wall(), clock::wall());
        if is_scheduled {
            let due = firing.due.timestamp();
            (now, from) = (now.max(due), now.min(due - NANOSECOND));
        }
        open.rewind(now, from);
        // An instant that is kept for the next leader is not begun when the key is to be given up. A
        // run that is to be made again would be lost to it by the claim of another.
        if firing.guard.watch().is_draining() {
            let record = &open.record;
            let is_kept = history.keeps_missed()
                || policy.interrupted == Interrupted::Rerun && record.interrupted().is_some();
            return if is_kept { None } else { on_time(record) };
        }
        if history.keeps_missed() {
            open.expire(schedule, policy, now);
        }
        let record = &open.record;
        record.next(schedule, policy, now).or_else(|| on_time(record))
    }

    /// Claims a run, makes it, and records its end. Returns false where the term is over.
    async fn run_claimed(self, open: &mut JobRecord, todo: NextRun) -> bool {
        let Self { execution: Execution { job, shared, firing }, history } = self;
        let guard = &firing.guard;
        let now = clock::wall();
        let next = job.schedule().next_after(todo.due);
        let is_newest = next.is_none_or(|next| next > now);
        let claimed = guard.led(open.claim(todo, now)).await;
        let Some(Ok(expired)) = claimed else { return false };
        shared.report_missed(job, firing, SkipReason::Expired, expired);
        shared.report_missed(job, firing, SkipReason::Coalesced, todo.missing);
        let claimed = Firing::new(job.due(todo.due), Arc::clone(guard), Cause::Schedule);
        let past = Past { interrupted: todo.attempt - 1, missing: todo.missing };
        let run = self.run(&claimed, past).await;
        // instants that came due during older runs are no overlap
        let mut overlapped = None;
        if is_newest
            && job.overlap_rules().skips_after_newest()
            && let Some(newest) = job.slot.withdraw(|next| next.cause == Cause::Schedule)
        {
            let passed = open.record.skip_until(job.schedule(), newest.due.timestamp());
            if history.keeps_missed() {
                overlapped = Some((passed.without_last(), newest));
            } else {
                // the record does not keep it; those that it has replaced were reported then
                shared.report_overlap(job, &newest);
            }
        }
        let reruns = history.policy.interrupted == Interrupted::Rerun;
        let end = open.end(recorded(run, reruns), clock::wall());
        let is_written = guard.led(end).await.is_some_and(|written| written.is_ok());
        if is_written && let Some((older, newest)) = overlapped {
            shared.report_missed(job, firing, SkipReason::Overlap, older);
            shared.report_overlap(job, &newest);
        }
        is_written
    }
}

/// The end of a run as the record keeps it. With `reruns`, a failed run whose retry was still to come
/// when the key was given up is left to the next leader.
fn recorded(run: EndedRun, reruns: bool) -> RecordedOutcome {
    match run.outcome {
        RunOutcome::Failed(why) if run.lost_retry && reruns => {
            RecordedOutcome::Interrupted(why.to_string())
        }
        RunOutcome::Ok => RecordedOutcome::Ok,
        RunOutcome::Skipped(why) => RecordedOutcome::Skipped(why.to_string()),
        RunOutcome::Failed(why) => RecordedOutcome::Failed(why.to_string()),
        RunOutcome::Cancelled(reason @ StopReason::Replaced) => {
            RecordedOutcome::Failed(reason.to_string())
        }
        RunOutcome::Cancelled(reason) => RecordedOutcome::Interrupted(reason.to_string()),
    }
}

impl fmt::Debug for RecordAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordAccess").field("node", &self.node).finish_non_exhaustive()
    }
}
