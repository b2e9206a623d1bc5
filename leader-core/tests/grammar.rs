//! What the parsers read, print and refuse; when schedules are due.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::{Cron, Due, Every, JobName, Key, Schedule, span};
use proptest::prelude::*;
use proptest::sample::select;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn parsed(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().expect(text).into()
}

/// The first `count` instants after `start`, as they print.
fn due(cron: &str, start: &str, count: usize) -> Vec<String> {
    let cron: Cron = cron.parse().expect(cron);
    std::iter::successors(cron.next_after(parsed(start)), |&instant| cron.next_after(instant))
        .take(count)
        .map(|instant| Due::new(instant).to_string())
        .collect()
}

fn fault<T: std::str::FromStr<Err = leader_core::Error> + std::fmt::Debug>(text: &str) -> String {
    text.parse::<T>().expect_err(text).to_string()
}

fn assert_says(fault: &str, parts: &[&str]) {
    for part in parts {
        assert!(fault.contains(part), "`{fault}` does not say `{part}`");
    }
}

// ---- durations

proptest! {
    #[test]
    fn a_duration_prints_as_it_is_read(seconds: u64, nanos in 0..1_000_000_000_u32) {
        let span = Duration::new(seconds, nanos);
        prop_assert_eq!(span::parse(&span::print(span)), Ok(span));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,40}") {
        let _ = span::parse(&text);
        let _ = text.parse::<Every>();
        let _ = text.parse::<Key>();
        let _ = text.parse::<JobName>();
        let _ = text.parse::<Cron>();
    }
}

#[test]
fn durations_are_read_with_and_without_spaces() {
    for (text, span) in [
        ("3s", Duration::from_secs(3)),
        ("1h30m", Duration::from_secs(5400)),
        ("1h 30m", Duration::from_secs(5400)),
        ("1w 1d", Duration::from_secs(8 * 24 * 3600)),
        ("1s 500ms", Duration::from_millis(1500)),
        ("250us", Duration::from_micros(250)),
        ("0s", Duration::ZERO),
    ] {
        assert_eq!(span::parse(text), Ok(span), "{text}");
    }
}

#[test]
fn a_bad_duration_is_told_what_to_write() {
    for (text, parts) in [
        ("", &["empty", "`3s`"][..]),
        (" ", &["not a number with a unit"]),
        ("3", &["no unit after `3`", "`3s`"]),
        ("1h30", &["no unit after `30`"]),
        ("3 s", &["space before its unit", "write `3s`"]),
        ("5 minutes", &["write `5m`"]),
        ("-3s", &["not a number with a unit"]),
        ("s", &["not a number with a unit"]),
        ("1.5s", &["fraction", "`1s 500ms`"]),
        ("1M", &["unknown unit `M`", "`1m`"]),
        ("3S", &["unknown unit `S`", "`3s`"]),
        ("5min", &["unknown unit `min`", "`5m`"]),
        ("10 µs", &["write `10us`"]),
        ("10µs", &["`10us`"]),
        ("2months", &["no two months or years", "`30d`"]),
        ("1y", &["no two months or years", "`30d`"]),
        ("3 parsecs", &["no unit"]),
        ("3parsecs", &["unknown unit `parsecs`", "w, d, h, m, s, ms, us and ns"]),
        ("30m1h", &["out of order", "`1h 30m`"]),
        ("3s3s", &["out of order", "each once"]),
        ("18446744073709551616s", &["too long"]),
        ("18446744073709551615w", &["too long"]),
    ] {
        assert_says(&span::parse(text).expect_err(text).to_string(), parts);
    }
}

// ---- keys and names

proptest! {
    #[test]
    fn a_key_prints_as_it_is_read(
        text in "[A-Za-z0-9_,-]{1,20}(/[A-Za-z0-9_,-]{1,20}(\\.[a-z]{1,3})?){0,6}",
    ) {
        let key: Key = text.parse().unwrap();
        prop_assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn a_name_prints_as_it_is_read(text in "[a-z0-9_]{1,64}") {
        let name: JobName = text.parse().unwrap();
        prop_assert_eq!(name.to_string().parse(), Ok(name));
    }
}

#[test]
fn a_bad_key_is_told_what_to_write() {
    let longest = "a".repeat(512);
    assert!(longest.parse::<Key>().is_ok());
    assert_says(&fault::<Key>(&format!("{longest}a")), &["513 bytes", "512"]);
    for (text, parts) in [
        ("", &["empty", "`service/clock`"][..]),
        ("/service/clock", &["`/`", "write `service/clock`"]),
        ("service/", &["write `service`"]),
        ("service//clock", &["write `service/clock`"]),
        ("/", &["write `service/clock`"]),
        ("service/../clock", &["URLs resolve"]),
        ("a..b", &["URLs resolve"]),
        ("./clock", &["URLs resolve"]),
        ("service clock", &["' '", "letters, digits"]),
        ("dienst/größe", &["'ö'", "letters, digits"]),
        ("service\nclock", &["'\\n'"]),
        ("a?recurse", &["'?'"]),
        (".leader/beats", &["the runtime's own"]),
        (".leader", &["the runtime's own"]),
    ] {
        assert_says(&fault::<Key>(text), parts);
    }
}

#[test]
fn a_bad_name_is_told_what_to_write() {
    for (text, parts) in [
        ("", &["empty", "`clock`"][..]),
        ("Clock", &["'C'", "`a` to `z`"]),
        ("my-clock", &["'-'", "`a` to `z`"]),
        (&"a".repeat(65), &["65 characters", "64"]),
    ] {
        assert_says(&fault::<JobName>(text), parts);
    }
}

// ---- every

fn intervals() -> impl Strategy<Value = Every> {
    (Every::MIN.as_nanos() as u64..=Every::MAX.as_nanos() as u64)
        .prop_map(|nanos| Every::new(Duration::from_nanos(nanos)).expect("in bounds"))
}

proptest! {
    #[test]
    fn an_interval_prints_as_it_is_read(every in intervals()) {
        prop_assert_eq!(every.to_string().parse(), Ok(every));
    }

    #[test]
    fn the_next_tick_is_the_first_one_of_the_grid(every in intervals(), seconds in 0..4_000_000_000_u64, nanos in 0..1_000_000_000_u64) {
        let now = at(seconds) + Duration::from_nanos(nanos);
        let next = every.next_after(now).unwrap();
        prop_assert!(now < next && next <= now + every.interval());
        let since_epoch = next.duration_since(UNIX_EPOCH).unwrap().as_nanos();
        prop_assert_eq!(since_epoch % every.interval().as_nanos(), 0);
    }
}

#[test]
fn a_tick_is_followed_by_the_next_one_not_by_itself() {
    let every: Every = "3s".parse().unwrap();
    assert_eq!(every.next_after(at(0)), Some(at(3)));
    assert_eq!(every.next_after(at(2)), Some(at(3)));
    assert_eq!(every.next_after(at(3)), Some(at(6)));
    assert_eq!(every.next_after(at(3) - Duration::from_nanos(1)), Some(at(3)));
}

#[test]
fn an_hour_is_the_full_hour() {
    let schedule = Schedule::Every("1h".parse().unwrap());
    let next = schedule.next_after(parsed("2026-11-24T04:59:59.999Z")).unwrap();
    assert_eq!(Due::new(next).to_string(), "2026-11-24T05:00:00Z");
}

#[test]
fn the_grid_goes_on_before_the_epoch() {
    let every: Every = "10s".parse().unwrap();
    assert_eq!(every.next_after(UNIX_EPOCH - Duration::from_secs(1)), Some(UNIX_EPOCH));
    let tick = UNIX_EPOCH - Duration::from_secs(20);
    assert_eq!(every.next_after(tick), Some(UNIX_EPOCH - Duration::from_secs(10)));
    assert_eq!(every.next_after(tick - Duration::from_secs(1)), Some(tick));
}

#[test]
fn an_interval_out_of_bounds_names_them() {
    for (text, what) in [("0s", "0s is too short"), ("9ms", "9ms is too short"), ("367d", "long")] {
        assert_says(&fault::<Every>(text), &[what, "10ms to 366d"]);
    }
    assert!("10ms".parse::<Every>().is_ok());
    assert!("366d".parse::<Every>().is_ok());
}

// ---- cron

fn numbers(min: u32, max: u32) -> BoxedStrategy<String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (min..=max).prop_map(|value| value.to_string()),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (1..=max - min).prop_map(|step| format!("*/{step}")),
        1 => (min..=max, 1..=max - min).prop_map(move |(from, step)| format!("{from}-{max}/{step}")),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{a},{b}")),
    ]
    .boxed()
}

fn crons() -> impl Strategy<Value = String> {
    let day = prop_oneof![
        6 => numbers(1, 31),
        2 => select(vec!["L", "LW", "1W", "15W", "31W", "?", "1,15W,L"]).prop_map(str::to_owned),
    ];
    let month = prop_oneof![
        6 => numbers(1, 12),
        2 => select(vec!["FEB", "jan-mar", "APR,JUN"]).prop_map(str::to_owned),
    ];
    let weekday = prop_oneof![
        6 => numbers(0, 7),
        2 => select(vec!["MON-FRI", "FRI-SUN", "sun", "5L", "1#5", "?"]).prop_map(str::to_owned),
    ];
    (proptest::option::of(numbers(0, 59)), numbers(0, 59), numbers(0, 23), day, month, weekday)
        .prop_map(|(second, minute, hour, day, month, weekday)| {
            let second = second.map(|second| second + " ").unwrap_or_default();
            format!("{second}{minute} {hour} {day} {month} {weekday}")
        })
}

proptest! {
    #[test]
    fn what_is_read_prints_the_same_and_fires(text in crons(), seconds in 0..8_000_000_000_u64) {
        match text.parse::<Cron>() {
            Ok(cron) => {
                prop_assert_eq!(cron.to_string().parse(), Ok(cron.clone()));
                let next = cron.next_after(at(seconds));
                prop_assert!(next.is_some_and(|next| next > at(seconds)), "{} at {}", text, seconds);
            }
            // all that is generated is well formed: what is left is a day that no month has
            Err(error) => prop_assert!(error.to_string().contains("never fires"), "{}", error),
        }
    }
}

#[test]
fn five_fields_begin_at_the_full_minute_and_six_with_the_second() {
    let start = "2026-11-24T05:00:00.5Z";
    assert_eq!(due("* * * * *", start, 2), ["2026-11-24T05:01:00Z", "2026-11-24T05:02:00Z"]);
    assert_eq!(due("* * * * * *", start, 2), ["2026-11-24T05:00:01Z", "2026-11-24T05:00:02Z"]);
    assert_eq!(due("*/10 * * * * *", "2026-11-24T05:00:10Z", 1), ["2026-11-24T05:00:20Z"]);
}

#[test]
fn a_leap_day_waits_for_its_year_also_across_the_century() {
    assert_eq!(
        due("0 0 29 2 *", "2091-01-01T00:00:00Z", 3),
        ["2092-02-29T00:00:00Z", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"]
    );
}

#[test]
fn a_day_of_month_and_a_weekday_are_due_on_either() {
    // 2026-11-13 is a Friday
    assert_eq!(
        due("0 0 10 * FRI", "2026-11-08T00:00:00Z", 3),
        ["2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"]
    );
    assert_eq!(due("0 0 ? * FRI", "2026-11-08T00:00:00Z", 1), ["2026-11-13T00:00:00Z"]);
    assert!("0 0 30 2 FRI".parse::<Cron>().is_ok());
}

#[test]
fn weekdays_count_from_sunday_and_a_week_may_end_with_it() {
    // 2026-11-22 is a Sunday
    for sunday in ["0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * 0-0", "@weekly"] {
        assert_eq!(due(sunday, "2026-11-20T00:00:00Z", 1), ["2026-11-22T00:00:00Z"], "{sunday}");
    }
    assert_eq!(
        due("0 0 * * SAT-SUN", "2026-11-20T00:00:00Z", 3),
        ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-28T00:00:00Z"]
    );
}

#[test]
fn the_last_the_nearest_and_the_nth_day_are_found() {
    let start = "2026-02-01T00:00:00Z";
    for (cron, expected) in [
        ("0 0 L * *", "2026-02-28T00:00:00Z"),
        ("0 0 LW * *", "2026-02-27T00:00:00Z"),
        ("0 0 15W * *", "2026-02-16T00:00:00Z"),
        ("0 0 * * 5L", "2026-02-27T00:00:00Z"),
        ("0 0 * * FRI#2", "2026-02-13T00:00:00Z"),
        ("@monthly", "2026-03-01T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@daily", "2026-02-02T00:00:00Z"),
        ("@midnight", "2026-02-02T00:00:00Z"),
        ("@hourly", "2026-02-01T01:00:00Z"),
    ] {
        assert_eq!(due(cron, start, 1), [expected], "{cron}");
    }
}

#[test]
fn a_bad_cron_names_the_field_and_what_is_allowed_there() {
    for (text, parts) in [
        ("", &["0 fields", "5 (minute hour day month weekday)"][..]),
        ("* * *", &["3 fields", "or 6 (a second"]),
        ("0 0 0 1 1 ? 2026", &["7 fields"]),
        ("60 * * * *", &["minute 60", "0-59"]),
        ("60 * * * * *", &["second 60", "0-59"]),
        ("0 24 * * *", &["hour 24", "0-23"]),
        ("0 0 0 * *", &["day of month 0", "1-31"]),
        ("0 0 * 13 *", &["month 13", "1-12 or JAN-DEC"]),
        ("0 0 * * 8", &["weekday 8", "0-7 (0 and 7 are Sunday)"]),
        ("0 0 * * MO", &["weekday `MO`", "SUN-SAT"]),
        ("0 noon * * *", &["hour `NOON`", "0-23"]),
        ("1,,2 * * * *", &["minute", "empty item"]),
        ("*,5 * * * *", &["minute", "`*` beside other items"]),
        ("0/15 * * * *", &["minute `0/15`", "`0-59/15`"]),
        ("/15 * * * *", &["minute `/15`"]),
        ("*/0 * * * *", &["minute `*/0`", "1 to 59"]),
        ("*/90 * * * *", &["minute `*/90`", "1 to 59"]),
        ("0 22-2 * * *", &["hour `22-2`", "`22-23,0-2`"]),
        ("0 0 * * FRI-MON", &["runs backwards", "`5-7,0-1`"]),
        ("0 L * * *", &["hour `L`"]),
        ("0 0 W * *", &["day of month `W`"]),
        ("0 0 L,LW * *", &["both `L` and `LW`"]),
        ("0 0 * * L", &["weekday `L`", "`5L`"]),
        ("0 0 * * 1#6", &["weekday `1#6`", "`1#5`"]),
        ("? * * * *", &["minute"]),
        ("0 0 30 2 *", &["never fires", "no day 30 in FEB", "`L`"]),
        ("0 0 31 2,4,6,9,11 *", &["never fires", "FEB, APR, JUN, SEP, NOV"]),
        ("0 0 31W APR ?", &["never fires", "no day 31 in APR"]),
        ("@every 5m", &["`every = \"5m\"`"]),
        ("@reboot", &["use @yearly"]),
    ] {
        assert_says(&fault::<Cron>(text), parts);
        assert_says(&fault::<Cron>(text), &["cron `"]);
    }
}

#[test]
fn a_schedule_says_what_it_is() {
    assert_eq!(Schedule::Every("90s".parse().unwrap()).to_string(), "every 1m 30s");
    let cron = Schedule::Cron("  0 9  * * MON-FRI".parse().unwrap());
    assert_eq!(cron.to_string(), "cron 0 9 * * MON-FRI");
}

#[test]
fn an_instant_prints_in_utc() {
    let instant = at(1_795_496_400) + Duration::from_millis(200);
    assert_eq!(Due::new(instant).to_string(), "2026-11-24T05:00:00.2Z");
    assert_eq!(SystemTime::from(Due::new(instant)), instant);
}
