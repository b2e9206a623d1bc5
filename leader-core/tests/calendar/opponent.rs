//! Crons against those of croner, another implementation of the same expressions: random ones, at
//! random instants, forwards and back.
//!
//! Both agree but for what is listed here, each with the rule of the page (`Cron`) that it is of:
//!
//! * A day of month and a weekday of which one begins with `*`, as `*/2` does, are joined by *and*,
//!   as in Vixie cron; croner does that for a `*` alone, and joins the others by *or*. It is asked
//!   with its option to join by *and* there, and has to agree then.
//! * Looking back from within a second, croner leaves out the second that has begun. It is asked from
//!   the end of that one.
//! * `L-3`, `H`, and `L` beside `LW` are nothing that croner reads. They are not among these
//!   expressions, but in the table.
//!
//! `LEADER_CASES=1000000 cargo test --release -p leader-core --test calendar -- --nocapture` looks
//! at a million pairs.

use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime};
use croner::parser::{CronParser, Seconds, Year};
use leader_core::Cron;

/// Number of instants that are compared for each expression.
const INSTANTS: usize = 10;

/// Numbers without a pattern, the same ones each time.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }

    fn within(&mut self, (min, max): (u64, u64)) -> u64 {
        min + self.below(max - min + 1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// One item of a list.
    fn item(&mut self, bounds: (u64, u64), special: &[&str]) -> String {
        let (min, max) = bounds;
        let (a, b) = (self.within(bounds), self.within(bounds));
        let (from, to, step) = (a.min(b), a.max(b), 1 + self.below(max - min));
        match self.below(6 + 4 * u64::from(!special.is_empty())) {
            0..3 => a.to_string(),
            3 => format!("{from}-{to}"),
            4 => format!("{from}-{to}/{step}"),
            5 => format!("*/{step}"),
            _ => self.of(special).to_owned(),
        }
    }

    fn field(&mut self, bounds: (u64, u64), special: &[&str]) -> String {
        if self.below(3) == 0 {
            return "*".into();
        }
        let count = 1 + self.below(3) * self.below(2);
        let items: Vec<_> = (0..count).map(|_| self.item(bounds, special)).collect();
        items.join(",")
    }

    pub(crate) fn expression(&mut self) -> String {
        let second = match self.below(3) {
            0 => self.field((0, 59), &[]) + " ",
            _ => String::new(),
        };
        let (minute, hour) = (self.field((0, 59), &[]), self.field((0, 23), &[]));
        let days = ["L", "LW", "1W", "15W", "30W", "31W", "31"];
        let day = match self.below(20) {
            0 => "?".into(),
            _ => self.field((1, 31), &days),
        };
        let month = self.field((1, 12), &["FEB", "feb", "JAN-MAR", "Dec"]);
        let weekdays = ["MON", "sun", "MON-FRI", "5L", "0L", "7L", "1#1", "3#5", "0#2", "FRI#3"];
        let weekday = match self.below(20) {
            0 => "?".into(),
            _ => self.field((0, 7), &weekdays),
        };
        format!("{second}{minute} {hour} {day} {month} {weekday}")
    }
}

/// `L` and `LW` in one list.
fn is_beyond_it(day: &str) -> bool {
    let items: Vec<_> = day.split(',').collect();
    items.contains(&"L") && items.contains(&"LW")
}

fn pairs() -> usize {
    let cases = std::env::vars().find(|(name, _)| name == "LEADER_CASES");
    cases.map_or(10_000, |(_, cases)| cases.parse().expect("LEADER_CASES is a number"))
}

fn civil(seconds: u64, nanos: u32) -> NaiveDateTime {
    DateTime::from_timestamp(seconds.cast_signed(), nanos).expect("in the calendar").naive_utc()
}

#[test]
fn another_implementation_agrees_but_where_the_page_says_so() {
    let mut chance = Chance::new();
    let (mut compared, mut joined_by_and, mut never) = (0, 0, 0);
    let mut faults = Vec::new();
    while compared < pairs() {
        let text = chance.expression();
        let fields: Vec<_> = text.split(' ').rev().collect();
        let (weekday, day) = (fields[0], fields[2]);
        if is_beyond_it(day) {
            continue;
        }
        let by_and = (day.starts_with("*/") && !matches!(weekday, "*" | "?"))
            || (weekday.starts_with("*/") && !matches!(day, "*" | "?"));
        joined_by_and += u32::from(by_and);
        let theirs = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .dom_and_dow(by_and)
            .build()
            .parse(&text)
            .unwrap_or_else(|fault| panic!("croner does not read {text}: {fault}"));
        let ours = match text.parse::<Cron>() {
            Ok(ours) => ours,
            Err(fault) => {
                never += 1;
                assert!(fault.to_string().contains("never fires"), "{fault}");
                let found = theirs.find_next_occurrence(&civil(0, 0), false);
                assert!(found.is_err(), "{text}: {fault}; croner found {found:?}");
                continue;
            }
        };
        for _ in 0..INSTANTS {
            // 1970 to 2400
            let (seconds, nanos) = (chance.below(13_569_465_600), chance.of(&[0, 0, 500_000_000]));
            let instant = UNIX_EPOCH + Duration::new(seconds, nanos);
            let (civil, ended) = (civil(seconds, nanos), civil(seconds + u64::from(nanos > 0), 0));
            let of_ours = |found: Option<std::time::SystemTime>| {
                let since = found?.duration_since(UNIX_EPOCH).map(|since| since.as_secs());
                Some(since.map_or_else(
                    |before| -before.duration().as_secs().cast_signed(),
                    u64::cast_signed,
                ))
            };
            let of_theirs =
                |found: Result<NaiveDateTime, _>| found.ok().map(|time| time.and_utc().timestamp());
            compared += 1;
            for (which, ours, theirs) in [
                (
                    "after",
                    of_ours(ours.next_after(instant)),
                    of_theirs(theirs.find_next_occurrence(&civil, false)),
                ),
                (
                    "before",
                    of_ours(ours.previous_before(instant)),
                    of_theirs(theirs.find_previous_occurrence(&ended, false)),
                ),
            ] {
                if ours != theirs {
                    faults.push(format!("{text} {which} {civil}: {ours:?}, croner {theirs:?}"));
                }
            }
            if faults.len() > 20 {
                break;
            }
        }
        assert!(faults.len() <= 20, "{}", faults.join("\n"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!(
        "{compared} pairs of an expression and an instant, forwards and back; {joined_by_and} \
         expressions joined by and; {never} that never fire, for both"
    );
}
