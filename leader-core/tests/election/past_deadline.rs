//! 'Past the deadline' of the design, paragraph by paragraph, each as one scene.

use std::time::Duration;

use leader_core::election::{
    Action, Answer, Call, Event, Expected, Failure, Fence, KeyId, Refusal, RefusalReason, Stop,
    Term,
};

use crate::solo::{
    FENCE, LEASE, Solo, audible, beat, free, held, nobody, obedient, own, rival, term, timing,
};

const fn is_watch(call: &Call) -> bool {
    matches!(call, Call::Watch(..))
}

const fn is_beat(call: &Call) -> bool {
    matches!(call, Call::Beat(_))
}

/// Serves reads with this view, and everything else as told.
fn showing(view: Answer) -> impl FnMut(&Call) -> Option<Answer> {
    move |call| match call {
        Call::Read(_) => Some(view.clone()),
        call => obedient(call),
    }
}

/// Leads, and knows it from a view.
fn leading_and_watching() -> Solo {
    let mut solo = Solo::leading(1);
    solo.run_for(1_500, showing(held(&own(), FENCE.0)));
    assert_eq!(solo.open(is_watch).len(), 1);
    solo.forget();
    solo
}

#[test]
fn l2_a_term_past_its_deadline_is_not_believed_whatever_arrives_later() {
    let mut solo = Solo::leading(1);
    solo.run_for(timing().trust().as_millis() as u64 - 1, nobody);
    let last = *solo.open(is_beat).last().expect("a beat is under way");
    assert!(solo.stops().is_empty());
    solo.run_for(1, nobody);
    assert_eq!(solo.stops(), [(term(0, 0), Stop::Lapsed)]);
    solo.answer(last, Answer::Done);
    assert_eq!(solo.starts(), [term(0, 0)], "the first start, and no other");
}

#[test]
fn l2_it_is_taken_up_again_by_one_transaction_with_the_same_fence() {
    let mut solo = Solo::leading(1);
    solo.run_for(7_000, nobody);
    solo.forget();
    solo.run_for(3_000, obedient);
    assert_eq!(solo.starts(), [term(0, 1)]);
    let keys = vec![(KeyId(0), FENCE)];
    let resume = Call::Resume { session: own(), keys };
    assert!(solo.calls(Call::is_transaction).into_iter().all(|call| *call == resume));
}

#[test]
fn l2_the_deadline_of_a_resumption_counts_from_its_send() {
    let mut solo = Solo::leading(1);
    solo.run_for(7_000, nobody);
    solo.forget();
    // sent at some instant within the next second, answered 1.5 s later
    solo.run_for(1_000, audible);
    let is_resume = |call: &Call| matches!(call, Call::Resume { .. });
    let attempt = *solo.open(is_resume).last().expect("a resumption is under way");
    let sent = solo.asked.iter().find(|(_, request)| request.attempt == attempt).expect("it").0;
    solo.run_for(500, nobody);
    solo.answer(attempt, Answer::Done);
    assert_eq!(solo.starts(), [term(0, 1)]);
    assert_eq!(solo.election.trusted_until(), Some(sent + timing().trust()));
}

#[test]
fn l1_a_resumption_that_is_refused_loses_the_term_and_looks_at_the_key() {
    let mut solo = Solo::leading(1);
    solo.run_for(7_000, nobody);
    solo.forget();
    solo.run_for(2_000, |call| match call {
        Call::Resume { .. } => {
            Some(Answer::Refused(vec![Refusal { key: Some(KeyId(0)), why: RefusalReason::Moved }]))
        }
        Call::Read(_) => Some(held(&rival(), 130)),
        Call::ReadBeat(_) => Some(beat(131)),
        call => obedient(call),
    });
    assert!(solo.starts().is_empty());
    assert_eq!(solo.election.holder(KeyId(0)), Some(&rival()));
}

#[test]
fn l4_a_beat_without_its_session_ends_every_term_at_once() {
    let mut solo = Solo::leading(3);
    solo.forget();
    solo.run_for(1_000, |call| match call {
        Call::Beat(_) => Some(Answer::SessionGone),
        _ => None,
    });
    let keys: Vec<_> = solo.stops().into_iter().map(|(term, why)| (term.key, why)).collect();
    assert_eq!(keys, [0, 1, 2].map(|key| (KeyId(key), Stop::SessionLost)));
    assert_eq!(solo.election.trusted_until(), None);
    assert_eq!(solo.calls(|call| matches!(call, Call::CreateSession)).len(), 1);
}

#[test]
fn l4_a_key_seen_without_us_ends_its_term() {
    let mut solo = leading_and_watching();
    let watch = solo.open(is_watch)[0];
    solo.answer(watch, held(&rival(), 120));
    assert_eq!(solo.stops(), [(term(0, 0), Stop::KeyLost)]);
}

#[test]
fn l5_a_view_from_before_the_term_says_nothing_about_it() {
    let mut solo = leading_and_watching();
    let watch = solo.open(is_watch)[0];
    solo.answer(watch, held(&rival(), FENCE.0 - 1));
    assert!(solo.stops().is_empty());
    assert_eq!(solo.calls(|call| matches!(call, Call::Read(_))).len(), 1, "a read decides");
}

#[test]
fn l2_an_acquisition_of_another_key_revives_no_lapsed_term() {
    let mut solo = Solo::new(3);
    // the keys 0 and 1 are led, the folder of 2 is not answered for
    let mut reads = 0;
    solo.run_for(0, |call| match call {
        Call::Read(_) => {
            reads += 1;
            (reads == 1).then(|| obedient(call)).flatten()
        }
        call => obedient(call),
    });
    assert_eq!(solo.starts().len(), 2);
    solo.run_for(7_000, nobody);
    assert_eq!(solo.stops().len(), 2);
    solo.forget();
    solo.run_for(2_500, |call| match call {
        Call::Resume { .. } => None,
        call => obedient(call),
    });
    assert_eq!(solo.starts(), [Term { key: KeyId(2), ..term(2, 0) }]);
}

#[test]
fn l3_a_term_whose_release_was_sent_is_never_taken_up_again() {
    let mut solo = Solo::leading(1);
    solo.forget();
    solo.tell(Event::StepDown(KeyId(0), Duration::from_secs(1)), nobody);
    solo.tell(Event::Drained(term(0, 0)), nobody);
    solo.run_for(8_000, |call| match call {
        // the service is away for releases alone
        Call::Release { .. } => None,
        call => obedient(call),
    });
    assert_eq!(solo.stops(), [(term(0, 0), Stop::Released)]);
    assert!(solo.starts().is_empty());
    assert!(solo.calls(|call| matches!(call, Call::Resume { .. })).is_empty());
    assert!(solo.calls(|call| matches!(call, Call::Release { .. })).len() > 1);
}

#[test]
fn l9_a_key_of_our_own_without_a_term_is_acquired_again() {
    let mut solo = Solo::new(1);
    // the acquisition is executed, and its answer lost
    solo.run_for(8_000, |call| match call {
        Call::Acquire { keys, .. } if keys[0].1 == Expected::Absent => None,
        Call::Acquire { keys, .. } => {
            assert_eq!(keys[..], [(KeyId(0), Expected::At(FENCE.index()))]);
            Some(Answer::Granted(vec![(KeyId(0), Fence(110))]))
        }
        Call::Read(_) => None,
        call => obedient(call),
    });
    assert!(solo.starts().is_empty());
    let mut acquired = false;
    let mut solo = Solo::new(1);
    solo.run_for(9_000, |call| match call {
        Call::Acquire { keys, .. } if keys[0].1 == Expected::Absent => {
            acquired = true;
            None
        }
        Call::Acquire { keys, .. } => {
            assert_eq!(keys[..], [(KeyId(0), Expected::At(FENCE.index()))]);
            Some(Answer::Granted(vec![(KeyId(0), Fence(110))]))
        }
        Call::Read(_) if acquired => Some(held(&own(), FENCE.0)),
        call => obedient(call),
    });
    assert_eq!(solo.starts(), [Term { fence: Fence(110), ..term(0, 0) }]);
}

#[test]
fn l9_a_key_of_our_own_that_is_not_wanted_is_released() {
    let mut solo = Solo::new(1);
    let mut view = free(80);
    let mut service = |call: &Call| match call {
        Call::Acquire { .. } => {
            view = held(&own(), FENCE.0);
            None
        }
        Call::Release { .. } => {
            view = free(110);
            Some(Answer::Done)
        }
        Call::Read(_) => Some(view.clone()),
        call => obedient(call),
    };
    solo.run_for(100, &mut service);
    solo.tell(Event::StepDown(KeyId(0), Duration::from_secs(60)), &mut service);
    solo.run_for(9_000, &mut service);
    assert!(solo.starts().is_empty());
    let keys = vec![(KeyId(0), FENCE)];
    let release = Call::Release { session: own(), keys };
    assert!(solo.calls(Call::is_transaction).contains(&&release));
}

#[test]
fn l4_one_error_is_not_a_loss() {
    let mut solo = Solo::leading(1);
    solo.forget();
    for fault in [Failure::Transient, Failure::Configuration] {
        solo.run_for(5_000, |call| match call {
            Call::Beat(_) => Some(Answer::Failed(fault)),
            _ => None,
        });
        assert!(solo.stops().is_empty());
        solo.run_for(1_500, obedient);
    }
    assert!(solo.starts().is_empty(), "it led all the time");
}

#[test]
fn l1_an_answer_that_never_came_extends_nothing() {
    let mut solo = Solo::leading(1);
    let until = solo.election.trusted_until();
    solo.run_for(6_000, nobody);
    assert_eq!(solo.election.trusted_until(), until);
    assert!(solo.calls(is_beat).len() >= 5, "and it is repeated");
}

#[test]
fn l1_a_renewal_and_a_default_read_are_no_proof() {
    let mut solo = leading_and_watching();
    let until = solo.election.trusted_until().expect("it leads");
    solo.run_for(8_000, |call| match call {
        Call::RenewSession(_) => Some(Answer::Done),
        Call::Read(_) => Some(held(&own(), FENCE.0)),
        _ => None,
    });
    assert!(!solo.calls(|call| matches!(call, Call::RenewSession(_))).is_empty());
    assert_eq!(solo.stops(), [(term(0, 0), Stop::Lapsed)]);
    assert_eq!(solo.did[0].0, until, "at the very instant");
}

#[test]
fn l6_an_error_that_only_a_person_can_mend_is_retried_slowly() {
    let mut solo = Solo::new(1);
    solo.run_for(20_000, |call| match call {
        Call::Acquire { .. } => Some(Answer::Failed(Failure::Configuration)),
        call => obedient(call),
    });
    let tries = solo.calls(|call| matches!(call, Call::Acquire { .. })).len();
    assert!((3..=5).contains(&tries), "{tries} tries in 20 s");
}

#[test]
fn l9_every_request_is_waited_for_as_long_as_its_answer_could_extend_trust() {
    let mut solo = leading_and_watching();
    solo.run_for(20_000, nobody);
    for (_, request) in &solo.asked {
        let longest = match request.call {
            Call::Watch(..) => Duration::from_secs(11) + timing().trust(),
            _ => timing().trust(),
        };
        assert!(request.timeout <= longest, "{request:?}");
        let repeats = matches!(request.call, Call::Beat(_) | Call::ReadBeat(_) | Call::Watch(..));
        let hedge = (!repeats).then(|| timing().beat());
        assert_eq!(request.hedge, hedge, "{request:?}");
    }
}

#[test]
fn l9_beats_follow_each_other_each_eighth_of_the_lease_answered_or_not() {
    let mut solo = leading_and_watching();
    solo.run_for(5_500, nobody);
    let beats = solo.open(is_beat);
    assert_eq!(beats.len(), 6, "all are waited for");
    // one in the middle is answered: its own time counts, and not the latest one's
    let sent = solo.asked.iter().find(|(_, request)| request.attempt == beats[3]).expect("it").0;
    solo.answer(beats[3], Answer::Done);
    assert_eq!(solo.election.trusted_until(), Some(sent + timing().trust()));
    // one that was sent before extends nothing
    solo.answer(beats[1], Answer::Done);
    assert_eq!(solo.election.trusted_until(), Some(sent + timing().trust()));
}

#[test]
fn l9_a_leader_that_is_answered_no_more_writes_nothing_past_its_deadline() {
    let mut solo = leading_and_watching();
    solo.run_for(timing().trust().as_millis() as u64, nobody);
    assert_eq!(solo.stops(), [(term(0, 0), Stop::Lapsed)]);
    solo.forget();
    let asked_before = solo.asked.len();
    solo.run_for(60_000, nobody);
    let asked = &solo.asked[asked_before..];
    assert!(asked.iter().all(|(_, request)| !request.call.carries_beat()), "it is silent");
    let probes = asked.iter().filter(|(_, it)| matches!(it.call, Call::ReadBeat(_))).count();
    assert!((59..=61).contains(&probes), "{probes} probes in 60 s: one each beat");
}

#[test]
fn l9_an_answer_that_is_too_late_to_lead_by_is_not_heard() {
    for (late, is_heard) in [(5_600, true), (5_700, false)] {
        let mut solo = leading_and_watching();
        solo.run_for(7_000, nobody);
        solo.forget();
        let (asked_before, own_beat) =
            (solo.asked.len(), |call: &Call| *call == Call::ReadBeat(own()));
        solo.run_for(1_000, nobody);
        let (sent, probe) = solo.asked[asked_before..]
            .iter()
            .find(|(_, request)| own_beat(&request.call))
            .map(|(sent, request)| (*sent, request.attempt))
            .expect("it asks whether it is heard");
        let passed = solo.now.since(sent).as_millis() as u64;
        solo.run_for(late - passed, nobody);
        solo.answer(probe, Answer::Beat(None));
        let resumes = !solo.open(|call| matches!(call, Call::Resume { .. })).is_empty();
        assert_eq!(resumes, is_heard, "answered after {late} ms of a lease of {LEASE} s");
    }
}

#[test]
fn l2_a_machine_that_slept_stops_before_it_does_anything_else() {
    let mut solo = leading_and_watching();
    solo.run_for(600, nobody);
    let beat = solo.open(is_beat)[0];
    solo.sleep(60_000);
    solo.forget();
    solo.answer(beat, Answer::Done);
    assert_eq!(solo.did[0].1, Action::Stop(term(0, 0), Stop::Lapsed));
    assert!(solo.starts().is_empty());
}
