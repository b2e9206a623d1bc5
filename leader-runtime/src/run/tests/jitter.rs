//! `jitter`: each firing is late by a random part of it.

use super::{Scene, Told};
use crate::{Run, jobs, leader_job};

#[leader_job(key = "test/key", every = "1h", jitter = "10s", missed = "skip", crate = crate)]
async fn shaken(run: Run, notes: Told) {
    let late = crate::system::clock::wall().duration_since(run.due().timestamp()).unwrap();
    notes.add(&late.as_millis().to_string());
}

#[tokio::test(start_paused = true)]
async fn every_firing_is_late_by_a_part_of_the_jitter() {
    let mut scene = Scene::led(&jobs![shaken]);
    for _ in 0..100 {
        scene.fire();
        scene.pass(3600.0).await;
    }
    let noted = scene.noted();
    let late: Vec<u32> =
        noted.iter().map(|line| line.split_once(' ').unwrap().1.parse().unwrap()).collect();
    assert_eq!(late.len(), 100);
    assert!(late.iter().all(|late| *late <= 10_001), "{late:?}");
    assert!(late.iter().any(|late| *late < 3_000) && late.iter().any(|late| *late > 7_000));
}

#[tokio::test(start_paused = true)]
async fn when_the_key_is_given_up_the_run_does_not_wait_and_is_not_lost() {
    let mut scene = Scene::led(&jobs![shaken]);
    // one run in a thousand is not late at all
    for _ in 0..20 {
        scene.fire();
    }
    tokio::task::yield_now().await;
    scene.stage.drain();
    scene.stage.drained().await;
    scene.notes.add("released");
    let noted = scene.noted();
    assert!(noted.iter().all(|line| line.starts_with("0.0 ")), "{noted:?}");
    assert_eq!(noted.last().unwrap(), "0.0 released");
    assert_eq!(noted.len(), 21);
}
