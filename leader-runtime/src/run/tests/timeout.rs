//! `timeout`: the time that an attempt may take.

use super::{Scene, Told};
use crate::{Run, Stop, StopReason, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_longer_is_dropped_and_has_failed() {
    #[leader_job(key = "test/key", every = "10s", timeout = "2s", retries = 1,
        backoff = "1ms..1ms", crate = crate)]
    async fn sleeps_for_ever(run: Run, notes: Told) {
        notes.work(&run, 1e9).await;
    }

    let mut scene = Scene::led(&jobs![sleeps_for_ever]);
    scene.fire();
    scene.pass(9.0).await;
    let noted = ["0.0 begins 1", "2.0 is dropped 1", "2.0 begins 1", "4.0 is dropped 1"];
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_never_short_of_work_is_cut_off_as_well() {
    #[leader_job(key = "test/key", every = "10s", timeout = "2s", crate = crate)]
    async fn busy(run: Run, notes: Told) {
        let finds_work = async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        };
        tokio::join!(notes.work(&run, 100), finds_work);
    }

    let mut scene = Scene::led(&jobs![busy]);
    scene.fire();
    tokio::task::yield_now().await;
    for _ in 0..30 {
        // by itself, virtual time stands still while anything has work
        tokio::time::advance(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(scene.noted(), ["0.0 begins 1", "2.1 is dropped 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_beside_the_job_hears_of_it() {
    #[leader_job(key = "test/key", every = "10s", timeout = "2s", crate = crate)]
    async fn listened_to(stop: Stop, notes: Told) {
        let told = (*notes).clone();
        tokio::spawn(async move {
            assert_eq!(stop.requested().await, StopReason::Timeout);
            told.add("timeout");
        });
        std::future::pending().await
    }

    let mut scene = Scene::led(&jobs![listened_to]);
    scene.fire();
    scene.pass(5.0).await;
    assert_eq!(scene.noted(), ["2.0 timeout"]);
}
