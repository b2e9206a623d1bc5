//! Durations, and that no text makes any parser panic.

use std::time::Duration;

use leader_core::{Cron, Every, JobName, Key, Options, Schedule, Zone, span};
use proptest::prelude::*;

use crate::assert_says;

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
        let _ = text.parse::<Schedule>();
        let _ = text.parse::<Zone>();
        let mut options = Options::default();
        for option in Options::NAMES {
            let _ = options.set(option, &text);
        }
        let _ = options.conflicts(None);
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
