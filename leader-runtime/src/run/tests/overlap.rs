//! `overlap`: a run that is due while the previous one still goes on.

use super::{Scene, Told};
use crate::{Run, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn skip_leaves_out_what_is_due_while_a_run_goes_on() {
    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 2.5).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire_each_second(6).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "2.5 ends 1", "3.0 begins 2", "5.5 ends 2"]);
}

#[tokio::test(start_paused = true)]
async fn queue_holds_one_run_the_newest_and_runs_it_when_the_other_has_ended() {
    #[leader_job(key = "test/key", every = "1s", overlap = "queue", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        let due = run.due().timestamp();
        let late = crate::system::clock::wall().duration_since(due).unwrap().as_secs_f64();
        notes.add(&format!("{late:.1} s late"));
        notes.work(&run, 3).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire_each_second(3).await;
    scene.pass(10.0).await;
    let noted = ["0.0 0.0 s late", "0.0 begins 1", "3.0 ends 1", "3.0 1.0 s late", "3.0 begins 2"];
    assert_eq!(scene.noted(), [noted.as_slice(), &["6.0 ends 2"]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_when_its_key_is_given_up_runs_with_a_drain_of_its_own() {
    #[leader_job(key = "test/key", every = "1s", overlap = "queue", drain = "5s", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 4).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire_each_second(2).await;
    assert_eq!(scene.runs.control().longest_drain().as_secs(), 10);
    scene.stage.drain();
    scene.fire();
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "4.0 ends 1", "4.0 begins 2", "8.0 ends 2"]);
}

#[tokio::test(start_paused = true)]
async fn replace_cancels_the_run_that_goes_on_and_runs_when_that_has_ended() {
    #[leader_job(key = "test/key", every = "1s", overlap = "replace", retries = 3, crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 3).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire_each_second(3).await;
    scene.pass(10.0).await;
    let noted = ["0.0 begins 1", "1.0 is dropped 1", "1.0 begins 2", "2.0 is dropped 2"];
    assert_eq!(scene.noted(), [noted.as_slice(), &["2.0 begins 3", "5.0 ends 3"]].concat());
}

#[tokio::test(start_paused = true)]
async fn replace_ends_the_wait_for_a_retry() {
    #[leader_job(key = "test/key", every = "1s", overlap = "replace", retries = 1,
        backoff = "1m..1m", crate = crate)]
    async fn fails(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.add(&format!("run {} attempt {}", run.number(), run.attempt()));
        Err("as planned")
    }

    let mut scene = Scene::led(&jobs![fails]);
    scene.fire_each_second(2).await;
    assert_eq!(scene.noted(), ["0.0 run 1 attempt 1", "1.0 run 2 attempt 1"]);
}

#[tokio::test(start_paused = true)]
async fn allow_runs_beside_the_others() {
    #[leader_job(key = "test/key", every = "1s", overlap = "allow", crate = crate)]
    async fn slow(run: Run, notes: Told) {
        notes.work(&run, 2).await;
    }

    let mut scene = Scene::led(&jobs![slow]);
    scene.fire();
    scene.pass(0.5).await;
    scene.fire();
    scene.pass(0.5).await;
    scene.fire();
    scene.pass(5.0).await;
    let noted = ["0.0 begins 1", "0.5 begins 2", "1.0 begins 3", "2.0 ends 1", "2.5 ends 2"];
    assert_eq!(scene.noted(), [noted.as_slice(), &["3.0 ends 3"]].concat());
}
