//! Lock files: the same core and the same laws, with no beats.

use std::time::Duration;

use leader_core::election::Event;

use crate::chance::Chance;
use crate::checker::Counters;
use crate::cluster::Cluster;
use crate::script::{configs, layout};

/// Crashes, freezes, shutdowns, restarts and step downs at random moments.
fn live(seed: u64) -> Counters {
    let mut chance = Chance::new(seed);
    let mut cluster = Cluster::on_lock_files(seed, &configs(&[(1, 0); 3]), layout(3));
    for _ in 0..20 {
        cluster.run_for(chance.span(Duration::from_millis(400)));
        let (id, key) = (chance.below(3) as usize, cluster.keys[chance.below(3) as usize]);
        match chance.below(5) {
            0 => cluster.crash(id),
            1 => cluster.nodes[id].faults.frozen = cluster.now + Duration::from_millis(300),
            2 => cluster.shut_down(id),
            3 => cluster.tell(id, Event::StepDown(key, chance.span(Duration::from_millis(200)))),
            _ => cluster.start(id),
        }
    }
    cluster.run_for(Duration::from_secs(6));
    cluster.start(0);
    cluster.run_for(Duration::from_millis(500));
    assert!(cluster.are_all_led(), "seed {seed}: {:?}", cluster.nodes);
    assert!(cluster.checker.violations.is_empty(), "seed {seed}: {:?}", cluster.checker.violations);
    cluster.checker.counters
}

#[test]
fn l1_to_l10_hold_on_lock_files() {
    let mut counters = Counters::default();
    for seed in 0..100 {
        counters += live(seed);
    }
    let Counters { gained, released, moved_by_release, left, .. } = counters;
    for count in [gained, released, moved_by_release, left] {
        assert!(count > 0, "something never happened, so nothing is proven: {counters:?}");
    }
}

#[test]
fn l9_the_lock_files_of_a_dead_process_are_taken_within_two_tries() {
    for seed in 0..100 {
        let mut cluster = Cluster::on_lock_files(seed, &configs(&[(1, 0); 3]), layout(3));
        cluster
            .run_for(Duration::from_millis(100) + Chance::new(seed).span(Duration::from_secs(1)));
        let key = cluster.keys[0];
        let leader = cluster.leader(key).expect("it is led");
        cluster.crash(leader);
        let tries = Duration::from_millis(2 * 50);
        assert!(cluster.run_while_not(tries, Cluster::are_all_led), "seed {seed}");
    }
}
