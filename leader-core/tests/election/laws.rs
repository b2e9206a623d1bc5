//! The laws, held through random histories; and through one fixed batch of them, which must have
//! contained everything that the laws are about.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::checker::Counters;
use crate::script::{Fault, Script, scripts};
use crate::support::Mutation;

/// `LEADER_CASES=20000` looks longer.
fn cases(default: u32) -> u32 {
    std::env::vars()
        .find(|(name, _)| name == "LEADER_CASES")
        .map_or(default, |(_, cases)| cases.parse().expect("LEADER_CASES is a number"))
}

/// Always the same ones.
fn batch(count: usize) -> impl Iterator<Item = Script> {
    let mut runner = TestRunner::deterministic();
    let strategy = scripts();
    std::iter::repeat_with(move || {
        strategy.new_tree(&mut runner).expect("a strategy without filters").current()
    })
    .take(count)
}

fn assert_lawful(script: &Script) -> Result<Counters, TestCaseError> {
    let outcome = script.run(None);
    prop_assert!(outcome.violations.is_empty(), "{}", outcome.story());
    Ok(outcome.counters)
}

proptest! {
    #![proptest_config(Config { cases: cases(60), failure_persistence: None, ..Config::default() })]

    #[test]
    fn l1_to_l10_hold_through_random_histories(script in scripts()) {
        assert_lawful(&script)?;
    }
}

#[test]
fn l1_to_l10_hold_through_histories_in_which_everything_happens() {
    let mut counters = Counters::default();
    for script in batch(150) {
        counters += assert_lawful(&script).unwrap_or_else(|fault| panic!("{script:?}\n{fault}"));
    }
    println!("{counters:#?}");
    counters.assert_meaningful();
}

#[test]
fn l8_the_same_inputs_give_the_same_outputs() {
    for script in batch(10) {
        assert_eq!(script.run(None), script.run(None));
    }
}

/// Each rule is there for a reason: without it, the same histories break a law.
fn assert_found_out(mutation: Mutation) {
    assert_found_in(mutation, batch(200));
}

/// Rarer faults need histories that are made for them: two processes, and the same moves again
/// and again.
fn assert_found_among(mutation: Mutation, moves: impl Fn(u64) -> Vec<(u64, Fault)>) {
    let histories = (0..400).map(|seed| {
        let in_millis = |(pause, fault)| (Duration::from_millis(pause), fault);
        let faults = moves(seed).into_iter().map(in_millis).cycle().take(24).collect();
        Script { seed, nodes: vec![(1, 0), (1, 0)], keys: 1, faults }
    });
    assert_found_in(mutation, histories);
}

fn assert_found_in(mutation: Mutation, histories: impl Iterator<Item = Script>) {
    let mut after = 0;
    let is_broken = |script: Script| {
        after += 1;
        script.run(Some(mutation)).violations.iter().any(|violation| violation.law == "L1")
    };
    let mut histories = histories;
    assert!(histories.any(is_broken), "{mutation:?} was not found out");
    println!("{mutation:?}: {after}");
}

#[test]
fn l1_needs_the_index_in_a_take() {
    assert_found_out(Mutation::UncheckedTake);
}

#[test]
fn l1_needs_the_index_in_an_acquisition() {
    // a key is let go, and the next holder's session dies while the loser's request waits inside
    // Consul, past the look at the lock delay
    assert_found_among(Mutation::UncheckedAcquire, |seed| {
        vec![
            (1_000, Fault::Slow(1, Duration::from_millis(100))),
            (0, Fault::LeaderStepsDown(0, Duration::ZERO)),
            (100 + seed / 4, Fault::FreezeLeader(0, Duration::from_millis(400))),
            (0, Fault::DestroySession(0)),
        ]
    });
}

#[test]
fn l1_needs_the_fences_in_a_resumption() {
    assert_found_out(Mutation::UncheckedResume);
}

#[test]
fn l1_needs_the_fence_in_a_release() {
    // a release is under way while its sender releases once more, and acquires the key again
    assert_found_among(Mutation::UncheckedRelease, |_| {
        vec![
            (100, Fault::Storm(0, Duration::from_secs(1))),
            (0, Fault::Storm(1, Duration::from_secs(1))),
            (200, Fault::LeaderStepsDown(0, Duration::ZERO)),
        ]
    });
}

#[test]
fn l1_needs_a_new_number_in_every_beat() {
    assert_found_out(Mutation::BeatsAlike);
}

#[test]
fn l1_needs_a_beat_inside_an_acquisition() {
    // a process gets a key, hears of it when its beat has stood still for long, acquires it again,
    // and can't beat from then on
    assert_found_among(Mutation::NoBeatInside, |_| {
        vec![
            (2_500, Fault::Freeze(1, Duration::from_millis(120))),
            (0, Fault::LeaderStepsDown(0, Duration::from_millis(100))),
            (95, Fault::CutAnswers(0, Duration::from_millis(600))),
            (645, Fault::CutRequests(0, Duration::from_millis(800))),
        ]
    });
}

#[test]
fn l1_needs_the_holders_own_lease() {
    assert_found_out(Mutation::OwnLease);
}

#[test]
fn l1_needs_the_lock_delay() {
    assert_found_out(Mutation::NoLockDelay);
}

#[test]
fn l1_needs_clocks_that_run_apart_by_less_than_the_drift() {
    assert_found_out(Mutation::FastClock);
}
