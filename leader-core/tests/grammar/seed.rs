//! Places that are hashed: `H` in a cron, `jitter = "hash"`.

use leader_core::{Cron, Options, Seed};

use crate::{assert_says, at};

const CLOCK: (&str, &str) = ("service/clock", "call_time");

fn hashed(cron: &str, (key, name): (&str, &str)) -> String {
    let cron = Cron::hashed(cron, Seed::of(key, name)).expect(cron);
    let again: Cron = cron.text().parse().expect("what an `H` came to could have been written");
    assert_eq!(again.next_after(at(0)), cron.next_after(at(0)));
    cron.text().to_owned()
}

/// The hash is part of what is promised: a job's time must not move with a new version. These are
/// the values of the page `leader_runtime::cron`.
#[test]
fn a_place_never_changes() {
    for ((key, name), places) in [
        (CLOCK, [58, 1, 16, 0, 2_487_740]),
        (("billing/charge", "charge"), [54, 9, 26, 5, 733_247]),
    ] {
        let of = ["minute", "hour", "day of month", "weekday", "every"];
        let counts = [60, 24, 28, 7, 3_600_000];
        let seed = Seed::of(key, name);
        let found: Vec<_> = of.iter().zip(counts).map(|(of, n)| seed.pick(of, n)).collect();
        assert_eq!(found, places, "{key} {name}");
    }
    assert_eq!(Seed::of("", "").pick("", 1 << 32), 0xdb01_c310);
}

#[test]
fn an_h_is_the_value_that_it_stands_for() {
    for (text, expected) in [
        ("H * * * *", "58 * * * *"),
        ("h H * * *", "58 1 * * *"),
        ("H H H H H H", "27 58 1 17 2 0"),
        ("H/15 * * * *", "14-59/15 * * * *"),
        ("H(0-29) * * * *", "29 * * * *"),
        ("H(0-29)/10 8 * * MON-FRI", "9-29/10 8 * * MON-FRI"),
        ("0 8 * * H(MON-FRI)", "0 8 * * 1"),
        ("0,H 8 ? jan *", "0,58 8 ? jan *"),
        ("0 H(22-23)/2 * * *", "0 22-23/2 * * *"),
        ("@hourly", "@hourly"),
        ("0 9 * * mon", "0 9 * * mon"),
    ] {
        assert_eq!(hashed(text, CLOCK), expected, "{text}");
    }
}

#[test]
fn places_are_spread_over_what_there_is() {
    for (of, count) in [("second", 60), ("hour", 24), ("weekday", 7), ("every", 1000)] {
        let mut found = vec![0_u32; count as usize];
        for number in 0..100 * count {
            let seed = Seed::of("service/clock", &format!("job_{number}"));
            found[seed.pick(of, count) as usize] += 1;
        }
        // each a hundred times, give or take five standard deviations
        let bounds = 50..=150;
        assert!(found.iter().all(|times| bounds.contains(times)), "{of}: {found:?}");
    }
}

#[test]
fn a_schedule_with_an_h_is_known_when_it_is_known_whose_it_is() {
    let seed = Some(Seed::of("service/clock", "call_time"));
    for (given, printed) in [
        (&[("cron", "H 3 * * *"), ("tz", "Europe/Oslo")][..], "cron 58 3 * * * tz Europe/Oslo"),
        (&[("every", "1h"), ("jitter", "hash")], "every 1h offset 41m 27s 740ms"),
        (&[("every", "1h"), ("offset", "1m")], "every 1h offset 1m"),
    ] {
        let mut options = Options::default();
        for (option, text) in given {
            options.set(option, text).unwrap();
        }
        let printed_of = |seed| options.schedule(seed).map(|schedule| schedule.to_string());
        assert_eq!(printed_of(seed).as_deref(), Some(printed), "{given:?}");
        let known = (!options.has_hash()).then_some(printed);
        assert_eq!(printed_of(None).as_deref(), known, "{given:?}");
        // what is written down is what was written
        let texts = options.texts();
        let texts: Vec<_> = texts.iter().map(|(option, text)| (*option, text.as_str())).collect();
        assert_eq!(texts, given, "{given:?}");
    }
}

#[test]
fn what_is_left_out_is_asked_of_the_days_that_a_job_has() {
    // the 17th, of this job
    let seed = Seed::of("service/clock", "call_time");
    let conflicts = |except: &str, seed| {
        let mut options = Options::default();
        options.set("cron", "0 3 H 2 *").unwrap();
        options.set("except", except).unwrap();
        let conflicts = options.conflicts(seed);
        assert_eq!(options.schedule(seed).is_none(), !conflicts.is_empty() || seed.is_none());
        conflicts
    };
    assert_eq!(conflicts("02-01", Some(seed)), []);
    let found = conflicts("02-17", Some(seed));
    assert_says(&found[0].text, &["leaves nothing of cron `0 3 17 2 *`"]);
    // the macro does not know a key that is a constant: the start does
    assert_eq!(conflicts("02-17", None), []);
}
