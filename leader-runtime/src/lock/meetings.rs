//! Whom a standby says that it stands by for: each leader once, and nothing of a key twice within ten
//! minutes, however often its leader changes.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::election::{Election, KeyId, SessionId, Timestamp};

/// What was said since this process last led anything.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    said: BTreeMap<KeyId, Said>,
}

#[derive(Debug)]
struct Said {
    session: SessionId,
    at: Timestamp,
    /// Who leads since, and is to be told of later.
    next: Option<SessionId>,
}

const QUIET: Duration = Duration::from_secs(600);

impl Meetings {
    /// This session leads this key; true where that is to be said now.
    pub(super) fn meet(&mut self, now: Timestamp, session: SessionId, key: KeyId) -> bool {
        match self.said.get_mut(&key) {
            Some(said) if said.session == session => {
                said.next = None;
                false
            }
            Some(said) if now.since(said.at) < QUIET => {
                said.next = Some(session);
                false
            }
            _ => {
                self.said.insert(key, Said { session, at: now, next: None });
                true
            }
        }
    }

    /// The keys of which something new can be said by now, and still holds.
    pub(super) fn due(&mut self, now: Timestamp, election: &Election) -> Vec<KeyId> {
        let mut due = Vec::new();
        for (key, said) in &mut self.said {
            if now.since(said.at) >= QUIET
                && let Some(session) = said.next.take()
                && election.holder(*key) == Some(&session)
            {
                *said = Said { session, at: now, next: None };
                due.push(*key);
            }
        }
        due
    }

    /// This process leads: what comes after that is news.
    pub(super) fn forget(&mut self) {
        self.said.clear();
    }
}
