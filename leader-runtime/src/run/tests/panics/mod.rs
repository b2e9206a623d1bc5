//! A panic of users' code, wherever it runs, costs its run alone.

mod places;
#[cfg(feature = "metrics")]
mod recorder;
mod subscriber;

use std::cell::Cell;
use std::panic::panic_any;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};

use self::places::{Bomb, PLACES, Place, Returned};
use super::memory_store::Fate;
use super::{Scene, Told};
use crate::job::{Entry, Jobs, Values};
use crate::log::Log;
use crate::model::RunOutcome;
use crate::run::RunEvent;
use crate::{Due, Outcome, Run, jobs, leader_job};

thread_local! {
    /// The place where the next runs panic.
    static AT: Cell<Option<&'static Place>> = const { Cell::new(None) };
}

/// Panics in the runs 1 and 2.
async fn work(run: Run) -> Returned {
    match AT.get() {
        Some(place) if run.number() < 3 => (place.run)(run).await,
        _ => Ok(Outcome::ok()),
    }
}

macro_rules! jobs_of_each_kind {
    ($($name:ident($($option:tt)*))+) => {
        $(
            #[leader_job(
                key = "test/key",
                every = "1s",
                timeout = "300ms",
                crate = crate,
                $($option)*
            )]
            async fn $name(run: Run) -> Returned {
                work(run).await
            }
        )+
        /// Each way in which a run begins, or waits for its turn.
        fn kinds() -> Vec<Jobs> {
            vec![$(jobs![$name]),+]
        }
    };
}

jobs_of_each_kind! {
    skips(overlap = "skip")
    queues(overlap = "queue")
    replaces(overlap = "replace")
    allows(overlap = "allow")
    jitters(jitter = "100ms")
    records(missed = "all")
    steps_down(step_down_after = 9)
}

/// The outcomes of the runs of the first job until now.
fn outcomes(scene: &Scene) -> impl FnMut() -> Vec<RunOutcome> + use<> {
    let mut events = scene.events.listen();
    move || {
        let next = || events.next().now_or_never().flatten();
        let ended = |event| match event {
            RunEvent::Ended(report) => Some(report.outcome),
            _ => None,
        };
        std::iter::from_fn(next).filter_map(ended).collect()
    }
}

/// Asserts that no run is under way or waits, and that the key can be given up.
async fn assert_as_before(scene: &mut Scene, what: &str) {
    assert_eq!(scene.runs.control().under_way(), [""; 0], "{what}");
    assert!(scene.runs.shared.queue.is_empty(), "{what}");
    let job = &scene.runs.shared.jobs[0];
    assert!(job.slot.take(), "{what}: its slot is taken");
    job.slot.free();
    assert!(!scene.stage.gate().has_work(), "{what}: its gate counts a run");
    scene.stage.drain();
    scene.stage.drained().await;
}

fn is_failed(outcome: &RunOutcome) -> bool {
    matches!(outcome, RunOutcome::Failed(_))
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_each_place_is_a_failed_run_and_the_next_due_instant_runs() {
    for place in PLACES {
        for jobs in kinds() {
            AT.set(Some(place));
            let mut scene = Scene::led(&jobs);
            let mut outcomes = outcomes(&scene);
            let mut ended = Vec::new();
            for _ in 0..3 {
                scene.fire();
                scene.pass(1.0).await;
                ended.extend(outcomes());
            }
            let what = format!("{}, {jobs:?}: {ended:?}", place.called);
            let failed: Vec<_> = ended.iter().map(is_failed).collect();
            // a record may know of more instants than those
            assert_eq!(failed[..3], [place.fails, place.fails, false], "{what}");
            assert!(!failed[3..].contains(&true), "{what}");
            assert_as_before(&mut scene, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_no_more_in_the_next_term() {
    for place in PLACES {
        AT.set(Some(place));
        let mut scene = Scene::led(&jobs![skips]);
        let mut outcomes = outcomes(&scene);
        for _ in 0..3 {
            scene.fire();
            scene.pass(1.0).await;
            scene.stage.lose();
            scene.stage.lead();
            scene.pass(0.1).await;
        }
        let failed: Vec<_> = outcomes().iter().map(is_failed).collect();
        assert_eq!(failed, [place.fails, place.fails, false], "{}", place.called);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_where_a_future_is_made_is_a_failed_run() {
    static MADE: Entry = Entry {
        start: |context| {
            assert!(AT.get().is_none(), "as planned");
            (<skips as crate::job::private::Job>::ENTRY.start)(context)
        },
        ..<skips as crate::job::private::Job>::ENTRY
    };

    AT.set(None);
    let mut jobs = Jobs::new();
    jobs.push(&MADE);
    let mut scene = Scene::led(&jobs);
    let mut outcomes = outcomes(&scene);
    for place in [PLACES.first(), PLACES.first(), None] {
        AT.set(place);
        scene.fire();
        scene.pass(1.0).await;
    }
    assert_eq!(outcomes().iter().map(is_failed).collect::<Vec<_>>(), [true, true, false]);
    assert_as_before(&mut scene, "it is made").await;
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_panics_is_called_again() {
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });

    #[leader_job(key = "test/key", every = "1s", standby = stands_by, crate = crate)]
    async fn polled() {}

    async fn stands_by(_: Due, notes: Told) {
        CALLS.set(CALLS.get() + 1);
        match CALLS.get() {
            1 => panic!("as planned"),
            2 => panic_any(Bomb),
            3 => drop(Bomb),
            _ => notes.add("stands by"),
        }
    }

    #[leader_job(key = "test/key", every = "1s", standby = called, crate = crate)]
    async fn made() {}

    fn called(notes: Told) -> impl Future<Output = ()> + Send {
        CALLS.set(CALLS.get() + 1);
        // the first call is at the start, to check its parameters
        assert!(![2, 3, 4].contains(&CALLS.get()), "as planned");
        async move { notes.add("stands by") }
    }

    for jobs in [jobs![polled], jobs![made]] {
        CALLS.set(0);
        let mut scene = Scene::standing_by(&jobs);
        scene.fire_each_second(4).await;
        assert_eq!(scene.noted(), ["3.0 stands by"]);
    }
}

#[tokio::test]
async fn a_value_that_panics_at_the_end_keeps_no_other_from_its_own() {
    let (there, mut values) = (Arc::new(()), Values::default());
    values.put(Bomb);
    values.put(Arc::clone(&there));
    values.put(Box::new(Bomb));
    drop(values);
    assert_eq!(Arc::strong_count(&there), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_costs_no_more_than_the_runs_that_it_panics_in() {
    AT.set(None);
    // for all levels, also at call sites that were registered before
    let _log = Log::listen();
    let _subscriber = tracing::subscriber::set_default(subscriber::Panics::default());
    tracing::callsite::rebuild_interest_cache();
    for at in ["new_span", "record", "event", "enter", "exit", "try_close", "enabled"] {
        for jobs in kinds() {
            let mut scene = Scene::led(&jobs);
            let mut outcomes = outcomes(&scene);
            let mut ended = Vec::new();
            for at in [at, at, ""] {
                subscriber::AT.set(at);
                scene.fire();
                scene.pass(1.0).await;
                ended.push(outcomes());
            }
            subscriber::AT.set("");
            let what = format!("{at}, {jobs:?}: {ended:?}");
            assert!(ended.iter().all(|ended| !ended.is_empty()), "{what}");
            assert!(!ended[2].iter().any(is_failed), "{what}");
            if ["new_span", "event", "enter", "exit"].contains(&at) {
                assert!(ended[..2].iter().flatten().all(is_failed), "{what}");
            }
            assert_as_before(&mut scene, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_in_a_line_about_a_record_costs_no_run() {
    #[leader_job(key = "test/key", every = "1s", missed = "all", crate = crate)]
    async fn kept(notes: Told) {
        notes.add("runs");
    }

    let _log = Log::listen();
    let _subscriber = tracing::subscriber::set_default(subscriber::Panics::default());
    tracing::callsite::rebuild_interest_cache();
    let mut scene = Scene::standing_by(&jobs![kept]);
    // two lines: the record is damaged, and the new one cannot be written
    scene.memory.state().stored = Some(b"damaged".to_vec());
    scene.memory.state().fates = vec![Fate::RequestLost].into();
    subscriber::AT.set("event");
    scene.stage.lead();
    scene.fire();
    scene.pass(0.9).await;
    subscriber::AT.set("");
    assert_eq!(scene.noted().len(), 1);
}

#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn a_recorder_that_panics_costs_nothing_but_what_it_was_told() {
    AT.set(None);
    let _recorder = ::metrics::set_default_local_recorder(&recorder::Panics);
    for from_the_start in [false, true] {
        for jobs in kinds() {
            recorder::PANICS.set(from_the_start);
            let mut scene = Scene::led(&jobs);
            let mut outcomes = outcomes(&scene);
            for panics in [true, true, false] {
                recorder::PANICS.set(panics);
                scene.fire();
                scene.pass(1.0).await;
                scene.runs.control().refresh_meters();
            }
            let ended = outcomes();
            let what = format!("{jobs:?}: {ended:?}");
            assert!(ended.len() >= 3 && ended.iter().all(|it| *it == RunOutcome::Ok), "{what}");
            assert_as_before(&mut scene, &what).await;
        }
    }
}
