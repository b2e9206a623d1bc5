//! Users' code that panics, through the runtime on lock files. It has a process of its own, since its
//! subscriber is that of all threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use leader_runtime::{Data, Handle, RunEvent, RunOutcome, Runtime, Settings, jobs, leader_job};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

/// A subscriber that panics while it is told to.
struct Panics;

static PANICS: AtomicBool = AtomicBool::new(false);
static PANICKED: AtomicU64 = AtomicU64::new(0);

fn told() {
    if PANICS.load(Ordering::Relaxed) && !std::thread::panicking() {
        PANICKED.fetch_add(1, Ordering::Relaxed);
        panic!("a subscriber, as planned");
    }
}

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        told();
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        told();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        told();
    }

    fn enter(&self, _: &Id) {
        told();
    }

    fn exit(&self, _: &Id) {
        told();
    }
}

/// Panics when the runtime that it was put into is over.
struct Pool;

impl Drop for Pool {
    fn drop(&mut self) {
        panic!("a pool, as planned");
    }
}

#[leader_job(key = "test/panics", every = "50ms")]
async fn runs(_pool: Data<Pool>) {}

#[leader_job(key = "test/records", every = "50ms", missed = "all", standby = stands_by)]
async fn keeps() {}

async fn stands_by() {
    panic!("a standby, as planned");
}

async fn until_ok(what: &str, events: &mut (impl Stream<Item = RunEvent> + Unpin), job: &str) {
    let ok = async {
        loop {
            let event = events.next().await.expect("the runtime goes on");
            if let RunEvent::Ended(report) = event
                && (report.job.as_ref(), &report.outcome) == (job, &RunOutcome::Ok)
            {
                return;
            }
        }
    };
    soon(what, ok).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_panics_everywhere_stops_neither_leading_nor_the_runs_after_it() {
    tracing::subscriber::set_global_default(Panics).expect("the only one");
    let locks = tempfile::tempdir().expect("a directory");
    let runtime = |node| {
        let settings = Settings::new().local(locks.path()).node(node);
        Runtime::new(settings).data(Pool).jobs(jobs![runs, keeps])
    };
    let start = |runtime: Runtime| {
        let (stop, stopped) = oneshot::channel::<()>();
        (tokio::spawn(runtime.run_until(async { drop(stopped.await) })), stop)
    };
    // from the start to the end of the first
    PANICS.store(true, Ordering::Relaxed);
    let first = runtime("first");
    let (handle, mut events) = (first.handle(), first.handle().events());
    let (running, stop) = start(first);
    let leads = |handle: &Handle, key| handle.key(key).is_ok_and(|key| key.is_leading());
    soon("it leads", async {
        while !leads(&handle, "test/panics") || !leads(&handle, "test/records") {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    soon("runs fail", events.next()).await;
    let second = runtime("second");
    let (other, mut others) = (second.handle(), second.handle().events());
    let (other_running, other_stop) = start(second);
    sleep(Duration::from_millis(300)).await;
    assert!(handle.health().is_live, "{}", handle.health());
    PANICS.store(false, Ordering::Relaxed);
    while events.next().now_or_never().is_some() {}
    until_ok("the next instants run", &mut events, "runs").await;
    until_ok("the next instants of a record run", &mut events, "keeps").await;
    assert!(handle.health().is_live && leads(&handle, "test/panics"), "{}", handle.health());
    assert!(PANICKED.load(Ordering::Relaxed) > 10);

    // it lets go while the subscriber panics, and another takes over
    PANICS.store(true, Ordering::Relaxed);
    drop(stop);
    let ended = soon("it ends", running).await.expect("it does not panic");
    ended.expect("it ends well");
    soon("the other leads", async {
        while !leads(&other, "test/panics") {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    PANICS.store(false, Ordering::Relaxed);
    while others.next().now_or_never().is_some() {}
    until_ok("its runs", &mut others, "runs").await;
    drop(other_stop);
    soon("it ends", other_running).await.expect("it does not panic").expect("it ends well");
}
