use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn schedule(text: &str) -> Schedule {
    text.parse().unwrap()
}

fn policy(missed: Missed) -> RecordPolicy {
    let (within, interrupted) = (Some(HOUR), Interrupted::Skip);
    RecordPolicy { missed, within, interrupted }
}

fn rerun(missed: Missed) -> RecordPolicy {
    RecordPolicy { interrupted: Interrupted::Rerun, ..policy(missed) }
}

fn missing(count: u64, oldest: SystemTime) -> MissedInstants {
    MissedInstants { count, or_more: false, oldest: Some(oldest) }
}

#[test]
fn a_job_that_was_never_led_has_missed_nothing() {
    let every = schedule("every 1m");
    let record = Record::new(&every, at(90));
    for missed in [Missed::Skip, Missed::Once, Missed::All] {
        assert_eq!(record.next(&every, policy(missed), at(119)), None);
    }
}

#[test]
fn of_what_was_missed_all_runs_the_oldest_and_once_the_newest_and_counts_the_others() {
    let every = schedule("every 1m");
    let record = Record::new(&every, at(60));
    let next = |missed| record.next(&every, policy(missed), at(310));
    assert_eq!(next(Missed::Skip), None);
    let none = MissedInstants::default();
    assert_eq!(next(Missed::All), Some(NextRun { due: at(120), attempt: 1, missing: none }));
    let missing = missing(3, at(120));
    assert_eq!(next(Missed::Once), Some(NextRun { due: at(300), attempt: 1, missing }));
}

#[test]
fn what_is_too_old_is_given_up_and_counted() {
    let every = schedule("every 1m");
    let mut record = Record::new(&every, at(0));
    let expired = record.expire(&every, policy(Missed::All), at(3720));
    assert_eq!(expired, missing(2, at(60)));
    let next = record.next(&every, policy(Missed::All), at(3720)).unwrap();
    assert_eq!(next.due, at(180));
    let expired = record.expire(&every, policy(Missed::All), at(3720));
    assert_eq!(expired, MissedInstants::default());
}

#[test]
fn what_is_missed_of_a_dense_grid_is_counted_exactly_and_at_once_however_much_it_is() {
    let every = schedule("every 10ms offset 5ms");
    let days = |days: u64| Duration::from_secs(86_400 * days);
    let by = |missed, within| RecordPolicy { within: Some(within), ..policy(missed) };
    // to find a quarter of a thousand million one by one would take minutes
    let mut record = Record::new(&every, at(0));
    // one of them was claimed by a clock that was ahead, and begun twice
    for attempt in 1..=2 {
        let due = at(86_400) + Duration::from_millis(5);
        record.claim(
            NextRun { due, attempt, missing: MissedInstants::default() },
            "wrong",
            7,
            at(0),
        );
    }
    record.rewind(at(0), at(0));
    let expired = record.expire(&every, by(Missed::Once, days(1)), at(0) + days(30));
    assert_eq!(expired, missing(29 * 8_640_000 - 1, at(0) + Duration::from_millis(5)));
    let next = record.next(&every, by(Missed::Once, days(1)), at(0) + days(30)).unwrap();
    assert_eq!(next.due, at(0) + days(30) - Duration::from_millis(5));
    assert_eq!(next.missing, missing(8_640_000 - 1, at(0) + days(29) + Duration::from_millis(5)));
}

#[test]
fn what_is_missed_of_a_cron_is_counted_up_to_a_bound_and_that_is_told() {
    let each_second = schedule("cron * * * * * * tz Europe/Oslo");
    for (until, count, or_more) in [
        (at(9_999), 9_999, false),
        (at(10_000), 10_000, false),
        (at(10_001), 10_000, true),
        (at(86_400 * 30), 10_000, true),
    ] {
        let mut record = Record::new(&each_second, at(0));
        let passed = record.skip_until(&each_second, until);
        assert_eq!(passed, MissedInstants { count, or_more, oldest: Some(at(1)) });
        assert_eq!(record.skip_until(&each_second, until), MissedInstants::default());
    }
    let pending =
        Pending::new(&each_second, &VecDeque::new(), at(0), at(10_001)).missing_before_last();
    assert_eq!(pending.count, 10_000);
}

/// Friday the 27th of November 2026, 16:05 in UTC.
const FRIDAY: u64 = 1_795_795_500;

#[test]
fn unless_told_otherwise_the_newest_is_never_too_old_and_the_others_are_after_an_hour() {
    let office_hours = schedule("cron */30 8-17 * * MON-FRI");
    let by_default = |missed| RecordPolicy { within: None, ..policy(missed) };
    // looked at each ten minutes, until Monday's first
    for later in (0..=63 * 6).map(|tens| tens * 600) {
        let now = at(FRIDAY + later);
        let mut record = Record::new(&office_hours, at(FRIDAY));
        let missed = record.next(&office_hours, by_default(Missed::Once), now);
        let expired = record.expire(&office_hours, by_default(Missed::Once), now);
        let next = record.next(&office_hours, by_default(Missed::Once), now);
        assert_eq!(next.map(|it| it.due), missed.map(|it| it.due), "{later} s later");
        let kept = next.map_or(0, |it| it.missing.count + 1);
        assert_eq!(expired.count + kept, missed.map_or(0, |it| it.missing.count + 1));
        if later > 2 * 3600 {
            assert_eq!((expired.count, kept), (2, 1), "16:30 and 17:00, but not 17:30");
        }
    }
    let now = at(FRIDAY + 3600);
    let mut record = Record::new(&office_hours, at(FRIDAY - 3600));
    let expired = record.expire(&office_hours, by_default(Missed::All), now);
    assert_eq!(expired, missing(2, at(FRIDAY - 2100)));
    let next = record.next(&office_hours, by_default(Missed::All), now).unwrap();
    assert_eq!(next.due, at(FRIDAY + 1500));
}

/// Runs of a job that is due each minute; each ends so, five seconds late.
fn run_each_minute(record: &mut Record, ends: impl IntoIterator<Item = RecordedOutcome>) {
    for ended in ends {
        let due = record.through + Duration::from_secs(60);
        record.claim(record.on_time(due).unwrap(), "one", 7, due);
        record.end(ended, due + Duration::from_secs(5));
    }
}

fn failed() -> RecordedOutcome {
    RecordedOutcome::Failed("it panicked".into())
}

#[test]
fn the_last_success_and_the_failures_in_a_row_outlive_the_runs_that_are_kept() {
    let mut record = Record::new(&schedule("every 1m"), at(0));
    assert_eq!((record.succeeded, record.failures), (None, 0));
    run_each_minute(&mut record, [failed(), RecordedOutcome::Ok, RecordedOutcome::Ok, failed()]);
    assert_eq!((record.succeeded, record.failures), (Some(at(185)), 1));
    let interrupted = RecordedOutcome::Interrupted("its drain was used up".into());
    run_each_minute(&mut record, [interrupted, failed()]);
    assert_eq!((record.succeeded, record.failures), (Some(at(185)), 2));
    run_each_minute(&mut record, (0..Record::RUNS + 5).map(|_| failed()));
    assert!(
        record.runs.iter().all(|run| matches!(run.ended, Some((_, RecordedOutcome::Failed(_)))))
    );
    assert_eq!((record.succeeded, record.failures), (Some(at(185)), 27));
    run_each_minute(&mut record, [RecordedOutcome::Skipped("nothing new".into())]);
    assert_eq!((record.succeeded, record.failures), (Some(at(185)), 0));
    // an end that is written once more counts once
    run_each_minute(&mut record, [failed()]);
    record.end(failed(), at(9_999));
    assert_eq!(record.failures, 1);
}

#[test]
fn a_record_of_the_runs_alone_knows_what_these_say() {
    let mut record = Record::new(&schedule("every 1m"), at(0));
    let interrupted = RecordedOutcome::Interrupted("its drain was used up".into());
    run_each_minute(
        &mut record,
        [RecordedOutcome::Ok, failed(), RecordedOutcome::Ok, failed(), interrupted, failed()],
    );
    record.claim(record.on_time(at(420)).unwrap(), "one", 7, at(420));
    let Record { schedule, through, runs, .. } = record.clone();
    assert_eq!(Record::from_runs(schedule, through, runs), record);
    assert_eq!((record.succeeded, record.failures), (Some(at(185)), 2));
}

#[test]
fn an_edited_schedule_does_not_fire_at_the_deploy() {
    let (old, new) = (schedule("every 1m"), schedule("every 7s"));
    let mut record = Record::new(&old, at(0));
    record.adopt(&old, at(300));
    assert!(record.next(&old, policy(Missed::All), at(300)).is_some());
    record.adopt(&new, at(300));
    assert_eq!(record.next(&new, policy(Missed::All), at(300)), None);
    assert_eq!(record.next(&new, policy(Missed::All), at(301)).unwrap().due, at(301));
}

#[test]
fn an_interrupted_run_is_run_first_and_counts_its_attempts() {
    let every = schedule("every 1m");
    let mut record = Record::new(&every, at(0));
    record.claim(record.on_time(at(60)).unwrap(), "one", 7, at(60));
    assert_eq!(record.next(&every, policy(Missed::Skip), at(61)), None);
    let again = record.next(&every, rerun(Missed::All), at(130)).unwrap();
    assert_eq!((again.due, again.attempt), (at(60), 2));
    record.claim(again, "two", 9, at(130));
    record.end(RecordedOutcome::Interrupted("its drain was used up".into()), at(131));
    let again = record.next(&every, rerun(Missed::All), at(140)).unwrap();
    assert_eq!((again.due, again.attempt), (at(60), 3));
    record.claim(again, "three", 11, at(140));
    record.end(RecordedOutcome::Failed("it panicked".into()), at(141));
    assert_eq!(record.next(&every, rerun(Missed::All), at(150)).unwrap().due, at(120));
    let ends = record.runs.iter().map(|run| (run.node.as_str(), run.attempt, run.ended.is_some()));
    assert_eq!(ends.collect::<Vec<_>>(), [("one", 1, true), ("two", 2, true), ("three", 3, true)]);
}

#[test]
fn no_more_than_twenty_runs_are_kept() {
    let mut record = Record::new(&schedule("every 1s"), at(0));
    for due in 1..=30 {
        record.claim(record.on_time(at(due)).unwrap(), "one", 7, at(due));
        record.end(RecordedOutcome::Ok, at(due));
    }
    assert_eq!(record.runs.len(), Record::RUNS);
    assert_eq!(record.runs.front().unwrap().due, at(11));
}

#[test]
fn a_record_ahead_of_the_clock_goes_on_but_for_what_was_claimed() {
    let every = schedule("every 1m");
    let mut record = Record::new(&every, at(60));
    let claimed = |record: &mut Record, due| {
        record.claim(record.on_time(at(due)).unwrap(), "wrong", 7, at(due));
        record.end(RecordedOutcome::Ok, at(due));
    };
    claimed(&mut record, 600);
    claimed(&mut record, 660);
    // within a minute, nodes differ
    assert_eq!(record.rewind(at(600), at(600)), None);
    let by = Duration::from_secs(360);
    assert_eq!(record.rewind(at(300), at(300)), Some(RecordAhead { by, waits: false }));
    assert_eq!(record.rewind(at(300), at(300)), None);
    assert_eq!((record.on_time(at(600)), record.on_time(at(660))), (None, None));
    for due in [360, 420, 480, 540, 720] {
        assert_eq!(record.next(&every, policy(Missed::All), at(730)).unwrap().due, at(due));
        record.claim(record.on_time(at(due)).unwrap(), "right", 9, at(due));
        record.end(RecordedOutcome::Ok, at(due));
    }
}

#[test]
fn what_a_wrong_clock_claimed_is_known_until_the_clock_is_past_it() {
    let mut record = Record::new(&schedule("every 1m"), at(0));
    record.claim(record.on_time(at(6_000)).unwrap(), "wrong", 7, at(6_000));
    record.end(RecordedOutcome::Ok, at(6_000));
    assert!(record.rewind(at(0), at(0)).is_some());
    for due in (1..=30).map(|minute| 60 * minute) {
        record.claim(record.on_time(at(due)).unwrap(), "right", 9, at(due));
        record.end(RecordedOutcome::Ok, at(due));
    }
    assert_eq!((record.runs.len(), record.on_time(at(6_000))), (Record::RUNS, None));
}

#[test]
fn what_two_clocks_have_claimed_in_turn_is_known_by_its_due_instant() {
    let mut record = Record::new(&schedule("every 1m"), at(0));
    let claim = |record: &mut Record, minute: u64, now: u64| {
        record.claim(record.on_time(at(60 * minute)).unwrap(), "one", 7, at(60 * now));
        record.end(RecordedOutcome::Ok, at(60 * now));
    };
    claim(&mut record, 60, 60);
    record.rewind(at(0), at(0));
    (1..=25).for_each(|minute| claim(&mut record, minute, minute));
    // the one that is ahead once more, past what it claimed before
    claim(&mut record, 85, 85);
    record.rewind(at(60 * 26), at(60 * 26));
    assert_eq!((record.on_time(at(60 * 60)), record.on_time(at(60 * 85))), (None, None));
}

#[test]
fn where_all_that_is_known_was_claimed_by_a_wrong_clock_nothing_is_run_before_that() {
    let mut record = Record::new(&schedule("every 1m"), at(0));
    for due in (101..=120).map(|minute| 60 * minute) {
        record.claim(record.on_time(at(due)).unwrap(), "wrong", 7, at(due));
        record.end(RecordedOutcome::Ok, at(due));
    }
    let by = Duration::from_secs(7_200);
    assert_eq!(record.rewind(at(0), at(0)), Some(RecordAhead { by, waits: true }));
    assert_eq!(record.on_time(at(60)), None);
    // one of them is past, so there are none before it that were forgotten
    assert!(record.rewind(at(6_060), at(6_060)).is_some_and(|ahead| !ahead.waits));
}

#[test]
fn the_newest_instant_is_found_however_far_back_and_however_dense() {
    for (text, until, newest) in [
        ("every 10ms", 100_000, at(100_000)),
        ("every 366d", 366 * 86_400 + 5, at(366 * 86_400)),
        ("cron 0 0 29 2 * tz UTC", 86_400 * 365 * 6, at(68_169_600)),
    ] {
        let schedule = schedule(text);
        assert_eq!(
            Pending::new(&schedule, &VecDeque::new(), at(0), at(until)).newest(),
            Some(newest),
            "{text}"
        );
    }
}

/// An event in the history of a leader.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Time passes.
    Wait(u64),
    /// A node leads whose clock shows so much more.
    Shows(u64),
    /// It runs what is next: to its end, or it dies under it, or before the claim is written.
    Run(Fate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Ends,
    DiesUnderIt,
    DiesBefore,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let fate = prop_oneof![4 => Just(Fate::Ends), 2 => Just(Fate::DiesUnderIt), 1 => Just(Fate::DiesBefore)];
    let turn = prop_oneof![
        3 => (1..200u64).prop_map(Turn::Wait),
        4 => fate.prop_map(Turn::Run),
    ];
    proptest::collection::vec(turn, 1..120)
}

/// Plays a history against one record, as a store keeps it: which instants ran to their end, and
/// how often each was claimed.
fn play(
    turns: &[Turn],
    policy: RecordPolicy,
) -> (Vec<SystemTime>, Vec<(SystemTime, u32)>, SystemTime) {
    let every = schedule("every 10s");
    let (mut now, mut ahead, mut fence) = (1_000, 0, 1);
    let mut stored = Record::new(&every, at(now));
    let (mut ended, mut claims) = (Vec::new(), Vec::new());
    for turn in turns {
        match turn {
            Turn::Wait(seconds) => now += seconds,
            Turn::Shows(seconds) => ahead = *seconds,
            Turn::Run(fate) => {
                let now = now + ahead;
                let mut record = stored.clone();
                record.rewind(at(now), at(now));
                record.expire(&every, policy, at(now));
                let Some(todo) = record.next(&every, policy, at(now)) else { continue };
                record.claim(todo, "node", fence, at(now));
                fence += 1;
                if *fate == Fate::DiesBefore {
                    continue;
                }
                claims.push((todo.due, todo.attempt));
                if *fate == Fate::Ends {
                    record.end(RecordedOutcome::Ok, at(now));
                    ended.push(todo.due);
                }
                stored = record;
            }
        }
    }
    (ended, claims, stored.through)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_due_instant_is_claimed_twice_but_for_a_rerun(turns in turns()) {
        for missed in [Missed::Once, Missed::All] {
            let (_, claims, _) = play(&turns, policy(missed));
            prop_assert!(claims.windows(2).all(|pair| pair[0].0 < pair[1].0), "{claims:?}");
            let (ended, claims, _) = play(&turns, rerun(missed));
            for pair in claims.windows(2) {
                let [(before, tried), (after, attempt)] = pair else { unreachable!() };
                prop_assert!(
                    before < after && *attempt == 1 || before == after && *attempt == tried + 1,
                    "{claims:?}"
                );
            }
            // what came to its end is never run again
            prop_assert!(ended.windows(2).all(|pair| pair[0] < pair[1]), "{ended:?}");
        }
    }

    #[test]
    fn whatever_clocks_show_no_due_instant_is_claimed_twice_but_for_a_rerun(
        turns in turns(),
        shown in proptest::collection::vec((0..120usize, 0..500u64), 0..12),
    ) {
        let mut turns = turns;
        for (place, ahead) in shown {
            turns.insert(place.min(turns.len()), Turn::Shows(ahead));
        }
        for missed in [Missed::Once, Missed::All] {
            let (_, mut claims, _) = play(&turns, policy(missed));
            claims.sort();
            prop_assert!(claims.windows(2).all(|pair| pair[0].0 != pair[1].0), "{claims:?}");
            let (mut ended, mut claims, _) = play(&turns, rerun(missed));
            claims.sort();
            prop_assert!(claims.windows(2).all(|pair| pair[0] != pair[1]), "{claims:?}");
            ended.sort();
            prop_assert!(ended.windows(2).all(|pair| pair[0] != pair[1]), "{ended:?}");
        }
    }

    #[test]
    fn as_many_are_counted_as_there_are_one_by_one(
        (interval, offset) in (10..5_000u64).prop_flat_map(|it| (Just(it), 0..it)),
        from in 0..1_000_000u64,
        span in 0..100_000u64,
        claimed in proptest::collection::vec(0..1_000u64, 0..5),
    ) {
        let every = schedule(&format!("every {interval}ms offset {offset}ms"));
        let ms = |ms| at(0) + Duration::from_millis(ms);
        let mut runs = VecDeque::new();
        for number in claimed {
            let (due, ended) = (ms(number * interval + offset), None);
            runs.push_back(ClaimedRun { due, attempt: 1, node: "n".into(), fence: 1, claimed: due, ended });
            // by a schedule before this one
            let due = due + Duration::from_millis(1);
            runs.push_back(ClaimedRun { due, ..runs[0].clone() });
        }
        let pending = Pending::new(&every, &runs, ms(from), ms(from + span));
        let is_free = |due: &SystemTime| !runs.iter().any(|run| run.due == *due);
        let due = std::iter::successors(every.next_after(ms(from)), |due| every.next_after(*due));
        let due: Vec<_> = due.take_while(|due| *due <= ms(from + span)).filter(is_free).collect();
        let told = pending.missing();
        prop_assert_eq!((told.count, told.oldest), (due.len() as u64, due.first().copied()));
        prop_assert_eq!(pending.missing_before_last().count, (due.len() as u64).saturating_sub(1));
    }

    #[test]
    fn with_all_and_rerun_no_instant_within_the_window_is_lost(turns in turns()) {
        let policy = RecordPolicy { within: Some(Duration::from_secs(1_000_000)), ..rerun(Missed::All) };
        let (ended, claims, through) = play(&turns, policy);
        let open = claims.last().filter(|(due, _)| ended.last() != Some(due)).map(|(due, _)| *due);
        let due = std::iter::successors(Some(at(1_010)), |due| Some(*due + Duration::from_secs(10)));
        let due: Vec<_> =
            due.take_while(|due| *due <= through).filter(|due| Some(*due) != open).collect();
        prop_assert_eq!(ended, due);
    }
}
