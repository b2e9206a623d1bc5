//! Runs as a handle reports them, through the runtime on lock files.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use leader_runtime::{
    Data, Due, Handle, Jobs, Result, RunEvent, RunOutcome, Runtime, Settings, Stop, StopReason,
    jobs, leader_job,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

/// A runtime that runs until its sender is dropped.
struct Node {
    handle: Handle,
    running: JoinHandle<Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Node {
    fn start(runtime: Runtime) -> Self {
        let handle = runtime.handle();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(runtime.run_until(async { drop(stopped.await) }));
        Self { handle, running, stop }
    }

    fn local(locks: &tempfile::TempDir, node: &str, jobs: Jobs) -> Runtime {
        Runtime::new(Settings::new().local(locks.path()).key_prefix("stage/").node(node)).jobs(jobs)
    }

    async fn leads(&self, key: &str) {
        soon("it leads", async {
            while !self.handle.key(key).is_ok_and(|key| key.is_leading()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    async fn end(self) -> Handle {
        drop(self.stop);
        let ended = soon("it ends", self.running).await.expect("it does not panic");
        ended.expect("it ends well");
        self.handle
    }
}

type Told = Data<mpsc::UnboundedSender<&'static str>>;

#[leader_job(key = "test/trigger", cron = "0 0 1 1 *")]
async fn yearly(told: Told) {
    let _ = told.send("yearly");
}

#[leader_job(key = "test/trigger", cron = "0 0 1 1 *", tz = "Europe/Oslo")]
async fn endless(told: Told) {
    let _ = told.send("endless");
    std::future::pending().await
}

#[leader_job(key = "test/trigger", while_leading)]
async fn consume() {
    std::future::pending().await
}

#[tokio::test]
async fn a_job_is_triggered_on_the_leader_and_elsewhere_the_error_names_the_leader() {
    let locks = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::unbounded_channel();
    let jobs = || jobs![yearly, endless, consume];
    let runtime = Node::local(&locks, "one", jobs()).data(sender.clone());
    let early = runtime.handle();
    assert!(early.trigger::<yearly>().await.unwrap_err().is_not_started());
    let one = Node::start(runtime);
    one.leads("test/trigger").await;
    let two = Node::start(Node::local(&locks, "two", jobs()).data(sender));

    soon("it runs", one.handle.trigger::<yearly>()).await.unwrap();
    assert_eq!(soon("it ran", told.recv()).await, Some("yearly"));
    soon("it runs", one.handle.trigger_by_name("endless")).await.unwrap();
    assert_eq!(soon("it ran", told.recv()).await, Some("endless"));
    let busy = one.handle.trigger::<endless>().await.unwrap_err();
    assert!(busy.is_busy(), "{busy}");

    soon("the other has started", async {
        while two.handle.jobs().is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let elsewhere = soon("it is answered", two.handle.trigger::<yearly>()).await.unwrap_err();
    assert!(elsewhere.is_not_leading());
    let elsewhere = elsewhere.to_string();
    for part in ["`yearly`", "`stage/test/trigger`", "`one` leads", "trigger it there"] {
        assert!(elsewhere.contains(part), "{part}: {elsewhere}");
    }
    for (name, says) in [("yaerly", "did you mean `yearly`"), ("consume", "cannot be triggered")] {
        let wrong = one.handle.trigger_by_name(name).await.unwrap_err();
        assert!(wrong.is_configuration() && wrong.to_string().contains(says), "{wrong}");
    }
    let handle = two.end().await;
    assert!(handle.trigger::<yearly>().await.unwrap_err().is_closed());
    // a run that never ends has its drain; this one is dropped with the runtime
    one.running.abort();
}

#[tokio::test]
async fn a_job_of_a_library_is_found_by_its_type_whatever_its_prefix() {
    let locks = tempfile::tempdir().unwrap();
    let (sender, mut told) = mpsc::unbounded_channel();
    let twice = jobs![yearly].merge(jobs![endless].prefix("a_")).merge(jobs![endless].prefix("b_"));
    let node = Node::start(Node::local(&locks, "one", twice.prefix("billing_")).data(sender));
    node.leads("test/trigger").await;
    soon("it runs", node.handle.trigger::<yearly>()).await.unwrap();
    assert_eq!(soon("it ran", told.recv()).await, Some("yearly"));
    let wrong = node.handle.trigger::<endless>().await.unwrap_err().to_string();
    assert!(wrong.contains("name one of `billing_a_endless`, `billing_b_endless`"), "{wrong}");
    node.end().await;
}

#[tokio::test]
async fn a_handle_lists_the_jobs_with_their_next_instants() {
    let locks = tempfile::tempdir().unwrap();
    let (sender, _told) = mpsc::unbounded_channel::<&'static str>();
    let runtime = Node::local(&locks, "one", jobs![yearly, endless, consume]).data(sender);
    assert!(runtime.handle().jobs().unwrap_err().is_not_started());
    let node = Node::start(runtime);
    node.leads("test/trigger").await;
    let jobs = node.handle.jobs().unwrap();
    let names: Vec<_> = jobs.iter().map(|job| &*job.name).collect();
    assert_eq!(names, ["yearly", "endless", "consume"]);
    assert!(jobs.iter().all(|job| job.is_leading && job.key == "stage/test/trigger"));
    assert_eq!(jobs[1].schedule, "cron 0 0 1 1 * tz Europe/Oslo");
    let [yearly, oslo] = [&jobs[0], &jobs[1]].map(|job| job.next.unwrap());
    let [yearly, oslo] = [yearly, oslo].map(Due::timestamp);
    assert!(yearly > SystemTime::now());
    assert_eq!(yearly.duration_since(oslo).unwrap(), Duration::from_secs(3600));
    assert_eq!(jobs[2].next, None);
    node.running.abort();
    let _ = node.running.await;
    assert!(node.handle.jobs().unwrap_err().is_closed());
}

#[tokio::test]
async fn events_are_heard_from_before_the_start_to_the_end_of_the_runtime() {
    static BEGAN: Notify = Notify::const_new();

    #[leader_job(key = "test/events", every = "366d", on_elected = true, drain = "0s")]
    async fn greets() {
        BEGAN.notify_one();
        std::future::pending().await
    }

    let locks = tempfile::tempdir().unwrap();
    let runtime = Node::local(&locks, "one", jobs![greets]);
    let events = runtime.handle().events();
    let node = Node::start(runtime);
    soon("it runs as it is elected", BEGAN.notified()).await;
    let handle = node.end().await;
    let events: Vec<_> = soon("the stream ends", events.collect()).await;
    assert!(matches!(&events[0], RunEvent::Began(run) if &*run.job == "greets" && run.number == 1));
    let RunEvent::Ended(run) = &events[1] else { panic!("{events:?}") };
    assert_eq!(run.outcome, RunOutcome::Cancelled(StopReason::Drain));
    let written = serde_json::to_string(&events).expect("it is JSON");
    let due = run.due;
    for part in [
        format!(r#"{{"event":"began","job":"greets","due":"{due}","fence":1,"number":1}}"#),
        format!(
            r#"{{"event":"ended","job":"greets","due":"{due}","fence":1,"number":1,"attempts":1"#
        ),
        r#""outcome":{"cancelled":"drain"}"#.to_owned(),
    ] {
        assert!(written.contains(&part), "{part}: {written}");
    }
    assert_eq!(events.len(), 2);
    assert_eq!(soon("there are no more", handle.events().next()).await, None);
}

#[tokio::test]
async fn what_a_term_begins_is_begun_when_the_next_node_leads() {
    #[leader_job(key = "test/tenure", after = "10ms")]
    async fn again(told: Told) {
        let _ = told.send("again");
    }

    #[leader_job(key = "test/tenure", while_leading)]
    async fn consume(stop: Stop, told: Told) {
        let _ = told.send("consumes");
        stop.requested().await;
        let _ = told.send("is told to end");
    }

    let locks = tempfile::tempdir().unwrap();
    let mut nodes = Vec::new();
    for name in ["one", "two"] {
        let (sender, told) = mpsc::unbounded_channel();
        let runtime = Node::local(&locks, name, jobs![again, consume]).data(sender);
        nodes.push((Node::start(runtime), told));
        nodes[0].0.leads("test/tenure").await;
    }
    for (node, mut told) in nodes {
        let mut heard = Vec::new();
        while heard.iter().filter(|what| **what == "again").count() < 3 {
            heard.push(soon("it runs", told.recv()).await.unwrap());
        }
        assert_eq!(heard.iter().filter(|what| **what == "consumes").count(), 1);
        node.end().await;
        let mut rest = Vec::new();
        while let Some(what) = told.recv().await {
            rest.push(what);
        }
        assert!(rest.contains(&"is told to end"), "{rest:?}");
    }
}
