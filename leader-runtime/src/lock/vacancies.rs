//! Since when this process sees keys without a leader that lives, until it leads them itself.

use std::collections::BTreeMap;

use leader_core::election::{Call, Election, KeyId, Pace, Timestamp};

/// The keys that this process has asked for.
#[derive(Debug, Default)]
pub(super) struct Vacancies(BTreeMap<KeyId, Vacancy>);

/// The end of a leader, as this process saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vacancy {
    pub(super) since: Timestamp,
    /// It had not let go, and was taken from.
    pub(super) was_silent: bool,
}

impl Vacancies {
    /// A key is asked for when it is seen free, and taken when its holder has been silent.
    pub(super) fn ask(&mut self, now: Timestamp, call: &Call, election: &Election) {
        match call {
            Call::Acquire { keys, .. } => {
                let free = Vacancy { since: now, was_silent: false };
                for (key, _) in keys {
                    let vacancy = self.0.entry(*key).or_insert(free);
                    // without a view of the keys, each try is a first look
                    if vacancy.was_silent || matches!(election.pace(), Pace::Kernel { .. }) {
                        *vacancy = free;
                    }
                }
            }
            Call::Take { keys, from, .. } => {
                let since = election.last_beat(from).unwrap_or(now);
                let silent = Vacancy { since, was_silent: true };
                self.0.extend(keys.iter().map(|key| (*key, silent)));
            }
            _ => {}
        }
    }

    /// A key that another got has a leader.
    pub(super) fn look(&mut self, election: &Election) {
        self.0.retain(|key, vacancy| vacancy.was_silent || election.holder(*key).is_none());
    }

    /// This process leads the key.
    pub(super) fn fill(&mut self, key: KeyId) -> Option<Vacancy> {
        self.0.remove(&key)
    }
}
