//! `Run::spawn` and `Run::block`: the tasks and the blocking work of a job end with its run.

use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};

use super::{Notes, Scene, Told, until};
use crate::job::Jobs;
use crate::job::private::{Entry, param};
use crate::run::RunEvent;
use crate::{Run, Stop, jobs, leader_job};

/// A note that is added when this is dropped.
pub(super) struct Note(pub(super) Notes, pub(super) &'static str);

impl Drop for Note {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_gone_when_its_run_is_over_and_none_is_started_after_that() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn starts_one(run: Run, notes: Told) {
        let note = Note((*notes).clone(), "the task is gone");
        drop(run.spawn(async move {
            let _note = note;
            pending::<()>().await
        }));
        assert_eq!(run.spawn(async { 7 }).await.unwrap(), 7);
        let kept = run.clone();
        let note = Note((*notes).clone(), "nor does this begin");
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let late = kept.spawn(async move { drop(note) }).await;
            assert!(late.unwrap_err().is_cancelled());
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    let mut scene = Scene::led(&jobs![starts_one]);
    scene.fire();
    scene.pass(0.5).await;
    scene.stage.drain();
    scene.stage.drained().await;
    scene.notes.add("released");
    scene.pass(9.0).await;
    let noted = ["1.0 the task is gone", "1.0 released", "5.0 nor does this begin"];
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_not_polled_once_trust_has_ended() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn ticks(run: Run, notes: Told) {
        let notes = (*notes).clone();
        let task = run.spawn(async move {
            loop {
                notes.add("ticks");
                tokio::time::sleep(Duration::from_millis(1300)).await;
            }
        });
        let never: () = task.await.unwrap();
        never
    }

    let mut scene = Scene::led(&jobs![ticks]);
    scene.fire();
    scene.stage.believe_for(Duration::from_secs(3));
    scene.pass(2.5).await;
    // in one leap, past the task's own instant and past trust
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["0.0 ticks", "1.3 ticks"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_over_when_its_blocking_work_has_returned() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", every = "1h", missed = "skip", timeout = "1s", crate = crate)]
    async fn blocks(run: Run, stop: Stop, notes: Told) {
        let told = (*notes).clone();
        let go_on = GO_ON.lock().unwrap().take().expect("it runs once");
        let work = run.block(move || {
            told.add("blocks");
            go_on.recv().unwrap();
            told.add(&format!("returns, told of {:?}", stop.reason().unwrap()));
        });
        let _note = Note((*notes).clone(), "the job is dropped");
        work.await.unwrap();
    }

    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let mut scene = Scene::led(&jobs![blocks]);
    scene.fire();
    let lines = &Arc::clone(&scene.notes.lines);
    let noted = |count| until(move || (lines.lock().unwrap().len() >= count).then_some(()));
    noted(1).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    noted(2).await;
    // it is skipped, since the run goes on
    scene.fire();
    scene.stage.drain();
    go_on.send(()).unwrap();
    scene.stage.drained().await;
    let noted = scene.noted();
    let noted: Vec<_> = noted.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(noted, ["blocks", "the job is dropped", "returns, told of Timeout"]);
}

#[tokio::test(start_paused = true)]
async fn blocking_work_of_an_attempt_that_panics_before_its_first_poll_holds_the_slot() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);
    static PANICS: Entry = Entry {
        start: |context| {
            let run: Run = param(context).expect("each context has one");
            let go_on = GO_ON.lock().unwrap().take();
            if let Some(go_on) = go_on {
                drop(run.block(move || go_on.recv().unwrap()));
                panic!("as planned");
            }
            (<idle as crate::job::private::Job>::ENTRY.start)(context)
        },
        ..<idle as crate::job::private::Job>::ENTRY
    };

    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn idle() {}

    let mut jobs = Jobs::new();
    jobs.push(&PANICS);
    let mut scene = Scene::led(&jobs);
    let mut events = scene.events.listen();
    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    scene.fire();
    until(|| GO_ON.lock().unwrap().is_none().then_some(())).await;
    let is_held = |scene: &Scene| scene.runs.shared.jobs[0].slot.is_taken();
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(is_held(&scene));
    }
    go_on.send(()).unwrap();
    until(|| (!is_held(&scene)).then_some(())).await;
    let ended = events.by_ref().skip(1).next().now_or_never().flatten();
    assert!(
        matches!(&ended, Some(RunEvent::Ended(report)) if report.outcome.to_string().contains("as planned")),
        "{ended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_run_has_started_ends_too_and_the_key_is_held_until_then() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn starts_two(run: Run, stop: Stop, notes: Told) {
        let note = Note((*notes).clone(), "the task is gone");
        drop(run.spawn(async move {
            let _note = note;
            pending::<()>().await
        }));
        let told = (*notes).clone();
        let go_on = GO_ON.lock().unwrap().take().expect("it runs once");
        let work = run.block(move || {
            told.add("blocks");
            go_on.recv().unwrap();
            told.add(&format!("returns, told of {:?}", stop.reason().unwrap()));
        });
        work.await.unwrap();
    }

    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let mut scene = Scene::led(&jobs![starts_two]);
    scene.fire();
    scene.pass(0.0).await;
    let Scene { mut stage, runs, notes, .. } = scene;
    let noted = |count| {
        let lines = Arc::clone(&notes.lines);
        until(move || (lines.lock().unwrap().len() >= count).then_some(()))
    };
    noted(1).await;
    drop(runs);
    noted(2).await;
    stage.drain();
    assert!(stage.drained().now_or_never().is_none(), "the blocking work goes on");
    go_on.send(()).unwrap();
    stage.drained().await;
    let lines = notes.lines.lock().unwrap().clone();
    let lines: Vec<_> = lines.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines, ["blocks", "the task is gone", "returns, told of Ended"]);
}

#[tokio::test(start_paused = true)]
async fn the_run_that_waits_begins_when_the_tasks_of_the_one_before_are_gone() {
    #[leader_job(key = "test/key", every = "10s", overlap = "queue", crate = crate)]
    async fn starts_one(run: Run, notes: Told) {
        notes.add("begins");
        let note = Note((*notes).clone(), "the task is gone");
        drop(run.spawn(async move {
            let _note = note;
            pending::<()>().await
        }));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    let mut scene = Scene::led(&jobs![starts_one]);
    scene.fire();
    scene.pass(0.5).await;
    scene.fire();
    scene.pass(2.0).await;
    let noted = ["0.0 begins", "1.0 the task is gone", "1.0 begins", "2.0 the task is gone"];
    assert_eq!(scene.noted(), noted);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_starts_is_under_its_own_term_and_not_under_that_of_the_run_before() {
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    #[leader_job(key = "test/key", every = "1h", missed = "skip", overlap = "queue", crate = crate)]
    async fn starts(run: Run, notes: Told) {
        let told = (*notes).clone();
        let Some(go_on) = GO_ON.lock().unwrap().take() else {
            return run.spawn(async move { told.add("a task of the next") }).await.unwrap();
        };
        let work = run.block(move || {
            told.add("blocks");
            go_on.recv().unwrap();
        });
        work.await.unwrap();
    }

    let (go_on, hears) = mpsc::channel();
    *GO_ON.lock().unwrap() = Some(hears);
    let mut scene = Scene::led(&jobs![starts]);
    scene.fire();
    until(|| scene.noted().pop()).await;
    scene.stage.lose();
    scene.stage.lead();
    scene.fire();
    go_on.send(()).unwrap();
    assert!(until(|| scene.noted().pop()).await.ends_with("a task of the next"));
}
