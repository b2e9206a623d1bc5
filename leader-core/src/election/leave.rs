//! Leaving: every key let go, then the beat, then the session; bounded, Consul or not.

use std::time::Duration;

use super::Election;
use super::action::{Action, Stop};
use super::contest::{Seen, Stand};
use super::id::KeyId;
use super::request::Call;
use super::session::Session;
use super::time::Timestamp;

/// Whether the process still stands for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// It does.
    Running,
    /// It lets go; the service was last heard, or last had nothing to answer, at `heard`. Whatever
    /// is not done by `by` stays undone.
    Leaving { heard: Timestamp, by: Timestamp },
    /// It is gone: no action ever again.
    Left,
}

/// How long to wait for a service that says nothing.
const PATIENCE: Duration = Duration::from_millis(500);

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
        self.phase = Phase::Leaving { heard: now, by: now + within };
        self.cancel(|call| matches!(call, Call::Read(_) | Call::Watch(..) | Call::ReadBeat(_)));
        for contest in &mut self.contests {
            contest.drain(&mut self.actions);
        }
    }

    pub(super) fn leave_due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Leaving { by, .. } if self.is_draining() => Some(by),
            Phase::Leaving { heard, by } => Some(by.min(heard + PATIENCE)),
            Phase::Running | Phase::Left => None,
        }
    }

    fn is_draining(&self) -> bool {
        self.contests.iter().any(|contest| matches!(contest.stand, Stand::Draining { .. }))
    }

    pub(super) fn plan_leave(&mut self, now: Timestamp) {
        let Some(limit) = self.leave_due() else { return };
        let own = self.session();
        let holds = |seen: &Seen| own.is_some() && seen.holder() == own;
        let busy =
            self.contests.iter().any(|contest| contest.stand != Stand::By || holds(&contest.seen));
        match &self.session {
            Session::Absent { .. } if !self.is_draining() => self.leave(),
            // Some key was not answered for, or its work did not end: the beat and the session stay,
            // so that the key can be taken, which is as quick as the lock delay that a destroyed
            // session would cost.
            _ if now >= limit => self.leave(),
            Session::Live(_) if !busy => self.close_session(now),
            Session::Live(_) | Session::Creating { .. } | Session::Absent { .. } => {}
        }
    }

    fn leave(&mut self) {
        self.cancel(|_| true);
        for (key, contest) in (0..).map(KeyId).zip(&mut self.contests) {
            contest.lose(key, Stop::Abandoned, &mut self.actions);
        }
        self.trusted_until = None;
        self.phase = Phase::Left;
        self.actions.push_back(Action::Leave);
    }
}
