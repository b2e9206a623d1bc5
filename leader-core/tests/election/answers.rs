//! L5 and its neighbours: what late, doubled and foolish answers do, which is nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::election::{
    Action, Answer, Call, Election, Event, Failure, Fence, Index, KeyId, KeyView, Liveness,
    Refusal, RefusalReason, Request, SessionId, Stop, Term, Timestamp,
};
use leader_core::{Lease, Timing};

use crate::chance::Chance;
use crate::script::layout;
use crate::solo::{
    FENCE, Solo, audible, beat, free, held, nobody, obedient, own, rival, term, timing,
};

#[test]
fn l5_a_resumption_that_is_refused_late_does_not_touch_the_next_term() {
    let mut solo = Solo::leading(1);
    solo.run_for(1_500, |call| match call {
        Call::Read(_) => Some(held(&own(), FENCE.0)),
        call => obedient(call),
    });
    solo.run_for(7_000, audible);
    let late = solo.open(|call| matches!(call, Call::Resume { .. }))[0];
    // meanwhile the key is seen free, and acquired for a new term
    let read = solo.open(|call| matches!(call, Call::Read(_)))[0];
    solo.answer(read, free(110));
    let acquire = solo.open(|call| matches!(call, Call::Acquire { .. }))[0];
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), Fence(120))]));
    let next = Action::Start(Term { fence: Fence(120), ..term(0, 0) });
    assert_eq!(solo.did.last().map(|(_, action)| action), Some(&next));
    let refusal = Refusal { key: Some(KeyId(0)), why: RefusalReason::Moved };
    solo.answer(late, Answer::Refused(vec![refusal]));
    assert_eq!(solo.did.last().map(|(_, action)| action), Some(&next));
}

#[test]
fn l6_a_beat_that_is_answered_past_its_deadline_wakes_nobody_in_the_past() {
    let mut solo = Solo::leading(1);
    solo.run_for(6_500, nobody);
    let is_beat = |call: &Call| matches!(call, Call::Beat(_));
    let late = *solo.open(is_beat).last().expect("a beat is under way");
    solo.sleep(60_000);
    solo.answer(late, Answer::Done);
    let wake = solo.election.poll_timeout(solo.now);
    assert!(wake.is_none_or(|wake| wake > solo.now));
    assert_eq!(solo.election.trusted_until(), None);
}

#[test]
fn l6_a_session_that_was_lost_leaves_no_watch_behind() {
    let mut solo = Solo::new(1);
    let view = |call: &Call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => Some(Answer::Beat(None)),
        call => obedient(call),
    };
    solo.run_for(1_000, view);
    let mut lost = 0;
    solo.run_for(60_000, |call| match call {
        Call::RenewSession(_) if lost < 5 => {
            lost += 1;
            Some(Answer::SessionGone)
        }
        call => view(call),
    });
    assert_eq!(lost, 5);
    assert_eq!(solo.open(|call| matches!(call, Call::Watch(..))).len(), 1);
}

#[test]
fn l9_a_session_that_is_gone_before_it_was_made_is_asked_for_again() {
    let mut solo = Solo::new(1);
    let mut tries = 0;
    solo.run_for(10_000, |call| match call {
        Call::CreateSession => {
            tries += 1;
            if tries == 1 { Some(Answer::SessionGone) } else { obedient(call) }
        }
        call => obedient(call),
    });
    assert_eq!(tries, 2);
}

#[test]
fn l9_a_folder_whose_read_says_the_session_is_gone_is_read_again() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| match call {
        Call::Read(_) => None,
        call => obedient(call),
    });
    let read = solo.open(|call| matches!(call, Call::Read(_)))[0];
    let renewal = |call: &Call| match call {
        Call::RenewSession(_) => Some(Answer::SessionGone),
        _ => None,
    };
    // the session is lost while its first read is under way
    solo.election.handle_event(solo.now, Event::Answer(read, Answer::SessionGone));
    solo.run_for(6_000, renewal);
    solo.run_for(10_000, obedient);
    assert_eq!(solo.count(|action| matches!(action, Action::Start(_))), 1);
}

/// A key that may be held without anybody's knowing of it can be taken only from a beat.
#[test]
fn l9_an_acquisition_without_an_answer_leaves_the_beat_behind() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| match call {
        Call::Acquire { .. } => None,
        call => obedient(call),
    });
    solo.tell(Event::Shutdown(Duration::from_secs(30)), nobody);
    let acquire = solo.open(|call| matches!(call, Call::Acquire { .. }))[0];
    solo.answer(acquire, Answer::Failed(Failure::Transient));
    solo.run_for(5_000, nobody);
    assert_eq!(solo.did.last().map(|(_, action)| action), Some(&Action::Leave));
    assert!(solo.calls(|call| matches!(call, Call::DeleteBeat(_))).is_empty());
}

/// A service that answers for ever, and never what was asked.
#[test]
fn l7_a_process_leaves_in_time_whatever_the_service_says() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Shutdown(Duration::from_secs(30)), nobody);
    solo.tell(Event::Drained(term(0, 0)), nobody);
    solo.run_for(40_000, |call| match call {
        Call::Release { .. } => Some(Answer::Refused(Vec::new())),
        call => obedient(call),
    });
    let (left, last) = solo.did.last().expect("it did something");
    assert_eq!(last, &Action::Leave);
    assert!(Solo::millis(*left) <= 30_001, "{left:?}");
}

#[test]
fn l7_work_that_does_not_end_is_abandoned_and_its_key_is_not_released() {
    let mut solo = Solo::leading(2);
    solo.tell(Event::Shutdown(Duration::from_secs(20)), nobody);
    solo.tell(Event::Drained(term(0, 0)), obedient);
    solo.run_for(5_000, obedient);
    assert_eq!(solo.count(|action| matches!(action, Action::Leave)), 0);
    // the second signal
    solo.tell(Event::Shutdown(Duration::from_secs(1)), nobody);
    solo.run_for(2_000, obedient);
    let abandoned = Action::Stop(term(1, 0), Stop::Abandoned);
    let [.., (stopped, stop), (left, leave)] = solo.did.as_slice() else { panic!("{solo:?}") };
    assert_eq!((stop, leave), (&abandoned, &Action::Leave));
    assert_eq!((Solo::millis(*stopped), Solo::millis(*left)), (6_000, 6_000));
    let released: Vec<_> = solo.calls(|call| matches!(call, Call::Release { .. }));
    assert!(
        matches!(released.as_slice(), [Call::Release { keys, .. }] if keys == &[(KeyId(0), FENCE)]),
        "{released:?}"
    );
    // the beat stays, so that the key can be taken
    assert!(solo.calls(|call| matches!(call, Call::DestroySession(_))).is_empty());
}

/// One key that this process may not write stands in no other's way.
#[test]
fn l9_a_key_that_is_denied_holds_back_no_other() {
    let denied = |call: &Call| match call {
        Call::Acquire { keys, .. } if keys.iter().any(|(key, _)| *key == KeyId(0)) => {
            Some(Answer::Refused(vec![Refusal { key: Some(KeyId(0)), why: RefusalReason::Denied }]))
        }
        call => obedient(call),
    };
    let mut solo = Solo::new(3);
    solo.run_for(20_000, denied);
    assert_eq!(solo.count(|action| matches!(action, Action::Start(_))), 2);
    // told slowly: each 5 s, and once more at the start
    assert!(solo.calls(|call| matches!(call, Call::Acquire { .. })).len() <= 2 + 5);
    solo.run_for(6_000, obedient);
    assert_eq!(solo.count(|action| matches!(action, Action::Start(_))), 3);
}

/// Any answer to anything, as long as its keys exist.
fn foolish(chance: &mut Chance, call: &Call, index: &mut u64) -> Answer {
    *index += chance.below(2);
    let sessions: [SessionId; 2] = [own(), rival()];
    let key = KeyId(chance.below(3) as u32);
    let some = |chance: &mut Chance| sessions[chance.below(2) as usize].clone();
    let moved = |key| Refusal { key, why: RefusalReason::Moved };
    match chance.below(16) {
        0 => Answer::Session(some(chance)),
        1 | 2 => Answer::Done,
        3 => Answer::Granted(vec![(key, Fence(*index)), (key, Fence(*index))]),
        4 => Answer::Granted(Vec::new()),
        5 => Answer::Refused(vec![moved(Some(key)), moved(None), moved(Some(key))]),
        6 => Answer::Refused(Vec::new()),
        7 => {
            let session = chance.percent(70).then(|| some(chance));
            let (index, conflict) = (Index(*index), chance.percent(10));
            Answer::View { index, keys: vec![(key, KeyView { index, session, conflict })] }
        }
        8 => Answer::View { index: Index(chance.below(200)), keys: Vec::new() },
        9 => beat(*index),
        10 => Answer::Beat(None),
        11 => Answer::SessionGone,
        12 => Answer::Failed(Failure::Configuration),
        13 => Answer::Failed(Failure::Transient),
        _ => match call {
            Call::Release { .. } => Answer::Done,
            call => obedient(call).unwrap_or_else(|| held(&own(), FENCE.0)),
        },
    }
}

#[test]
fn l4_and_l6_hold_against_a_service_that_talks_nonsense() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let (mut now, mut index) = (Timestamp::from_nanos(1), 50);
        let mut election = Election::new(Liveness::Beats(timing()), &layout(3), seed);
        let mut open: Vec<Request> = Vec::new();
        let mut started = BTreeMap::new();
        election.handle_timeout(now);
        for _ in 0..400 {
            let mut actions = 0;
            while let Some(action) = election.poll_action() {
                actions += 1;
                assert!(actions < 60, "seed {seed}: no end at one instant");
                match action {
                    Action::Request(request) => open.push(request),
                    Action::Cancel(attempt) => open.retain(|request| request.attempt != attempt),
                    Action::Start(term) => assert_eq!(started.insert(term.key, term), None),
                    Action::Stop(term, _) => assert_eq!(started.remove(&term.key), Some(term)),
                    _ => {}
                }
            }
            let wake = election.poll_timeout(now);
            assert!(wake.is_none_or(|wake| wake > now), "seed {seed}: {wake:?} at {now:?}");
            assert!(open.len() < 20, "seed {seed}: {open:#?}");
            now = now + chance.span(Duration::from_millis(400));
            if open.is_empty() || chance.percent(30) {
                election.handle_timeout(now);
            } else {
                let request = open.swap_remove(chance.below(open.len() as u64) as usize);
                let answer = foolish(&mut chance, &request.call, &mut index);
                election.handle_event(now, Event::Answer(request.attempt, answer));
            }
        }
    }
}

#[test]
fn a_session_that_cannot_be_made_is_asked_for_again_within_two_seconds_and_within_the_lease() {
    for (lease, longest) in [(Lease::MIN, 1_000), (Lease::MAX, 2_000)] {
        let mut solo = Solo::at(Timing::new(lease), &layout(1));
        solo.run_for(60_000, |_| Some(Answer::Failed(Failure::Transient)));
        let asked: Vec<Timestamp> = solo.asked.iter().map(|(at, _)| *at).collect();
        let waits = asked.windows(2).map(|pair| pair[1].since(pair[0]).as_millis());
        assert_eq!(waits.clone().max(), Some(longest));
        assert_eq!(waits.min(), Some(250));
    }
}

#[test]
fn what_only_a_person_can_mend_is_asked_again_each_five_seconds() {
    let denied = || Some(Answer::Failed(Failure::Configuration));
    let waits = |solo: &Solo, which: fn(&Call) -> bool| -> Vec<u128> {
        let asked: Vec<_> = solo.asked.iter().filter(|(_, it)| which(&it.call)).collect();
        asked.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_millis()).collect()
    };
    let mut solo = Solo::new(1);
    solo.run_for(60_000, |_| denied());
    let sessions = waits(&solo, |call| *call == Call::CreateSession);
    assert!(sessions.len() > 9 && sessions.iter().all(|wait| *wait == 5_000), "{sessions:?}");

    let mut solo = Solo::new(1);
    solo.run_for(60_000, |call| match call {
        Call::Read(_) => denied(),
        call => obedient(call),
    });
    // and after what others say of the service, which is that it answers
    let reads = waits(&solo, |call| matches!(call, Call::Read(_)));
    assert!((9..=26).contains(&reads.len()), "{reads:?}");
}

#[test]
fn a_refusal_that_names_nothing_is_no_reason_to_hurry() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Withdraw(KeyId(0)), obedient);
    solo.forget();
    let drained = Event::Drained(term(0, 0));
    solo.tell(drained, |call| match call {
        Call::Release { .. } => Some(Answer::Refused(Vec::new())),
        call => obedient(call),
    });
    assert_eq!(solo.calls(|call| matches!(call, Call::Release { .. })).len(), 1);

    let mut solo = Solo::new(1);
    let mut asked = 0;
    solo.run_for(10_000, |call| match call {
        Call::Acquire { .. } => {
            asked += 1;
            assert!(asked < 100, "it hurries");
            Some(Answer::Refused(Vec::new()))
        }
        call => obedient(call),
    });
    assert!(asked > 1);
}

#[test]
fn a_process_that_was_frozen_while_it_resumed_resumes_again_as_soon_as_it_is_heard() {
    let mut solo = Solo::leading(1);
    solo.run_for(timing().trust().as_millis() as u64 + 1_000, audible);
    let is_resume = |call: &Call| matches!(call, Call::Resume { .. });
    solo.forget();
    solo.run_for(1_000, |call| if is_resume(call) { None } else { obedient(call) });
    let resumes = solo.open(is_resume);
    assert_eq!(resumes.len(), 1);
    solo.sleep(timing().trust().as_millis() as u64);
    // it was granted, and that is too long ago to trust in
    solo.answer(resumes[0], Answer::Done);
    assert_eq!(solo.count(|action| matches!(action, Action::Start(_))), 0);
    let probe = *solo.open(|call| *call == Call::ReadBeat(own())).last().expect("a probe");
    solo.answer(probe, Answer::Beat(None));
    assert_eq!(solo.open(is_resume).len(), 1);
}
