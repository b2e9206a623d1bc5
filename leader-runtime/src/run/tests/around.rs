//! `Runtime::around`: hooks around each attempt, which cannot break the laws of the key.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tracing::{Instrument, Span, info_span};

use super::tasks::Note;
use super::{Notes, Scene, Told};
use crate::job::{AttemptFuture, AttemptInfo, Hook, Jobs};
use crate::log::Log;
use crate::run::RunEvent;
use crate::{Data, Outcome, Run, jobs, leader_job};

/// The process leads, with these hooks around its jobs.
fn led(jobs: &Jobs, hooks: impl Into<Box<[Hook]>>) -> Scene {
    let mut scene = Scene::hooked(jobs, hooks.into());
    scene.stage.lead();
    scene
}

fn notes(info: AttemptInfo<'_>) -> Data<Notes> {
    info.data().expect("each scene has it")
}

/// Notes both ends of an attempt.
fn noting(name: &'static str) -> Hook {
    Hook::new(move |info, attempt| {
        Box::pin(async move {
            let AttemptInfo { .. } = info;
            let told = format!("{name} {} {}/{}", info.job(), info.number(), info.attempt());
            notes(info).add(&format!("{told} begins"));
            let outcome = attempt.await;
            notes(info).add(&format!("{told} ends: {}", seen(&outcome)));
            outcome
        })
    })
}

fn seen(outcome: &Outcome) -> String {
    match (outcome.is_ok(), outcome.error(), outcome.skip_reason()) {
        (true, None, None) => "ok".into(),
        (false, Some(error), None) => error.to_string(),
        (false, None, Some(why)) => why.into(),
        seen => panic!("{seen:?}"),
    }
}

fn outcomes(events: &mut (impl StreamExt<Item = RunEvent> + Unpin)) -> Vec<String> {
    std::iter::from_fn(|| events.next().now_or_never().flatten())
        .filter_map(|event| match event {
            RunEvent::Ended(run) => Some(run.outcome.to_string()),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_hook_is_the_outermost_and_each_attempt_has_them_all() {
    #[leader_job(key = "test/key", every = "1h", retries = 1, backoff = "1s..1s", crate = crate)]
    async fn job(run: Run, notes: Told) -> Result<(), &'static str> {
        notes.add("runs");
        if run.attempt() == 1 { Err("as planned") } else { Ok(()) }
    }

    let mut scene = led(&jobs![job], [noting("outer"), noting("inner")]);
    scene.fire();
    scene.pass(2.0).await;
    let noted = scene.noted();
    let noted: Vec<_> = noted.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(
        noted,
        [
            "outer job 1/1 begins",
            "inner job 1/1 begins",
            "runs",
            "inner job 1/1 ends: as planned",
            "outer job 1/1 ends: as planned",
            "outer job 1/2 begins",
            "inner job 1/2 begins",
            "runs",
            "inner job 1/2 ends: ok",
            "outer job 1/2 ends: ok",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_sees_each_outcome_and_may_replace_it() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn job(run: Run) -> Result<Outcome, &'static str> {
        match run.number() {
            1 => Ok(Outcome::ok()),
            2 => Ok(Outcome::skip("nothing to do")),
            3 => Err("an error"),
            _ => panic!("a panic"),
        }
    }

    let mut scene = led(&jobs![job], [noting("hook")]);
    let mut events = scene.events.listen();
    scene.fire_each_second(4).await;
    let noted = scene.noted();
    let ends: Vec<_> = noted.iter().filter_map(|line| line.split_once("ends: ")).collect();
    let ends: Vec<_> = ends.iter().map(|end| end.1).collect();
    assert_eq!(ends, ["ok", "nothing to do", "an error", "it panicked: a panic"]);
    let ended =
        ["ok", "skipped: nothing to do", "failed: an error", "failed: it panicked: a panic"];
    assert_eq!(outcomes(&mut events), ended);

    let replaces = Hook::new(|_, attempt| {
        Box::pin(async move {
            match attempt.await {
                outcome if outcome.is_ok() => Outcome::fail("the transaction cannot be committed"),
                _ => Outcome::ok(),
            }
        })
    });
    let mut scene = led(&jobs![job], [replaces]);
    let mut events = scene.events.listen();
    scene.fire_each_second(4).await;
    let ended = ["failed: the transaction cannot be committed", "ok", "ok", "ok"];
    assert_eq!(outcomes(&mut events), ended);
}

#[tokio::test(start_paused = true)]
async fn a_hook_can_put_the_job_into_a_span_of_its_own() {
    #[leader_job(key = "test/key", every = "1h", crate = crate)]
    async fn job(notes: Told) {
        let span = Span::current().metadata().map_or("none", |span| span.name());
        notes.add(&format!("in {span}"));
    }

    let _log = Log::listen();
    let spans = Hook::new(|info, attempt| {
        let outer = Span::current().metadata().map_or("none", |span| span.name());
        notes(info).add(&format!("made in {outer}"));
        Box::pin(attempt.instrument(info_span!("transaction")))
    });
    let mut scene = led(&jobs![job], [spans]);
    scene.fire();
    scene.pass(1.0).await;
    assert_eq!(scene.noted(), ["0.0 made in run", "0.0 in transaction"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_polls_the_job_is_ended_by_the_limits_of_the_job() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", timeout = "4s", drain = "2s",
        crate = crate)]
    async fn never_begins(notes: Told) {
        notes.add("it runs");
    }

    let waits = Hook::new(|info, attempt| {
        Box::pin(async move {
            let _note = Note((*notes(info)).clone(), "the hook is dropped");
            pending::<()>().await;
            attempt.await
        })
    });
    let mut scene = led(&jobs![never_begins], [waits]);
    let mut events = scene.events.listen();
    scene.fire();
    scene.pass(5.0).await;
    scene.fire();
    scene.pass(1.0).await;
    scene.stage.drain();
    scene.stage.drained().await;
    scene.notes.add("released");
    let noted = ["4.0 the hook is dropped", "8.0 the hook is dropped", "8.0 released"];
    assert_eq!(scene.noted(), noted);
    let ended =
        ["failed: it took longer than its timeout of 4s", "cancelled: its drain was used up"];
    assert_eq!(outcomes(&mut events), ended);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_fails_the_run_and_the_next_due_instant_runs() {
    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn job(notes: Told) {
        notes.add("runs");
    }

    let panics = Hook::new(|info: AttemptInfo<'_>, attempt: AttemptFuture<'_>| {
        let number = info.number();
        assert!(number != 1, "when it is made");
        Box::pin(async move {
            assert!(number != 2, "before the job");
            let outcome = attempt.await;
            assert!(number != 3, "after the job");
            outcome
        })
    });
    let mut scene = led(&jobs![job], [panics]);
    let mut events = scene.events.listen();
    scene.fire_each_second(4).await;
    let ended = outcomes(&mut events);
    for (outcome, panic) in ended.iter().zip(["when it is made", "before the job", "after the job"])
    {
        assert!(
            outcome.starts_with("failed: it panicked: ") && outcome.ends_with(panic),
            "{ended:?}"
        );
    }
    assert_eq!(ended[3..], ["ok"]);
    assert_eq!(scene.noted(), ["2.0 runs", "3.0 runs"]);
    scene.stage.drain();
    scene.stage.drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_not_polled_past_the_end_of_its_term_and_ends_with_it() {
    static JOB_RAN: AtomicBool = AtomicBool::new(false);

    #[leader_job(key = "test/key", every = "1h", missed = "skip", crate = crate)]
    async fn job() {
        JOB_RAN.store(true, Ordering::Relaxed);
    }

    let outlives = Hook::new(|info, attempt| {
        Box::pin(async move {
            let _note = Note((*notes(info)).clone(), "the hook is dropped");
            let outcome = attempt.await;
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_millis(1300)).await;
                notes(info).add("ticks");
            }
            outcome
        })
    });
    let mut scene = led(&jobs![job], [outlives]);
    let mut events = scene.events.listen();
    scene.stage.believe_for(Duration::from_secs(3));
    scene.fire();
    scene.pass(10.0).await;
    assert!(JOB_RAN.load(Ordering::Relaxed));
    assert_eq!(scene.noted(), ["1.3 ticks", "2.6 ticks", "3.0 the hook is dropped"]);
    assert_eq!(outcomes(&mut events), ["cancelled: leadership was lost"]);
}
