//! Faults that are planted into an orderly history, each of which the checker must find.

use std::time::Duration;

use super::{Event, History, Interrupted, Moment, Record, Span};

const WITHIN: Duration = Duration::from_millis(1_150);

/// One second after the machine's start, `one` leads, and is killed in a run; `other` follows after
/// a second, and leaves at 3 s.
const ONE: &[&str] = &[
    "1000 stands",
    "1000 gains k 7",
    "1050 starts k 7 job 1",
    "1060 works k 7 job 1",
    "1070 ends k 7 job 1",
    "1900 starts k 7 job 2",
    "2000 works k 7 job 2",
];
const OTHER: &[&str] = &[
    "1500 stands",
    "3000 gains k 9",
    "3000 starts k 9 job 1",
    "3100 works k 9 job 1",
    "3200 loses k 9",
    "3200 ends k 9 job 1",
    "3300 leaves",
];

fn moment(millis: u64) -> Moment {
    Moment::START + Duration::from_millis(millis)
}

/// Lines with milliseconds in the place of nanoseconds.
fn record(node: &str, killed: bool, lines: &[&str]) -> Record {
    let event = |line: &&str| {
        let (at, what) = line.split_once(' ').expect("a moment and a verb");
        let event: Event = format!("{at}000000 {what}").parse().expect("an event");
        event
    };
    Record { node: node.to_owned(), killed, events: lines.iter().map(event).collect() }
}

fn history(one: &[&str], other: &[&str]) -> History {
    History { records: vec![record("one", true, one), record("other", false, other)] }
}

/// `lines` with one of them in the place of another.
fn with<'a>(lines: &[&'a str], old: &str, new: &'a str) -> Vec<&'a str> {
    assert!(lines.contains(&old), "{old}");
    lines.iter().map(|line| if *line == old { new } else { line }).collect()
}

/// The only violation.
#[track_caller]
fn found(history: &History, what: &str) {
    let violations = history.violations();
    assert!(
        matches!(violations.as_slice(), [violation] if violation.contains(what)),
        "{what}: {violations:#?}"
    );
}

fn span(from: u64, until: u64) -> Span {
    Span { from: moment(from), until: moment(until) }
}

#[test]
fn an_orderly_history_has_no_violation() {
    let history = history(ONE, OTHER);
    assert_eq!(history.violations(), [""; 0]);
    assert_eq!(history.delays(WITHIN, &[vec![]], moment(3_200)), [""; 0]);
    assert_eq!(history.longest_pause(), Duration::from_secs(1));
    assert_eq!(history.led_after("k", moment(2_000)), Some(moment(3_000)));
}

#[test]
fn what_is_written_is_what_is_read() {
    for line in ONE.iter().chain(OTHER) {
        assert_eq!(line.parse::<Event>().map(|event| event.to_string()).as_deref(), Ok(*line));
    }
    for line in ["1 leads k 7", "1 gains k", "x stands", "1 starts k 7 job", "1 stands k 7", ""] {
        assert_eq!(line.parse::<Event>(), Err(()), "{line}");
    }
}

#[test]
fn a_planted_overlap_is_found() {
    let early = with(OTHER, "3000 gains k 9", "2000 gains k 9");
    found(&history(ONE, &early), "two lead at once");
    // a run that goes on after another leads
    let late = with(ONE, "2000 works k 7 job 2", "3050 works k 7 job 2");
    found(&history(&late, OTHER), "two lead at once");
    // and one that is over before the other ever begins to work hides nothing behind it
    let third = ["3050 gains k 11", "3060 loses k 11", "3070 leaves"];
    let mut three = history(ONE, OTHER);
    three.records.push(record("third", false, &third));
    found(&three, "two lead at once");
}

#[test]
fn a_planted_fence_that_falls_or_stands_is_found() {
    for fence in ["6", "7"] {
        let other: Vec<String> =
            OTHER.iter().map(|line| line.replace("k 9", &format!("k {fence}"))).collect();
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        found(&history(ONE, &other), "the fence does not rise");
    }
}

#[test]
fn a_planted_run_without_its_one_end_is_found() {
    let unended: Vec<&str> = OTHER.iter().copied().filter(|line| !line.contains("ends")).collect();
    found(&history(ONE, &unended), "it never ended");
    let twice = with(OTHER, "3200 loses k 9", "3150 ends k 9 job 1");
    let violations = history(ONE, &twice).violations();
    assert!(
        violations.iter().any(|violation| violation.contains("does not go on")),
        "{violations:?}"
    );
    let beside = with(ONE, "1070 ends k 7 job 1", "1070 works k 7 job 1");
    found(&history(&beside, OTHER), "the run before has not ended");
    let foreign = with(OTHER, "3100 works k 9 job 1", "3100 works k 9 job 2");
    found(&history(ONE, &foreign), "does not go on");
}

#[test]
fn a_planted_belief_that_is_none_is_found() {
    let lost: Vec<&str> = OTHER.iter().copied().filter(|line| !line.contains("loses")).collect();
    found(&history(ONE, &lost), "it never lost");
    let gone: Vec<&str> = OTHER.iter().copied().filter(|line| !line.contains("leaves")).collect();
    found(&history(ONE, &gone), "never left");
    let unled = with(OTHER, "3000 starts k 9 job 1", "3000 starts k 8 job 1");
    let violations = history(ONE, &unled).violations();
    assert!(
        violations.iter().any(|violation| violation.contains("it never led so")),
        "{violations:?}"
    );
}

#[test]
fn a_planted_takeover_that_is_late_is_found_unless_every_node_was_hindered() {
    // led until 1.91 s, and from 3 s on
    let history = history(&with(ONE, "2000 works k 7 job 2", "1910 works k 7 job 2"), OTHER);
    let within = Duration::from_millis(1_050);
    let delays = |hindered: &[Vec<Span>]| history.delays(within, hindered, moment(3_200)).len();
    assert_eq!(delays(&[vec![]]), 1);
    // the dead one owes nothing, the other does
    assert_eq!(delays(&[vec![span(1_910, u64::MAX / 1_000_000)], vec![]]), 1);
    // Consul was away for a moment, in the middle and then too early to matter
    assert_eq!(delays(&[vec![span(2_000, 2_100)]]), 0);
    assert_eq!(delays(&[vec![span(1_800, 1_900)]]), 1);
    // one of two was free all the time
    assert_eq!(delays(&[vec![span(2_000, 2_100)], vec![]]), 1);
    // both were hindered, one after the other, so that neither had the time
    assert_eq!(delays(&[vec![span(2_500, 2_600)], vec![span(1_900, 2_000)]]), 0);
}

#[test]
fn a_planted_key_that_nobody_leads_again_is_found() {
    let history = history(ONE, &["1500 stands", "9000 leaves"]);
    assert_eq!(history.violations(), [""; 0]);
    assert_eq!(history.delays(WITHIN, &[vec![]], moment(3_100)), [""; 0]);
    assert_eq!(history.delays(WITHIN, &[vec![]], moment(3_200)).len(), 1);
}

/// A job that is due each 200 ms: the instant 600 is cut off by SIGKILL, and is begun again.
const KEPT: &[&str] = &[
    "1000 gains k 7",
    "1001 starts k 7 job 200",
    "1002 finishes k 7 job 200",
    "1003 ends k 7 job 200",
    "1200 starts k 7 job 400",
    "1202 finishes k 7 job 400",
    "1203 ends k 7 job 400",
    "1400 starts k 7 job 600",
];
const GOES_ON: &[&str] = &[
    "2500 gains k 9",
    "2501 starts k 9 job 600",
    "2502 finishes k 9 job 600",
    "2503 ends k 9 job 600",
    "2504 starts k 9 job 800",
    "2505 finishes k 9 job 800",
    "2506 ends k 9 job 800",
    "2507 loses k 9",
    "2508 leaves",
];

fn losses(one: &[&str], other: &[&str], interrupted: Interrupted) -> Vec<String> {
    let history = history(one, other);
    assert_eq!(history.violations(), [""; 0]);
    history.losses("k", "job", Duration::from_millis(200), interrupted)
}

/// Those of this instant in the place of those of another.
fn due<'a>(lines: &[&'a str], old: &str, new: &str) -> Vec<&'a str> {
    let renamed = lines.iter().map(|line| match line.strip_suffix(old) {
        Some(start) => &*format!("{start}{new}").leak(),
        None => *line,
    });
    renamed.collect()
}

#[test]
fn an_orderly_record_has_no_loss() {
    assert_eq!(losses(KEPT, GOES_ON, Interrupted::Rerun), [""; 0]);
    // with `skip` it goes on with the next; and one may be claimed, and never begin
    let next = due(&due(GOES_ON, " 800", " 1000"), " 600", " 800");
    assert_eq!(losses(KEPT, &next, Interrupted::Skip), [""; 0]);
    let later = due(&next, " 800", " 1200");
    let later = due(&later, " 1000", " 1400");
    assert!(losses(KEPT, &later, Interrupted::Skip)[0].contains("lost"));
}

#[test]
fn a_planted_loss_or_second_run_of_a_due_instant_is_found() {
    let found = |one: &[&str], other: &[&str], interrupted, what: &str| {
        let losses = losses(one, other, interrupted);
        assert!(losses.iter().any(|loss| loss.contains(what)), "{what}: {losses:#?}");
    };
    found(KEPT, GOES_ON, Interrupted::Skip, "begun twice");
    let skipped: Vec<&str> = GOES_ON.iter().copied().filter(|l| !l.ends_with(" 600")).collect();
    found(KEPT, &skipped, Interrupted::Rerun, "owed first");
    found(KEPT, &due(GOES_ON, " 800", " 1000"), Interrupted::Rerun, "lost");
    found(KEPT, &due(GOES_ON, " 800", " 600"), Interrupted::Rerun, "begun twice");
    found(KEPT, &due(GOES_ON, " 800", " 400"), Interrupted::Rerun, "after a later one");
    found(KEPT, &due(GOES_ON, " 800", " 801"), Interrupted::Skip, "not of the grid");
    let cut: Vec<&str> =
        KEPT.iter().copied().filter(|l| *l != "1202 finishes k 7 job 400").collect();
    found(&cut, GOES_ON, Interrupted::Skip, "its node led on");
}
