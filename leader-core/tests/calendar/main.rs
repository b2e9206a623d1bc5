//! Schedules through summer time, midnight gaps, leap days and the ends of years, against instants
//! that were found by other means: `series.txt`, which says how it was made.

mod opponent;
mod speed;

use std::time::{Duration, SystemTime};

use leader_core::{Due, Options, Schedule, Seed};

const SERIES: &str = include_str!("series.txt");

/// As many as the table is meant to have at the least; a table that was lost would prove nothing.
const LEAST: usize = 70;

#[derive(Debug)]
struct Series {
    why: &'static str,
    schedule: Schedule,
    from: SystemTime,
    due: Vec<SystemTime>,
}

fn instant(text: &str) -> SystemTime {
    text.parse::<Due>().expect(text).timestamp()
}

fn table() -> Vec<Series> {
    SERIES.split("\n## ").skip(1).map(series).collect()
}

fn series(text: &'static str) -> Series {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let mut line = || lines.next().expect(text);
    let (why, schedule, from) = (line(), line(), line());
    let from = instant(from.strip_prefix("from ").expect(text));
    let due = lines.map(|line| instant(line.split_once("  # ").expect(line).0)).collect();
    Series { why, schedule: read(schedule), from, due }
}

/// A schedule as it prints, or the options of a job: `cron H * * * * of service/clock call_time`.
fn read(text: &str) -> Schedule {
    let Some((text, job)) = text.split_once(" of ") else { return text.parse().expect(text) };
    let (key, name) = job.split_once(' ').expect(job);
    let (mut options, mut words) = (Options::default(), text.split(' ').peekable());
    while let Some(option) = words.next() {
        let mut value = Vec::new();
        while let Some(word) = words.next_if(|word| !Options::NAMES.contains(word)) {
            value.push(word);
        }
        options.set(option, &value.join(" ")).expect(text);
    }
    options.schedule(Some(Seed::of(key, name))).expect(text)
}

#[test]
fn every_series_is_due_when_another_calendar_says() {
    let table = table();
    assert!(table.len() >= LEAST, "{} series", table.len());
    let mut faults = Vec::new();
    for Series { why, schedule, from, due } in &table {
        let next = |&instant: &SystemTime| schedule.next_after(instant);
        let found: Vec<_> =
            std::iter::successors(next(from), next).take(due.len()).map(told).collect();
        let due: Vec<_> = due.iter().copied().map(told).collect();
        if found != due || due.is_empty() {
            faults.push(format!("{why}: {schedule}\n  is {found:?}\n not {due:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Wherever one begins to look, the next instant is the same: a node that starts within the hour
/// that comes twice finds what the others found.
#[test]
fn what_is_due_next_does_not_depend_on_where_one_looks_from() {
    for Series { why, schedule, from, due } in table() {
        let mut before = from;
        for due in due {
            let span = due.duration_since(before).expect("the table is in order");
            let steps = (1..32).map(|part| before + span / 32 * part);
            for instant in steps.chain([before, due - Duration::from_millis(1)]) {
                let found = schedule.next_after(instant).map(told);
                assert_eq!(found, Some(told(due)), "{why}: {schedule} after {}", told(instant));
            }
            before = due;
        }
    }
}

/// Back as forwards: from anywhere behind an instant of the table, up to the next one and that
/// itself, it is the last.
#[test]
fn what_was_due_last_is_what_was_due_next_before() {
    for Series { why, schedule, due, .. } in table() {
        for pair in due.windows(2) {
            let &[before, due] = pair else { unreachable!("a window of two") };
            let span = due.duration_since(before).expect("the table is in order");
            let steps = (1..32).map(|part| before + span / 32 * part);
            for instant in steps.chain([due, before + Duration::from_millis(1)]) {
                let found = schedule.previous_before(instant).map(told);
                assert_eq!(found, Some(told(before)), "{why}: {schedule} before {}", told(instant));
            }
        }
    }
}

fn told(instant: SystemTime) -> String {
    Due::new(instant).to_string()
}
