//! `while_leading`: as long as this node leads.

use super::{Scene, Told};
use crate::{Outcome, Run, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn a_job_starts_when_trust_begins_ends_with_it_and_starts_again_when_it_is_back() {
    #[leader_job(key = "test/key", while_leading, crate = crate)]
    async fn consume(run: Run, notes: Told) {
        notes.work(&run, 1000).await;
    }

    let mut scene = Scene::standing_by(&jobs![consume]);
    scene.pass(1.0).await;
    scene.stage.lead();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    scene.stage.resume();
    scene.pass(1.0).await;
    scene.stage.drain();
    scene.stage.drained().await;
    let noted = ["1.0 begins 1", "2.0 is dropped 1", "3.0 begins 2", "14.0 is dropped 2"];
    assert_eq!(scene.noted(), noted);
    scene.pass(100.0).await;
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["114.0 begins 3"]);
}

#[tokio::test(start_paused = true)]
async fn ok_ends_it_for_the_term() {
    #[leader_job(key = "test/key", while_leading, crate = crate)]
    async fn finish(run: Run, notes: Told) {
        notes.work(&run, 1).await;
    }

    let mut scene = Scene::led(&jobs![finish]);
    scene.pass(100.0).await;
    scene.stage.lose();
    scene.stage.resume();
    scene.pass(100.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "1.0 ends 1"]);
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(100.0).await;
    assert_eq!(scene.noted(), ["200.0 begins 2", "201.0 ends 2"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_panic_starts_it_again_after_waits_that_a_minute_of_running_resets() {
    #[leader_job(key = "test/key", while_leading, backoff = "8s..1h", crate = crate)]
    async fn moody(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.work(&run, if run.number() == 4 { 60 } else { 0 }).await;
        assert!(run.number() != 2, "as planned");
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![moody]);
    scene.pass(300.0).await;
    let noted = scene.noted();
    let at = |text: &str| -> f64 {
        let line = noted.iter().find(|line| line.ends_with(text)).unwrap();
        line.split_once(' ').unwrap().0.parse().unwrap()
    };
    for (run, whole) in [(1, 8.0), (2, 16.0), (3, 32.0), (4, 8.0)] {
        let wait = at(&format!("begins {}", run + 1)) - at(&format!("ends {run}"));
        assert!((whole / 2.0 - 0.2..=whole + 0.2).contains(&wait), "{run}: {noted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_for_good_ends_it_for_the_term() {
    #[leader_job(key = "test/key", while_leading, crate = crate)]
    async fn gives_up(notes: Told) -> Outcome {
        notes.add("gives up");
        Outcome::fail("for good")
    }

    let mut scene = Scene::led(&jobs![gives_up]);
    scene.pass(1000.0).await;
    assert_eq!(scene.noted(), ["0.0 gives up"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_to_start_again_holds_back_no_release() {
    #[leader_job(key = "test/key", while_leading, backoff = "1h..1h", crate = crate)]
    async fn fails(notes: Told) -> Result<(), &'static str> {
        notes.add("fails");
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.pass(1.0).await;
    scene.stage.drain();
    scene.stage.drained().await;
    scene.notes.add("released");
    assert_eq!(scene.noted(), ["0.0 fails", "1.0 released"]);
}
