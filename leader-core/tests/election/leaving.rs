//! How a process gives up a key, and how it leaves.

use std::time::Duration;

use leader_core::election::{Action, Answer, Call, Event, FolderId, KeyId, Refusal, RefusalReason};

use crate::solo::{
    FENCE, Solo, beat, did, free, held, is_acquire, nobody, obedient, own, rival, term,
};

#[test]
fn a_process_that_leaves_destroys_its_session_and_then_deletes_its_beat() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Shutdown(Duration::from_secs(10)), obedient);
    solo.forget();
    solo.tell(Event::Drained(term(0, 0)), obedient);
    let end = [Call::DestroySession(own()), Call::DeleteBeat(own())];
    assert_eq!(
        solo.calls(|call| !matches!(call, Call::Release { .. })),
        end.iter().collect::<Vec<_>>()
    );
    assert_eq!(did(&solo, |action| *action == Action::Leave), [Action::Leave]);

    // one that has led nothing has no beat
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        call => obedient(call),
    });
    solo.forget();
    solo.tell(Event::Shutdown(Duration::from_secs(10)), obedient);
    let calls = solo.calls(|call| !matches!(call, Call::Watch(..) | Call::ReadBeat(_)));
    assert_eq!(calls, [&Call::DestroySession(own())]);
}

#[test]
fn a_key_that_was_withdrawn_is_led_again_when_it_is_wanted_again() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Withdraw(KeyId(0)), obedient);
    solo.tell(Event::Drained(term(0, 0)), obedient);
    solo.run_for(3_000, |call| match call {
        Call::Read(_) => Some(free(99)),
        call => obedient(call),
    });
    solo.forget();
    solo.tell(Event::Campaign(KeyId(0), FolderId(0)), obedient);
    solo.run_for(0, |call| match call {
        Call::Read(_) => Some(free(99)),
        call => obedient(call),
    });
    assert_eq!(
        did(&solo, |action| matches!(action, Action::Start(_))),
        [Action::Start(term(0, 0))]
    );
}

#[test]
fn a_key_that_was_withdrawn_while_it_was_asked_for_is_released_and_not_led() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| if is_acquire(call) { None } else { obedient(call) });
    let acquire = solo.open(is_acquire)[0];
    solo.tell(Event::Withdraw(KeyId(0)), nobody);
    solo.forget();
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), FENCE)]));
    assert_eq!(did(&solo, |action| matches!(action, Action::Start(_))), []);
    let released = solo.calls(|call| matches!(call, Call::Release { .. }));
    assert!(
        matches!(released.as_slice(), [Call::Release { keys, .. }] if keys == &[(KeyId(0), FENCE)]),
        "{released:?}"
    );
}

/// As whoever asks all nodes wants it: the one that leads gives the key up, and another is there.
#[test]
fn l9_a_standby_that_is_asked_to_step_down_goes_on_standing() {
    let mut solo = Solo::new(1);
    let service = |call: &Call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => Some(beat(90)),
        call => obedient(call),
    };
    solo.run_for(100, service);
    solo.tell(Event::StepDown(KeyId(0), Duration::from_secs(60)), service);
    solo.run_for(100, service);
    let watch = solo.open(|call| matches!(call, Call::Watch(..)))[0];
    solo.answer(watch, free(81));
    let acquire = *solo.open(is_acquire).first().expect("it asks at once");
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), FENCE)]));
    assert_eq!(did(&solo, |_| true), [Action::Start(term(0, 0))]);
}

#[test]
fn a_process_that_steps_down_while_it_asks_for_the_key_does_not_lead_it() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| if is_acquire(call) { None } else { obedient(call) });
    let acquire = solo.open(is_acquire)[0];
    solo.tell(Event::StepDown(KeyId(0), Duration::from_secs(60)), nobody);
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), FENCE)]));
    solo.run_for(6_000, obedient);
    assert_eq!(did(&solo, |action| matches!(action, Action::Start(_))), []);
    assert!(!solo.calls(|call| matches!(call, Call::Release { .. })).is_empty());
}

#[test]
fn once_all_is_drained_a_service_that_does_not_answer_is_not_waited_for_to_the_end() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Shutdown(Duration::from_secs(600)), obedient);
    solo.tell(Event::Drained(term(0, 0)), nobody);
    solo.run_for(60_000, nobody);
    assert_eq!(did(&solo, |action| *action == Action::Leave), [Action::Leave]);
}

#[test]
fn a_process_whose_only_beat_was_that_of_an_acquisition_deletes_it() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| match call {
        Call::Acquire { .. } => Some(Answer::Refused(vec![Refusal {
            key: Some(KeyId(0)),
            why: RefusalReason::LockDelay,
        }])),
        call => obedient(call),
    });
    solo.forget();
    solo.tell(Event::Shutdown(Duration::from_secs(10)), obedient);
    let calls = solo.calls(|call| !matches!(call, Call::Watch(..)));
    assert_eq!(calls, [&Call::DestroySession(own()), &Call::DeleteBeat(own())]);
}
