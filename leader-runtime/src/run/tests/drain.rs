//! `drain`: the time that a run has to end once its key is to be given up.

use super::{Scene, Told};
use crate::{Run, Stop, StopReason, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn a_run_is_told_at_once_and_dropped_when_its_own_drain_is_used_up() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", drain = "30s", crate = crate)]
    async fn slow(run: Run, stop: Stop, notes: Told) {
        let told = async {
            assert_eq!(stop.requested().await, StopReason::Drain);
            notes.add(&format!("{} s left", stop.time_left().unwrap().as_secs_f64().round()));
        };
        tokio::join!(notes.work(&run, 100), told);
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.pass(1.0).await;
    assert_eq!(scene.runs.control().longest_drain().as_secs(), 30);
    scene.stage.drain();
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "1.0 30 s left", "31.0 is dropped 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_by_itself_in_its_drain_is_not_cut() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 9).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.stage.drain();
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "9.0 ends 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_every_drain() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", drain = "1h", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 9999).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.stage.drain();
    scene.pass(5.0).await;
    scene.stage.hurry();
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "5.0 is dropped 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_longest_drain_of_what_goes_on_and_then_for_the_service() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn patient() {}

    #[leader_job(key = "test/key", every = "1h", missed = "skip", drain = "2m", overlap = "queue", crate = crate)]
    async fn slow() {
        std::future::pending().await
    }

    for (fired, seconds) in [([0].as_slice(), 10 + 5), (&[0, 1], 2 * 120 + 5)] {
        let mut scene = Scene::led(&jobs![patient, slow]);
        scene.fire_all(fired);
        scene.pass(1.0).await;
        scene.stage.manager.shut_down(scene.runs.control().longest_drain());
        let within = scene.stage.shuts_down_within().unwrap();
        assert_eq!(within.as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_slot_keeps_no_key_when_the_runs_are_dropped() {
    #[leader_job(key = "test/key", every = "1s", overlap = "queue", crate = crate)]
    async fn waits(notes: Told) {
        notes.add("begins");
        std::future::pending().await
    }

    let mut scene = Scene::led(&jobs![waits]);
    scene.fire_each_second(2).await;
    // as with a job that blocks its thread
    let held = std::sync::Arc::clone(&scene.runs.shared);
    let Scene { mut stage, runs, .. } = scene;
    drop(runs);
    stage.drain();
    stage.drained().await;
    drop(held);
}
