//! Due instants that no node runs: their counts and events.

use std::time::Duration;

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::coop::unconstrained;

use super::memory_store::Fate;
use super::meters::{recorder, value};
use super::{Scene, Told};
use crate::engine::Tick;
use crate::system::clock;
use crate::{Jobs, Run, RunEvent, RunOutcome, jobs, leader_job};

#[leader_job(key = "test/key", every = "10s", missed = "once", missed_within = "25s", crate = crate)]
async fn newest(run: Run, notes: Told) {
    notes.add(&format!("missed {}", run.missed()));
}

#[leader_job(key = "test/key", every = "10s", missed = "all", missed_within = "5s", crate = crate)]
async fn soon(_notes: Told) {}

#[leader_job(key = "test/key", every = "10s", missed = "all", crate = crate)]
async fn slow(_notes: Told) {
    tokio::time::sleep(Duration::from_secs(35)).await;
}

/// The count of skipped instants for each of these reasons.
fn counted<const N: usize>(recorded: &PrometheusHandle, job: &str, reasons: [&str; N]) -> [f64; N] {
    let rendered = recorded.render();
    reasons.map(|reason| {
        let series = format!(r#"leader_job_skips_total{{job_name="{job}",reason="{reason}"}}"#);
        value(&rendered, &series).unwrap_or_else(|| panic!("{series}\n{rendered}"))
    })
}

/// The events of missed instants as `20: 4 expired`, with the second of the oldest.
fn told(scene: &Scene, events: &mut (impl Stream<Item = RunEvent> + Unpin)) -> Vec<String> {
    let began = clock::wall() - clock::now().since(scene.notes.began);
    let second = |due: crate::Due| {
        due.timestamp().duration_since(began).unwrap().as_secs_f64().round() as u64
    };
    std::iter::from_fn(|| unconstrained(events.next()).now_or_never().flatten())
        .filter_map(|event| match event {
            RunEvent::Missed(missed) => {
                assert!(!missed.or_more && !missed.job.is_empty());
                Some(format!("{}: {} {:?}", second(missed.oldest), missed.count, missed.reason))
            }
            RunEvent::Ended(run) => match run.outcome {
                RunOutcome::Skipped(reason) => Some(format!("{}: {reason:?}", second(run.due))),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// A process that led for a run at 10 s, and leads again at 75 s.
async fn absent(jobs: &Jobs) -> Scene {
    let mut scene = Scene::led_on_the_grid(jobs).await;
    scene.pass_on_the_grid(15).await;
    scene.stage.lose();
    scene.pass_on_the_grid(60).await;
    scene
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_and_what_a_newer_one_is_run_for_is_counted_by_its_reason_and_told() {
    let (recorded, _recorder) = recorder();
    let mut scene = absent(&jobs![newest]).await;
    let reasons = ["expired", "coalesced", "overlap", "overtaken", "too_late"];
    assert_eq!(counted(&recorded, "newest", reasons), [0.0; 5]);
    let mut events = scene.events.listen();
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(told(&scene, &mut events), ["20: 4 Expired", "60: 1 Coalesced"]);
    assert_eq!(counted(&recorded, "newest", reasons), [4.0, 1.0, 0.0, 0.0, 0.0]);
    assert!(scene.noted().last().unwrap().ends_with("missed 1"));
    // once, by any node
    scene.stage.lose();
    let mut scene = scene.followed_by_another(&jobs![newest]);
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(counted(&recorded, "newest", reasons), [4.0, 1.0, 0.0, 0.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_counted_by_one_leader_also_where_nothing_is_left_to_run() {
    let (recorded, _recorder) = recorder();
    let mut scene = absent(&jobs![soon]).await;
    let mut events = scene.events.listen();
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(told(&scene, &mut events), ["20: 6 Expired"]);
    scene.stage.lose();
    let mut scene = scene.followed_by_another(&jobs![soon]);
    scene.stage.lead();
    scene.pass(1.0).await;
    assert_eq!(counted(&recorded, "soon", ["expired", "coalesced"]), [6.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_leader_gives_up_that_was_deposed_and_does_not_know_it_is_left_to_the_next() {
    let (recorded, _recorder) = recorder();
    for (job, jobs, counts) in
        [("soon", jobs![soon], [6.0, 0.0]), ("newest", jobs![newest], [4.0, 1.0])]
    {
        let mut scene = absent(&jobs).await;
        scene.memory.state().fates = vec![Fate::RequestLost; 3].into();
        scene.stage.lead();
        scene.pass(0.1).await;
        let latest = scene.memory.state().fence;
        scene.memory.state().fence = latest + 9;
        let mut events = scene.events.listen();
        scene.pass(1.0).await;
        assert_eq!(told(&scene, &mut events), [""; 0], "{job}");
        assert_eq!(counted(&recorded, job, ["expired", "coalesced"]), [0.0; 2], "{job}");
        scene.stage.lose();
        let mut scene = scene.followed_by_another(&jobs);
        scene.stage.lead();
        scene.pass(1.0).await;
        assert_eq!(counted(&recorded, job, ["expired", "coalesced"]), counts, "{job}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_instant_that_a_run_goes_over_is_counted_also_where_a_newer_one_waits_in_its_place() {
    let (recorded, _recorder) = recorder();
    let mut scene = Scene::led_on_the_grid(&jobs![slow]).await;
    let mut events = scene.events.listen();
    scene.pass_on_the_grid(46).await;
    assert_eq!(told(&scene, &mut events), ["20: 2 Overlap", "40: Overlap"]);
    assert_eq!(counted(&recorded, "slow", ["overlap", "overtaken"]), [3.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn days_of_a_job_that_is_due_each_ten_milliseconds_are_counted_exactly_and_at_once() {
    #[leader_job(
        key = "test/key",
        every = "10ms",
        missed = "once",
        missed_within = "1d",
        crate = crate
    )]
    async fn dense(run: Run, notes: Told) {
        notes.add(&format!("missed {}", run.missed()));
    }

    const DAY: u64 = 8_640_000;
    let (recorded, _recorder) = recorder();
    let mut scene = Scene::led_on_the_grid(&jobs![dense]).await;
    scene.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: None }]);
    scene.pass(0.005).await;
    scene.stage.lose();
    scene.pass(30.0 * 86_400.0).await;
    scene.noted();
    scene.stage.lead();
    scene.pass(0.001).await;
    let [expired, coalesced] = counted(&recorded, "dense", ["expired", "coalesced"]);
    assert_eq!(coalesced, (DAY - 1) as f64);
    assert_eq!(expired, (29 * DAY) as f64);
    assert!(scene.noted()[0].ends_with(&format!("missed {}", DAY - 1)));
}
