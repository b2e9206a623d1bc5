//! A silent leader's keys are taken, and no others: how a standby counts the silence.

use leader_core::election::{Answer, Call, Failure, Index, KeyId, Refusal, RefusalReason};

use crate::solo::{LEASE, Solo, beat, free, held, obedient, own, rival, term};

/// A standby behind the rival, whose beat stands at the index 90.
fn standing_by() -> Solo {
    let mut solo = Solo::new(1);
    solo.run_for(500, behind(|| Some(beat(90))));
    solo
}

fn behind(mut answer: impl FnMut() -> Option<Answer>) -> impl FnMut(&Call) -> Option<Answer> {
    move |call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => answer(),
        call => obedient(call),
    }
}

const fn is_take(call: &Call) -> bool {
    matches!(call, Call::Take { .. })
}

#[test]
fn l9_a_beat_that_stands_still_for_the_silence_is_taken_from() {
    let mut solo = standing_by();
    solo.run_for(6_499, behind(|| Some(beat(90))));
    assert!(solo.calls(is_take).is_empty(), "not before");
    solo.run_for(22, behind(|| Some(beat(90))));
    let (session, from) = (own(), rival());
    let take = Call::Take { session, from, beat: Index(90), keys: vec![KeyId(0)] };
    assert_eq!(solo.calls(is_take), [&take]);
    assert_eq!(solo.starts(), [term(0, 0)]);
}

#[test]
fn l9_reads_that_failed_for_longer_than_the_gap_begin_the_count_anew() {
    let mut solo = standing_by();
    solo.run_for(2_000, behind(|| Some(beat(90))));
    solo.run_for(5_000, behind(|| Some(Answer::Failed(Failure::Transient))));
    let over_at = Solo::millis(solo.now);
    solo.run_for(8_100, behind(|| Some(beat(90))));
    let taken_at = Solo::millis(solo.did[0].0);
    assert!(taken_at >= over_at + 7_000, "taken {} ms after", taken_at - over_at);
}

#[test]
fn l9_a_few_reads_that_failed_cost_a_count_nothing() {
    let mut solo = standing_by();
    solo.run_for(2_000, behind(|| Some(beat(90))));
    solo.run_for(2_500, behind(|| Some(Answer::Failed(Failure::Transient))));
    solo.run_for(2_100, behind(|| Some(beat(90))));
    assert_eq!(solo.calls(is_take).len(), 1);
    assert_eq!(solo.starts(), [term(0, 0)]);
}

#[test]
fn l1_a_read_that_is_answered_after_a_later_one_shows_nothing_new() {
    let mut solo = standing_by();
    let is_read = |call: &Call| matches!(call, Call::ReadBeat(_));
    solo.run_for(2_500, behind(|| None));
    let reads = solo.open(is_read);
    assert!(reads.len() >= 2, "they follow each other, answered or not");
    solo.answer(reads[1], beat(91));
    let seen_at = Solo::millis(solo.now);
    solo.answer(reads[0], beat(90));
    solo.run_for(8_000, behind(|| Some(beat(91))));
    let taken_at = Solo::millis(solo.did[0].0);
    assert!((7_000..7_030).contains(&(taken_at - seen_at)), "{} ms", taken_at - seen_at);
}

#[test]
fn l1_a_beat_that_moved_begins_the_count_anew() {
    let mut solo = standing_by();
    solo.run_for(6_000, behind(|| Some(beat(90))));
    let moved_at = Solo::millis(solo.now);
    solo.run_for(8_000, behind(|| Some(beat(91))));
    let taken_at = Solo::millis(solo.did[0].0);
    assert!(taken_at >= moved_at + 7_000, "taken {} ms after", taken_at - moved_at);
}

#[test]
fn l1_a_standby_that_slept_counts_anew() {
    let mut solo = standing_by();
    solo.run_for(3_000, behind(|| Some(beat(90))));
    solo.sleep(60_000);
    let woken_at = Solo::millis(solo.now);
    solo.run_for(8_000, behind(|| Some(beat(90))));
    let taken_at = Solo::millis(solo.did[0].0);
    assert!(taken_at >= woken_at + 7_000, "taken {} ms after", taken_at - woken_at);
}

#[test]
fn l1_a_take_that_a_beat_forestalled_begins_the_count_anew() {
    let mut solo = standing_by();
    let mut takes = 0;
    let mut service = behind(|| Some(beat(90)));
    solo.run_for(14_500, |call| match call {
        Call::Take { .. } => {
            takes += 1;
            match takes {
                1 => Some(Answer::Refused(vec![Refusal { key: None, why: RefusalReason::Moved }])),
                _ => obedient(call),
            }
        }
        call => service(call),
    });
    assert_eq!(takes, 2);
    let taken_at = Solo::millis(solo.did[0].0);
    assert!(taken_at >= 14_000, "taken at {taken_at} ms");
}

#[test]
fn l1_a_session_without_a_beat_is_never_taken_from() {
    let mut solo = Solo::new(1);
    solo.run_for(120_000, behind(|| Some(Answer::Beat(None))));
    assert!(solo.calls(is_take).is_empty());
    let reads = solo.calls(|call| matches!(call, Call::ReadBeat(_))).len() as u64;
    assert!(reads <= 120 / LEASE + 2, "{reads} reads of a beat that isn't there");
}

#[test]
fn l9_a_key_in_its_lock_delay_is_tried_until_that_is_over() {
    let mut solo = Solo::new(1);
    let mut tries = 0;
    solo.run_for(7_500, |call| match call {
        Call::Read(_) => Some(free(80)),
        Call::Acquire { .. } => {
            tries += 1;
            let why = RefusalReason::LockDelay;
            match tries {
                0..=28 => Some(Answer::Refused(vec![Refusal { key: Some(KeyId(0)), why }])),
                _ => obedient(call),
            }
        }
        call => obedient(call),
    });
    assert_eq!(solo.starts(), [term(0, 0)]);
}
