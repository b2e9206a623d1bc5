//! Cron expressions.

use std::time::Duration;

use leader_core::{Cron, Schedule};
use proptest::prelude::*;
use proptest::sample::select;

use crate::schedule::zones;
use crate::{assert_says, at, due, fault};

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

pub(crate) fn crons() -> impl Strategy<Value = String> {
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
    fn what_is_read_prints_the_same_and_fires(
        text in crons(), zone in zones(), seconds in 0..8_000_000_000_u64,
    ) {
        match text.parse::<Cron>() {
            Ok(cron) => {
                let cron = cron.in_zone(zone);
                let schedule = Schedule::Cron(cron.clone());
                prop_assert_eq!(schedule.to_string().parse(), Ok(schedule));
                let next = cron.next_after(at(seconds));
                prop_assert!(next.is_some_and(|next| next > at(seconds)), "{} at {}", text, seconds);
                // nothing lies between, also where one looks back
                let Some(next) = next else { return Ok(()) };
                let moment = Duration::from_nanos(1);
                prop_assert_eq!(cron.previous_before(next + moment), Some(next), "{}", text);
                let before = cron.previous_before(next);
                prop_assert!(before.is_none_or(|before| before <= at(seconds)), "{}", text);
                let again = before.and_then(|before| cron.next_after(before));
                prop_assert!(before.is_none() || again == Some(next), "{} {:?}", text, before);
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
fn where_a_day_or_a_weekday_begins_with_a_star_a_day_is_both() {
    for (cron, expected) in [
        // Saturdays that are odd days
        ("0 16 */2 * SAT", ["2026-08-15T16:00:00Z", "2026-08-29T16:00:00Z"]),
        ("0 0 */1 * MON", ["2026-08-10T00:00:00Z", "2026-08-17T00:00:00Z"]),
        ("0 0 */10,5 * FRI", ["2026-08-21T00:00:00Z", "2026-09-11T00:00:00Z"]),
        ("0 0 10-20 * */7", ["2026-08-16T00:00:00Z", "2026-09-13T00:00:00Z"]),
        // and those that do not
        ("0 0 5,*/10 * FRI", ["2026-08-11T00:00:00Z", "2026-08-14T00:00:00Z"]),
        ("0 0 1-31/2 * SAT", ["2026-08-09T00:00:00Z", "2026-08-11T00:00:00Z"]),
    ] {
        assert_eq!(due(cron, "2026-08-08T17:00:00Z", 2), expected, "{cron}");
    }
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
        ("0 0 L-3 * *", "2026-02-25T00:00:00Z"),
        ("0 0 l-26 * *", "2026-02-02T00:00:00Z"),
        ("0 0 L-28 * *", "2026-03-03T00:00:00Z"),
        ("0 0 L-1,L,LW * *", "2026-02-27T00:00:00Z"),
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
        ("0 0 0 1 1 ? 2026", &["7 fields", "leave out `2026`", "`except`"]),
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
        ("0 22-2/2 * * *", &["hour `22-2/2`", "write `22-23/2,0-2/2`"]),
        ("0 22-3/3 * * *", &["write `22-23/3,1-3/3`"]),
        ("0 22-1/5 * * *", &["write `22-23/5`"]),
        ("0 0 * NOV-FEB/2 *", &["write `11-12/2,1-2/2`"]),
        ("0 0 * * FRI-TUE/2", &["write `5-6/2,0-2/2`"]),
        ("0 0 * * 7-2/2", &["write `0-2/2`"]),
        ("0 L * * *", &["hour `L`"]),
        ("0 0 W * *", &["day of month `W`", "`15W`"]),
        ("0 0 LW-3 * *", &["day of month `LW-3`", "`L-3`", "`LW`"]),
        ("0 0 * * L5", &["weekday `L5`", "`5L`"]),
        ("0 0 * * #2", &["weekday `#2`", "`5#2`"]),
        ("0 0 * * TUES", &["weekday `TUES`", "write `TUE`"]),
        ("0 0 * SEPT *", &["month `SEPT`", "write `SEP`"]),
        ("5H * * * *", &["minute `5H`", "`H(0-59)`"]),
        ("0 0 L-0 * *", &["day of month `L-0`", "`L-1` to `L-30`"]),
        ("0 0 L-31 * *", &["day of month `L-31`", "`L-1` to `L-30`"]),
        ("0 0 L-3W * *", &["day of month `L-3W`", "without a `W`"]),
        ("0 L-3 * * *", &["hour `L-3`"]),
        ("0 0 * * L", &["weekday `L`", "`5L`"]),
        ("0 0 * * 1#6", &["weekday `1#6`", "`1#5`"]),
        ("? * * * *", &["minute"]),
        ("0 0 30 2 *", &["never fires", "no day 30 in FEB", "`L`"]),
        ("0 0 31 2,4,6,9,11 *", &["never fires", "FEB, APR, JUN, SEP, NOV"]),
        ("0 0 31W APR ?", &["never fires", "no day 31 in APR"]),
        ("0 0 L-30 APR,FEB *", &["never fires", "no day 30 before the last in FEB, APR", "`L-29`"]),
        ("0 0 LW * */7", &["never fires", "begins with `*`", "write that one in numbers"]),
        ("0 0 */30 2 5L", &["never fires", "no day of FEB is"]),
        ("0 0 30 H *", &["never fires", "no day 30 in FEB"]),
        ("0~9 * * * *", &["minute `0~9`", "write `H(0-9)`", "`H`"]),
        ("~ * * * *", &["minute `~`", "write `H(0-59)`"]),
        ("0~29/10 * * * *", &["write `H(0-29)/10`"]),
        ("20~10 * * * *", &["write `H(0-59)`"]),
        ("0 0 1~31 * *", &["write `H(1-28)`"]),
        ("? * * * *", &["minute `?` stands in day of month and weekday alone; write `*`"]),
        ("H(0-29 * * * *", &["minute `H(0-29`", "`H(0-59)/2`"]),
        ("H(0) * * * *", &["minute `H(0)`", "`H(0-59)`"]),
        ("H(30-10) * * * *", &["runs backwards", "`H(0-59)`"]),
        ("H(0-60) * * * *", &["minute 60", "0-59"]),
        ("H/0 * * * *", &["minute `H/0`", "1 to 59"]),
        ("0 0 H(20-31) * *", &["goes past 28", "`H(1-28)`"]),
        ("HH * * * *", &["minute `HH`", "write `H`"]),
        ("H * * * *", &["each job has of its own", "write a value"]),
        ("@every 5m", &["`every = \"5m\"`"]),
        ("@reboot", &["`on_elected = true`", "`while_leading`"]),
        ("@fortnightly", &["use @yearly"]),
    ] {
        assert_says(&fault::<Cron>(text), parts);
        assert_says(&fault::<Cron>(text), &["cron `"]);
    }
}
