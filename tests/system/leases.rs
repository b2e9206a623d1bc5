//! Nodes of different leases stand for one key: a leader is waited for by the lease that its beats carry,
//! whatever lease the others have.

use std::time::Duration;

use tests::history::{ALLOWANCE, Moment};
use tests::{Agent, Way, each_consul};

use crate::stage::{LET_GO, Post, Stage};

const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(6);

/// The other leads no sooner than the leader's trust is over, which the history shows, and no later
/// than the leader's lease.
#[track_caller]
fn takes(stage: &Stage, leader: &Post, other: &Post, since: Moment, fault: &str) {
    let (from, to) = (leader.lease.get(), other.lease.get());
    stage.follows(other, since, from + ALLOWANCE, &format!("{fault}, {from:?} then {to:?}"));
}

/// A fault befalls the leader of the short lease, then that of the long one.
#[track_caller]
fn befalls_both(fault: &str, befall: impl Fn(&Post) -> Moment, mend: impl Fn(&Post)) {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = Stage::leased(consul.version(), &agent.addr(), &[SHORT, LONG]);
        for _ in 0..2 {
            let (leader, other) = stage.roles();
            let since = befall(leader);
            takes(&stage, leader, other, since, fault);
            mend(leader);
        }
        stage.roles();
        stage.close_within(LONG + ALLOWANCE);
    });
}

#[test]
fn no_two_lead_where_leases_differ_and_the_leader_is_cut_off() {
    let cut = |leader: &Post| {
        let since = Moment::now();
        leader.proxy.drop_bytes(Way::Both);
        since
    };
    befalls_both("cut", cut, |leader| leader.proxy.heal());
}

#[test]
fn no_two_lead_where_leases_differ_and_the_leader_is_frozen() {
    befalls_both("frozen", Post::freeze, Post::thaw);
}

#[test]
fn no_two_lead_where_leases_differ_and_the_leader_is_killed() {
    befalls_both("killed", Post::kill, Post::start);
}

/// The recipe in `examples/deploy/README.md`.
#[test]
fn a_rolling_update_changes_the_lease_without_a_gap_to_a_longer_one_and_back() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let stage = Stage::leased(consul.version(), &agent.addr(), &[SHORT, SHORT]);
        for lease in [LONG, SHORT] {
            let (leader, other) = stage.roles();
            other.terminate();
            other.lease.set(lease);
            other.start();
            other.wait_to_stand_by();
            let since = leader.terminate();
            stage.follows(other, since, LET_GO, &format!("leader stopped, to get {lease:?}"));
            leader.lease.set(lease);
            leader.start();
            leader.wait_to_stand_by();
        }
        let (leader, other) = stage.roles();
        let since = leader.kill();
        takes(&stage, leader, other, since, "killed after the update");
        stage.close_within(LONG + ALLOWANCE);
    });
}
