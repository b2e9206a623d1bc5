//! The contenders: jobs that are due together at every full second, and end at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::pending;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis::prelude::WorkerBuilder;
use apalis_cron::{CronScheduler, Tick};
use clokwerk::{AsyncScheduler, TimeUnits};
use leader_runtime::{Jobs, Run, Runtime, Settings, jobs, leader_job};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::record::Record;

/// No disk writes the claims and ends of more jobs in a second.
const MOST_FILES: usize = 100;

/// A way to run many jobs at their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// This project's runtime, as its users have it.
    Runtime,
    /// Jobs that wait for something in each run.
    Suspending,
    /// Jobs with a record, in a file here: a run is claimed before it begins.
    Kept,
    /// A bare loop, without leadership, slots, contexts and policies.
    Bare,
    /// A task for each job, with tokio's own interval.
    Interval,
    TokioCronScheduler,
    ApalisCron,
    /// Driven each 10 ms.
    Clokwerk,
}

impl Contender {
    const ALL: [Self; 8] = [
        Self::Runtime,
        Self::Bare,
        Self::Suspending,
        Self::Kept,
        Self::Interval,
        Self::TokioCronScheduler,
        Self::ApalisCron,
        Self::Clokwerk,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Runtime => "leader-runtime",
            Self::Suspending => "leader-runtime, jobs that suspend",
            Self::Kept => "leader-runtime, jobs with a record",
            Self::Bare => "bare loop",
            Self::Interval => "a tokio interval per job",
            Self::TokioCronScheduler => "tokio-cron-scheduler",
            Self::ApalisCron => "apalis-cron",
            Self::Clokwerk => "clokwerk",
        }
    }

    /// Those that so many jobs are for: ours first, and the bare loop after it.
    pub(crate) fn of(jobs: usize) -> Vec<Self> {
        let takes = |contender: &Self| *contender != Self::Kept || jobs <= MOST_FILES;
        Self::ALL.into_iter().filter(takes).collect()
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contender| contender.name() == name)
    }

    /// Runs so many jobs until this is dropped.
    pub(crate) async fn run(self, jobs: usize) {
        match self {
            Self::Runtime => runtime(jobs, || jobs![beat]).await,
            Self::Suspending => runtime(jobs, || jobs![suspending]).await,
            Self::Kept => runtime(jobs, || jobs![kept]).await,
            Self::Bare => bare(jobs).await,
            Self::Interval => interval(jobs).await,
            Self::TokioCronScheduler => tokio_cron_scheduler(jobs).await,
            Self::ApalisCron => apalis_cron(jobs).await,
            Self::Clokwerk => clokwerk(jobs).await,
        }
    }
}

#[leader_job(key = "bench/lateness", every = "1s")]
async fn beat(run: Run) {
    runs(&run);
}

#[leader_job(key = "bench/lateness", every = "1s")]
async fn suspending(run: Run) {
    runs(&run);
    sleep(Duration::from_millis(1)).await;
}

#[leader_job(key = "bench/lateness", every = "1s", missed = "once")]
async fn kept(run: Run) {
    runs(&run);
}

fn runs(run: &Run) {
    let number = run.job().strip_prefix('j').and_then(|name| name.split_once('_'));
    let number = number.and_then(|(number, _)| number.parse().ok());
    Record::of_process().runs_for(number.expect("a number"), run.due().timestamp());
}

async fn runtime(jobs: usize, job: fn() -> Jobs) {
    let locks = tempfile::tempdir().expect("a temporary directory");
    let jobs = (0..jobs).map(|number| job().prefix(&format!("j{number}_"))).collect::<Jobs>();
    let runtime = Runtime::new(Settings::new().local(locks.path())).jobs(jobs);
    runtime.run_until(pending()).await.expect("it runs");
}

type Made = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Instants that are due together, and the number of those taken.
struct Batch {
    due: Vec<(SystemTime, usize)>,
    taken: AtomicUsize,
    make: fn(usize, SystemTime) -> Made,
}

/// One heap, and a task a thread that makes and polls what is due together.
async fn bare(jobs: usize) {
    let make =
        |job, due| -> Made { Box::pin(async move { Record::of_process().runs_for(job, due) }) };
    let second = Duration::from_secs(1);
    let first = next_second();
    let mut heap: BinaryHeap<_> = (0..jobs).map(|job| Reverse((first, job))).collect();
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    loop {
        let now = SystemTime::now();
        let mut due = Vec::new();
        while let Some(Reverse((instant, job))) = heap.peek().copied()
            && instant <= now
        {
            heap.pop();
            heap.push(Reverse((instant + second, job)));
            due.push((instant, job));
        }
        if !due.is_empty() {
            let batch = Arc::new(Batch { due, taken: AtomicUsize::new(0), make });
            for _ in 0..threads {
                tokio::spawn(take(Arc::clone(&batch)));
            }
        }
        let Some(Reverse((next, _))) = heap.peek() else { return };
        sleep(next.duration_since(SystemTime::now()).unwrap_or_default()).await;
    }
}

async fn take(batch: Arc<Batch>) {
    while let Some(&(due, job)) = batch.due.get(batch.taken.fetch_add(1, Ordering::Relaxed)) {
        let mut made = (batch.make)(job, due);
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(made.as_mut().poll(cx)));
        if polled.await.is_pending() {
            tokio::spawn(made);
        }
    }
}

async fn interval(jobs: usize) {
    let first =
        Instant::now() + next_second().duration_since(SystemTime::now()).unwrap_or_default();
    for job in 0..jobs {
        tokio::spawn(async move {
            let mut interval = interval_at(first, Duration::from_secs(1));
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                interval.tick().await;
                Record::of_process().runs(job);
            }
        });
    }
    sleep_until(first).await;
}

async fn tokio_cron_scheduler(jobs: usize) {
    let scheduler = JobScheduler::new().await.expect("a scheduler");
    for job in 0..jobs {
        let job = Job::new_async("* * * * * *", move |_, _| {
            Box::pin(async move { Record::of_process().runs(job) })
        });
        scheduler.add(job.expect("a job")).await.expect("it is added");
    }
    scheduler.start().await.expect("it starts");
    pending().await
}

async fn apalis_cron(jobs: usize) {
    for job in 0..jobs {
        let schedule = cron::Schedule::from_str("* * * * * *").expect("a schedule");
        let worker = WorkerBuilder::new(format!("job-{job}"))
            .backend(CronScheduler::new(schedule))
            .build(move |_: Tick| async move { Record::of_process().runs(job) });
        tokio::spawn(async move { worker.run().await });
    }
    pending().await
}

async fn clokwerk(jobs: usize) {
    let mut scheduler = AsyncScheduler::new();
    for job in 0..jobs {
        scheduler.every(1.seconds()).run(move || async move { Record::of_process().runs(job) });
    }
    loop {
        scheduler.run_pending().await;
        sleep(Duration::from_millis(10)).await;
    }
}

/// A full second.
fn next_second() -> SystemTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(now.as_secs() + 1)
}
