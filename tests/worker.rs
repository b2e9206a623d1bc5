//! A node that writes a history of what it does: each gain and loss of its leadership, and each run
//! of its jobs, step by step. With the argument `records` it also has jobs that keep a record, with
//! `crowd` very many of them.

use std::env;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use leader_runtime::{Fence, Runtime, Settings, jobs, leader_job};
use tests::history::{Lead, Leadership, Recorder, Run, What};
use tokio::time::sleep;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| Recorder::create(Path::new(".")));
static RUNS: AtomicU64 = AtomicU64::new(1);

/// More than an agent allows connections.
const CROWD: usize = 300;

const STEP: Duration = Duration::from_millis(10);

/// Runs nearly all the time, so that a lead shows.
#[leader_job(key = "service/one", every = "50ms")]
async fn short(fence: Fence) {
    work("service/one", "short", fence, 3).await;
}

/// Is likely to be under way when its node is lost.
#[leader_job(key = "service/one", every = "500ms")]
async fn long(fence: Fence) {
    work("service/one", "long", fence, 40).await;
}

#[leader_job(key = "service/two", every = "50ms")]
async fn other(fence: Fence) {
    work("service/two", "other", fence, 3).await;
}

async fn work(key: &str, job: &str, fence: Fence, steps: usize) {
    run(key, job, fence, RUNS.fetch_add(1, Ordering::Relaxed), steps).await;
}

// on a busy machine a run may take longer than its interval
#[leader_job(key = "service/one", every = "200ms", missed = "all", overlap = "queue")]
async fn once(run: leader_runtime::Run) {
    keep("service/one", run).await;
}

#[leader_job(
    key = "service/two",
    every = "200ms",
    missed = "all",
    overlap = "queue",
    interrupted = "rerun"
)]
async fn again(run: leader_runtime::Run) {
    keep("service/two", run).await;
}

/// One of many.
#[leader_job(key = "service/one", every = "1s", missed = "all", overlap = "queue")]
async fn of_crowd(run: leader_runtime::Run) {
    keep("service/one", run).await;
}

async fn keep(key: &str, kept: leader_runtime::Run) {
    let due = kept.due().timestamp().duration_since(UNIX_EPOCH).expect("after the epoch");
    run(key, kept.job(), kept.fence(), due.as_millis() as u64, 4).await;
}

async fn run(key: &str, job: &str, fence: Fence, number: u64, steps: usize) {
    let going = Going::start(Run {
        lead: Lead { key: key.to_owned(), fence: fence.get().unsigned_abs() },
        job: job.to_owned(),
        number,
    });
    for _ in 0..steps {
        sleep(STEP).await;
        RECORDER.record(What::Works(going.0.clone()));
    }
    RECORDER.record(What::Finishes(going.0.clone()));
}

/// A run that goes on until this is dropped.
struct Going(Run);

impl Going {
    fn start(run: Run) -> Self {
        RECORDER.record(What::Starts(run.clone()));
        Self(run)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        RECORDER.record(What::Ends(self.0.clone()));
    }
}

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let log = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(lines)
        .with(Leadership(&RECORDER));
    log.init();
    RECORDER.record(What::Stands);
    let (mut settings, mut jobs) = (Settings::from_env()?, jobs![short, long, other]);
    match env::args().nth(1).as_deref() {
        Some("records") => {
            let kept = || jobs![once, again];
            jobs = jobs.merge(kept()).merge(kept().prefix("cron_"));
            for job in ["cron_once", "cron_again"] {
                settings = settings.job(job, "cron", "* * * * * *");
            }
        }
        Some("crowd") => {
            let crowd = (0..CROWD).map(|number| jobs![of_crowd].prefix(&format!("n{number}_")));
            jobs.extend(crowd);
        }
        _ => {}
    }
    Runtime::new(settings).jobs(jobs).run().await?;
    RECORDER.record(What::Leaves);
    Ok(())
}
