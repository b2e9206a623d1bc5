//! The laws, held in every state within the bounds.

use stateright::{Checker, HasDiscoveries, Model as _};

use crate::bounds::{ALL, Bounds, FEW, Fault};

/// `LEADER_FAULTS=2` looks further.
fn faults() -> u8 {
    std::env::vars()
        .find(|(name, _)| name == "LEADER_FAULTS")
        .map_or(1, |(_, number)| number.parse().expect("LEADER_FAULTS is a number"))
}

/// How many states are come to where there are too many for a machine's memory: those that the fewest
/// steps lead to. `LEADER_FAULTS` above 1 goes on to the end.
fn most_states(number: usize) -> usize {
    if faults() == 1 { number } else { usize::MAX }
}

fn check(bounds: Bounds) -> impl Checker<Bounds> {
    check_up_to(usize::MAX, bounds)
}

/// The shortest paths first, and no more states than this.
fn check_up_to(states: usize, bounds: Bounds) -> impl Checker<Bounds> {
    let checker = bounds
        .checker()
        .target_state_count(states)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    println!("{} states, {} steps deep", checker.unique_state_count(), checker.max_depth());
    for law in ["L1", "L2", "L3", "L4", "L6", "L9", "L10"] {
        if let Some(path) = checker.discovery(law) {
            for (world, step) in path.into_vec() {
                println!("  {}", step.map_or_else(String::new, |step| world.tell(&step)));
            }
            panic!("{law} is broken");
        }
    }
    checker
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_in_every_state_of_two_processes() {
    // and leadership is gained, lapses, is resumed, lost, taken and released in some
    check(Bounds::new(2, faults(), FEW)).assert_properties();
}

/// Each of its requests may be executed or not, and answered or not.
#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_process_is_cut_off() {
    check_up_to(most_states(4_000_000), Bounds::new(2, faults(), &[Fault::Cut]));
}

/// Apart, since what a server that lags behind may show is a part of each state.
#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_server_lags_behind() {
    let kinds = if faults() == 1 { &[Fault::Lag] } else { ALL };
    check(Bounds::new(2, faults(), kinds));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_in_every_state_of_three_processes() {
    check(Bounds::new(3, faults(), &[Fault::Crash]));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_request_goes_astray_and_a_session_ends() {
    check(Bounds::script(&[Fault::Stray, Fault::End]));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_answers_are_late_and_beats_are_under_way_together() {
    check(Bounds::new(2, 0, &[]).with_late(0, 1));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_requests_are_executed_late_and_answered_later_in_any_order() {
    check_up_to(most_states(2_000_000), Bounds::new(2, 0, &[]).with_late(1, 2));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_answers_are_late_and_a_process_crashes() {
    check(Bounds::new(2, 1, &[Fault::Crash]).with_late(0, 1));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_process_freezes_and_a_request_goes_astray() {
    check(Bounds::script(&[Fault::Freeze, Fault::Stray]));
}

/// One process alone: the check covers all states, and not only the nearest.
#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_in_every_state_where_one_is_executed_late_and_answered_later() {
    check(Bounds::new(2, 0, &[]).with_late_of(0, 1, 2));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_in_every_state_where_one_is_executed_late_and_a_process_crashes() {
    check(Bounds::new(2, 1, &[Fault::Crash]).with_late_of(0, 1, 1));
}
