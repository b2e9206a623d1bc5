//! Each rule is there for a reason: without it, there is a way to a broken law, and it is found.

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::bounds::{Bounds, Mishap};
use crate::plant::Plant;

/// The most steps that are looked at before the plant counts as not found.
const STATES: usize = 8_000_000;

fn assert_found(law: &'static str, plant: Plant, bounds: Bounds) {
    let checker = bounds
        .with(plant)
        .checker()
        .target_state_count(STATES)
        .finish_when(HasDiscoveries::AnyOf([law].into()))
        .spawn_bfs()
        .join();
    let states = checker.unique_state_count();
    let Some(path) = checker.discovery(law) else {
        panic!("{plant:?} was not found in {states} states");
    };
    let path = path.into_vec();
    println!("{plant:?}: {law} broken after {} steps, among {states} states", path.len() - 1);
    for (world, step) in path {
        println!("  {}", step.map_or_else(String::new, |step| world.tell(&step)));
    }
}

#[test]
fn l1_needs_trust_to_count_from_the_sending() {
    assert_found("L1", Plant::TrustFromAnswer, Bounds::script(&[Mishap::Cut]));
}

#[test]
fn l1_needs_the_index_in_a_take() {
    let script = Bounds::script(&[Mishap::Freeze, Mishap::Stray]);
    assert_found("L1", Plant::UncheckedTake, script);
}

#[test]
fn l1_needs_a_new_number_in_every_beat() {
    assert_found("L1", Plant::BeatsAlike, Bounds::script(&[]));
}

#[test]
fn l9_needs_a_beat_inside_an_acquisition() {
    assert_found("L9", Plant::NoBeatInside, Bounds::script(&[Mishap::Crash]));
}

#[test]
fn l1_needs_the_index_in_an_acquisition() {
    let script = Bounds::script(&[Mishap::Stray, Mishap::End]);
    assert_found("L1", Plant::UncheckedAcquire, script);
}

#[test]
fn l1_needs_the_fences_in_a_resumption() {
    assert_found("L1", Plant::ResumedByABeat, Bounds::script(&[Mishap::Cut]));
}

#[test]
fn l1_needs_a_resumption_of_each_term() {
    let script = Bounds::script(&[Mishap::Freeze, Mishap::StepDown]);
    assert_found("L1", Plant::RevivedByDeadline, Bounds { keys: 2, ..script });
}

#[test]
fn l1_needs_an_own_key_to_be_acquired_again() {
    let script = Bounds::script(&[Mishap::StepDown, Mishap::Stray]);
    assert_found("L1", Plant::TakenUpAsItIs, script);
}

#[test]
fn l1_needs_the_fence_in_a_release() {
    let script = Bounds::script(&[Mishap::StepDown, Mishap::Stray]);
    assert_found("L1", Plant::UncheckedRelease, script);
}

#[test]
fn l1_needs_the_count_to_begin_anew_with_every_beat() {
    assert_found("L1", Plant::CountGoesOn, Bounds::script(&[]));
}

#[test]
fn l1_needs_the_holders_own_lease() {
    let script = Bounds::script(&[Mishap::Cut]).with_long_lease();
    assert_found("L1", Plant::OwnLease, script);
}

#[test]
fn l1_needs_clocks_that_run_apart_by_less_than_the_margin() {
    assert_found("L1", Plant::SlowClock, Bounds::script(&[Mishap::Cut]));
}
