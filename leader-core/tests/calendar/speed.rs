//! How long schedules take: the next instant and the one before, and the refusal of what never
//! fires. In processor time of this thread, the best of three: a machine that is busy with other
//! things makes none slow. The limits are those of a release build, twenty times as much without.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::{Cron, Except, Zone};
use rustix::time::{ClockId, clock_gettime};

use crate::opponent::Chance;

const SLACK: u32 = if cfg!(debug_assertions) { 20 } else { 1 };
const LONGEST: Duration = Duration::from_micros(50);
const MEDIAN: Duration = Duration::from_micros(1);
const REFUSAL: Duration = Duration::from_millis(1);

const ZONES: [&str; 5] =
    ["UTC", "Europe/Oslo", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca"];

/// Crons with instants that lie far apart.
const RARE: [&str; 8] = [
    "0 0 29 2 *",
    "0 0 29 2 */7",
    "0 0 */28 2 5#5",
    "59 59 23 29 2 */7",
    "0 2 L-30 * *",
    "*/30 * 29 2 */7",
    "* 2 */30 1 5#5",
    "0 0 31W 12 *",
];

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn best_of_three<T>(run: impl Fn() -> T) -> Duration {
    let once = |_| {
        let began = processor_time();
        std::hint::black_box(run());
        processor_time() - began
    };
    (0..3).map(once).min().unwrap_or_default()
}

/// As many dates as there may be, one after the other.
fn most_that_is_left_out() -> Except {
    let years = (2026..2126).map(|year| format!("{year}-01-01..{year}-12-31"));
    years.collect::<Vec<_>>().join(",").parse().expect("a hundred years")
}

fn crons(chance: &mut Chance) -> Vec<Cron> {
    let random = (0..500).filter_map(|_| chance.expression().parse::<Cron>().ok());
    let rare = RARE.map(|text| text.parse().expect(text));
    let mut crons: Vec<Cron> = random.chain(rare.clone()).collect();
    let longest = most_that_is_left_out();
    crons
        .extend(rare.into_iter().map(|cron| cron.with_except(longest.clone()).expect("something")));
    crons
}

#[test]
fn the_next_instant_is_found_in_a_microsecond_and_never_takes_fifty() {
    let mut chance = Chance::new();
    let mut took = Vec::new();
    for cron in crons(&mut chance) {
        for name in ZONES {
            let cron = cron.clone().in_zone(name.parse::<Zone>().expect(name));
            let instants: Vec<SystemTime> =
                (0..4).map(|_| UNIX_EPOCH + Duration::from_secs(chance.below(8 << 30))).collect();
            for instant in instants {
                let next = best_of_three(|| cron.next_after(instant));
                let before = best_of_three(|| cron.previous_before(instant));
                took.push((next.max(before), format!("{cron:?} at {instant:?}")));
            }
        }
    }
    took.sort();
    let (median, (longest, which)) = (took[took.len() / 2].0, took.last().expect("some"));
    println!("{} times, forwards and back: median {median:?}, longest {longest:?}", took.len());
    println!("the longest: {which}");
    assert!(median <= MEDIAN * SLACK, "the median is {median:?}");
    assert!(*longest <= LONGEST * SLACK, "{longest:?}: {which}");
}

#[test]
fn what_never_fires_is_refused_in_a_millisecond() {
    for text in [
        "0 0 30 2 *",
        "0 0 31 2,4,6,9,11 *",
        "0 0 31W APR ?",
        "0 0 L-30 FEB *",
        "0 0 LW * */7",
        "0 0 */30 2 5L",
        "0 0 30 H *",
        "* * * 30,31 FEB *",
    ] {
        let took = best_of_three(|| text.parse::<Cron>().expect_err(text));
        println!("{text}: {took:?}");
        assert!(took <= REFUSAL * SLACK, "{text}: {took:?}");
    }
    for (text, except) in [("* * * * * *", "01-01..12-31"), ("0 0 29 2 *", "02-29")] {
        let (cron, except): (Cron, Except) = (text.parse().unwrap(), except.parse().unwrap());
        let took = best_of_three(|| cron.clone().with_except(except.clone()).expect_err(text));
        assert!(took <= REFUSAL * SLACK, "{text} except {except}: {took:?}");
    }
}
