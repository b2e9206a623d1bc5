//! The metrics of a job.

use std::time::{Duration, UNIX_EPOCH};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{Scene, Told};
use crate::engine::Tick;
use crate::run::JobSelector;
use crate::system::clock;
use crate::{Outcome, Run, jobs, leader_job};

/// Installs a recorder for the metrics of this thread from now on.
pub(super) fn recorder() -> (PrometheusHandle, impl Drop) {
    let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
    (recorder.handle(), ::metrics::set_default_local_recorder(recorder))
}

/// The value of this series, if it exists.
pub(super) fn value(rendered: &str, series: &str) -> Option<f64> {
    rendered.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[leader_job(key = "test/key", every = "1s", retries = 1, backoff = "1ms..1ms", crate = crate)]
async fn moody(run: Run) -> Result<Outcome, &'static str> {
    match run.number() {
        1 => Ok(Outcome::ok()),
        2 => Ok(Outcome::skip("nothing to do")),
        3 => Err("as planned"),
        4 => {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            Ok(Outcome::ok())
        }
        _ => std::future::pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn each_outcome_and_each_skip_is_counted_and_each_run_measured() {
    let (recorded, _recorder) = recorder();
    let mut scene = Scene::led(&jobs![moody]);
    let is = |series: &str, expected: f64| {
        let found = value(&recorded.render(), series);
        assert_eq!(found, Some(expected), "{series}\n{}", recorded.render());
    };
    is(r#"leader_job_runs_total{job_name="moody",outcome="failed"}"#, 0.0);
    let last_success = r#"leader_job_last_success_timestamp_seconds{job_name="moody"}"#;
    assert_eq!(value(&recorded.render(), last_success), None, "none is known");

    scene.fire_each_second(6).await;
    let over = clock::wall();
    scene.fire_each_second(2).await;
    scene.runs.control().refresh_meters();
    is(r#"leader_job_running_seconds{job_name="moody"}"#, 3.0);
    scene.stage.lose();
    scene.pass(1.0).await;
    let late = Some(Duration::from_secs(90));
    scene.stage.lead();
    scene.runs.fire_all([Tick { place: 0, due: clock::wall(), too_late: late }]);
    scene.runs.control().refresh_meters();

    is(r#"leader_job_runs_total{job_name="moody",outcome="ok"}"#, 2.0);
    is(r#"leader_job_runs_total{job_name="moody",outcome="skipped"}"#, 1.0);
    is(r#"leader_job_runs_total{job_name="moody",outcome="failed"}"#, 1.0);
    is(r#"leader_job_runs_total{job_name="moody",outcome="cancelled"}"#, 1.0);
    is(r#"leader_job_skips_total{job_name="moody",reason="overlap"}"#, 3.0);
    is(r#"leader_job_skips_total{job_name="moody",reason="overtaken"}"#, 0.0);
    is(r#"leader_job_skips_total{job_name="moody",reason="too_late"}"#, 1.0);
    is(r#"leader_job_run_seconds_count{job_name="moody"}"#, 5.0);
    is(r#"leader_job_lateness_seconds_count{job_name="moody"}"#, 5.0);
    is(r#"leader_job_lateness_seconds_sum{job_name="moody"}"#, 0.0);
    is(r#"leader_job_running_seconds{job_name="moody"}"#, 0.0);
    // the run of 1.5 s, and the run that was cut off after 3 s
    is(r#"leader_job_overruns_total{job_name="moody"}"#, 2.0);
    let said = value(&recorded.render(), last_success).expect("two were ok");
    let ended = over.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - 1.5;
    assert!((said - ended).abs() < 1.1, "{said}, {ended}");
}

#[leader_job(key = "test/key", every = "10s", missed = "once", crate = crate)]
async fn kept(_notes: Told) {}

#[leader_job(key = "test/key", every = "10s", missed = "once", crate = crate)]
async fn breaks(run: Run) -> Result<(), &'static str> {
    let is_first = (run.fence().get(), run.number()) == (1, 1);
    if is_first { Ok(()) } else { Err("as planned") }
}

#[tokio::test(start_paused = true)]
async fn however_many_runs_have_failed_since_the_next_leader_knows_the_last_success() {
    let series = r#"leader_job_last_success_timestamp_seconds{job_name="breaks"}"#;
    let mut scene = Scene::led_on_the_grid(&jobs![breaks]).await;
    scene.pass(10.0).await;
    let ended = clock::wall();
    for _ in 0..=25 {
        scene.fire();
        scene.pass(10.0).await;
    }
    let record = scene.memory.record().unwrap();
    assert_eq!((record.failures, record.runs.len()), (25, 20));
    let (recorded, _recorder) = recorder();
    let started = clock::wall();
    let mut next = scene.followed_by_another(&jobs![breaks]);
    let registered = r#"leader_job_registered_timestamp_seconds{job_name="breaks"}"#;
    let is = |series: &str, at: std::time::SystemTime| {
        let said = value(&recorded.render(), series).expect(series);
        let at = at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((said - at).abs() < 0.01, "{series}: {said}, {at}");
    };
    is(registered, started);
    next.stage.lead();
    next.pass(1.0).await;
    is(series, ended);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_no_schedule_asked_for_is_not_taken_back_by_what_the_record_says() {
    let (recorded, _recorder) = recorder();
    let mut scene = Scene::led_on_the_grid(&jobs![kept]).await;
    scene.pass(1.0).await;
    scene.fire();
    scene.pass(5.0).await;
    let asked = clock::wall();
    let control = scene.runs.control();
    tokio::select! {
        never = scene.runs.tend() => match never {},
        answer = control.trigger(JobSelector::Name("kept")) => drop(answer.unwrap()),
    }
    scene.pass(1.0).await;
    scene.stage.lose();
    scene.stage.lead();
    scene.pass(1.0).await;
    let series = r#"leader_job_last_success_timestamp_seconds{job_name="kept"}"#;
    let said = value(&recorded.render(), series).expect("it succeeded twice");
    let asked = asked.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((said - asked).abs() < 0.01, "{said}, {asked}");
}

#[tokio::test(start_paused = true)]
async fn the_next_leader_reads_the_last_success_from_the_record() {
    let series = r#"leader_job_last_success_timestamp_seconds{job_name="kept"}"#;
    // no instant of the grid comes by while this goes on
    let mut scene = Scene::led_on_the_grid(&jobs![kept]).await;
    scene.pass(1.0).await;
    scene.fire();
    let ended = clock::wall();
    scene.pass(1.0).await;
    let (recorded, _recorder) = recorder();
    let mut next = scene.followed_by_another(&jobs![kept]);
    next.pass(1.0).await;
    assert_eq!(value(&recorded.render(), series), None);
    next.stage.lead();
    next.pass(1.0).await;
    let said = value(&recorded.render(), series).expect("the record says it");
    let ended = ended.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((said - ended).abs() < 0.01, "{said}, {ended}");
}
