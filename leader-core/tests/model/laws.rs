//! The laws, held in every state within the bounds.

use stateright::{Checker, HasDiscoveries, Model as _};

use crate::bounds::{ALL, Bounds, Mishap};

/// `LEADER_MISHAPS=2` looks further.
fn mishaps() -> u8 {
    std::env::vars()
        .find(|(name, _)| name == "LEADER_MISHAPS")
        .map_or(1, |(_, number)| number.parse().expect("LEADER_MISHAPS is a number"))
}

fn check(bounds: Bounds) -> impl Checker<Bounds> {
    let checker = bounds.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
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
    check(Bounds::new(2, mishaps(), ALL)).assert_properties();
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_in_every_state_of_three_processes() {
    check(Bounds::new(3, mishaps(), &[Mishap::Crash]));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_request_goes_astray_and_a_session_ends() {
    check(Bounds::script(&[Mishap::Stray, Mishap::End]));
}

#[test]
fn l1_l2_l3_l4_l6_l9_l10_hold_where_a_process_freezes_and_a_request_goes_astray() {
    check(Bounds::script(&[Mishap::Freeze, Mishap::Stray]));
}
