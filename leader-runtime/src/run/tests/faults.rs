//! Faults of a job: each is logged once, and the other jobs stay on time.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use super::tasks::Note;
use super::{Scene, Told, until};
use crate::log::Log;
use crate::{Run, jobs, leader_job};

#[track_caller]
fn assert_one_line(log: &Log, parts: &[&str]) {
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in parts {
        assert!(lines[0].contains(part), "{part}: {lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_has_a_span_that_says_which_it_is() {
    #[leader_job(key = "test/key", every = "1s", name = "named", crate = crate)]
    async fn says() {
        tracing::info!("hello");
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![says]);
    scene.fire_each_second(1).await;
    let span = ["hello", "run{", "job=named", "key=test/key", "due=20", "number=1", "attempt=1"];
    assert_one_line(&log, &[span.as_slice(), &["fence=1"]].concat());
}

#[tokio::test(start_paused = true)]
async fn an_error_that_comes_each_time_is_told_once_and_its_end_too() {
    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn moody(run: Run) -> Result<(), String> {
        if run.number() < 100 { Err("no such table".into()) } else { Ok(()) }
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![moody]);
    scene.fire_each_second(99).await;
    assert_one_line(&log, &["ERROR", "run failed", "no such table", "job=moody"]);
    scene.fire_each_second(3).await;
    assert_one_line(&log, &["INFO", "run succeeded after failed runs", "failed_again=98"]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_lasts_is_told_again_after_ten_minutes() {
    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn panics() {
        panic!("no such table");
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![panics]);
    scene.fire_each_second(600).await;
    assert_one_line(&log, &["ERROR", "run failed", "it panicked: no such table"]);
    scene.fire_each_second(10).await;
    assert_one_line(&log, &["ERROR", "run still failing", "again=600", "no such table"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_blocks_its_thread_is_told_once() {
    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn blocks() {
        // by the clock, one poll takes this long
        tokio::time::advance(Duration::from_secs(2)).await;
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![blocks]);
    for _ in 0..3 {
        scene.fire();
        scene.pass(10.0).await;
    }
    assert_one_line(&log, &["WARN", "blocks its thread", "job=blocks"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_always_slower_than_its_schedule_is_told_once_in_ten_minutes() {
    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn slow() {
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![slow]);
    scene.fire_each_second(600).await;
    assert_one_line(&log, &["WARN", "run skipped: the previous run still goes on", "job=slow"]);
    scene.fire_each_second(10).await;
    assert_one_line(&log, &["WARN", "again=300", "job=slow"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_sleeps_for_ever_is_told_once_and_the_others_run() {
    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn sleeps() {
        std::future::pending().await
    }

    #[leader_job(key = "test/key", after = "1s", crate = crate)]
    async fn other(notes: Told) {
        notes.add("runs");
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![sleeps, other]);
    scene.fire_each_second(10).await;
    assert_one_line(&log, &["WARN", "run skipped: the previous run still goes on", "job=sleeps"]);
    assert_eq!(scene.noted().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_longer_than_the_interval_is_told_at_the_start() {
    #[leader_job(key = "test/key", every = "10s", timeout = "1m", crate = crate)]
    async fn slow() {}

    let log = Log::listen();
    let _scene = Scene::led(&jobs![slow]);
    assert_one_line(
        &log,
        &["WARN", "timeout of 1m is longer than its interval of 10s", "job=slow"],
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_with_what_caused_it() {
    #[leader_job(key = "test/key", every = "10s", crate = crate)]
    async fn fails() -> crate::Result<()> {
        Err(crate::Error::signals(std::io::Error::other("no such signal")))
    }

    let log = Log::listen();
    let mut scene = Scene::led(&jobs![fails]);
    scene.fire_each_second(1).await;
    assert_one_line(&log, &["ERROR", "signals cannot be listened to: no such signal"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ignores_its_cancellation_is_told_once_and_the_others_run() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", every = "1s", timeout = "1s", crate = crate)]
    async fn ignores(run: Run, notes: Told) {
        let told = (*notes).clone();
        let go_on = GO_ON.lock().unwrap().take().expect("it runs once");
        let work = run.block(move || {
            told.add("blocks");
            go_on.recv().unwrap();
        });
        let _note = Note((*notes).clone(), "the job is dropped");
        work.await.unwrap();
    }

    #[leader_job(key = "test/key", every = "1s", crate = crate)]
    async fn other(notes: Told) {
        notes.add("the other runs");
    }

    let log = Log::listen();
    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let mut scene = Scene::led(&jobs![ignores, other]);
    scene.fire();
    until(|| scene.noted().pop()).await;
    // its timeout, and the second that its work is given to be gone
    tokio::time::advance(Duration::from_millis(1100)).await;
    until(|| scene.notes.lines.lock().unwrap().pop()).await;
    tokio::time::advance(Duration::from_millis(1100)).await;
    let told = until(|| Some(log.lines()).filter(|told| !told.is_empty())).await;
    assert!(told[0].contains("its blocking work is still running"), "{told:?}");
    scene.fire_all(&[1]);
    assert!(until(|| scene.noted().pop()).await.ends_with("the other runs"));
    go_on.send(()).unwrap();
    scene.stage.drain();
    scene.stage.drained().await;
    assert_one_line(&log, &["ERROR", "run failed", "it took longer than its timeout of 1s"]);
}
