//! Each parser, with what must hold of whatever it reads: it does not panic, what it reads it
//! prints so that it reads the same again, and what it refuses it refuses in one line.
//!
//! The fuzz targets call these, and so does their short form, `tests/fuzz.rs`.

#![allow(dead_code)]

use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use leader_core::{Backoff, Cron, Every, Except, JobName, Key, Options, Schedule, Seed, Zone};

type Parser = (&'static str, fn(&str));

/// Each by the name of its target.
pub(crate) const PARSERS: [Parser; 10] = [
    ("span", span),
    ("key", key),
    ("name", name),
    ("every", every),
    ("cron", cron),
    ("except", except),
    ("zone", zone),
    ("schedule", schedule),
    ("backoff", backoff),
    ("options", options),
];

pub(crate) fn span(text: &str) {
    match leader_core::span::parse(text) {
        Ok(span) => {
            let printed = leader_core::span::print(span);
            assert_eq!(leader_core::span::parse(&printed), Ok(span), "{text:?}");
        }
        Err(fault) => told(text, &fault),
    }
}

pub(crate) fn key(text: &str) {
    assert_eq!(Key::fault(text).is_some(), text.parse::<Key>().is_err(), "{text:?}");
    printed_as_read::<Key>(text);
}

pub(crate) fn name(text: &str) {
    printed_as_read::<JobName>(text);
}

pub(crate) fn every(text: &str) {
    if let Ok(every) = text.parse::<Every>() {
        due(&Schedule::Every(every));
    }
}

/// Its schedule is computed too, as it is for the documentation of a job, by a clock with gaps.
pub(crate) fn cron(text: &str) {
    for zone in ["", " tz Australia/Lord_Howe"] {
        if let Some(schedule) = printed_as_read::<Schedule>(&format!("cron {text}{zone}")) {
            due(&schedule);
        }
    }
    // with the values of two jobs for each `H`, which print as what could have been written
    for name in ["call_time", "charge"] {
        match Cron::hashed(text, Seed::of("service/clock", name)) {
            Ok(cron) => {
                let schedule = Schedule::Cron(cron);
                printed_as_read::<Schedule>(&schedule.to_string());
                due(&schedule);
            }
            Err(fault) => told(text, &fault),
        }
    }
}

/// Days that are left out of schedules with many days and with few.
pub(crate) fn except(text: &str) {
    let Some(except) = printed_as_read::<Except>(text) else { return };
    for cron in ["0 9 * * *", "30 2 L,15W * */2", "0 0 29 2 *"] {
        match cron.parse::<Cron>().map(|cron| cron.with_except(except.clone())) {
            Ok(Ok(cron)) => due(&Schedule::Cron(cron)),
            Ok(Err(fault)) => told(text, &fault),
            Err(fault) => panic!("{cron}: {fault}"),
        }
    }
}

pub(crate) fn zone(text: &str) {
    printed_as_read::<Zone>(text);
}

pub(crate) fn schedule(text: &str) {
    if let Some(schedule) = printed_as_read::<Schedule>(text) {
        due(&schedule);
    }
}

pub(crate) fn backoff(text: &str) {
    printed_as_read::<Backoff>(text);
}

/// `option=text`, one a line.
pub(crate) fn options(text: &str) {
    let mut options = Options::default();
    for line in text.lines() {
        let (option, text) = line.split_once('=').unwrap_or((line, ""));
        if let Err(fault) = options.set(option, text) {
            told(text, &fault);
        }
    }
    let mut again = Options::default();
    for (option, text) in options.texts() {
        again.set(option, &text).unwrap_or_else(|fault| panic!("{option} = {text:?}: {fault}"));
    }
    assert_eq!(options.texts(), again.texts(), "{text:?}");
    let seed = Some(Seed::of("service/clock", "call_time"));
    for conflict in options.conflicts(seed) {
        told(text, &conflict.text);
    }
    options.schedule(seed).iter().for_each(due);
}

fn printed_as_read<T: FromStr<Err: Display> + Display + PartialEq + Debug>(
    text: &str,
) -> Option<T> {
    let read = match text.parse::<T>() {
        Ok(read) => read,
        Err(fault) => {
            told(text, &fault);
            return None;
        }
    };
    match read.to_string().parse::<T>() {
        Ok(again) => assert_eq!(read, again, "{text:?}"),
        Err(fault) => panic!("{text:?} was read, and printed as `{read}`, which is not: {fault}"),
    }
    Some(read)
}

fn told(text: &str, fault: &impl Display) {
    assert!(!fault.to_string().is_empty(), "{text:?} is refused without a word");
}

/// Its words, and its next three instants from 2026 on, in order; each is also found looking back.
fn due(schedule: &Schedule) {
    assert!(!schedule.words().is_empty());
    let mut instant = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    for _ in 0..3 {
        let Some(next) = schedule.next_after(instant) else { return };
        assert!(next > instant, "{schedule}");
        let moment = Duration::from_nanos(1);
        if !matches!(schedule, Schedule::After(_)) {
            assert_eq!(schedule.previous_before(next + moment), Some(next), "{schedule}");
            let before = schedule.previous_before(next);
            assert!(before.is_none_or(|before| before <= instant), "{schedule}");
        }
        instant = next;
    }
}
