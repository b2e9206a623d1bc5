//! What jobs take, through the runtime on lock files: real locks of the operating system, in one
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
    async fn lacks_a_pool(_: Data<Pool>, _: Kv) {}

    async fn stand_by(_: Data<u64>) {}

    let locks = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(local(&locks)).jobs(jobs![runs_never, lacks_a_pool]);
    let runtime = runtime.data("text").data("another text");
    let refused = soon("it is refused", runtime.run_until(std::future::pending())).await;
    let refused = refused.unwrap_err();
    assert!(refused.is_wrong_settings());
    let refused = refused.to_string();
    for says in [
        "4 faults",
        "two values of the type `&str`",
        "job `lacks_a_pool` at leader-runtime/tests/parameters.rs:",
        "::Pool>`, and none was put in",
        "takes a `Kv`",
        "takes a `Data<u64>`",
    ] {
        assert!(refused.contains(says), "{says}: {refused}");
    }
    assert!(!refused.contains("runs_never"), "{refused}");
    assert_eq!(std::fs::read_dir(locks.path()).unwrap().count(), 0);
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
    assert!(handle.is_leading("test/on"));
    assert_eq!(handle.leader("test/off").await.unwrap(), None);
    drop(stop);
    soon("it ends", running).await.unwrap().unwrap();

    let alone = Runtime::new(local(&locks)).jobs(jobs![off]).run_until(std::future::ready(()));
    soon("it ends without a key", alone).await.unwrap();
}
