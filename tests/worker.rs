//! A node that writes a history of what it does: each gain and loss of its leadership, and each run
//! of its jobs, step by step.

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use leader_runtime::{Fence, Runtime, jobs, leader_job};
use tests::history::{Lead, Recorder, Run, What};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| Recorder::create(Path::new(".")));
static RUNS: AtomicU64 = AtomicU64::new(1);

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
    let going = Going::start(Run {
        lead: Lead { key: key.to_owned(), fence: fence.get().unsigned_abs() },
        job: job.to_owned(),
        number: RUNS.fetch_add(1, Ordering::Relaxed),
    });
    for _ in 0..steps {
        sleep(STEP).await;
        RECORDER.record(What::Works(going.0.clone()));
    }
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

/// Writes down what the log says of leadership, when it says so.
struct Leadership;

#[derive(Default)]
struct Said {
    message: String,
    key: Option<String>,
    fence: Option<u64>,
}

impl<S: Subscriber> Layer<S> for Leadership {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let Said { message, key: Some(key), fence: Some(fence) } = said else { return };
        let lead = Lead { key, fence };
        if message == "leads" || message.starts_with("leads again") {
            RECORDER.record(What::Gains(lead));
        } else if message.starts_with("leads no longer") {
            RECORDER.record(What::Loses(lead));
        }
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "key" {
            self.key = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "fence" {
            self.fence = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

#[tokio::main]
async fn main() -> leader_runtime::Result<()> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let log = tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).with(Leadership);
    log.init();
    RECORDER.record(What::Stands);
    Runtime::from_env()?.jobs(jobs![short, long, other]).run().await?;
    RECORDER.record(What::Leaves);
    Ok(())
}
