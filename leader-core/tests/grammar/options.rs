//! Options: their values, and which go with which.

use std::time::Duration;

use leader_core::{Backoff, Interrupted, Missed, OnLoss, Options, Overlap, span};
use proptest::prelude::*;
use proptest::sample::select;

use crate::assert_says;
use crate::every::spans_in_bounds;

fn policies() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let backoff = (1..86_400_000_u64, 1..86_400_000_u64).prop_map(|(a, b)| {
        let [first, last] = [a.min(b), a.max(b)].map(Duration::from_millis);
        Backoff::new(first, last).expect("in bounds").to_string()
    });
    let span = || spans_in_bounds().prop_map(span::print);
    let one = |words: &'static [&'static str]| select(words).prop_map(str::to_owned);
    let options: Vec<(&'static str, BoxedStrategy<String>)> = vec![
        ("overlap", one(&["skip", "queue", "replace", "allow"]).boxed()),
        ("missed", one(&["skip", "once", "all"]).boxed()),
        ("missed_within", span().boxed()),
        ("interrupted", one(&["skip", "rerun"]).boxed()),
        ("on_loss", one(&["cancel", "grace"]).boxed()),
        ("retries", (0..=1000_u32).prop_map(|count| count.to_string()).boxed()),
        ("step_down_after", (1..=1000_u32).prop_map(|count| count.to_string()).boxed()),
        ("backoff", backoff.boxed()),
        ("timeout", span().boxed()),
        ("jitter", prop_oneof![span(), Just("hash".to_owned())].boxed()),
        ("except", one(&["12-25", "none", "2026-12-24..2027-01-02, 12-25"]).boxed()),
        ("enabled", one(&["true", "false"]).boxed()),
        ("on_elected", one(&["true", "false"]).boxed()),
    ];
    let given = options.into_iter().map(|(option, texts)| {
        proptest::option::of(texts).prop_map(move |text| text.map(|text| (option, text)))
    });
    given.collect::<Vec<_>>().prop_map(|given| given.into_iter().flatten().collect())
}

proptest! {
    #[test]
    fn options_print_as_they_are_read(given in policies()) {
        let mut options = Options::default();
        for (option, text) in &given {
            options.set(option, text).unwrap();
        }
        let mut again = Options::default();
        for (option, text) in options.texts() {
            again.set(option, &text).unwrap();
        }
        prop_assert_eq!(options.texts().len(), given.len());
        prop_assert_eq!(options, again);
    }

    #[test]
    fn a_backoff_prints_as_it_is_read(a in 1..86_400_000_u64, b in 1..86_400_000_u64) {
        let [first, last] = [a.min(b), a.max(b)].map(Duration::from_millis);
        let backoff = Backoff::new(first, last).unwrap();
        prop_assert_eq!(backoff.to_string().parse(), Ok(backoff));
    }
}

#[test]
fn policies_are_words() {
    assert_eq!("queue".parse(), Ok(Overlap::Queue));
    assert_eq!("all".parse(), Ok(Missed::All));
    assert_eq!("rerun".parse(), Ok(Interrupted::Rerun));
    assert_eq!("grace".parse(), Ok(OnLoss::Grace));
    assert_eq!("1s..1m".parse(), Ok(Backoff::default()));
}

fn refused(option: &str, text: &str) -> String {
    Options::default().set(option, text).expect_err(text).to_string()
}

#[test]
fn a_bad_option_is_told_what_to_write() {
    for (option, text, parts) in [
        ("overlap", "skipp", &["did you mean `skip`?"][..]),
        ("overlap", "Queue", &["did you mean `queue`?"]),
        ("overlap", "both", &["use `skip`, `queue`, `replace` or `allow`"]),
        ("missed", "never", &["use `skip`, `once` or `all`"]),
        ("interrupted", "retry", &["use `skip` or `rerun`"]),
        ("on_loss", "die", &["use `cancel` or `grace`"]),
        ("backoff", "1s", &["`1s..1m`"]),
        ("backoff", "1m..1s", &["runs backwards", "`1s..1m`"]),
        ("backoff", "0s..1s", &["0s cannot be", "1ms to 1d"]),
        ("timeout", "0s", &["timeout 0s is too short", "1ms to 366d"]),
        ("drain", "2d", &["drain 2d is too long", "0s to 1d"]),
        ("after", "1ms", &["too short", "10ms to 366d"]),
        ("retries", "-1", &["0 to 1000"]),
        ("step_down_after", "0", &["1 to 1000"]),
        ("enabled", "yes", &["`true` or `false`"]),
        ("tz", "Oslo", &["Europe/Oslo"]),
        ("jitter", "hashed", &["not a number with a unit", "`3s`"]),
        ("except", "25 December", &["`25 December` is no date"]),
        ("tiemout", "3s", &["did you mean `timeout`?"]),
    ] {
        assert_says(&refused(option, text), parts);
    }
}

/// Where each conflict is told, and what it says.
fn conflicts(given: &[(&str, &str)]) -> Vec<(Option<&'static str>, String)> {
    let mut options = Options::default();
    for (option, text) in given {
        match *option {
            "standby" => options.give("standby"),
            option => options.set(option, text).expect(text),
        }
    }
    options.conflicts(None).into_iter().map(|conflict| (conflict.option, conflict.text)).collect()
}

#[test]
fn what_does_not_go_together_is_told_at_the_option_that_is_to_be_changed() {
    let (every, hourly) = (("every", "3s"), ("every", "1h"));
    let twice_a_minute = ("cron", "0,30 0 9 * * *");
    let while_leading = ("while_leading", "true");
    for (given, option, says) in [
        (&[][..], None, "needs a schedule"),
        (&[][..], None, "`after = \"10s\"` or `while_leading`"),
        (&[every, ("cron", "@daily")], Some("cron"), "`cron` beside `every`"),
        (&[every, ("tz", "UTC")], Some("tz"), "`tz` does not go with `every`"),
        (&[("after", "3s"), ("tz", "UTC")], Some("tz"), "`tz` does not go with `after`"),
        (&[("cron", "@daily"), ("offset", "1s")], Some("offset"), "does not go with `cron`"),
        (&[("after", "3s"), ("offset", "1s")], Some("offset"), "does not go with `after`"),
        (&[every, ("offset", "3s")], Some("offset"), "use less than 3s"),
        (&[every, ("jitter", "3s")], Some("jitter"), "use less than 3s"),
        (&[("cron", "@daily"), ("jitter", "hash")], Some("jitter"), "`H 3 * * *`"),
        (&[("after", "3s"), ("jitter", "hash")], Some("jitter"), "no grid"),
        (&[every, ("offset", "1s"), ("jitter", "hash")], Some("offset"), "keep one"),
        (&[every, ("except", "12-25")], Some("except"), "goes by no wall clock"),
        (&[("after", "3s"), ("except", "12-25")], Some("except"), "goes by no wall clock"),
        (&[while_leading, ("except", "12-25")], Some("except"), "`while_leading`"),
        (&[("cron", "0 9 1 1 *"), ("except", "01-01")], Some("except"), "leaves nothing"),
        (&[("after", "3s"), ("on_elected", "true")], Some("on_elected"), "`after`"),
        (&[("after", "3s"), ("missed", "once")], Some("missed"), "`after`"),
        (&[("after", "3s"), ("missed_within", "1h")], Some("missed_within"), "`after`"),
        (&[("after", "3s"), ("interrupted", "rerun")], Some("interrupted"), "a term begins anyway"),
        (&[every, ("missed_within", "2d")], Some("missed_within"), "write `missed = \"once\"`"),
        (&[twice_a_minute, ("missed_within", "2d")], Some("missed_within"), "a minute or more"),
        (
            &[hourly, ("overlap", "allow"), ("missed_within", "2d")],
            Some("missed_within"),
            "`overlap = \"allow\"`",
        ),
        (&[every, ("overlap", "allow"), ("missed", "all")], Some("missed"), "one at a time"),
        (&[every, ("overlap", "allow"), ("interrupted", "rerun")], Some("interrupted"), "allow"),
        (&[every, ("missed", "skip"), ("missed_within", "1h")], Some("missed_within"), "does not"),
        (&[every, ("backoff", "1s..1m")], Some("backoff"), "`retries = 3`"),
        (&[every, ("backoff", "1s..1m"), ("retries", "0")], Some("retries"), "means nothing"),
        (&[while_leading, ("tz", "UTC")], Some("tz"), "`while_leading`"),
        (&[while_leading, ("offset", "1s")], Some("offset"), "`while_leading`"),
        (&[while_leading, ("jitter", "1s")], Some("jitter"), "`while_leading`"),
        (&[while_leading, ("overlap", "skip")], Some("overlap"), "`while_leading`"),
        (&[while_leading, ("missed", "skip")], Some("missed"), "`while_leading`"),
        (&[while_leading, ("interrupted", "skip")], Some("interrupted"), "`while_leading`"),
        (&[while_leading, ("retries", "1")], Some("retries"), "`while_leading`"),
        (&[while_leading, ("standby", "")], Some("standby"), "`while_leading`"),
        (&[while_leading, ("on_elected", "true")], Some("on_elected"), "`while_leading`"),
    ] {
        let found = conflicts(given);
        assert_eq!(found.len(), 1, "{given:?}: {found:?}");
        assert_eq!(found[0].0, option, "{given:?}");
        assert_says(&found[0].1, &[says]);
    }
    for given in [
        &[every, ("offset", "1s"), ("jitter", "1s"), ("standby", "")][..],
        &[("cron", "@daily"), ("tz", "Europe/Oslo"), ("missed", "all"), ("missed_within", "2d")],
        &[("after", "3s"), ("retries", "3"), ("backoff", "1s..1m")],
        &[while_leading, ("backoff", "1s..1m"), ("timeout", "1h")],
        &[every, ("overlap", "allow"), ("missed", "skip")],
        &[every, ("jitter", "hash")],
        &[every, ("offset", "0s"), ("jitter", "hash")],
        &[("cron", "H 3 * * *"), ("tz", "Europe/Oslo"), ("except", "12-25"), ("jitter", "1s")],
        &[every, ("missed", "once"), ("missed_within", "2d")],
        &[hourly, ("missed_within", "2d")],
        &[("cron", "0 9 * * *"), ("missed_within", "2d")],
    ] {
        assert_eq!(conflicts(given), [], "{given:?}");
    }
}

#[test]
fn what_goes_with_a_schedule_stays_beside_another_of_its_kind() {
    for (option, old, new, stays) in [
        (("tz", "Europe/Oslo"), "cron", "cron", true),
        (("tz", "Europe/Oslo"), "cron", "every", false),
        (("except", "12-25"), "cron", "cron", true),
        (("except", "12-25"), "cron", "every", false),
        (("jitter", "1s"), "every", "cron", true),
        (("jitter", "hash"), "every", "every", true),
        (("jitter", "hash"), "every", "cron", false),
        (("offset", "1s"), "every", "cron", false),
    ] {
        assert_eq!(Options::outlives(option, old, new), stays, "{option:?} of {old} under {new}");
    }
}

#[test]
fn a_faulty_option_counts_as_given() {
    let mut options = Options::default();
    assert!(options.set("cron", "60 * * * *").is_err());
    options.set("tz", "Europe/Oslo").unwrap();
    assert_eq!((options.conflicts(None), options.schedule(None)), (vec![], None));
}

#[test]
fn a_run_that_may_take_longer_than_its_interval_is_noticed() {
    let mut options = Options::default();
    options.set("every", "3s").unwrap();
    options.set("timeout", "5s").unwrap();
    assert_eq!(options.overrun(), Some((Duration::from_secs(5), Duration::from_secs(3))));
    options.set("overlap", "queue").unwrap();
    assert_eq!(options.overrun(), None);
}

#[test]
fn a_cron_whose_times_its_zone_leaves_out_each_time_never_fires() {
    for (cron, zone) in [
        ("*/5 2 * 3 0L", "Europe/Oslo"),
        ("* * 2 * 3 0#2", "America/New_York"),
        ("*/10 0 * 4 5L", "Africa/Cairo"),
        ("*/5 1 * 3 0L", "Europe/London"),
    ] {
        let found = conflicts(&[("cron", cron), ("tz", zone)]);
        let [(Some("tz"), text)] = &found[..] else { panic!("{cron} in {zone}: {found:?}") };
        assert!(text.contains("never fires") && text.contains(zone), "{text}");
    }
    // in numbers they are made up for; on other days, and by other clocks, they are there
    for (cron, zone) in [
        ("5 2 * 3 0L", "Europe/Oslo"),
        ("*/5 2 * 3 0", "Europe/Oslo"),
        ("*/5 2 * 3 0L", "UTC"),
        ("*/5 2 * 3 0L", "Asia/Tokyo"),
    ] {
        assert_eq!(conflicts(&[("cron", cron), ("tz", zone)]), [], "{cron} in {zone}");
    }
}

#[test]
fn several_h_that_never_meet_in_a_job_are_told_for_that_job() {
    let mut options = Options::default();
    options.set("cron", "0 0 31 H(1-3),H(6-11) *").unwrap();
    let told = |job: usize| {
        let seed = leader_core::Seed::of("k", &format!("j{job}"));
        let (found, schedule) = (options.conflicts(Some(seed)), options.schedule(Some(seed)));
        assert_eq!(found.is_empty(), schedule.is_some(), "{found:?}");
        found.into_iter().next().map(|conflict| conflict.text)
    };
    let told: Vec<String> = (0..500).filter_map(told).collect();
    assert!((1..250).contains(&told.len()), "{}", told.len());
    assert!(
        told.iter().all(|text| text.starts_with("with the values that `H` has in this job: cron"))
    );
}
