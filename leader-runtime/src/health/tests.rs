use std::time::Duration;

use leader_core::{Lease, Timing};

use super::EngineLiveness;
use crate::leadership::Stage;
use crate::model::Health;

/// One process, its manager played by the test.
struct Scene {
    stage: Stage,
    liveness: EngineLiveness,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { stage: Stage::new().0, liveness: EngineLiveness::default() };
        scene.run();
        scene.stage.answer(None);
        scene
    }

    /// Both parts run.
    fn run(&self) {
        self.liveness.mark();
        self.stage.beat();
    }

    fn health(&self) -> Health {
        let timing = Timing::new(Lease::default());
        self.liveness.health(Some(&self.stage.manager), Some(timing))
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_leads_or_stands_by_is_live_and_ready() {
    let mut scene = Scene::new();
    let _claim = scene.stage.manager.claim(Stage::KEY);
    assert_eq!(scene.health().to_string(), "live and ready\ntest/key: stands by\n");
    scene.stage.lead();
    assert_eq!(scene.health().to_string(), "live and ready\ntest/key: leads\n");
    assert_eq!(scene.health().leading_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_leads_past_its_deadline_is_not_live() {
    let mut scene = Scene::new();
    let _claim = scene.stage.manager.claim(Stage::KEY);
    scene.stage.lead();
    scene.stage.believe_for(Duration::from_secs(5));
    pass(5).await;
    // what ends the term may have only just woken
    assert!(scene.health().is_live && scene.health().leading_count() == 0);
    pass(1).await;
    let health = scene.health();
    assert!(!health.is_live && !health.is_ready && health.leading_count() == 0, "{health}");
    let text = "not live\nleads `test/key` past its deadline: what would stop that has not run\n\
                test/key: leads past its deadline\n";
    assert_eq!(health.to_string(), text);
    scene.stage.lose();
    assert!(scene.health().is_live);
}

#[tokio::test(start_paused = true)]
async fn one_whose_parts_do_not_run_for_30_s_is_not_live() {
    let scene = Scene::new();
    for (part, name) in [(0, "the task that begins runs"), (1, "the lock manager's thread")] {
        scene.run();
        pass(30).await;
        assert!(scene.health().is_live);
        if part == 0 {
            scene.stage.beat()
        } else {
            scene.liveness.mark()
        }
        pass(1).await;
        let health = scene.health();
        assert!(!health.is_live && health.faults.len() == 1, "{health}");
        assert!(health.faults[0].starts_with(&format!("{name} has not run for 31s")), "{health}");
    }
    scene.run();
    assert!(scene.health().is_live);
}

#[tokio::test(start_paused = true)]
async fn one_without_an_answer_for_longer_than_the_lease_is_live_and_not_ready() {
    let scene = Scene::new();
    scene.stage.answer(Some("Consul is away"));
    pass(6).await;
    assert!(scene.health().is_ready);
    scene.stage.answer(Some("Consul is away still"));
    pass(1).await;
    let health = scene.health();
    assert!(health.is_live && !health.is_ready, "{health}");
    assert_eq!(health.faults, ["cannot come to lead, since 7s: Consul is away"]);
    scene.stage.answer(None);
    assert!(scene.health().is_ready);
}

#[tokio::test(start_paused = true)]
async fn one_is_not_ready_before_the_first_answer_nor_when_it_is_told_to_stop_nor_after_its_end() {
    let scene = Scene { stage: Stage::new().0, liveness: EngineLiveness::default() };
    scene.run();
    let health = scene.health();
    assert!(health.is_live && !health.is_ready, "{health}");
    scene.stage.answer(None);
    assert!(scene.health().is_ready);
    scene.liveness.close();
    let health = scene.health();
    assert!(health.is_live && !health.is_ready, "{health}");
    let health = scene.liveness.health(None, None);
    assert!(!health.is_live && !health.is_ready, "{health}");
}
