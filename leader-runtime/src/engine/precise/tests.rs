use std::cell::Cell;

use super::*;

thread_local! {
    /// The reading of the made-up wall clock.
    static SHOWN: Cell<SystemTime> = const { Cell::new(SystemTime::UNIX_EPOCH) };
}

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn every(span: &str) -> Schedule {
    Schedule::Every(span.parse().unwrap())
}

fn set_clock(millis: u64) {
    SHOWN.set(at(millis));
}

/// An engine at this reading of its clock.
fn started(schedules: Vec<Schedule>, millis: u64) -> Precise {
    set_clock(millis);
    Precise::by_clock(schedules, || SHOWN.get())
}

/// The ticks at the reading `now`: the job, the due instant, and whether it is run.
fn found(engine: &mut Precise, now: u64) -> Vec<(usize, SystemTime, bool)> {
    set_clock(now);
    let pop = || engine.pop_due();
    std::iter::from_fn(pop).map(|tick| (tick.place, tick.due, tick.too_late.is_none())).collect()
}

/// The instants that are run while the clock goes through an interval, in seconds.
fn run(engine: &mut Precise, from: u64, to: u64) -> Vec<u64> {
    let steps = (from * 10..=to * 10).map(|step| step * 100);
    let ticks = steps.flat_map(|now| found(engine, now)).filter(|(.., is_run)| *is_run);
    ticks.map(|(_, due, _)| due.duration_since(at(0)).unwrap().as_secs()).collect()
}

#[test]
fn ticks_come_in_order_on_the_shared_grid() {
    let mut engine = started(vec![every("3s"), every("2s")], 1_500);
    let ticks: Vec<_> =
        (1_500..=6_000).step_by(100).flat_map(|now| found(&mut engine, now)).collect();
    let grid = [(1, 2_000), (0, 3_000), (1, 4_000), (0, 6_000), (1, 6_000)];
    assert_eq!(ticks, grid.map(|(job, due)| (job, at(due), true)));
}

#[test]
fn after_a_stall_comes_the_next_instant_and_no_burst() {
    let mut engine = started(vec![every("1s")], 0);
    assert_eq!(found(&mut engine, 5_500), [(0, at(1_000), false)]);
    assert_eq!(found(&mut engine, 6_000), [(0, at(6_000), true)]);
}

#[test]
fn a_tick_that_is_late_but_not_overtaken_runs_within_a_minute() {
    let mut engine = started(vec![every("1s"), every("1h")], 0);
    assert_eq!(found(&mut engine, 1_900), [(0, at(1_000), true)]);
    let hour = 3_600_000;
    let ticks = found(&mut engine, hour + 60_001);
    assert!(ticks.contains(&(1, at(hour), false)), "{ticks:?}");
}

#[test]
fn a_clock_that_is_set_ahead_runs_no_burst_and_goes_on_from_there() {
    let mut engine = started(vec![every("1s"), every("1h")], 0);
    let day = 24 * 3_600;
    let ahead = found(&mut engine, day * 1_000 + 500);
    assert_eq!(ahead, [(0, at(1_000), false), (1, at(3_600_000), false)]);
    assert_eq!(run(&mut engine, day + 1, day + 3), [day + 1, day + 2, day + 3]);
}

#[test]
fn a_clock_that_is_set_back_runs_nothing_twice() {
    let mut engine = started(vec![every("1s")], 10_000);
    assert_eq!(run(&mut engine, 10, 20), (11..=20).collect::<Vec<_>>());
    assert_eq!(run(&mut engine, 15, 20), [0; 0]);
    assert_eq!(run(&mut engine, 21, 22), [21, 22]);
    // by less than a sleep
    assert_eq!(found(&mut engine, 21_500), []);
    assert_eq!(run(&mut engine, 22, 23), [23]);
}

#[test]
fn a_clock_that_began_ahead_and_is_set_right_has_jobs_wait_for_nothing() {
    // it showed the year 2038 for ten seconds, and has been right since then
    let wrong = 68 * 365 * 24 * 3_600;
    let mut engine = started(vec![every("1s"), every("1h")], wrong * 1_000);
    assert_eq!(run(&mut engine, wrong, wrong + 10).len(), 10);
    let right = 56 * 365 * 24 * 3_600;
    assert_eq!(run(&mut engine, right, right + 3), [right + 1, right + 2, right + 3]);
}

#[test]
fn a_clock_that_is_set_ahead_by_mistake_and_back_again_has_jobs_wait_for_nothing() {
    let mut engine = started(vec![every("1s")], 0);
    assert_eq!(run(&mut engine, 0, 10).len(), 10);
    let day = 24 * 3_600;
    assert_eq!(run(&mut engine, day, day + 5), [day + 1, day + 2, day + 3, day + 4, day + 5]);
    assert_eq!(run(&mut engine, 15, 20), [16, 17, 18, 19, 20], "they were only jumped over");
    assert_eq!(run(&mut engine, day - 1, day + 6), [day + 6], "the others have run");
}

#[test]
fn what_a_jump_made_late_but_not_too_late_ran_once() {
    let mut engine = started(vec![every("1h")], 1_000);
    let hour = 3_600;
    assert_eq!(run(&mut engine, hour + 30, hour + 31), [hour]);
    assert_eq!(run(&mut engine, hour - 1, hour + 1), [0; 0]);
}

#[test]
fn wherever_a_clock_is_set_no_instant_runs_twice() {
    let mut engine = started(vec![every("1s"), every("7s")], 1_000_000);
    let mut ran = std::collections::BTreeSet::new();
    let mut now: u64 = 1_000_000;
    let mut random: u64 = 7;
    for _ in 0..20_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        now = match random % 64 {
            0 => now.saturating_sub(random / 64 % 400_000),
            1 => now + random / 64 % 400_000,
            _ => now + random / 64 % 1_200,
        };
        for (job, due, is_run) in found(&mut engine, now) {
            assert!(!is_run || ran.insert((job, due)), "job {job} twice at {due:?}");
        }
    }
    assert!(ran.len() > 1_000, "{}", ran.len());
}
