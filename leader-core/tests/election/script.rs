//! A history to be lived through: processes, keys, and one fault after another; then calm, in which
//! every key has to be led again, and an orderly end.

use std::time::Duration;

use leader_core::election::{Event, KeyId, Layout};
use leader_core::{Lease, Timing};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::checker::{Counters, Violation};
use crate::cluster::{Cluster, NodeConfig, Outage};
use crate::node::Clock;
use crate::support::Mutation;

/// A fault or command at one moment. Nodes and keys are counted round, so that every number means one
/// that exists.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Crash(usize),
    /// The process that leads a key, and not any.
    CrashLeader(usize),
    Restart(usize),
    Freeze(usize, Duration),
    /// The process that leads a key gets no time.
    FreezeLeader(usize, Duration),
    CutRequests(usize, Duration),
    CutAnswers(usize, Duration),
    Storm(usize, Duration),
    Slow(usize, Duration),
    /// Answers are late by so many hundredths of the lease, by up to so many more at random, and so
    /// many of a hundred never come.
    Late(usize, u32, u32, u64),
    Outage(Duration, bool),
    Depose(usize, Duration),
    DestroySession(usize),
    DeleteKey(usize),
    ReleaseKey(usize),
    WriteKey(usize),
    LockByTool(usize, Duration),
    StepDown(usize, usize, Duration),
    LeaderStepsDown(usize, Duration),
    LeaderWithdraws(usize),
    Stand(usize, usize),
    Shutdown(usize),
    ForgetAll,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// Each process's lease in seconds, and by how many parts in a million its clock is off.
    pub(crate) nodes: Vec<(u64, i64)>,
    pub(crate) keys: usize,
    /// Each fault after a pause.
    pub(crate) faults: Vec<(Duration, Fault)>,
}

/// Result of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<Violation>,
    pub(crate) counters: Counters,
    pub(crate) outputs: u64,
    pub(crate) journal: Vec<String>,
}

/// Two machines' clocks run apart by less than `Timing::drift`: 5 %.
pub(crate) const RATES: std::ops::RangeInclusive<i64> = -20_000..=20_000;

/// Every fault at any time; or, in an enduring storm, the few that move keys about.
pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    prop_oneof![
        3 => scripts_of(vec((millis(0..=2_500), faults()), 0..14)),
        1 => scripts_of(vec((millis(0..=600), moves()), 0..20).prop_map(|mut moves| {
            let storm = |id| (Duration::ZERO, Fault::Storm(id, Duration::from_secs(12)));
            moves.splice(0..0, (0..3).map(storm));
            moves
        })),
    ]
}

fn scripts_of(
    faults: impl Strategy<Value = Vec<(Duration, Fault)>>,
) -> impl Strategy<Value = Script> {
    let nodes = vec((prop_oneof![3 => Just(1u64), 1 => 2..=3u64], RATES), 2..=3);
    (any::<u64>(), nodes, prop_oneof![2 => Just(1usize), 2 => Just(3), 1 => Just(8)], faults)
        .prop_map(|(seed, nodes, keys, faults)| Script { seed, nodes, keys, faults })
}

fn millis(range: std::ops::RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn faults() -> impl Strategy<Value = Fault> {
    let node = || 0..3usize;
    let key = || 0..8usize;
    let span = || millis(50..=3_500);
    let freeze = || prop_oneof![9 => millis(50..=3_500), 1 => millis(30_000..=40_000)];
    prop_oneof![
        3 => node().prop_map(Fault::Crash),
        4 => key().prop_map(Fault::CrashLeader),
        5 => node().prop_map(Fault::Restart),
        3 => (node(), freeze()).prop_map(|(node, span)| Fault::Freeze(node, span)),
        4 => (key(), freeze()).prop_map(|(key, span)| Fault::FreezeLeader(key, span)),
        4 => (node(), span()).prop_map(|(node, span)| Fault::CutRequests(node, span)),
        4 => (node(), span()).prop_map(|(node, span)| Fault::CutAnswers(node, span)),
        10 => (node(), span()).prop_map(|(node, span)| Fault::Storm(node, span)),
        2 => (node(), span()).prop_map(|(node, span)| Fault::Slow(node, span)),
        5 => (node(), 0..=50_u32, 0..=50_u32, 0..=10_u64)
            .prop_map(|(node, late, more, lossy)| Fault::Late(node, late, more, lossy)),
        4 => (span(), any::<bool>()).prop_map(|(span, errors)| Fault::Outage(span, errors)),
        4 => (node(), span()).prop_map(|(node, span)| Fault::Depose(node, span)),
        4 => key().prop_map(Fault::DestroySession),
        1 => key().prop_map(Fault::DeleteKey),
        1 => key().prop_map(Fault::ReleaseKey),
        2 => key().prop_map(Fault::WriteKey),
        1 => (key(), span()).prop_map(|(key, span)| Fault::LockByTool(key, span)),
        1 => (node(), key(), millis(0..=2_000))
            .prop_map(|(node, key, cool_off)| Fault::StepDown(node, key, cool_off)),
        4 => (key(), millis(0..=2_000)).prop_map(|(of, span)| Fault::LeaderStepsDown(of, span)),
        1 => key().prop_map(Fault::LeaderWithdraws),
        1 => (node(), key()).prop_map(|(node, key)| Fault::Stand(node, key)),
        3 => node().prop_map(Fault::Shutdown),
        1 => Just(Fault::ForgetAll),
    ]
}

fn moves() -> impl Strategy<Value = Fault> {
    let (node, key) = (|| 0..3usize, || 0..8usize);
    prop_oneof![
        4 => (key(), millis(0..=100)).prop_map(|(of, span)| Fault::LeaderStepsDown(of, span)),
        2 => key().prop_map(Fault::DestroySession),
        1 => (key(), millis(50..=1_500)).prop_map(|(of, span)| Fault::FreezeLeader(of, span)),
        1 => (node(), millis(50..=1_500)).prop_map(|(id, span)| Fault::CutAnswers(id, span)),
        1 => (node(), millis(50..=1_500)).prop_map(|(id, span)| Fault::Freeze(id, span)),
    ]
}

/// One key alone in its folder; three, two of which share one; or eight, of which some are in
/// folders that nobody watches.
pub(crate) fn layout(keys: usize) -> Layout {
    let all = ["a/x", "a/y", "b/z", "c/z", "d/z", "e/z", "f/z", "g/z"];
    Layout::new(all.into_iter().take(keys).map(str::to_owned))
}

pub(crate) fn configs(nodes: &[(u64, i64)]) -> Vec<NodeConfig> {
    let config = |(id, &(lease, rate)): (usize, &(u64, i64))| {
        let lease = Lease::new(Duration::from_secs(lease)).expect("a lease");
        let origin = 1_000_000_000 * (1 + id as u64);
        NodeConfig { timing: Timing::new(lease), clock: Clock { origin, rate } }
    };
    nodes.iter().enumerate().map(config).collect()
}

impl Script {
    /// Lives through it. Where a law is broken, once more, with a journal.
    pub(crate) fn run(&self, mutation: Option<Mutation>) -> Outcome {
        let outcome = self.live(mutation, false);
        match outcome.violations.is_empty() || mutation.is_some() {
            true => outcome,
            false => self.live(mutation, true),
        }
    }

    fn live(&self, mutation: Option<Mutation>, journal: bool) -> Outcome {
        let mut configs = configs(&self.nodes);
        if mutation == Some(Mutation::FastClock) {
            configs[0].clock.rate = -150_000;
        }
        let layout = layout(self.keys);
        let mut cluster = Cluster::on_consul(self.seed, &configs, layout, mutation, journal);
        for (pause, fault) in &self.faults {
            cluster.run_for(*pause);
            cluster.checker.note(|| format!("-- {fault:?}"));
            cluster.strike(fault);
        }
        cluster.calm_down();
        for id in 0..cluster.nodes.len() {
            cluster.shut_down(id);
        }
        let all_left = |cluster: &Cluster| cluster.nodes.iter().all(|n| n.election.is_none());
        if !cluster.run_while_not(Duration::from_secs(20), all_left) {
            cluster.checker.violation("L7", "somebody never leaves");
        }
        let checker = cluster.checker;
        Outcome {
            outputs: checker.outputs(),
            violations: checker.violations,
            counters: checker.counters,
            journal: checker.journal.unwrap_or_default(),
        }
    }
}

impl Outcome {
    /// Journal up to the first violation.
    pub(crate) fn story(&self) -> String {
        const LINES: usize = 60;
        let end = self.journal.iter().position(|line| line.contains("!!"));
        let end = end.map_or(self.journal.len(), |end| end + 1);
        let lines = &self.journal[end.saturating_sub(LINES)..end];
        format!("{:#?}\n{}", self.violations.first(), lines.join("\n"))
    }
}

impl Cluster {
    fn strike(&mut self, fault: &Fault) {
        let now = self.now;
        let node = |id: &usize| id % self.nodes.len();
        let key = |key: &usize| self.keys[key % self.keys.len()];
        match fault {
            Fault::Crash(id) => self.crash(node(id)),
            Fault::CrashLeader(of) => {
                if let Some(id) = self.leader(key(of)) {
                    self.crash(id);
                }
            }
            Fault::Restart(id) => self.start(node(id)),
            Fault::Freeze(id, span) => self.freeze(node(id), *span),
            Fault::FreezeLeader(of, span) => {
                if let Some(id) = self.leader(key(of)) {
                    self.freeze(id, *span);
                }
            }
            Fault::CutRequests(id, span) => {
                let id = node(id);
                self.nodes[id].faults.deaf_service = now + *span;
            }
            Fault::CutAnswers(id, span) => {
                let id = node(id);
                self.nodes[id].faults.deaf_node = now + *span;
            }
            Fault::Storm(id, span) => {
                let id = node(id);
                self.nodes[id].faults.storm = now + *span;
            }
            Fault::Slow(id, span) => {
                let id = node(id);
                self.nodes[id].faults.slow = now + *span;
            }
            Fault::Late(id, late, more, lossy) => {
                let id = node(id);
                let node = &mut self.nodes[id];
                let hundredth = node.timing.lease().length() / 100;
                node.faults.late = hundredth * *late;
                node.faults.late_at_random = hundredth * *more;
                node.faults.lossy = *lossy;
            }
            Fault::Outage(span, true) => self.break_service(*span, Outage::Errors),
            Fault::Outage(span, false) => self.break_service(*span, Outage::Silence),
            Fault::Depose(id, span) => self.depose(node(id), *span),
            Fault::DestroySession(of) => self.destroy_session(key(of)),
            Fault::DeleteKey(of) => self.delete_key(key(of)),
            Fault::ReleaseKey(of) => self.release_key(key(of)),
            Fault::WriteKey(of) => self.write_key(key(of)),
            Fault::LockByTool(of, span) => self.lock_by_tool(key(of), *span),
            Fault::StepDown(id, of, cool_off) => {
                self.tell(node(id), Event::StepDown(key(of), *cool_off));
            }
            Fault::LeaderStepsDown(of, cool_off) => {
                if let Some(id) = self.leader(key(of)) {
                    self.tell(id, Event::StepDown(key(of), *cool_off));
                }
            }
            Fault::LeaderWithdraws(of) => {
                if let Some(id) = self.leader(key(of)) {
                    self.tell(id, Event::Withdraw(key(of)));
                }
            }
            Fault::Stand(id, of) => self.stand(node(id), key(of)),
            Fault::Shutdown(id) => self.shut_down(node(id)),
            Fault::ForgetAll => self.forget(),
        }
    }

    fn freeze(&mut self, id: usize, span: Duration) {
        let frozen = &mut self.nodes[id].faults.frozen;
        *frozen = (*frozen).max(self.now + span);
    }

    /// L9: when everything works and one process lives, every key is led; and stays led.
    fn calm_down(&mut self) {
        self.checker.note(|| "-- calm".into());
        self.heal();
        let frozen = self.nodes.iter().map(|node| node.faults.frozen).max();
        self.run_until(frozen.unwrap_or_default().max(self.now));
        // whoever was told to leave leaves first
        let settled = |cluster: &Self| {
            cluster.nodes.iter().all(|node| node.election.is_none() || !node.shutting_down)
        };
        if !self.run_while_not(Duration::from_secs(10), settled) {
            self.checker.violation("L7", "somebody never leaves, and everything works");
        }
        if self.nodes.iter().all(|node| node.election.is_none()) {
            self.start(0);
        }
        for id in 0..self.nodes.len() {
            for key in self.keys.clone() {
                self.stand(id, key);
            }
        }
        // what is late comes in within three leases; then one lease, and one for what it upset
        let lease = self.nodes.iter().map(|node| node.timing.lease().length()).max();
        self.run_for(lease.unwrap_or_default() * 5);
        for id in 0..self.nodes.len() {
            if self.nodes[id].election.is_some() {
                self.checker.all_is_calm(id);
            }
        }
        for _ in 0..5 {
            self.run_for(Duration::from_millis(170));
            let orphan = |key: &&KeyId| self.leader(**key).is_none();
            if let Some(key) = self.keys.iter().find(orphan) {
                let holder = self.consul.holder(*key);
                let what = format!("nobody leads {key:?}, held by {holder:?}");
                self.checker.violation("L9", what);
            }
        }
    }
}
