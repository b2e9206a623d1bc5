//! How a process stands with its keys, each turn of the diagram as one scene.

use std::time::Duration;

use leader_core::election::{
    Action, Answer, Call, Event, Failure, Fence, FolderId, Index, KeyId, KeyView, Layout, Refusal,
    RefusalReason, Stop,
};

use crate::solo::{
    FENCE, Solo, beat, did, free, held, is_acquire, nobody, obedient, own, rival, term, timing,
};

const fn is_watch(call: &Call) -> bool {
    matches!(call, Call::Watch(..))
}

fn trust() -> u64 {
    timing().trust().as_millis() as u64
}

#[test]
fn a_process_that_leads_nothing_does_not_beat() {
    let mut solo = Solo::new(1);
    let mut index = 90;
    solo.run_for(30_000, |call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => {
            index += 1;
            Some(beat(index))
        }
        call => obedient(call),
    });
    assert_eq!(solo.calls(|call| matches!(call, Call::Beat(_))), [] as [&Call; 0]);
}

#[test]
fn l4_work_that_drains_is_stopped_when_trust_ends_and_once() {
    let mut solo = Solo::leading(2);
    solo.tell(Event::StepDown(KeyId(0), Duration::from_secs(3600)), obedient);
    assert_eq!(did(&solo, |a| matches!(a, Action::Drain(_))), [Action::Drain(term(0, 0))]);
    let is_stop = |action: &Action| matches!(action, Action::Stop(..));
    solo.run_for(trust(), nobody);
    let both = [term(0, 0), term(1, 0)].map(|term| Action::Stop(term, Stop::Lapsed));
    assert_eq!(did(&solo, is_stop), both);

    // the other one is resumed, and lapses again
    solo.forget();
    solo.run_for(3_000, obedient);
    solo.run_for(trust(), nobody);
    assert_eq!(did(&solo, is_stop), [Action::Stop(term(1, 1), Stop::Lapsed)]);

    solo.forget();
    solo.tell(Event::Drained(term(0, 0)), obedient);
    solo.run_for(3_000, obedient);
    let released = solo.calls(|call| matches!(call, Call::Release { .. }));
    assert!(
        matches!(released.as_slice(), [Call::Release { keys, .. }] if keys == &[(KeyId(0), FENCE)]),
        "{released:?}"
    );
}

#[test]
fn l3_a_lapsed_term_is_drained_before_its_key_is_released() {
    let mut solo = Solo::leading(1);
    solo.run_for(trust() + 1_000, nobody);
    solo.forget();
    solo.tell(Event::Shutdown(Duration::from_secs(60)), obedient);
    assert_eq!(did(&solo, |_| true), [Action::Drain(term(0, 0))]);
    assert!(solo.calls(|call| matches!(call, Call::Release { .. })).is_empty());
    solo.tell(Event::Drained(term(0, 0)), obedient);
    assert_eq!(solo.calls(|call| matches!(call, Call::Release { .. })).len(), 1);
    assert_eq!(solo.did.last().map(|(_, action)| action), Some(&Action::Leave));
}

#[test]
fn a_key_of_another_tool_is_told_once_and_left_alone_until_it_is_none() {
    let mark = |conflict| {
        let entry = KeyView { index: Index(60), session: None, conflict };
        Answer::View { index: Index(60), keys: vec![(KeyId(0), entry)] }
    };
    let mut solo = Solo::new(1);
    let answer = |view: Answer| {
        move |call: &Call| match call {
            Call::Read(_) => Some(view.clone()),
            call => obedient(call),
        }
    };
    solo.run_for(60_000, answer(mark(true)));
    assert_eq!(did(&solo, |_| true), [Action::Conflict(KeyId(0))]);
    assert!(solo.calls(is_acquire).is_empty());
    assert!(solo.calls(|call| matches!(call, Call::Read(_))).len() > 1, "it was seen again");
    solo.run_for(30_000, answer(mark(false)));
    assert_eq!(did(&solo, |action| matches!(action, Action::Start(_))).len(), 1);
}

#[test]
fn a_watch_waits_while_a_transaction_of_ours_would_wake_it() {
    let mut solo = Solo::new(1);
    let service = |call: &Call| match call {
        Call::Read(_) => Some(free(50)),
        Call::Acquire { .. } => None,
        call => obedient(call),
    };
    solo.run_for(100, service);
    assert_eq!((solo.open(is_acquire).len(), solo.open(is_watch).len()), (1, 0));
    let acquire = solo.open(is_acquire)[0];
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), FENCE)]));
    assert_eq!(solo.open(is_watch).len(), 1);
}

#[test]
fn a_watch_that_brought_nothing_new_is_followed_by_another_and_by_no_read() {
    let mut solo = Solo::new(1);
    solo.run_for(0, |call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => Some(beat(90)),
        call => obedient(call),
    });
    let watch = solo.open(is_watch)[0];
    solo.forget();
    // the service held it back for as long as it may
    solo.answer(watch, held(&rival(), 80));
    assert_eq!(solo.open(is_watch).len(), 1);
    assert_eq!(solo.calls(|call| matches!(call, Call::Read(_))), [] as [&Call; 0]);
}

#[test]
fn a_folder_whose_first_key_was_just_written_is_read_at_once_to_be_watched() {
    let mut solo = Solo::new(1);
    let mut written = false;
    solo.run_for(0, |call| match call {
        Call::Read(_) if written => Some(held(&own(), FENCE.0)),
        Call::Acquire { .. } => {
            written = true;
            obedient(call)
        }
        call => obedient(call),
    });
    assert_eq!(solo.calls(|call| matches!(call, Call::Read(_))).len(), 2);
    assert_eq!(solo.open(is_watch).len(), 1);
}

/// The watch may tell of the next holder before the acquisition's own answer comes.
#[test]
fn l5_a_key_that_moved_while_it_was_asked_for_is_read_again() {
    let mut solo = Solo::new(1);
    let mut asked = 0;
    solo.run_for(500, |call| match call {
        Call::Read(_) => Some(free(50)),
        Call::Acquire { .. } => {
            asked += 1;
            let refusal = Refusal { key: Some(KeyId(0)), why: RefusalReason::LockDelay };
            (asked == 1).then(|| Answer::Refused(vec![refusal]))
        }
        call => obedient(call),
    });
    let (watch, acquire) = (solo.open(is_watch)[0], solo.open(is_acquire)[0]);
    solo.answer(watch, held(&rival(), 120));
    solo.answer(acquire, Answer::Granted(vec![(KeyId(0), Fence(110))]));
    let read = solo.open(|call| matches!(call, Call::Read(_)));
    solo.answer(*read.first().expect("it is read again"), held(&rival(), 120));
    let stop = did(&solo, |action| matches!(action, Action::Stop(..)));
    assert!(matches!(stop.as_slice(), [Action::Stop(_, Stop::KeyLost)]), "{:?}", solo.did);
}

#[test]
fn l9_a_key_that_comes_while_the_process_runs_is_led() {
    let mut solo = Solo::leading(1);
    solo.tell(Event::Campaign(KeyId(1), FolderId(3)), obedient);
    solo.run_for(100, obedient);
    let started = did(&solo, |action| matches!(action, Action::Start(_)));
    assert_eq!(started, [Action::Start(term(0, 0)), Action::Start(term(1, 0))]);
}

/// Six folders, with so many keys each.
fn six_folders() -> Layout {
    let keys = [1, 2, 1, 3, 2, 2].into_iter().enumerate();
    Layout::new(keys.flat_map(|(folder, keys)| (0..keys).map(move |key| format!("{folder}/{key}"))))
}

#[test]
fn four_reads_are_under_way_at_a_time() {
    let is_read = |call: &Call| matches!(call, Call::Read(_));
    let mut solo = Solo::over(&six_folders());
    solo.run_for(0, |call| match call {
        Call::CreateSession => obedient(call),
        _ => None,
    });
    // the four that are watched one by one, the others together
    for reads in [4, 4, 3, 2, 1] {
        let open = solo.open(is_read);
        assert_eq!(open.len(), reads);
        solo.answer(open[0], Answer::View { index: Index(50), keys: Vec::new() });
    }
}

#[test]
fn the_four_folders_with_most_keys_are_watched_and_the_others_read_together_each_beat() {
    let layout = six_folders();
    let mut solo = Solo::over(&layout);
    let mut beats = 90;
    let mut service = |call: &Call| match call {
        Call::Read(folders) => {
            let keys = layout.keys().filter(|(key, _)| folders.contains(&layout.folder_of(*key)));
            let entry = KeyView { index: Index(80), session: Some(rival()), conflict: false };
            let keys = keys.map(|(key, _)| (key, entry.clone())).collect();
            Some(Answer::View { index: Index(80), keys })
        }
        Call::ReadBeat(_) => {
            beats += 1;
            Some(beat(beats))
        }
        call => obedient(call),
    };
    solo.run_for(0, &mut service);
    let watched: Vec<FolderId> = solo
        .calls(is_watch)
        .into_iter()
        .filter_map(|call| match call {
            Call::Watch(folder, _) => Some(*folder),
            _ => None,
        })
        .collect();
    assert_eq!(watched, [1, 3, 4, 5].map(FolderId));
    let beats = 8;
    solo.forget();
    solo.run_for(beats * timing().beat().as_millis() as u64, &mut service);
    let read = solo.calls(|call| matches!(call, Call::Read(_)));
    let others = Call::Read([0, 2].map(FolderId).to_vec());
    assert_eq!(read, vec![&others; beats as usize]);
}

#[test]
fn a_standby_that_was_frozen_reads_the_beat_before_it_takes() {
    let mut solo = Solo::new(1);
    let service = |call: &Call| match call {
        Call::Read(_) => Some(held(&rival(), 80)),
        Call::ReadBeat(_) => Some(beat(90)),
        call => obedient(call),
    };
    let silence = timing().silence();
    solo.run_for((silence - timing().beat()).as_millis() as u64, service);
    solo.forget();
    // far past the silence, and nothing was heard for longer than the gap
    solo.now = solo.now + timing().lease().length();
    solo.run_for(0, |call| match call {
        Call::ReadBeat(_) => Some(beat(91)),
        call => service(call),
    });
    assert_eq!(solo.calls(|call| matches!(call, Call::Take { .. })), [] as [&Call; 0]);
    assert_eq!(solo.calls(|call| matches!(call, Call::ReadBeat(_))).len(), 1);
}

#[test]
fn the_last_beat_of_a_silent_leader_is_the_answer_that_first_showed_it() {
    let mut solo = Solo::new(1);
    let service = |index| {
        move |call: &Call| match call {
            Call::Read(_) => Some(held(&rival(), 80)),
            Call::ReadBeat(_) => Some(beat(index)),
            call => obedient(call),
        }
    };
    assert_eq!(solo.election.last_beat(&rival()), None);
    solo.run_for(0, service(90));
    let first = solo.now;
    solo.run_for(1_500, service(90));
    assert_eq!(solo.election.last_beat(&rival()), Some(first));
    solo.run_for(1_000, service(91));
    let second = solo.election.last_beat(&rival()).expect("it was read");
    assert!(first < second && second < solo.now, "{first:?} {second:?}");
}

#[test]
fn a_key_that_is_lost_is_seen_in_a_view_no_older_than_its_acquisition() {
    let mut solo = Solo::over(&six_folders());
    let gone = |index| Answer::View { index: Index(index), keys: Vec::new() };
    solo.run_for(0, obedient);
    solo.forget();
    // of several folders it is only known that the latest beat is in it: that of the acquisition
    let (mut fresh, mut stale) = (0, 0);
    solo.run_for(timing().beat().as_millis() as u64, |call| match call {
        Call::Read(folders) if folders.len() > 1 => {
            stale += 1;
            Some(gone(FENCE.0 - 1))
        }
        call => obedient(call),
    });
    let is_stop = |action: &Action| matches!(action, Action::Stop(..));
    assert!(stale > 0 && did(&solo, is_stop).is_empty());
    solo.run_for(timing().beat().as_millis() as u64, |call| match call {
        Call::Read(folders) if folders.len() > 1 => {
            fresh += 1;
            Some(gone(FENCE.0))
        }
        // or they would be led, and lost, without end
        Call::Acquire { .. } => None,
        call => obedient(call),
    });
    let lost = did(&solo, |action| matches!(action, Action::Stop(_, Stop::KeyLost)));
    assert!(fresh > 0 && !lost.is_empty(), "{lost:?}");
}

#[test]
fn to_stand_for_a_key_twice_is_nothing() {
    let mut solo = Solo::leading(1);
    solo.forget();
    let open = solo.asked.len();
    solo.tell(Event::Campaign(KeyId(0), FolderId(0)), nobody);
    solo.run_for(0, nobody);
    assert_eq!(solo.asked.len(), open);
}

#[test]
fn a_read_that_failed_is_tried_again_each_beat() {
    let mut solo = Solo::new(1);
    solo.run_for(10_000, |call| match call {
        Call::Read(_) => Some(Answer::Failed(Failure::Transient)),
        call => obedient(call),
    });
    let reads = solo.asked.iter().filter(|(_, request)| matches!(request.call, Call::Read(_)));
    let at: Vec<_> = reads.map(|(at, _)| *at).collect();
    assert!(at.len() >= 10 && at.windows(2).all(|pair| pair[1].since(pair[0]) <= timing().beat()));
}
