//! L9, sharply: in a sane network, every key is led again within the lease of its leader's death,
//! whatever died; and within milliseconds where it was let go.

use std::time::Duration;

use leader_core::election::{Event, KeyId};

use crate::chance::Chance;
use crate::cluster::{Birth, Cluster};
use crate::script::{RATES, births, layout};

/// Behind the lease: the standbys' random delay, a read, a take, and a clock that runs slow.
fn slack(lease: u64) -> Duration {
    Duration::from_millis(30) + Duration::from_secs(lease) / 50
}

const HISTORIES: u64 = 40;

/// Three processes, and somebody leads every key since a random while.
fn led(seed: u64) -> (Cluster, u64) {
    let mut chance = Chance::new(seed);
    let lease = [1, 3, 6][chance.below(3) as usize];
    let mut rate = || RATES.start() + chance.below(RATES.end().abs_diff(*RATES.start())) as i64;
    let nodes = [(lease, rate()), (lease, rate()), (lease, rate())];
    let births: Vec<Birth> = births(&nodes);
    let mut cluster = Cluster::on_consul(seed, &births, layout(3), None, false);
    assert!(cluster.run_while_not(Duration::from_millis(200), Cluster::are_all_led));
    cluster.run_for(Duration::from_secs(lease) + chance.span(Duration::from_secs(lease)));
    assert!(cluster.are_all_led());
    (cluster, lease)
}

fn is_led_by_another(cluster: &Cluster, key: KeyId, than: usize) -> bool {
    let leads = |id: usize| cluster.nodes[id].believes(cluster.now, key).is_some();
    (0..cluster.nodes.len()).any(|id| id != than && leads(id))
}

/// Something befalls the leader of the first key: how long its keys are without another one.
fn longest_gap(befall: impl Fn(&mut Cluster, usize, KeyId), limit: impl Fn(u64) -> Duration) {
    let mut longest = 0.0_f64;
    for seed in 0..HISTORIES {
        let (mut cluster, lease) = led(seed);
        let key = cluster.keys[seed as usize % cluster.keys.len()];
        let old = cluster.leader(key).expect("it is led");
        let keys: Vec<KeyId> = cluster.keys.clone();
        let of_old = |key: &KeyId| cluster.nodes[old].believes(cluster.now, *key).is_some();
        let lost: Vec<KeyId> = keys.into_iter().filter(of_old).collect();
        let died = cluster.now;
        befall(&mut cluster, old, key);
        let again =
            |cluster: &Cluster| lost.iter().all(|key| is_led_by_another(cluster, *key, old));
        let is_in_time = cluster.run_while_not(limit(lease), again);
        let gap = cluster.now - died;
        assert!(is_in_time, "seed {seed}, lease {lease} s: nobody leads after {gap:?}");
        assert!(cluster.referee.breaches.is_empty(), "{:?}", cluster.referee.breaches);
        longest = longest.max(gap.as_secs_f64() / lease as f64);
    }
    println!("the longest: {longest:.3} of a lease");
}

fn within_the_lease(lease: u64) -> Duration {
    Duration::from_secs(lease) + slack(lease)
}

#[test]
fn l9_another_leads_within_the_lease_of_a_crash() {
    longest_gap(|cluster, id, _| cluster.crash(id), within_the_lease);
}

#[test]
fn l9_another_leads_within_the_lease_of_a_cut() {
    let hour = Duration::from_secs(3600);
    longest_gap(
        |cluster, id, _| {
            cluster.nodes[id].weather.deaf_service = cluster.now + hour;
            cluster.nodes[id].weather.deaf_node = cluster.now + hour;
        },
        within_the_lease,
    );
}

#[test]
fn l9_another_leads_within_the_lease_of_a_freeze() {
    let hour = Duration::from_secs(3600);
    let freeze = |cluster: &mut Cluster, id: usize, _| {
        cluster.nodes[id].weather.frozen = cluster.now + hour;
    };
    longest_gap(freeze, within_the_lease);
}

/// What it writes arrives, and no answer comes back: it beats until its trust is over, and no longer.
#[test]
fn l9_another_leads_within_a_trust_and_a_lease_of_answers_that_are_lost() {
    let hour = Duration::from_secs(3600);
    longest_gap(
        |cluster, id, _| cluster.nodes[id].weather.deaf_node = cluster.now + hour,
        |lease| within_the_lease(lease) + within_the_lease(lease) * 7 / 8,
    );
}

#[test]
fn l9_a_destroyed_session_costs_no_more_than_the_lease() {
    for seed in 0..HISTORIES {
        let (mut cluster, lease) = led(seed);
        let key = cluster.keys[0];
        let (_, before) = cluster.consul.holder(key).expect("it is held");
        cluster.destroy_session(key);
        let again = |cluster: &Cluster| {
            let is_new = |(_, fence)| fence > before;
            cluster.consul.holder(key).is_some_and(is_new) && cluster.are_all_led()
        };
        assert!(cluster.run_while_not(within_the_lease(lease), again), "seed {seed}");
        assert!(cluster.referee.breaches.is_empty(), "{:?}", cluster.referee.breaches);
    }
}

/// From the end of its work to the next leader.
fn assert_handed_over(let_go: impl Fn(&mut Cluster, usize, KeyId)) {
    for seed in 0..HISTORIES {
        let (mut cluster, _) = led(seed);
        let key = cluster.keys[0];
        let old = cluster.leader(key).expect("it is led");
        let_go(&mut cluster, old, key);
        let gone = |cluster: &Cluster| cluster.nodes[old].believes(cluster.now, key).is_none();
        assert!(cluster.run_while_not(Duration::from_secs(5), gone));
        let again = |cluster: &Cluster| is_led_by_another(cluster, key, old);
        let milliseconds = Duration::from_millis(12);
        assert!(cluster.run_while_not(milliseconds, again), "seed {seed}");
        assert!(cluster.referee.breaches.is_empty(), "{:?}", cluster.referee.breaches);
    }
}

#[test]
fn l9_a_key_that_was_stepped_down_from_is_led_within_milliseconds() {
    assert_handed_over(|cluster, id, key| {
        cluster.tell(id, Event::StepDown(key, Duration::from_secs(10)));
    });
}

#[test]
fn l9_a_key_that_is_withdrawn_is_led_within_milliseconds() {
    assert_handed_over(|cluster, id, key| cluster.tell(id, Event::Withdraw(key)));
}

#[test]
fn l9_the_keys_of_a_process_that_leaves_are_led_within_milliseconds() {
    assert_handed_over(|cluster, id, _| cluster.shut_down(id));
}

#[test]
fn l9_where_nobody_else_stands_it_leads_again_after_the_cool_off() {
    let mut cluster = Cluster::on_consul(1, &births(&[(3, 0)]), layout(1), None, false);
    let (key, cool_off) = (cluster.keys[0], Duration::from_secs(10));
    cluster.run_for(Duration::from_secs(1));
    cluster.tell(0, Event::StepDown(key, cool_off));
    cluster.run_for(cool_off - Duration::from_millis(10));
    assert_eq!(cluster.leader(key), None);
    cluster.run_for(Duration::from_millis(30));
    assert_eq!(cluster.leader(key), Some(0));
}

/// A key that an operator deletes or releases by hand is protected by its fence alone, for as long
/// as its leader does not hear of it: a moment, where it is connected.
#[test]
fn l1_a_key_freed_by_hand_has_two_leaders_for_a_moment_only() {
    for seed in 0..HISTORIES {
        for free in [Cluster::delete_key, Cluster::release_key] {
            let (mut cluster, _) = led(seed);
            let key = cluster.keys[0];
            let old = cluster.leader(key).expect("it is led");
            let before = cluster.nodes[old].believes(cluster.now, key);
            free(&mut cluster, key);
            cluster.run_for(Duration::from_millis(5));
            assert_ne!(cluster.nodes[old].believes(cluster.now, key), before, "seed {seed}");
            let again = |cluster: &Cluster| cluster.leader(key).is_some();
            assert!(cluster.run_while_not(Duration::from_millis(50), again));
        }
    }
}
