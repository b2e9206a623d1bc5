//! Measures takeovers: the time from the end of a leader, as this process saw it, to its own lead.

use std::collections::BTreeMap;

use leader_core::election::{Call, Election, KeyId, Liveness, Timestamp};

/// The keys without a live leader that this process has asked for.
#[derive(Debug, Default)]
pub(in crate::leadership) struct TakeoverTimer(BTreeMap<KeyId, Vacancy>);

/// The end of a leader, as this process saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::leadership) struct Vacancy {
    pub(in crate::leadership) since: Timestamp,
    /// Whether the leader fell silent, and the key was taken from it; otherwise it released the key.
    pub(in crate::leadership) was_silent: bool,
}

impl TakeoverTimer {
    /// Starts the timers of the keys that `call` asks for: a free key's at the first sight of it, a
    /// silent leader's at its last beat.
    pub(in crate::leadership) fn start(
        &mut self,
        now: Timestamp,
        call: &Call,
        election: &Election,
    ) {
        match call {
            Call::Acquire { keys, .. } => {
                let free = Vacancy { since: now, was_silent: false };
                for (key, _) in keys {
                    let vacancy = self.0.entry(*key).or_insert(free);
                    // without a view of the keys, each try is a first look
                    if vacancy.was_silent || matches!(election.liveness(), Liveness::Kernel { .. })
                    {
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

    /// Drops the timers of keys that another process got.
    pub(in crate::leadership) fn drop_led(&mut self, election: &Election) {
        self.0.retain(|key, vacancy| vacancy.was_silent || election.holder(*key).is_none());
    }

    /// Stops the timer of a key that this process leads now.
    pub(in crate::leadership) fn stop(&mut self, key: KeyId) -> Option<Vacancy> {
        self.0.remove(&key)
    }
}
