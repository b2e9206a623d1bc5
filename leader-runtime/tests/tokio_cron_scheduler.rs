//! A runtime whose jobs fire through the service's own `JobScheduler`, in real time.

use std::time::{Duration, SystemTime};

use leader_runtime::{Data, Due, Runtime, Settings, jobs, leader_job};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_cron_scheduler::{Job, JobNotification, JobScheduler};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_started_scheduler_runs_our_jobs_beside_the_services_own_each_instant_once() {
    static OWN: Notify = Notify::const_new();
    static ENOUGH: Notify = Notify::const_new();

    /// Such that a scheduler of whole seconds would run it twice as seldom.
    #[leader_job(key = "test/scheduler", every = "500ms")]
    async fn beat(due: Due, ran: Data<mpsc::UnboundedSender<SystemTime>>) {
        ran.send(due.timestamp()).expect("the test listens");
    }

    let scheduler = JobScheduler::new().await.unwrap();
    let own = Job::new_async("* * * * * *", |_, _| {
        OWN.notify_one();
        Box::pin(std::future::ready(()))
    });
    let own = scheduler.add(own.unwrap()).await.unwrap();
    scheduler.start().await.unwrap();
    let mut notified = scheduler.context().notify_tx.subscribe();

    let locks = tempfile::tempdir().unwrap();
    let (sender, mut ran) = mpsc::unbounded_channel::<SystemTime>();
    let runtime = Runtime::new(Settings::new().local(locks.path())).data(sender);
    let runtime = runtime.jobs(jobs![beat]).scheduler(scheduler.clone());
    let running = tokio::spawn(runtime.run_until(ENOUGH.notified()));
    let mut last: Option<SystemTime> = None;
    let enough = 6;
    for _ in 0..enough {
        let due = timeout(SOON, ran.recv()).await.expect("it runs").expect("it goes on");
        if let Some(last) = last {
            assert_eq!(due.duration_since(last).ok(), Some(Duration::from_millis(500)));
        }
        last = Some(due);
    }
    timeout(SOON, OWN.notified()).await.expect("the service's own job runs");
    ENOUGH.notify_one();
    timeout(SOON, running).await.expect("it ends").unwrap().unwrap();

    let mut starts = 0;
    while let Ok((id, state)) = notified.try_recv() {
        starts += usize::from(id != own && state == JobNotification::Started);
    }
    let runs = enough + std::iter::from_fn(|| ran.try_recv().ok()).count();
    assert!(starts <= runs, "its ticker started it too: {starts} starts, {runs} runs");
    assert!(starts >= enough, "they did not go through it: {starts} starts, {runs} runs");

    let listed = async || {
        let mut storage = scheduler.context().metadata_storage.clone().write_owned().await;
        let list = storage.list_next_ticks().await.unwrap();
        list.into_iter().filter_map(|job| Some(job.id?.as_u128())).collect::<Vec<_>>()
    };
    let gone = async {
        while listed().await != [own.as_u128()] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, gone).await.expect("only the service's own job is left in the list");
}
