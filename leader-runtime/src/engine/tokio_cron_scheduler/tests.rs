use leader_core::Schedule;
use tokio::sync::broadcast;

use super::super::conformance::{at, set_clock, ticks, wall_clock};
use super::*;

/// An engine on a new scheduler, which was not started.
pub(in crate::engine) async fn start(jobs: Vec<Schedule>) -> TokioCronScheduler {
    start_on(&JobScheduler::new().await.unwrap(), jobs).await
}

async fn start_on(scheduler: &JobScheduler, jobs: Vec<Schedule>) -> TokioCronScheduler {
    let names: Vec<_> = (0..jobs.len()).map(|number| format!("job-{number}")).collect();
    let precise = Precise::by_clock(jobs, wall_clock);
    TokioCronScheduler::new(Scheduler(scheduler.clone()), &names, precise).await.unwrap()
}

fn every(span: &str) -> Schedule {
    Schedule::Every(span.parse().unwrap())
}

/// The name and the next due instant of each job in the scheduler's list.
async fn list(scheduler: &JobScheduler) -> Vec<(String, u64)> {
    let context = scheduler.context();
    let mut storage = context.metadata_storage.write().await;
    let mut list = Vec::new();
    for job in storage.list_next_ticks().await.unwrap() {
        let data = storage.get(job.id.unwrap().into()).await.unwrap().unwrap();
        list.push((String::from_utf8(data.extra).unwrap(), job.next_tick));
    }
    list.sort();
    list
}

async fn until_listed(scheduler: &JobScheduler, expected: &[(&str, u64)]) {
    let is_listed = async {
        let expected = expected.iter().map(|&(name, due)| (name.to_owned(), due));
        let expected: Vec<_> = expected.collect();
        while list(scheduler).await != expected {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let listed = timeout(Duration::from_secs(5), is_listed).await;
    assert!(listed.is_ok(), "{:?} is not {expected:?}", list(scheduler).await);
}

#[tokio::test(start_paused = true)]
async fn the_list_names_each_job_and_says_when_it_is_due_until_the_engine_ends() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut engine = start_on(&scheduler, vec![every("1s"), every("1h")]).await;
    assert_eq!(list(&scheduler).await, [("job-0".to_owned(), 1), ("job-1".to_owned(), 3_600)]);
    assert_eq!(engine.next().await.due, at(1_000));
    until_listed(&scheduler, &[("job-0", 2), ("job-1", 3_600)]).await;
    drop(engine);
    until_listed(&scheduler, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_never_due_is_listed_and_not_deleted() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let _engine = start_on(&scheduler, vec![Schedule::WhileLeading]).await;
    assert_eq!(list(&scheduler).await, [("job-0".to_owned(), NEVER)]);
}

#[tokio::test(start_paused = true)]
async fn a_firing_is_notified_as_scheduled_started_and_done() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut notified = scheduler.context().notify_tx.subscribe();
    let mut engine = start_on(&scheduler, vec![every("1s")]).await;
    let tick = engine.next().await;
    assert_eq!((tick.place, tick.due), (0, at(1_000)));
    for expected in [JobNotification::Scheduled, JobNotification::Started, JobNotification::Done] {
        assert_eq!(notified.recv().await, Ok((engine.ids[0], expected)));
    }
    assert_eq!(notified.try_recv(), Err(broadcast::error::TryRecvError::Empty));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_together_goes_through_the_scheduler_too() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut notified = scheduler.context().notify_tx.subscribe();
    let mut engine = start_on(&scheduler, vec![every("1s"); 20]).await;
    let mut ticks = Vec::new();
    while ticks.len() < 20 {
        ticks.push(engine.next().await);
        ticks.extend(std::iter::from_fn(|| engine.try_next()));
    }
    sleep(Duration::from_millis(1)).await;
    let states = std::iter::from_fn(|| notified.try_recv().ok());
    let started = states.filter(|(_, state)| *state == JobNotification::Started).count();
    assert_eq!((ticks.len(), started), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_not_carried_out_is_made_up_for_within_a_second_or_so() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut engine = start_on(&scheduler, vec![every("10s"), every("10s")]).await;
    scheduler.remove(&engine.ids[0]).await.unwrap();
    let found = ticks(&mut engine, Duration::from_secs(12)).await;
    let jobs: Vec<_> = found.iter().map(|tick| (tick.place, tick.due)).collect();
    assert_eq!(jobs, [(1, at(10_000)), (0, at(10_000))]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_the_services_own_starts_loses_none_of_ours() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut engine = start_on(&scheduler, vec![every("1s"); 300]).await;
    let activate = scheduler.context().job_activation_tx.clone();
    let flood = async {
        loop {
            // more starts than the channel holds, of jobs that do not exist
            for _ in 0..500 {
                activate.send(JobId::default()).unwrap();
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let found = tokio::select! {
        found = ticks(&mut engine, Duration::from_secs(40)) => found,
        () = flood => unreachable!("it goes on"),
    };
    let mut first: Vec<_> =
        found.iter().filter(|tick| tick.due == at(1_000)).map(|tick| tick.place).collect();
    first.sort_unstable();
    assert_eq!(first, (0..300).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_is_due_for_runs_nothing() {
    set_clock(500);
    let scheduler = JobScheduler::new().await.unwrap();
    let mut engine = start_on(&scheduler, vec![every("10s")]).await;
    scheduler.context().job_activation_tx.send(engine.ids[0]).unwrap();
    let found = ticks(&mut engine, Duration::from_secs(12)).await;
    assert_eq!(found.iter().map(|tick| tick.due).collect::<Vec<_>>(), [at(10_000)]);
}
