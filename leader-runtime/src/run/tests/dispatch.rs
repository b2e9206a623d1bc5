//! Runs that are due together, and come out of one queue.

use std::time::Duration;

use super::{Scene, Told};
use crate::{Jobs, Run, jobs, leader_job};

/// In its first run it is quick; in its second it is not; in its third it panics.
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
    let jobs: Jobs =
        (0..100).map(|n| jobs![moody].prefix(&format!("n{n}_"))).fold(Jobs::new(), Jobs::extend);
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
