//! The laws of every engine, tested on each of them with a made-up wall clock in virtual time.
//!
//! Reasons why the engine for tokio-cron-scheduler leaves a law to the precise engine:
//!
//! | law | obstacle in tokio-cron-scheduler |
//! |---|---|
//! | a tick within 3 ms of its instant | its ticker looks each 500 ms, which is a literal |
//! | intervals of a part of a second | it keeps whole seconds, rounded down |
//! | a thousand due together, none lost | its channels drop what they cannot hold, and it counts that as run |
//! | the clock of a zone | it takes a zone's offset when a job is added, and keeps it |
//! | no burst and no silence when the clock is set | a repeated job that falls behind never runs again |
//! | nothing after the end | it looks at its own shutdown each 500 ms |
//!
//! Limits of that engine: the scheduler's list has whole seconds, and shows a last run one second after
//! the next due instant, which keeps its ticker from starting the job. Its `Done` comes when a firing
//! is handed over, since it does not wait for runs outside of it.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::Schedule;
use tokio::time::{Instant, sleep, timeout};

use super::{Engine, Precise, Tick};

thread_local! {
    /// The instant at which the wall clock was set, and its reading then.
    static SET: Cell<Option<(Instant, SystemTime)>> = const { Cell::new(None) };
}

pub(super) fn set_clock(millis: u64) {
    SET.set(Some((Instant::now(), at(millis))));
}

pub(super) fn wall_clock() -> SystemTime {
    let (since, shown) = SET.get().expect("the clock was set");
    shown + since.elapsed()
}

pub(super) fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

fn schedules(texts: &[&str]) -> Vec<Schedule> {
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

/// The ticks of the next part of virtual time.
pub(super) async fn ticks(engine: &mut impl Engine, span: Duration) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let until = Instant::now() + span;
    while let Ok(tick) = timeout(until - Instant::now(), engine.next()).await {
        ticks.push(tick);
    }
    ticks
}

fn run(ticks: &[Tick]) -> Vec<(usize, SystemTime)> {
    let run = ticks.iter().filter(|tick| tick.too_late.is_none());
    run.map(|tick| (tick.place, tick.due)).collect()
}

/// Every instant of these schedules in an interval, in order.
fn due(schedules: &[Schedule], from: SystemTime, to: SystemTime) -> Vec<(usize, SystemTime)> {
    let mut due = Vec::new();
    for (job, schedule) in schedules.iter().enumerate() {
        let next = |&instant: &SystemTime| schedule.next_after(instant);
        let all = std::iter::successors(next(&from), next).take_while(|&instant| instant <= to);
        due.extend(all.map(|instant| (job, instant)));
    }
    due.sort_by_key(|&(job, instant)| (instant, job));
    due
}

async fn every_instant_is_a_tick_within_3_ms_of_it_once<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(1_000_000_040);
    let jobs =
        schedules(&["every 100ms", "every 250ms offset 50ms", "every 1500ms", "cron * * * * * *"]);
    let mut engine = start(jobs.clone()).await;
    let due = due(&jobs, at(1_000_000_040), at(1_000_020_000));
    let mut found = Vec::new();
    while found.len() < due.len() {
        let tick = engine.next().await;
        let late = wall_clock().duration_since(tick.due).expect("no tick comes early");
        assert!(late <= Duration::from_millis(3), "{late:?}");
        found.push((tick.place, tick.due));
    }
    found.sort_by_key(|&(job, instant)| (instant, job));
    assert_eq!(found, due);
}

async fn a_thousand_jobs_due_together_are_ticks_once_each<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(500);
    let jobs = schedules(&["every 1s"; 1_000]);
    let mut engine = start(jobs.clone()).await;
    let mut found = run(&ticks(&mut engine, Duration::from_secs(3)).await);
    found.sort_by_key(|&(job, instant)| (instant, job));
    assert_eq!(found, due(&jobs, at(500), at(3_000)));
}

async fn whoever_waits_no_longer_loses_nothing<E: Engine>(start: impl AsyncFn(Vec<Schedule>) -> E) {
    set_clock(500);
    let jobs = schedules(&["every 10ms"; 10]);
    let mut engine = start(jobs.clone()).await;
    let mut found = Vec::new();
    while wall_clock() <= at(1_100) {
        if let Ok(tick) = timeout(Duration::from_millis(1), engine.next()).await {
            found.push((tick.place, tick.due));
        }
    }
    found.retain(|&(_, due)| due <= at(1_090));
    found.sort_by_key(|&(job, instant)| (instant, job));
    assert_eq!(found, due(&jobs, at(500), at(1_090)));
}

async fn at_the_end_all_that_is_due_is_handed_out_at_once<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(500);
    let mut engine = start(schedules(&["every 1s"; 200])).await;
    let first = engine.next().await;
    let rest = std::iter::from_fn(|| engine.pop_due());
    let mut jobs: Vec<_> = rest.chain([first]).map(|tick| tick.place).collect();
    jobs.sort_unstable();
    assert_eq!(jobs, (0..200).collect::<Vec<_>>());
}

async fn a_clock_that_is_set_ahead_makes_no_burst<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(500);
    let mut engine = start(schedules(&["every 1s"])).await;
    assert_eq!(run(&ticks(&mut engine, Duration::from_secs(2)).await).len(), 2);
    set_clock(7_200_500);
    let found = ticks(&mut engine, Duration::from_secs(2)).await;
    let too_late = found.iter().filter(|tick| tick.too_late.is_some());
    assert_eq!(too_late.map(|tick| tick.due).collect::<Vec<_>>(), [at(3_000)]);
    assert_eq!(run(&found), [(0, at(7_201_000)), (0, at(7_202_000))]);
}

async fn a_clock_that_is_set_back_runs_nothing_twice_and_waits_for_nothing<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(100_500);
    let mut engine = start(schedules(&["every 1s"])).await;
    let mut found = run(&ticks(&mut engine, Duration::from_secs(4)).await);
    set_clock(98_500);
    found.extend(run(&ticks(&mut engine, Duration::from_secs(8)).await));
    found.sort_unstable();
    assert_eq!(found, (99..=106).map(|second| (0, at(second * 1_000))).collect::<Vec<_>>());
}

async fn a_clock_that_is_set_under_a_wait_is_noticed_within_a_second<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    set_clock(500);
    let mut engine = start(schedules(&["every 1h"])).await;
    let set = async {
        sleep(Duration::from_secs(10)).await;
        set_clock(3_600_000 - 5_000);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        tick = engine.next() => assert_eq!((tick.due, tick.too_late), (at(3_600_000), None)),
        () = set => {}
    }
    let late = wall_clock().duration_since(at(3_600_000)).expect("no tick comes early");
    assert!(late <= Duration::from_secs(1), "{late:?}");
}

async fn a_job_goes_by_the_clock_of_its_zone_on_the_night_when_it_is_set<E: Engine>(
    start: impl AsyncFn(Vec<Schedule>) -> E,
) {
    // 2026-03-29T00:59:00Z: a minute later, Oslo goes from 02:00 to 03:00
    let eve = 1_774_745_940_000;
    set_clock(eve);
    let mut engine = start(schedules(&["cron 30 2 * * * tz Europe/Oslo"])).await;
    let found = run(&ticks(&mut engine, Duration::from_secs(7_200)).await);
    assert_eq!(found, [(0, at(eve + 60_000))]);
}

/// Each law, as a test of each engine.
macro_rules! conform {
    ($($law:ident)*) => {
        mod precise {
            use super::Precise;

            $(
                #[tokio::test(start_paused = true)]
                async fn $law() {
                    let start = async |jobs| Precise::by_clock(jobs, super::wall_clock);
                    super::$law(start).await;
                }
            )*
        }

        #[cfg(feature = "tokio-cron-scheduler")]
        mod tokio_cron_scheduler {
            use crate::engine::tokio_cron_scheduler::tests::start;

            $(
                #[tokio::test(start_paused = true)]
                async fn $law() {
                    super::$law(start).await;
                }
            )*
        }
    };
}

conform! {
    every_instant_is_a_tick_within_3_ms_of_it_once
    a_thousand_jobs_due_together_are_ticks_once_each
    whoever_waits_no_longer_loses_nothing
    at_the_end_all_that_is_due_is_handed_out_at_once
    a_clock_that_is_set_ahead_makes_no_burst
    a_clock_that_is_set_back_runs_nothing_twice_and_waits_for_nothing
    a_clock_that_is_set_under_a_wait_is_noticed_within_a_second
    a_job_goes_by_the_clock_of_its_zone_on_the_night_when_it_is_set
}
