//! Rate limit for the "standing by" log line: once per leader, and at most once per key in ten
//! minutes, however often its leader changes.

use std::collections::BTreeMap;

use leader_core::election::{Election, KeyId, SessionId, Timestamp};

use crate::throttle::Throttle;

/// The leaders that were logged since this process last led anything.
#[derive(Debug, Default)]
pub(in crate::leadership) struct StandbyLog {
    throttle: Throttle<KeyId>,
    leaders: BTreeMap<KeyId, Logged>,
}

#[derive(Debug)]
struct Logged {
    session: SessionId,
    /// The leader that followed, to be logged later.
    next: Option<SessionId>,
}

impl StandbyLog {
    /// Takes in that `session` leads the key. Returns whether to log it now.
    pub(in crate::leadership) fn observe(
        &mut self,
        now: Timestamp,
        session: SessionId,
        key: KeyId,
    ) -> bool {
        match self.leaders.get_mut(&key) {
            Some(logged) if logged.session == session => {
                logged.next = None;
                false
            }
            Some(logged) if !self.throttle.is_open(now, &key) => {
                logged.next = Some(session);
                false
            }
            _ => {
                self.throttle.admit(now, key);
                self.leaders.insert(key, Logged { session, next: None });
                true
            }
        }
    }

    /// Returns the keys whose new leader can be logged by now, and still leads.
    pub(in crate::leadership) fn due(&mut self, now: Timestamp, election: &Election) -> Vec<KeyId> {
        let mut due = Vec::new();
        for (key, logged) in &mut self.leaders {
            if logged.next.is_some()
                && self.throttle.is_open(now, key)
                && let Some(session) = logged.next.take()
                && election.holder(*key) == Some(&session)
            {
                self.throttle.admit(now, *key);
                *logged = Logged { session, next: None };
                due.push(*key);
            }
        }
        due
    }

    /// Forgets all leaders: after a term of this process each is news.
    pub(in crate::leadership) fn clear(&mut self) {
        self.throttle.clear();
        self.leaders.clear();
    }
}
