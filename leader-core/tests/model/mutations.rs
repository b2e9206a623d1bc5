//! Each rule is there for a reason: without it, there is a way to a broken law, and it is found.

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::bounds::{Bounds, Fault};
use crate::support::Mutation;

/// Maximum number of states that are visited before the mutation counts as not found.
const STATES: usize = 8_000_000;

fn assert_found(law: &'static str, mutation: Mutation, bounds: Bounds) {
    let checker = bounds
        .with(mutation)
        .checker()
        .target_state_count(STATES)
        .finish_when(HasDiscoveries::AnyOf([law].into()))
        .spawn_bfs()
        .join();
    let states = checker.unique_state_count();
    let Some(path) = checker.discovery(law) else {
        panic!("{mutation:?} was not found in {states} states");
    };
    let path = path.into_vec();
    println!("{mutation:?}: {law} broken after {} steps, among {states} states", path.len() - 1);
    for (world, step) in path {
        println!("  {}", step.map_or_else(String::new, |step| world.tell(&step)));
    }
}

#[test]
fn l1_needs_trust_to_count_from_the_sending() {
    assert_found("L1", Mutation::TrustFromAnswer, Bounds::script(&[Fault::Cut]));
}

#[test]
fn l1_needs_the_index_in_a_take() {
    let script = Bounds::script(&[Fault::Freeze, Fault::Stray]);
    assert_found("L1", Mutation::UncheckedTake, script);
}

#[test]
fn l1_needs_a_new_number_in_every_beat() {
    assert_found("L1", Mutation::BeatsAlike, Bounds::script(&[]));
}

#[test]
fn l9_needs_a_beat_inside_an_acquisition() {
    assert_found("L9", Mutation::NoBeatInside, Bounds::script(&[Fault::Crash]));
}

#[test]
fn l1_needs_the_index_in_an_acquisition() {
    let script = Bounds::script(&[Fault::Stray, Fault::End]);
    assert_found("L1", Mutation::UncheckedAcquire, script);
}

#[test]
fn l1_needs_the_fences_in_a_resumption() {
    assert_found("L1", Mutation::UncheckedResume, Bounds::script(&[Fault::Cut]));
}

#[test]
fn l1_needs_a_resumption_of_each_term() {
    let script = Bounds::script(&[Fault::Freeze, Fault::StepDown]);
    assert_found("L1", Mutation::RevivedByDeadline, Bounds { keys: 2, ..script });
}

#[test]
fn l1_needs_an_own_key_to_be_acquired_again() {
    let script = Bounds::script(&[Fault::StepDown, Fault::Stray]);
    assert_found("L1", Mutation::TakenUpAsItIs, script);
}

#[test]
fn l1_needs_the_fence_in_a_release() {
    let script = Bounds::script(&[Fault::StepDown, Fault::Stray]);
    assert_found("L1", Mutation::UncheckedRelease, script);
}

#[test]
fn l1_needs_the_count_to_begin_anew_with_every_beat() {
    assert_found("L1", Mutation::CountGoesOn, Bounds::script(&[]));
}

#[test]
fn l1_needs_the_holders_own_lease() {
    let script = Bounds::script(&[Fault::Cut]).with_long_lease();
    assert_found("L1", Mutation::OwnLease, script);
}

#[test]
fn l1_needs_trust_to_count_from_the_beat_that_was_answered() {
    // a beat goes astray, the one before it is answered after it was sent
    let bounds = Bounds::script(&[Fault::Stray, Fault::Freeze]).with_late_of(0, 0, 1);
    assert_found("L1", Mutation::TrustFromLatest, bounds);
}

#[test]
fn l1_needs_a_count_from_the_answer() {
    let bounds = Bounds::script(&[Fault::Freeze]).with_late_of(1, 1, 1);
    assert_found("L1", Mutation::CountFromRequest, bounds);
}

#[test]
fn l1_needs_the_index_in_an_acquisition_that_was_sent_twice() {
    let script = Bounds::script(&[Fault::Twice, Fault::End]);
    assert_found("L1", Mutation::UncheckedAcquire, script);
}

#[test]
fn l1_needs_clocks_that_run_apart_by_less_than_the_drift() {
    assert_found("L1", Mutation::SlowClock, Bounds::script(&[Fault::Cut]));
}
