//! Watches every process and knows the laws: what is broken is written down, with what led there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use leader_core::election::{Action, Call, Fence, KeyId, Stop, Term, Timestamp};

use crate::node::Node;

/// A law that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) law: &'static str,
    pub(crate) what: String,
}

/// How often what happened: a run in which nothing happens proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) gained: u64,
    pub(crate) resumed: u64,
    pub(crate) lapsed: u64,
    pub(crate) session_lost: u64,
    pub(crate) key_lost: u64,
    pub(crate) released: u64,
    pub(crate) moved_by_take: u64,
    pub(crate) moved_by_release: u64,
    pub(crate) late_answers: u64,
    pub(crate) expired: u64,
    pub(crate) left: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Checker {
    pub(crate) violations: Vec<Violation>,
    pub(crate) counters: Counters,
    /// The last things that happened, for people; only kept where it is asked for.
    pub(crate) journal: Option<Vec<String>>,
    now: Duration,
    outputs: DefaultHasher,
    /// The newest term of each key that was started anywhere.
    newest: BTreeMap<KeyId, Fence>,
    /// Terms that an operator ended by hand, of which nobody but the fence protects.
    excused: BTreeSet<(KeyId, Fence)>,
    lawless_until: Duration,
    watched: BTreeMap<usize, Watched>,
}

/// Observations of one process's life.
#[derive(Debug, Default)]
struct Watched {
    draining: BTreeMap<KeyId, Term>,
    /// Given up, and not yet said to be free.
    releasing: BTreeSet<KeyId>,
    /// When the last thing happened that a leaving process may wait for.
    bound: Option<Timestamp>,
    /// The longest time that an answer took.
    longest_answer: Duration,
    has_left: bool,
    actions_at: (Timestamp, usize),
}

/// Actions of one process at one instant, for so many keys.
const fn most_actions(keys: usize) -> usize {
    40 + 20 * keys
}

/// How long a leaving process waits for a service that says nothing, beyond what answers took.
const PATIENCE: Duration = Duration::from_millis(500);

impl Checker {
    pub(crate) fn new(journal: bool) -> Self {
        Self { journal: journal.then(Vec::new), ..Self::default() }
    }

    pub(crate) fn pass(&mut self, now: Duration) {
        self.now = now;
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.journal {
            journal.push(format!("{:>12.6} {}", self.now.as_secs_f64(), what()));
        }
    }

    pub(crate) fn violation(&mut self, law: &'static str, what: impl fmt::Display) {
        let what = format!("at {:.6}: {what}", self.now.as_secs_f64());
        self.note(|| format!("!! {law}: {what}"));
        self.violations.push(Violation { law, what });
    }

    /// The sum of all outputs so far.
    pub(crate) fn outputs(&self) -> u64 {
        self.outputs.finish()
    }

    /// An operator frees or deletes the key by hand: its term is protected by its fence alone.
    pub(crate) fn excuse(&mut self, key: KeyId, fence: Fence) {
        self.excused.insert((key, fence));
    }

    /// Consul has lost its memory, fences and all: whoever trusts on does so for this long.
    pub(crate) fn excuse_all(&mut self, span: Duration) {
        self.lawless_until = self.now + span;
        self.newest.clear();
    }

    fn is_excused(&self, term: Term) -> bool {
        self.now < self.lawless_until || self.excused.contains(&(term.key, term.fence))
    }

    pub(crate) fn born(&mut self, node: usize) {
        self.watched.insert(node, Watched::default());
    }

    pub(crate) fn shut_down(&mut self, node: usize, local: Timestamp) {
        self.watched.entry(node).or_default().bound = Some(local);
    }

    /// A leaving process heard something that it may have waited for.
    pub(crate) fn heard(&mut self, node: usize, local: Timestamp) {
        if let Some(bound) = &mut self.watched.entry(node).or_default().bound {
            *bound = local;
        }
    }

    /// An answer took so long.
    pub(crate) fn took(&mut self, node: usize, span: Duration, is_watch: bool) {
        if !is_watch {
            let longest = &mut self.watched.entry(node).or_default().longest_answer;
            *longest = span.max(*longest);
        }
    }

    pub(crate) fn drained(&mut self, node: usize, term: Term) {
        let draining = &mut self.watched.entry(node).or_default().draining;
        if draining.get(&term.key) == Some(&term) {
            draining.remove(&term.key);
        }
    }

    /// Checks an action of the process at this local instant, before it is carried out.
    pub(crate) fn act(&mut self, id: usize, node: &Node, action: &Action, keys: usize) {
        let local = node.now(self.now);
        (id, local, action).hash(&mut self.outputs);
        self.note(|| format!("node {id}: {action:?}"));
        let watched = self.watched.entry(id).or_default();
        if watched.actions_at.0 != local {
            watched.actions_at = (local, 0);
        }
        watched.actions_at.1 += 1;
        if watched.actions_at.1 > most_actions(keys) {
            self.violation("L6", format_args!("node {id} never ends at one instant"));
        }
        if self.watched.entry(id).or_default().has_left {
            self.violation("L7", format_args!("node {id} has left and says {action:?}"));
        }
        match action {
            Action::Start(term) => self.start(id, node, *term),
            Action::Stop(term, why) => self.stop(id, node, *term, *why),
            Action::Drain(term) => {
                self.watched.entry(id).or_default().draining.insert(term.key, *term);
            }
            Action::Request(request) => {
                if let Call::Release { keys, .. } = &request.call {
                    for (key, fence) in keys {
                        self.release(id, node, *key, *fence);
                    }
                }
            }
            Action::Freed(key) => {
                self.watched.entry(id).or_default().releasing.remove(key);
            }
            Action::Leave => self.leave(id, node, local),
            Action::Cancel(_) | Action::Conflict(_) | Action::LeaderSeen(..) => {}
        }
    }

    fn start(&mut self, id: usize, node: &Node, term: Term) {
        match term.resumptions {
            0 => self.counters.gained += 1,
            _ => self.counters.resumed += 1,
        }
        if self.watched.entry(id).or_default().releasing.contains(&term.key) {
            self.violation(
                "freed",
                format_args!("node {id} starts {term:?} and never said: freed"),
            );
        }
        if node.published.started.contains_key(&term.key) {
            self.violation("L4", format_args!("node {id} starts {term:?} before the stop"));
        }
        let until = node.election.as_ref().and_then(|election| election.trusted_until());
        if until.is_none_or(|until| until <= node.now(self.now)) {
            self.violation("L2", format_args!("node {id} starts {term:?} outside trust"));
        }
        if node.shutting_down {
            self.violation("L7", format_args!("node {id} starts {term:?} after its shutdown"));
        }
        let newest = self.newest.get(&term.key).copied();
        let rises = match term.resumptions {
            0 => newest.is_none_or(|newest| newest < term.fence),
            _ => newest.is_none_or(|newest| newest <= term.fence),
        };
        if !rises && !self.is_excused(term) {
            self.violation("L10", format_args!("node {id} starts {term:?} after {newest:?}"));
        }
        if self.now >= self.lawless_until {
            self.newest.insert(term.key, newest.max(Some(term.fence)).unwrap_or(term.fence));
        }
    }

    fn stop(&mut self, id: usize, node: &Node, term: Term, why: Stop) {
        match why {
            Stop::Lapsed => self.counters.lapsed += 1,
            Stop::SessionLost => self.counters.session_lost += 1,
            Stop::KeyLost => self.counters.key_lost += 1,
            _ => self.counters.released += 1,
        }
        if node.published.started.get(&term.key) != Some(&term) {
            self.violation("L4", format_args!("node {id} stops {term:?}, which was not started"));
        }
        let watched = self.watched.entry(id).or_default();
        if why == Stop::Released {
            watched.releasing.insert(term.key);
        }
        if why == Stop::Released && watched.draining.contains_key(&term.key) {
            self.violation("L3", format_args!("node {id} gives up {term:?} before it has drained"));
        }
    }

    fn release(&mut self, id: usize, node: &Node, key: KeyId, fence: Fence) {
        let draining = self.watched.entry(id).or_default().draining.get(&key);
        let drains = draining.is_some_and(|term| term.fence == fence);
        if drains || node.published.started.contains_key(&key) {
            self.violation("L3", format_args!("node {id} releases {key:?} under running work"));
        }
    }

    fn leave(&mut self, id: usize, node: &Node, local: Timestamp) {
        self.counters.left += 1;
        let watched = self.watched.entry(id).or_default();
        watched.has_left = true;
        let late = watched.bound.map(|bound| local.since(bound));
        let beat = node.timing.beat();
        let lateness = match watched.longest_answer {
            quick if quick < beat => Duration::ZERO,
            longest => longest + beat,
        };
        if late.is_none_or(|late| late > PATIENCE + lateness + Duration::from_millis(20)) {
            self.violation("L7", format_args!("node {id} leaves {late:?} after all was quiet"));
        }
        if !node.published.started.is_empty() {
            let started = &node.published.started;
            self.violation("L4", format_args!("node {id} leaves with {started:?} not stopped"));
        }
    }

    /// Everything works since long: whoever waits for a key to be free has been told.
    pub(crate) fn all_is_calm(&mut self, id: usize) {
        let releasing = self.watched.entry(id).or_default().releasing.clone();
        if !releasing.is_empty() {
            self.violation("freed", format_args!("node {id} never said it of {releasing:?}"));
        }
    }

    /// No two believe, now that one of them has changed its mind.
    pub(crate) fn judge(&mut self, changed: usize, nodes: &[Node], keys: &[KeyId]) {
        for &key in keys {
            let Some(term) = nodes[changed].believes(self.now, key) else { continue };
            for (other, node) in nodes.iter().enumerate() {
                if other != changed
                    && let Some(rival) = node.believes(self.now, key)
                    && !self.is_excused(term)
                    && !self.is_excused(rival)
                {
                    self.violation(
                        "L1",
                        format_args!("nodes {changed} and {other} believe: {term:?}, {rival:?}"),
                    );
                }
            }
        }
    }
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, mut other: Self) {
        for (count, more) in self.counts().into_iter().zip(other.counts()) {
            *count += *more;
        }
    }
}

impl Counters {
    /// All of the counts. A new field does not compile before it is among them.
    fn counts(&mut self) -> [&mut u64; 11] {
        let Self {
            gained,
            resumed,
            lapsed,
            session_lost,
            key_lost,
            released,
            moved_by_take,
            moved_by_release,
            late_answers,
            expired,
            left,
        } = self;
        [
            gained,
            resumed,
            lapsed,
            session_lost,
            key_lost,
            released,
            moved_by_take,
            moved_by_release,
            late_answers,
            expired,
            left,
        ]
    }

    /// Whether everything happened that the laws are about.
    pub(crate) fn assert_meaningful(mut self) {
        let all = self;
        for count in self.counts() {
            assert!(*count > 0, "something never happened, so nothing is proven: {all:?}");
        }
    }
}
