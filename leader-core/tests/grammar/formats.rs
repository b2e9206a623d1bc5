//! Formats that versions share: texts that an earlier version wrote are read, and print the same.
//!
//! A node of a new version reads the record of a job that an old one wrote, and both run side by side
//! during a deploy. A schedule that printed differently would count as edited: its missed instants
//! would be given up. So a text here is never changed; a new form of text gets a line of its own, and
//! a change to one that is here needs a new [`Record::FORMAT`].

use leader_core::record::Record;
use leader_core::{Due, Options, Schedule, Seed};

#[test]
fn a_schedule_that_an_earlier_version_stored_prints_the_same() {
    for text in [
        "every 3s",
        "every 1h 30m",
        "every 1h offset 10m",
        "every 1h offset 21m 7s 12ms",
        "every 366d",
        "cron 0 9 * * MON-FRI tz Europe/Oslo",
        "cron 0 9 * * MON-FRI tz Europe/Oslo except 12-25",
        "cron */10 * * * * *",
        "cron 0 9 * * *",
        "cron 37 3 * * *",
        "cron @daily tz America/New_York",
        "cron 0 0 L-3,15W * 5L except 2026-12-24..2027-01-02, 12-25",
        "after 10s",
        "while_leading",
    ] {
        let schedule: Schedule = text.parse().expect(text);
        assert_eq!(schedule.to_string(), text);
    }
    assert_eq!(Record::FORMAT, 1, "a new version has texts of its own here");
}

#[test]
fn a_hashed_schedule_prints_as_in_an_earlier_version() {
    for (options, text) in [
        (&[("cron", "H 3 * * *")][..], "cron 58 3 * * *"),
        (&[("cron", "H H * * *"), ("tz", "Europe/Oslo")], "cron 58 1 * * * tz Europe/Oslo"),
        (&[("every", "1h"), ("jitter", "hash")], "every 1h offset 41m 27s 740ms"),
    ] {
        let mut given = Options::default();
        for (option, text) in options {
            given.set(option, text).expect(text);
        }
        let schedule = given.schedule(Some(Seed::of("service/clock", "call_time")));
        assert_eq!(schedule.expect("a schedule").to_string(), text);
    }
}

#[test]
fn an_instant_that_an_earlier_version_stored_prints_the_same() {
    for text in [
        "2026-11-27T16:08:00Z",
        "2026-11-24T05:00:00.2Z",
        "2026-11-24T13:29:52.236825219Z",
        "1970-01-01T00:00:00Z",
        "9999-12-30T21:59:59Z",
    ] {
        assert_eq!(text.parse::<Due>().expect(text).to_string(), text);
    }
}
