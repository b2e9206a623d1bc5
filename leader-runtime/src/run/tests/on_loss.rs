//! `on_loss`: the end of a run whose leadership is lost.

use std::time::Duration;

use super::{Scene, Told};
use crate::{Run, Stop, StopReason, jobs, leader_job};

/// The trust after a beat at the lease of 6 s: 7/8 of the lease, less 5 %.
const TRUST: Duration = Duration::from_micros(4_987_500);

#[tokio::test(start_paused = true)]
async fn cancel_drops_the_run_when_trust_ends_and_not_before() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn slow(run: Run, stop: Stop, notes: Told) {
        let told = async {
            stop.requested().await;
            notes.add("told");
        };
        tokio::join!(notes.work(&run, 100), told);
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.pass(1.0).await;
    scene.stage.believe_for(TRUST);
    scene.pass(20.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "6.0 is dropped 1"]);
}

#[tokio::test(start_paused = true)]
async fn cancel_drops_the_run_at_once_when_the_key_is_lost() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", on_loss = "grace", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 100).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "1.0 is dropped 1"]);
}

#[leader_job(key = "test/key", every = "1h", missed = "skip", on_loss = "grace", crate = crate)]
async fn graceful(run: Run, stop: Stop, notes: Told) {
    let told = async {
        assert_eq!(stop.requested().await, StopReason::Loss);
        notes.add(&format!("told, {:.1} s left", stop.time_left().unwrap().as_secs_f64()));
    };
    tokio::join!(notes.work(&run, 100), told);
}

#[tokio::test(start_paused = true)]
async fn grace_tells_the_run_at_the_first_missed_beat_and_drops_it_when_trust_ends() {
    let mut scene = Scene::led(&jobs![graceful]);
    scene.fire();
    // a beat each 750 ms
    for _ in 0..4 {
        scene.stage.believe_for(TRUST);
        scene.pass(0.75).await;
    }
    // the last beat was sent at 2.25; the beats of 3.0 and 3.75 do not come through
    scene.pass(20.0).await;
    let noted = ["0.0 begins 1", "3.8 told, 3.5 s left", "7.2 is dropped 1"];
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_told_is_not_dropped_where_a_beat_comes_through_after_all() {
    let mut scene = Scene::led(&jobs![graceful]);
    scene.stage.believe_for(TRUST);
    scene.fire();
    scene.pass(2.0).await;
    scene.stage.believe_for(Duration::from_secs(1000));
    scene.pass(200.0).await;
    let noted = ["0.0 begins 1", "1.5 told, 3.5 s left", "100.0 ends 1"];
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_frozen_resumes_into_the_check_and_not_into_the_job() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 1).await;
        notes.add("goes on");
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.stage.believe_for(TRUST);
    scene.fire();
    tokio::task::yield_now().await;
    // in one leap, past the job's own instant and past trust
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "60.0 is dropped 1"]);
}
