//! Events of runs, as their listeners receive them.

use futures_util::{FutureExt, StreamExt};
use tokio::task::coop::unconstrained;

use super::Scene;
use crate::{Outcome, Run, RunEvent, RunOutcome, SkipReason, StopReason, jobs, leader_job};

/// The events as `2 began`, `2: ok after 1`.
fn told(events: &mut (impl StreamExt<Item = RunEvent> + Unpin)) -> Vec<String> {
    std::iter::from_fn(|| unconstrained(events.next()).now_or_never().flatten())
        .map(|event| match event {
            RunEvent::Began(run) => format!("{} began", run.number),
            RunEvent::Ended(run) => {
                assert_eq!((&*run.job, run.fence.get()), ("moody", 1));
                assert!(run.due.timestamp() <= run.started && run.started <= run.ended);
                format!("{}: {} after {}", run.number, run.outcome, run.attempts)
            }
            RunEvent::Missed(missed) => panic!("none has a record: {missed:?}"),
            RunEvent::Lost { count } => format!("{count} lost"),
        })
        .collect()
}

#[leader_job(key = "test/key", every = "1s", retries = 1, backoff = "1ms..1ms", crate = crate)]
async fn moody(run: Run) -> Result<Outcome, &'static str> {
    match run.number() {
        1 => Ok(Outcome::ok()),
        2 if run.attempt() == 1 => Err("as planned"),
        2 => Ok(Outcome::skip("nothing to do")),
        3 => Err("as planned"),
        _ => std::future::pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn each_run_is_told_with_its_outcome_and_each_that_was_skipped() {
    let mut scene = Scene::led(&jobs![moody]);
    let mut events = scene.events.listen();
    scene.fire_each_second(5).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    assert_eq!(
        told(&mut events),
        [
            "1 began",
            "1: ok after 1",
            "2 began",
            "2: skipped: nothing to do after 2",
            "3 began",
            "3: failed: as planned after 2",
            "4 began",
            "0: skipped: the run before still went on after 0",
            "4: cancelled: leadership was lost after 1",
        ]
    );
    drop(scene);
    assert_eq!(events.next().await, None, "the stream ends with the runtime");
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_too_slow_is_told_how_many_it_lost() {
    let mut scene = Scene::led(&jobs![moody]);
    let mut events = scene.events.listen();
    scene.fire_each_second(4 + 2000).await;
    let told = told(&mut events);
    // 2 of the first three runs, the beginning of the fourth, and those that were skipped
    assert_eq!(told[0], format!("{} lost", 7 + 2000 - 1024));
    assert_eq!(told.len(), 1 + 1024);
}

#[tokio::test(start_paused = true)]
async fn outcomes_print_as_a_few_words() {
    let failed = RunOutcome::Failed("no such table".into());
    let late = SkipReason::TooLate(std::time::Duration::from_secs(90));
    for (outcome, text) in [
        (failed, "failed: no such table"),
        (RunOutcome::Cancelled(StopReason::Replaced), "cancelled: the next run took its place"),
        (RunOutcome::Skipped(late), "skipped: found 1m 30s too late"),
    ] {
        assert_eq!(outcome.to_string(), text);
    }
}
