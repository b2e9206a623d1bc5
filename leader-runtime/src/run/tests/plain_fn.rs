//! Jobs that are plain functions: blocking work, with the laws of the key.

use std::sync::{Mutex, mpsc};
use std::thread;

use futures_util::{FutureExt, StreamExt};

use super::{Scene, Told, until};
use crate::job::{Hook, Outcome};
use crate::run::RunEvent;
use crate::{Run, Stop, jobs, leader_job};

/// The next outcome of a run.
async fn outcome(events: &mut (impl StreamExt<Item = RunEvent> + Unpin)) -> String {
    let ended = || match events.next().now_or_never().flatten() {
        Some(RunEvent::Ended(run)) => Some(run.outcome.to_string()),
        _ => None,
    };
    until(ended).await
}

#[tokio::test(start_paused = true)]
async fn it_runs_on_a_thread_of_its_own_and_its_outcome_is_that_of_the_run() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    fn job(run: Run, notes: Told) -> Result<Outcome, String> {
        notes.add(&format!("{:?}", thread::current().id()));
        match run.number() {
            1 => Ok(Outcome::ok()),
            2 => Ok(Outcome::skip("nothing to do")),
            3 => Err("an error".into()),
            _ => panic!("a panic"),
        }
    }

    let mut scene = Scene::led(&jobs![job]);
    let mut events = scene.events.listen();
    for ends in ["ok", "skipped: nothing to do", "failed: an error", "failed: it panicked: a panic"]
    {
        scene.fire();
        assert_eq!(outcome(&mut events).await, ends);
        let own = format!("{:?}", thread::current().id());
        let noted = scene.noted();
        assert!(noted.len() == 1 && !noted[0].contains(&own), "{noted:?}");
    }
    scene.stage.drain();
    scene.stage.drained().await;
}

#[tokio::test(start_paused = true)]
async fn its_stop_is_its_way_out_of_a_drain() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    fn job(stop: Stop, notes: Told) {
        notes.add("begins");
        while !stop.is_requested() {
            thread::yield_now();
        }
        notes.add(&format!("ends for {:?}", stop.reason()));
    }

    let mut scene = Scene::led(&jobs![job]);
    let mut events = scene.events.listen();
    scene.fire();
    until(|| scene.notes.lines.lock().unwrap().first().cloned()).await;
    scene.stage.drain();
    assert_eq!(outcome(&mut events).await, "ok");
    scene.stage.drained().await;
    assert_eq!(scene.noted(), ["0.0 begins", "0.0 ends for Some(Drain)"]);
}

#[tokio::test(start_paused = true)]
async fn its_key_is_not_released_and_it_does_not_run_again_before_it_has_returned() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    fn job(notes: Told) {
        notes.add("begins");
        let go_on = GO_ON.lock().unwrap().take().expect("it runs once");
        go_on.recv().unwrap();
        notes.add("returns");
    }

    let (go_on, waits) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(waits);
    let mut scene = Scene::led(&jobs![job]);
    let mut events = scene.events.listen();
    scene.fire();
    until(|| scene.notes.lines.lock().unwrap().first().cloned()).await;
    scene.fire();
    // cut off as far as it can be: its future is dropped
    scene.stage.drain();
    scene.stage.hurry();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(scene.stage.drained().now_or_never().is_none(), "its thread goes on");
    go_on.send(()).unwrap();
    scene.stage.drained().await;
    assert_eq!(outcome(&mut events).await, "skipped: the run before still went on");
    assert_eq!(outcome(&mut events).await, "cancelled: its drain was used up");
    let noted = scene.noted();
    let noted: Vec<_> = noted.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(noted, ["begins", "returns"]);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_begin_once_leadership_has_ended() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    fn job(notes: Told) {
        notes.add("runs");
    }

    let mut scene = Scene::led(&jobs![job]);
    let mut events = scene.events.listen();
    scene.fire();
    scene.stage.lose();
    assert_eq!(outcome(&mut events).await, "cancelled: leadership was lost");
    assert_eq!(scene.noted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_around_it_sees_its_outcome() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    fn job() -> Result<(), &'static str> {
        Err("an error")
    }

    let sees = Hook::new(|info, attempt| {
        Box::pin(async move {
            let outcome = attempt.await;
            let notes = info.data::<super::Notes>().expect("each scene has it");
            notes.add(&outcome.error().expect("it failed").to_string());
            Outcome::ok()
        })
    });
    let mut scene = Scene::hooked(&jobs![job], [sees].into());
    scene.stage.lead();
    let mut events = scene.events.listen();
    scene.fire();
    assert_eq!(outcome(&mut events).await, "ok");
    assert_eq!(scene.noted(), ["0.0 an error"]);
}
