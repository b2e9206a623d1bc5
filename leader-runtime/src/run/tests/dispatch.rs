//! Runs that are due together, and start from one queue.

use std::time::Duration;

use futures_util::StreamExt;
use leader_core::Due;

use super::{Scene, Told};
use crate::engine::Tick;
use crate::log::Log;
use crate::run::RunEvent;
use crate::run::firing::{Cause, Firing};
use crate::system::clock;
use crate::{Jobs, Run, jobs, leader_job};

/// A job whose first run is quick, whose second is not, and whose third panics.
#[leader_job(key = "test/key", every = "10s", crate = crate)]
async fn moody(run: Run, notes: Told) {
    match run.number() {
        2 => {
            notes.add("waits");
            tokio::time::sleep(Duration::from_secs(3)).await;
            notes.add("has waited");
        }
        3 => panic!("as planned"),
        _ => notes.add("runs"),
    }
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_due_together_wait_for_no_other() {
    let jobs: Jobs = (0..100).map(|n| jobs![moody].prefix(&format!("n{n}_"))).collect();
    let mut scene = Scene::led(&jobs);
    let all: Vec<_> = (0..100).collect();
    let times = |noted: &[String], line: &str| noted.iter().filter(|noted| *noted == line).count();
    scene.fire_all(&all);
    scene.pass(10.0).await;
    assert_eq!(times(&scene.noted(), "0.0 runs"), 100);
    // now all suspend
    scene.fire_all(&all);
    scene.pass(10.0).await;
    let noted = scene.noted();
    assert_eq!((times(&noted, "10.0 waits"), times(&noted, "13.0 has waited")), (100, 100));
    for second in [20, 30, 40] {
        scene.fire_all(&all);
        assert_eq!(scene.runs.shared.tasks.len(), 1, "on one thread, one takes them up");
        scene.pass(10.0).await;
        let runs = if second == 20 { 0 } else { 100 };
        assert_eq!(times(&scene.noted(), &format!("{second}.0 runs")), runs);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_batch_that_suspends_is_told_to_end_like_any_other() {
    let mut scene = Scene::led(&jobs![moody]);
    scene.fire();
    scene.pass(1.0).await;
    scene.fire();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.pass(10.0).await;
    assert_eq!(scene.noted(), ["0.0 runs", "1.0 waits"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_where_it_is_printed_takes_no_other_run_with_it() {
    #[derive(Debug)]
    struct Unprintable;

    impl std::fmt::Display for Unprintable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("as planned")
        }
    }

    impl std::error::Error for Unprintable {}

    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn fails(notes: Told) -> Result<(), Unprintable> {
        notes.add("fails");
        Err(Unprintable)
    }

    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn runs(notes: Told) {
        notes.add("runs");
    }

    let mut scene = Scene::led(&jobs![fails, runs]);
    for second in 0..2 {
        scene.fire_all(&[0, 1]);
        scene.pass(1.0).await;
        // and its slot is free again
        assert_eq!(scene.noted(), [format!("{second}.0 fails"), format!("{second}.0 runs")]);
    }
}

/// Quick jobs that are due together.
fn many(number: usize) -> Jobs {
    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn quick(run: Run, notes: Told) {
        notes.add(run.job());
    }

    (0..number).map(|n| jobs![quick].prefix(&format!("n{n}_"))).collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_schedule_run_once_each_when_it_is_due() {
    let mut scene = Scene::led_together(&many(300));
    for second in 0..2 {
        scene.fire();
        scene.pass(1.0).await;
        let names = |n| format!("{second}.0 n{n}_quick");
        assert_eq!(scene.noted(), (0..300).map(names).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_when_it_is_due_again_is_not_run_twice() {
    let log = Log::listen();
    let mut scene = Scene::led_together(&many(2));
    let events = scene.events.listen();
    // no thread was free between them
    for due in [clock::wall() - Duration::from_secs(10), clock::wall()] {
        scene.runs.fire_all([Tick { place: 0, due, too_late: None }]);
    }
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["0.0 n0_quick", "0.0 n1_quick"]);
    drop(scene);
    let ended: Vec<_> = events
        .filter_map(async |event| match event {
            RunEvent::Ended(report) => Some(format!("{} {}", report.job, report.outcome)),
            _ => None,
        })
        .collect()
        .await;
    let skipped = |n| format!("n{n}_quick skipped: found 10s too late");
    assert_eq!(ended[..2], [skipped(0), skipped(1)]);
    assert_eq!(ended[2..], ["n0_quick ok", "n1_quick ok"]);
    let told =
        log.lines().iter().filter(|line| line.contains("run skipped: found too late")).count();
    assert_eq!(told, 2);
}

#[tokio::test(start_paused = true)]
async fn one_job_does_not_wait_for_all_of_many_that_were_due_just_before() {
    #[leader_job(key = "test/key", every = "20s", crate = crate)]
    async fn other(notes: Told) {
        notes.add("the other");
    }

    let mut scene = Scene::led_together(&many(1_000).merge(jobs![other]));
    let due = clock::wall();
    scene.runs.fire_all([0, 1].map(|place| Tick { place, due, too_late: None }));
    scene.pass(1.0).await;
    let place = scene.noted().iter().position(|line| line == "0.0 the other");
    assert!(place.is_some_and(|place| place < 200), "{place:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_up_is_found_within_two_seconds() {
    let mut scene = Scene::led_together(&many(3));
    let shared = &scene.runs.shared;
    let guard = shared.jobs[0].gate().enter().unwrap();
    let firing = Firing::new(Due::new(clock::wall()), guard, Cause::Schedule);
    // no worker is spawned, as where all threads are blocked
    shared.queue.put(0, &(0..3).collect(), firing, 1);
    scene.pass(2.1).await;
    assert_eq!(scene.noted().len(), 3);
}
