//! The runtime on lock files: real locks of the operating system, in one process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use leader_runtime::{
    Data, Fence, LockManager, Outcome, Result, Runtime, Settings, jobs, leader_job,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

fn local(directory: &tempfile::TempDir) -> Settings {
    Settings::new().local(directory.path())
}

#[tokio::test]
async fn the_users_own_shutdown_hands_over_to_the_other_runtime() {
    static RUNS: Mutex<Option<mpsc::UnboundedSender<(char, i64)>>> = Mutex::new(None);

    fn ran(name: char, fence: Fence) {
        if let Some(runs) = &*RUNS.lock().unwrap() {
            runs.send((name, fence.get())).expect("the test listens");
        }
    }

    #[leader_job(key = "test/handover", every = "20ms")]
    async fn first(fence: Fence) {
        ran('a', fence);
    }

    #[leader_job(key = "test/handover", every = "20ms")]
    async fn second(fence: Fence) {
        ran('b', fence);
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut runs) = mpsc::unbounded_channel();
    *RUNS.lock().unwrap() = Some(sender);
    let (stop_first, stopped) = oneshot::channel::<()>();
    let run = Runtime::new(local(&locks)).jobs(jobs![first]);
    let first = tokio::spawn(run.run_until(async { drop(stopped.await) }));
    assert_eq!(soon("the first runs", runs.recv()).await, Some(('a', 1)));

    let (stop_second, stopped) = oneshot::channel::<()>();
    let run = Runtime::new(local(&locks)).jobs(jobs![second]);
    let second = tokio::spawn(run.run_until(async { drop(stopped.await) }));
    stop_first.send(()).unwrap();
    soon("the first ends", first).await.unwrap().unwrap();
    while let Some(run) = soon("the second runs", runs.recv()).await {
        if run != ('a', 1) {
            assert_eq!(run, ('b', 2));
            break;
        }
    }
    stop_second.send(()).unwrap();
    soon("the second ends", second).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_fence_counts_on_from_its_base_for_jobs_and_for_locks_by_hand() {
    static FENCE: Notify = Notify::const_new();
    const BASE: u64 = 1_000_000;

    #[leader_job(key = "test/base", every = "10ms")]
    async fn fenced(fence: Fence, seen: Data<mpsc::UnboundedSender<i64>>) {
        seen.send(fence.get()).expect("the test listens");
        FENCE.notify_one();
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut seen) = mpsc::unbounded_channel::<i64>();
    let settings = local(&locks).fence_base(BASE);
    let run = Runtime::new(settings.clone()).data(sender).jobs(jobs![fenced]);
    soon("it runs", run.run_until(FENCE.notified())).await.unwrap();
    assert_eq!(seen.recv().await, Some(1_000_001));

    let manager = LockManager::new(&settings).unwrap();
    let lock = manager.lock("test/base").unwrap();
    let term = soon("it leads", lock.acquired()).await.unwrap();
    assert_eq!(term.fence(), Fence::new(1_000_002));
    // what is counted is the lock file's own affair
    drop((lock, manager));
    let manager = LockManager::new(&local(&locks)).unwrap();
    let lock = manager.lock("test/base").unwrap();
    let term = soon("it leads", lock.acquired()).await.unwrap();
    assert_eq!(term.fence(), Fence::new(3));
}

#[tokio::test]
async fn what_settings_say_of_jobs_is_left_to_a_runtime() {
    let locks = tempfile::tempdir().unwrap();
    let settings = local(&locks).job("nobody", "every", "never");
    let manager = LockManager::new(&settings).unwrap();
    soon("it ends", manager.shutdown()).await;

    #[leader_job(key = "test/somebody", every = "1s")]
    async fn somebody() {}

    let run = Runtime::new(settings).jobs(jobs![somebody]).run_until(async {});
    let told = soon("it is refused", run).await.unwrap_err().to_string();
    assert!(told.starts_with("Settings::job: jobs.nobody is no job of this process"), "{told}");
}

#[tokio::test]
async fn a_job_that_panics_or_fails_runs_again_and_never_overlaps_itself() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    static ENOUGH: Notify = Notify::const_new();
    static GOING_ON: AtomicUsize = AtomicUsize::new(0);

    struct GoesOn;

    impl Drop for GoesOn {
        fn drop(&mut self) {
            GOING_ON.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[leader_job(key = "test/moody", every = "10ms")]
    async fn moody() -> Result<Outcome, std::io::Error> {
        assert_eq!(GOING_ON.fetch_add(1, Ordering::SeqCst), 0, "it overlaps itself");
        let _goes_on = GoesOn;
        tokio::time::sleep(Duration::from_millis(25)).await;
        let started = STARTED.fetch_add(1, Ordering::SeqCst);
        if started == 9 {
            ENOUGH.notify_one();
        }
        match started % 4 {
            0 => panic!("as planned"),
            1 => Err(std::io::Error::other("as planned")),
            2 => Ok(Outcome::skip("as planned")),
            _ => Ok(Outcome::ok()),
        }
    }

    let locks = tempfile::tempdir().unwrap();
    let run = Runtime::new(local(&locks)).jobs(jobs![moody]).run_until(ENOUGH.notified());
    soon("it ran ten times", run).await.unwrap();
}

#[tokio::test]
async fn a_run_that_goes_on_holds_back_the_release_and_ends_by_itself() {
    static BEGAN: Notify = Notify::const_new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    #[leader_job(key = "test/slow", every = "10ms")]
    async fn slow() {
        RUNS.fetch_add(1, Ordering::SeqCst);
        BEGAN.notify_one();
        tokio::time::sleep(Duration::from_millis(300)).await;
        ENDED.fetch_add(1, Ordering::SeqCst);
    }

    let locks = tempfile::tempdir().unwrap();
    let other = LockManager::new(&local(&locks)).unwrap();
    let (stop, stops) = oneshot::channel();
    let run = Runtime::new(local(&locks)).jobs(jobs![slow]).run_until(async move {
        BEGAN.notified().await;
        stop.send(()).unwrap();
    });
    let next = async {
        stops.await.unwrap();
        let lock = other.lock("test/slow").unwrap();
        lock.acquired().await.unwrap();
        ENDED.load(Ordering::SeqCst)
    };
    let (ended, before_the_next) =
        soon("it ends, and the next leads", async { tokio::join!(run, next) }).await;
    ended.unwrap();
    assert_eq!((RUNS.load(Ordering::SeqCst), before_the_next), (1, 1));
}

#[tokio::test]
async fn a_runtime_that_is_dropped_lets_go() {
    static RUNS: Notify = Notify::const_new();

    #[leader_job(key = "test/dropped", every = "10ms")]
    async fn job() {
        RUNS.notify_one();
    }

    let locks = tempfile::tempdir().unwrap();
    let other = LockManager::new(&local(&locks)).unwrap();
    let run = Runtime::new(local(&locks)).jobs(jobs![job]).run_until(std::future::pending());
    let mut run = Box::pin(run);
    tokio::select! {
        ended = &mut run => panic!("{ended:?}"),
        () = soon("it leads", RUNS.notified()) => {}
    }
    let lock = other.lock("test/dropped").unwrap();
    drop(run);
    let term = soon("the other leads", lock.acquired()).await.unwrap();
    assert_eq!(term.fence(), Fence::new(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_blocks_its_thread_keeps_its_own_key_alone_when_the_runtime_is_dropped() {
    static RUNS: Notify = Notify::const_new();
    static BLOCKS: Notify = Notify::const_new();
    static GO_ON: Mutex<Option<std::sync::mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/idle", every = "10ms")]
    async fn idle() {
        RUNS.notify_one();
    }

    #[leader_job(key = "test/blocked", every = "10ms")]
    async fn blocked() {
        let go_on = GO_ON.lock().unwrap().take().expect("it runs once");
        BLOCKS.notify_one();
        go_on.recv().unwrap();
    }

    let (go_on, hears) = std::sync::mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let locks = tempfile::tempdir().unwrap();
    let other = LockManager::new(&local(&locks)).unwrap();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![idle, blocked]);
    let mut run = Box::pin(runtime.run_until(std::future::pending()));
    tokio::select! {
        ended = &mut run => panic!("{ended:?}"),
        () = soon("it leads both", async { tokio::join!(RUNS.notified(), BLOCKS.notified()); }) => {}
    }
    let idle = other.lock("test/idle").unwrap();
    let blocked = other.lock("test/blocked").unwrap();
    drop(run);
    soon("the other leads", idle.acquired()).await.unwrap();
    assert!(!blocked.is_leading());
    go_on.send(()).unwrap();
    soon("the other leads", blocked.acquired()).await.unwrap();
}

#[tokio::test]
async fn a_handle_says_who_leads_and_steps_down_before_while_and_after_the_runtime_runs() {
    #[leader_job(key = "test/handle", every = "10ms")]
    async fn job() {}

    let locks = tempfile::tempdir().unwrap();
    let settings = local(&locks).key_prefix("stage/").node("one").service("reports", "1.2.3");
    let runtime = Runtime::new(settings).jobs(jobs![job]);
    let handle = runtime.handle();
    assert!(handle.key("test/handle").unwrap_err().is_not_started());
    assert!(handle.lock("test/by-hand").unwrap_err().is_not_started());
    assert_eq!(handle.timing(), None, "lock files have no lease");

    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    let other = LockManager::new(&local(&locks).key_prefix("stage/").node("two")).unwrap();
    soon("it starts", async {
        while handle.key("test/handle").is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let key = handle.key("test/handle").unwrap();
    let mut changes = key.changes();
    soon("it leads", async { while changes.next().await.unwrap().is_none() {} }).await;
    assert!(key.is_leading() && key.key() == "stage/test/handle");
    let leader = key.leader().await.unwrap().expect("it is led");
    assert_eq!((leader.node.as_str(), leader.pid), ("one", std::process::id()));
    assert_eq!((leader.service.as_str(), leader.version.as_deref()), ("reports", Some("1.2.3")));
    assert!(handle.key("no key").unwrap_err().is_configuration());
    let unknown = handle.key("test/hande").unwrap_err();
    assert!(unknown.is_configuration() && unknown.faults().len() == 1, "{unknown}");
    for part in ["no job", "`stage/test/hande`", "did you mean `test/handle`?"] {
        assert!(unknown.to_string().contains(part), "{part}: {unknown}");
    }
    let far = handle.key("nobody/leads/this").unwrap_err().to_string();
    assert!(far.contains("use one of `test/handle`"), "{far}");
    assert!(handle.lock("no key").unwrap_err().is_configuration());
    let by_hand = handle.lock("test/by-hand").unwrap();
    let term = soon("the lock is led", by_hand.acquired()).await.unwrap();
    assert_eq!(handle.key("test/by-hand").unwrap().term(), Some(term));

    key.step_down().unwrap();
    let lock = other.lock("test/handle").unwrap();
    soon("the other leads", lock.acquired()).await.unwrap();
    assert!(!key.is_leading());
    soon("it sees that", async { while changes.next().await.unwrap().is_some() {} }).await;
    let leader = key.leader().await.unwrap().expect("it is led");
    assert_eq!(leader.node, "two");

    stop.send(()).unwrap();
    soon("it ends", running).await.unwrap().unwrap();
    assert!(handle.key("test/handle").unwrap_err().is_closed());
    assert!(key.leader().await.unwrap_err().is_closed());
    assert!(key.step_down().unwrap_err().is_closed());
    assert!(!key.is_leading());
    soon("the stream ends", async { while changes.next().await.is_some() {} }).await;
    assert!(soon("nor is the lock", by_hand.acquired()).await.unwrap_err().is_closed());
    assert!(handle.lock("test/by-hand").unwrap_err().is_closed());
}

#[tokio::test]
async fn a_start_with_wrong_jobs_tells_every_fault() {
    #[leader_job(key = "test/one", every = "1s", name = "same")]
    async fn one() {}

    #[leader_job(key = "test/two", every = "1s", name = "same")]
    async fn two() {}

    let start = |settings: Settings, jobs| {
        Runtime::new(settings).jobs(jobs).run_until(std::future::ready(()))
    };
    let error = start(Settings::new().lease("1m 1s"), jobs![one, two]).await.unwrap_err();
    assert!(error.is_configuration());
    assert_eq!(error.faults().len(), 2, "{error}");
    let text = error.to_string();
    for part in ["2 faults", "use 1s to 60s", "job `same`", "tests/local.rs", "name = "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let error = start(Settings::new(), jobs![]).await.unwrap_err().to_string();
    assert!(error.contains("there are no jobs"), "{error}");
}
