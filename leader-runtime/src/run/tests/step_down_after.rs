//! `step_down_after`: a number of failed runs in a row that gives the key to another node.

use super::{Scene, Told};
use crate::{Outcome, Run, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn a_node_steps_down_after_so_many_failed_runs_in_a_row() {
    #[leader_job(key = "test/key", every = "1s", step_down_after = 3, retries = 2,
        backoff = "1ms..1ms", crate = crate)]
    async fn moody(run: Run, notes: Told) -> Outcome {
        let _ = notes;
        if run.number() == 3 { Outcome::ok() } else { Outcome::fail("as planned") }
    }

    let mut scene = Scene::led(&jobs![moody]);
    // two fail, one does not, two fail
    scene.fire_each_second(5).await;
    assert!(!scene.stage.is_stepping_down());
    scene.fire_each_second(1).await;
    assert!(scene.stage.is_stepping_down());
    // the count begins anew
    scene.fire_each_second(2).await;
    assert!(!scene.stage.is_stepping_down());
    scene.fire_each_second(1).await;
    assert!(scene.stage.is_stepping_down());
}

#[tokio::test(start_paused = true)]
async fn each_start_of_a_job_that_runs_while_leading_counts() {
    #[leader_job(key = "test/key", while_leading, backoff = "1s..1s", step_down_after = 2,
        crate = crate)]
    async fn panics() {
        panic!("as planned");
    }

    let mut scene = Scene::led(&jobs![panics]);
    scene.pass(0.1).await;
    assert!(!scene.stage.is_stepping_down());
    scene.pass(1.5).await;
    assert!(scene.stage.is_stepping_down());
}
