//! `while_leading`: as long as this node leads.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Scene, Told};
use crate::{Outcome, Run, Stop, jobs, leader_job};

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

#[tokio::test(start_paused = true)]
async fn a_job_that_obeys_a_loss_which_does_not_come_starts_again() {
    #[leader_job(key = "test/key", while_leading, on_loss = "grace", crate = crate)]
    async fn obedient(stop: Stop, notes: Told) {
        notes.add("begins");
        notes.add(&format!("obeys {:?}", stop.requested().await));
    }

    let mut scene = Scene::led(&jobs![obedient]);
    scene.stage.believe_for(Duration::from_secs(5));
    scene.pass(2.0).await;
    let noted = scene.noted();
    assert!(noted.len() == 2 && noted[1].ends_with("obeys Loss"), "{noted:?}");
    // a beat came through after all
    scene.stage.believe_for(Duration::from_secs(3600));
    scene.pass(2.0).await;
    let noted = scene.noted();
    assert!(noted.len() == 1 && noted[0].ends_with("begins"), "{noted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_the_next_term_found_still_ending_starts_in_it_when_it_has_ended() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", while_leading, crate = crate)]
    async fn finish(run: Run, notes: Told) {
        notes.add("begins");
        let go_on = GO_ON.lock().unwrap().take();
        if let Some(go_on) = go_on {
            let (begun, begins) = oneshot::channel();
            drop(run.block(move || {
                begun.send(()).unwrap();
                go_on.recv().unwrap();
            }));
            begins.await.unwrap();
        }
    }

    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let mut scene = Scene::led(&jobs![finish]);
    let noted = |scene: &Scene| scene.notes.lines.lock().unwrap().len();
    while noted(&scene) < 1 {
        scene.pass(0.0).await;
    }
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(0.0).await;
    assert_eq!(noted(&scene), 1);
    go_on.send(()).unwrap();
    let began = std::time::Instant::now();
    while noted(&scene) < 2 {
        assert!(began.elapsed() < Duration::from_secs(10), "not within 10 s");
        scene.pass(0.0).await;
        tokio::task::yield_now().await;
    }
}
