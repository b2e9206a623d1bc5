//! `after`: at once when a term begins, then with a delay after the end of each run.

use super::{Scene, Told};
use crate::{Due, Run, jobs, leader_job};

#[leader_job(key = "test/key", after = "10s", crate = crate)]
async fn again(run: Run, notes: Told) {
    notes.work(&run, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_at_once_when_a_term_begins_then_so_long_after_the_end_of_each_run() {
    let mut scene = Scene::standing_by(&jobs![again]);
    scene.pass(5.0).await;
    scene.stage.lead();
    scene.pass(20.0).await;
    assert_eq!(scene.noted(), ["5.0 begins 1", "8.0 ends 1", "18.0 begins 2", "21.0 ends 2"]);
    // due at 31, but a new term begins
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(14.0).await;
    assert_eq!(scene.noted(), ["25.0 begins 3", "28.0 ends 3", "38.0 begins 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_term_that_is_taken_up_again_goes_on_counting() {
    let mut scene = Scene::led(&jobs![again]);
    scene.pass(5.0).await;
    scene.stage.lose();
    scene.pass(1.0).await;
    scene.stage.resume();
    scene.pass(12.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "3.0 ends 1", "13.0 begins 2", "16.0 ends 2"]);
    // due at 26, while nobody leads: it is made up for
    scene.stage.lose();
    scene.pass(22.0).await;
    scene.stage.resume();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["40.0 begins 3"]);
}

#[tokio::test(start_paused = true)]
async fn ticks_of_the_engine_are_none_of_its_runs() {
    let mut scene = Scene::led(&jobs![again]);
    scene.fire_each_second(5).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "3.0 ends 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_comes_through_at_the_last_moment_costs_no_run() {
    let mut scene = Scene::led(&jobs![again]);
    scene.pass(12.0).await;
    // the deadline passes when it is due, and no term ends or begins
    scene.stage.believe_for(std::time::Duration::ZERO);
    scene.pass(1.5).await;
    scene.stage.believe_for(std::time::Duration::from_secs(100));
    scene.pass(2.0).await;
    assert_eq!(scene.noted(), ["0.0 begins 1", "3.0 ends 1", "14.0 begins 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_lead_stands_by_at_the_ticks() {
    #[leader_job(key = "test/key", after = "10s", standby = stand_by, crate = crate)]
    async fn lead(notes: Told) {
        notes.add("leads");
    }

    async fn stand_by(_: Due, notes: Told) {
        notes.add("stands by");
    }

    let mut scene = Scene::standing_by(&jobs![lead]);
    scene.fire_each_second(2).await;
    scene.stage.lead();
    scene.fire_each_second(2).await;
    assert_eq!(scene.noted(), ["0.0 stands by", "1.0 stands by", "2.0 leads"]);
}
