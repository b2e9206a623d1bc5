//! Parameters of jobs, through the runtime on lock files: real locks of the operating system, in one
//! process.

use std::time::Duration;

use leader_runtime::{
    Data, Due, Fence, Kv, Leading, Run, Runtime, Settings, Stop, StopReason, jobs, leader_job,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

fn local(directory: &tempfile::TempDir) -> Settings {
    Settings::new().local(directory.path())
}

type Told<T> = Data<mpsc::UnboundedSender<T>>;

#[tokio::test]
async fn a_run_is_told_which_it_is_and_gets_what_was_put_in() {
    #[leader_job(key = "test/told", every = "20ms", offset = "5ms", name = "named")]
    async fn told(
        run: Run,
        due: Due,
        fence: Fence,
        leading: Leading<'_>,
        runs: Told<(Run, Fence)>,
    ) {
        assert_eq!((run.due(), run.fence(), leading.fence()), (due, fence, fence));
        // a test that has seen enough has hung up
        let _ = runs.send((run, fence));
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut runs) = mpsc::unbounded_channel::<(Run, Fence)>();
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![told]).data(sender);
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    for number in 1..=3 {
        let (run, fence) = soon("it runs", runs.recv()).await.unwrap();
        assert_eq!((run.job(), run.number(), run.attempt()), ("named", number, 1));
        assert_eq!(fence, Fence::new(1));
        let due = run.due().timestamp().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(due.as_millis() % 20, 5, "the offset shifts the grid");
        assert!(run.due().zoned().ends_with("+00:00[UTC]"));
    }
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_cron_is_due_by_the_clock_of_its_zone() {
    #[leader_job(key = "test/zone", cron = "* * * * * *", tz = "Asia/Kathmandu")]
    async fn zoned(due: Due, runs: Told<Due>) {
        let _ = runs.send(due);
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut runs) = mpsc::unbounded_channel::<Due>();
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![zoned]).data(sender);
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    let due = soon("it runs", runs.recv()).await.unwrap();
    assert!(due.zoned().ends_with("+05:45[Asia/Kathmandu]"), "{}", due.zoned());
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_standby_gets_its_instant_and_what_was_put_in() {
    #[leader_job(key = "test/standby", every = "20ms", standby = stand_by)]
    async fn lead(names: Told<(&'static str, Due)>, name: Data<&'static str>, due: Due) {
        let _ = names.send((*name, due));
    }

    async fn stand_by(due: Due, name: Data<&'static str>, names: Told<(&'static str, Due)>) {
        let _ = names.send((if *name == "two" { "two stands by" } else { "one stands by" }, due));
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut heard) = mpsc::unbounded_channel::<(&'static str, Due)>();
    let start = |name: &'static str| {
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = Runtime::new(local(&locks)).jobs(jobs![lead]);
        let runtime = runtime.data(sender.clone()).data(name);
        (tokio::spawn(runtime.run_until(async { drop(stopped.await) })), stop)
    };
    let (one, stop_one) = start("one");
    while soon("one leads", heard.recv()).await.unwrap().0 != "one" {}
    let (two, stop_two) = start("two");
    while soon("two stands by", heard.recv()).await.unwrap().0 != "two stands by" {}
    drop((stop_one, stop_two));
    for running in [one, two] {
        soon("it ends", running).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_run_that_listens_ends_by_itself_when_the_process_shuts_down() {
    #[leader_job(key = "test/stop", every = "20ms")]
    async fn listen(stop: Stop, told: Told<Option<StopReason>>) {
        assert_eq!((stop.reason(), stop.time_left()), (None, None));
        let _ = told.send(None);
        let reason = stop.requested().await;
        assert!(stop.time_left().is_some_and(|left| left > Duration::from_secs(8)));
        let _ = told.send(Some(reason));
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![listen]).data(sender);
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    assert_eq!(soon("it runs", told.recv()).await, Some(None));
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();
    assert_eq!(told.recv().await, Some(Some(StopReason::Drain)));
}

#[tokio::test]
async fn what_jobs_lack_is_told_before_anything_runs() {
    struct Pool;

    #[leader_job(key = "test/lacks", every = "10ms")]
    async fn runs_never(_: Data<&'static str>) {
        panic!("it ran");
    }

    #[leader_job(key = "test/lacks", every = "10ms", standby = stand_by)]
    async fn lacks_a_pool(_: Data<Pool>) {}

    async fn stand_by(_: Data<u64>) {}

    let locks = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![runs_never, lacks_a_pool]);
    let runtime = runtime.data("text").data("another text");
    let refused = soon("it is refused", runtime.run_until(std::future::pending())).await;
    let refused = refused.unwrap_err();
    assert!(refused.is_configuration());
    let refused = refused.to_string();
    for says in [
        "3 faults",
        "two values of the type `&str`",
        "job `lacks_a_pool` at leader-runtime/tests/parameters.rs:",
        "::Pool>`, and none was put in",
        "takes a `Data<u64>`",
    ] {
        assert!(refused.contains(says), "{says}: {refused}");
    }
    assert!(!refused.contains("runs_never"), "{refused}");
    assert_eq!(std::fs::read_dir(locks.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_kv_writes_on_lock_files_what_the_next_run_reads() {
    #[leader_job(key = "test/kv", every = "10ms")]
    async fn count(kv: Kv, told: Told<u64>) -> leader_runtime::Result<()> {
        let counted = kv.get("test/counted").await?.unwrap_or_default();
        let counted: u64 = String::from_utf8_lossy(&counted).parse().unwrap_or_default();
        kv.put("test/counted", (counted + 1).to_string()).await?;
        let _ = told.send(counted);
        Ok(())
    }

    let locks = tempfile::tempdir().unwrap();
    for from in [0, 3] {
        let (sender, mut told) = mpsc::unbounded_channel::<u64>();
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = Runtime::new(local(&locks)).jobs(jobs![count]).data(sender);
        let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
        for counted in from..from + 3 {
            assert!(soon("it runs", told.recv()).await.unwrap() >= counted);
        }
        drop(stop);
        soon("it ends", running).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_job_that_is_not_enabled_is_asked_for_nothing_that_it_takes() {
    struct Pool;

    #[leader_job(key = "test/off", every = "10ms", standby = stand_by)]
    async fn off(_: Data<Pool>, _: Kv) {
        panic!("it ran");
    }

    async fn stand_by(_: Data<Pool>) {
        panic!("it ran");
    }

    let locks = tempfile::tempdir().unwrap();
    let refused = Runtime::new(local(&locks)).jobs(jobs![off]).check().await;
    assert!(refused.unwrap_err().to_string().contains("takes a `Data<"));
    let settings = local(&locks).job("off", "enabled", "false");
    let runtime = Runtime::new(settings).jobs(jobs![off]);
    runtime.check().await.unwrap();
    soon("it starts", runtime.run_until(std::future::ready(()))).await.unwrap();
    // and what is wrong with it is told all the same
    let settings = local(&locks).job("off", "enabled", "false").job("off", "every", "1ms");
    let refused = Runtime::new(settings).jobs(jobs![off]).check().await.unwrap_err().to_string();
    assert!(refused.contains("an interval of 1ms is too short"), "{refused}");
}

#[tokio::test]
async fn a_job_that_is_not_enabled_neither_runs_nor_stands_for_its_key() {
    #[leader_job(key = "test/off", every = "10ms", enabled = false)]
    async fn off() {
        panic!("it ran");
    }

    #[leader_job(key = "test/on", every = "10ms", enabled = true)]
    async fn on(told: Told<()>) {
        let _ = told.send(());
    }

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::unbounded_channel::<()>();
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![off, on]).data(sender);
    let handle = runtime.handle();
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    for _ in 0..3 {
        soon("the other runs", told.recv()).await.unwrap();
    }
    assert!(handle.key("test/on").unwrap().is_leading());
    assert!(handle.key("test/off").unwrap_err().is_configuration());
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();

    let alone = Runtime::new(local(&locks)).jobs(jobs![off]).run_until(std::future::ready(()));
    soon("it ends without a key", alone).await.unwrap();
}

/// Two pools of one type, without a wrapper in each job.
mod pools {
    use std::sync::Arc;

    use leader_runtime::{FromRun, Missing, RunContext};

    pub(super) struct Pool(pub(super) &'static str);

    pub(super) struct Pools {
        pub(super) primary: Arc<Pool>,
        pub(super) replica: Arc<Pool>,
    }

    pub(super) struct Primary(pub(super) Arc<Pool>);
    pub(super) struct Replica(pub(super) Arc<Pool>);
    pub(super) struct Named(pub(super) String);

    impl FromRun<'_> for Primary {
        fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
            Ok(Self(run.info().data::<Pools>()?.primary.clone()))
        }
    }

    impl FromRun<'_> for Replica {
        fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
            Ok(Self(run.info().data::<Pools>()?.replica.clone()))
        }
    }

    impl FromRun<'_> for Named {
        fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
            let info = run.info();
            if info.job() == "nameless" {
                return Err(Missing::new("takes a `Named`, and has no name"));
            }
            Ok(Self(format!("{} of {}, {}", info.job(), info.key(), info.fence())))
        }
    }
}

#[tokio::test]
async fn a_type_of_the_services_own_is_made_from_data_and_the_facts_of_the_run() {
    use pools::{Named, Pool, Pools, Primary, Replica};

    #[leader_job(key = "test/own", every = "10ms")]
    async fn own(
        Primary(primary): Primary,
        Replica(replica): Replica,
        named: Named,
        told: Told<String>,
    ) {
        let _ = told.send(format!("{} {} {}", primary.0, replica.0, named.0));
    }

    #[leader_job(key = "test/own", every = "10ms")]
    async fn nameless(_: Named, _: Primary) {}

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::unbounded_channel::<String>();
    let pool = |name| std::sync::Arc::new(Pool(name));
    let pools = Pools { primary: pool("primary"), replica: pool("replica") };
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![own]).data(sender.clone()).data(pools);
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    assert_eq!(soon("it runs", told.recv()).await.unwrap(), "primary replica own of test/own, 1");
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();

    let runtime = Runtime::new(local(&locks)).jobs(jobs![own, nameless]).data(sender);
    let refused = runtime.run_until(std::future::pending());
    let refused = soon("it is refused", refused).await.unwrap_err();
    let faults = refused.faults();
    assert_eq!(faults.len(), 4, "{refused}");
    assert!(faults[0].contains("job `own`") && faults[0].contains("Pools>`, and none was put in"));
    assert!(faults[2].contains("job `nameless`") && faults[2].contains("has no name"), "{refused}");
}

/// A value that was there at the start, and is gone when the job runs.
#[tokio::test]
async fn a_value_that_is_missing_later_on_fails_the_run_and_says_so() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::StreamExt;
    use leader_runtime::{FromRun, Missing, RunContext, RunEvent};

    struct Fickle;

    static IS_GONE: AtomicBool = AtomicBool::new(false);

    impl FromRun<'_> for Fickle {
        fn from_run(_: &RunContext<'_>) -> Result<Self, Missing> {
            if IS_GONE.swap(true, Ordering::Relaxed) {
                return Err(Missing::new("takes a `Fickle`, which is gone"));
            }
            Ok(Self)
        }
    }

    #[leader_job(key = "test/fickle", every = "10ms")]
    async fn fickle(_: Fickle) {
        panic!("it ran");
    }

    let locks = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![fickle]);
    let mut events = runtime.handle().events();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
    let ended = async {
        loop {
            if let Some(RunEvent::Ended(run)) = events.next().await {
                return run.outcome.to_string();
            }
        }
    };
    let outcome = soon("it fails", ended).await;
    assert_eq!(outcome, "failed: takes a `Fickle`, which is gone");
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();
}
