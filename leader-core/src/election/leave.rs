//! Graceful shutdown: releases every key, then ends the session, then deletes the beat. Bounded in
//! time, whether Consul answers or not.

use std::time::Duration;

use super::Election;
use super::action::{Action, Stop};
use super::candidacy::{KeyState, Seen};
use super::id::KeyId;
use super::request::Call;
use super::session::Session;
use super::time::Timestamp;

/// Phase of the process's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// It campaigns and leads.
    Running,
    /// It releases its keys. `waiting_since`: time of the last answer, or of the last moment with
    /// nothing to answer. `by`: time at which it leaves with whatever is undone.
    Leaving { waiting_since: Timestamp, by: Timestamp },
    /// It has left: no action follows.
    Left,
}

/// Timeout of a service that does not answer, beyond the time that its answers took before.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

impl Election {
    pub(super) fn handle_shutdown(&mut self, now: Timestamp, within: Duration) {
        match &mut self.phase {
            Phase::Running => {}
            Phase::Leaving { by, .. } => {
                *by = (*by).min(now + within);
                return;
            }
            Phase::Left => return,
        }
        self.phase = Phase::Leaving { waiting_since: now, by: now + within };
        self.cancel(|pending| {
            matches!(pending.call, Call::Read(_) | Call::Watch(..) | Call::ReadBeat(_))
        });
        for candidacy in &mut self.candidacies {
            candidacy.drain(&mut self.actions);
        }
    }

    pub(super) fn leave_due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Leaving { by, .. } if self.is_draining() => Some(by),
            Phase::Leaving { waiting_since, by } => {
                Some(by.min(waiting_since + SHUTDOWN_TIMEOUT + self.lateness()))
            }
            Phase::Running | Phase::Left => None,
        }
    }

    fn is_draining(&self) -> bool {
        self.candidacies
            .iter()
            .any(|candidacy| matches!(candidacy.state, KeyState::Draining { .. }))
    }

    pub(super) fn plan_leave(&mut self, now: Timestamp) {
        let Some(limit) = self.leave_due() else { return };
        let own = self.session();
        let holds = |seen: &Seen| own.is_some() && seen.holder() == own;
        let busy = self
            .candidacies
            .iter()
            .any(|candidacy| candidacy.state != KeyState::Standby || holds(&candidacy.seen));
        match &self.session {
            Session::Absent { .. } if !self.is_draining() => self.leave(),
            // A release was not answered, or work did not end. The beat and the session stay, so
            // that another node can take the key; that is as quick as the lock delay which a
            // destroyed session would cost.
            _ if now >= limit => self.leave(),
            Session::Live(_) if !busy => self.close_session(now),
            Session::Live(_) | Session::Creating { .. } | Session::Absent { .. } => {}
        }
    }

    fn leave(&mut self) {
        self.cancel(|_| true);
        for (key, candidacy) in (0..).map(KeyId).zip(&mut self.candidacies) {
            candidacy.lose(key, Stop::Abandoned, &mut self.actions);
        }
        self.trusted_until = None;
        self.phase = Phase::Left;
        self.actions.push_back(Action::Leave);
    }
}
