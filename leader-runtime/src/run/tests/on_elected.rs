//! `on_elected`: a run when this node begins to lead.

use super::{Scene, Told};
use crate::{Run, jobs, leader_job};

#[tokio::test(start_paused = true)]
async fn a_job_runs_once_in_each_new_term_and_not_when_one_is_taken_up_again() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", on_elected = true, crate = crate)]
    async fn warm_up(run: Run, notes: Told) {
        notes.add(&format!("runs in {}", run.fence()));
    }

    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn waits(notes: Told) {
        notes.add("runs unasked");
    }

    let mut scene = Scene::standing_by(&jobs![warm_up, waits]);
    scene.pass(1.0).await;
    scene.stage.lead();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    scene.stage.resume();
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["1.0 runs in 1", "4.0 runs in 2"]);
}
