//! `retries` and `backoff`: the attempts after a failed one.

use std::time::Duration;

use super::{Scene, Told};
use crate::{Outcome, Run, jobs, leader_job};

fn seconds(noted: &[String]) -> Vec<f64> {
    noted.iter().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_tried_again_after_waits_that_double_until_one_does_not_fail() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 4, backoff = "10s..20s", crate = crate)]
    async fn third_time_lucky(run: Run, notes: Told) -> Result<(), String> {
        notes.add(&format!("run {} attempt {}", run.number(), run.attempt()));
        match run.attempt() {
            1 => panic!("as planned"),
            2 | 3 => Err("as planned".into()),
            _ => Ok(()),
        }
    }

    let mut scene = Scene::led(&jobs![third_time_lucky]);
    scene.fire();
    scene.pass(1000.0).await;
    let noted = scene.noted();
    assert!(noted[3].ends_with("run 1 attempt 4"), "{noted:?}");
    let at = seconds(&noted);
    let waits: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, whole) in waits.iter().zip([10.0, 20.0, 20.0]) {
        assert!((whole / 2.0 - 0.1..=whole + 0.1).contains(wait), "{waits:?}");
    }
    assert_eq!(waits.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_its_last_retry_the_run_has_failed_and_the_next_one_starts_anew() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 2, backoff = "1ms..1ms", crate = crate)]
    async fn fails(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.add(&format!("run {} attempt {}", run.number(), run.attempt()));
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.fire_each_second(2).await;
    let noted: Vec<_> = (0..2)
        .flat_map(|run| (1..=3).map(move |n| format!("{run}.0 run {} attempt {n}", run + 1)))
        .collect();
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_failed_for_good_is_not_tried_again() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 9, crate = crate)]
    async fn fails(notes: Told) -> Outcome {
        notes.add("fails");
        Outcome::fail("for good")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.fire();
    scene.pass(1000.0).await;
    assert_eq!(scene.noted(), ["0.0 fails"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_may_say_itself_how_long_to_wait() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 1, backoff = "1s..1s", crate = crate)]
    async fn limited(notes: Told) -> Outcome {
        notes.add("fails");
        Outcome::retry_after(Duration::from_secs(90), "too fast")
    }

    let mut scene = Scene::led(&jobs![limited]);
    scene.fire();
    scene.pass(1000.0).await;
    assert_eq!(scene.noted(), ["0.0 fails", "90.0 fails"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_once_the_key_is_given_up() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 9, backoff = "1m..1m", crate = crate)]
    async fn fails(notes: Told) -> Result<(), &'static str> {
        notes.add("fails");
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.fire();
    scene.pass(10.0).await;
    scene.stage.drain();
    scene.stage.drained().await;
    scene.notes.add("released");
    scene.pass(1000.0).await;
    assert_eq!(scene.noted(), ["0.0 fails", "10.0 released"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_after_a_loss() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", retries = 9, backoff = "10s..10s", crate = crate)]
    async fn fails(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.add(&format!("run {} fails", run.number()));
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.fire();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(1000.0).await;
    assert_eq!(scene.noted(), ["0.0 run 1 fails"]);
}
