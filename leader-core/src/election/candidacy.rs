//! The candidacy of this process for one key: its state, and the last view of the key.

use std::collections::VecDeque;
use std::time::Duration;

use super::action::{Action, Stop};
use super::folder::Folder;
use super::id::{Fence, FolderId, Index, KeyId, SessionId, Term};
use super::leave::Phase;
use super::request::KeyView;
use super::time::Timestamp;
use super::{Election, Liveness};

/// A key that this process campaigns for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidacy {
    pub(super) folder: FolderId,
    pub(super) seen: Seen,
    pub(super) state: KeyState,
    /// Whether the campaign goes on; false once it was withdrawn.
    pub(super) wanted: bool,
    /// End of the cool-off after a step-down.
    pub(super) cool_off_until: Timestamp,
    /// Earliest time of the next try after a failure.
    pub(super) retry_at: Timestamp,
    /// Whether the last acquisition was lost to another node. If it happens again, the next try
    /// waits: trying faster does not help.
    pub(super) lost_last_race: bool,
}

/// Last view of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// None that could be acted on.
    Unknown,
    Absent,
    Free(Index),
    Held(SessionId, Index),
    /// The key belongs to another tool.
    Conflict,
}

/// Role of this process for a key. The diagram is in the [module above](super).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyState {
    Standby,
    /// An acquisition or a take is in flight; `moved`: the key was seen to change meanwhile.
    Acquiring {
        moved: bool,
    },
    Leading(Term),
    Lapsed {
        term: Term,
        resume_at: Timestamp,
    },
    /// The transaction that resumes a lapsed term is in flight.
    Resuming(Term),
    /// The work is ending; `stopped`: trust ended first.
    Draining {
        term: Term,
        stopped: bool,
    },
    Drained {
        fence: Fence,
        release_at: Timestamp,
    },
    /// The release is in flight.
    Releasing(Fence),
}

impl KeyState {
    /// Whether work may go on, and so heartbeats are needed.
    pub(super) const fn is_trusted(&self) -> bool {
        matches!(self, Self::Leading(_) | Self::Draining { stopped: false, .. })
    }

    /// Whether a transaction on the key is in flight.
    pub(super) const fn is_under_way(&self) -> bool {
        matches!(self, Self::Acquiring { .. } | Self::Resuming(_) | Self::Releasing(_))
    }

    /// Fence of the term that the service still records, trusted or not.
    const fn fence(&self) -> Option<Fence> {
        match self {
            Self::Leading(term)
            | Self::Lapsed { term, .. }
            | Self::Resuming(term)
            | Self::Draining { term, .. } => Some(term.fence),
            Self::Drained { fence, .. } | Self::Releasing(fence) => Some(*fence),
            Self::Standby | Self::Acquiring { .. } => None,
        }
    }
}

impl Seen {
    pub(super) const fn before_reading(liveness: Liveness) -> Self {
        match liveness {
            Liveness::Beats(_) => Self::Unknown,
            // there is nothing to read: the try itself shows who holds the key
            Liveness::Kernel { .. } => Self::Absent,
        }
    }

    pub(super) fn of(entry: Option<KeyView>) -> Self {
        match entry {
            None => Self::Absent,
            Some(entry) if entry.conflict => Self::Conflict,
            Some(KeyView { session: None, index, .. }) => Self::Free(index),
            Some(KeyView { session: Some(session), index, .. }) => Self::Held(session, index),
        }
    }

    pub(super) const fn holder(&self) -> Option<&SessionId> {
        match self {
            Self::Held(session, _) => Some(session),
            Self::Unknown | Self::Absent | Self::Free(_) | Self::Conflict => None,
        }
    }
}

impl Candidacy {
    pub(super) const fn new(folder: FolderId, seen: Seen) -> Self {
        let start = Timestamp::from_nanos(0);
        Self {
            folder,
            seen,
            state: KeyState::Standby,
            wanted: true,
            cool_off_until: start,
            retry_at: start,
            lost_last_race: false,
        }
    }

    pub(super) fn lapse(&mut self, now: Timestamp, actions: &mut VecDeque<Action>) {
        match &mut self.state {
            KeyState::Leading(term) => {
                actions.push_back(Action::Stop(*term, Stop::Lapsed));
                self.state = KeyState::Lapsed { term: *term, resume_at: now };
            }
            KeyState::Draining { term, stopped } if !*stopped => {
                actions.push_back(Action::Stop(*term, Stop::Lapsed));
                *stopped = true;
            }
            _ => {}
        }
    }

    /// Ends the term, if there is one: this process does not hold the key.
    pub(super) fn lose(&mut self, key: KeyId, why: Stop, actions: &mut VecDeque<Action>) {
        match self.state {
            KeyState::Leading(term) | KeyState::Draining { term, stopped: false } => {
                actions.push_back(Action::Stop(term, why));
            }
            // seen free, or the session is gone, before the release was answered
            KeyState::Drained { .. } | KeyState::Releasing(_) => {
                actions.push_back(Action::Freed(key))
            }
            _ => {}
        }
        self.state = KeyState::Standby;
    }

    pub(super) fn drain(&mut self, actions: &mut VecDeque<Action>) {
        let (term, stopped) = match self.state {
            KeyState::Leading(term) => (term, false),
            KeyState::Lapsed { term, .. } | KeyState::Resuming(term) => (term, true),
            _ => return,
        };
        actions.push_back(Action::Drain(term));
        self.state = KeyState::Draining { term, stopped };
    }

    /// Takes in a view of the key that is as new as `index`.
    pub(super) fn see(
        &mut self,
        key: KeyId,
        index: Index,
        entry: Option<KeyView>,
        own: Option<&SessionId>,
        actions: &mut VecDeque<Action>,
    ) {
        let seen = Seen::of(entry);
        if let Some(fence) = self.state.fence() {
            let ours = matches!(&seen, Seen::Held(session, at) if Some(session) == own && *at == fence.index());
            if ours || index < fence.index() {
                // a view from before the acquisition proves nothing about it
                return;
            }
            // A key of ours at another index is lost as well: somebody wrote over the key, so the
            // fence that running work names is no longer the key's. It is acquired again.
            self.lose(key, Stop::KeyLost, actions);
        }
        if seen == Seen::Conflict && self.seen != Seen::Conflict {
            actions.push_back(Action::Conflict(key));
        }
        if let KeyState::Acquiring { moved } = &mut self.state {
            *moved |= self.seen != seen;
        }
        self.seen = seen;
    }
}

impl Election {
    pub(super) fn handle_drained(&mut self, now: Timestamp, drained: Term) {
        let candidacy = &mut self.candidacies[drained.key.0 as usize];
        let KeyState::Draining { term, stopped } = candidacy.state else { return };
        if term != drained {
            return;
        }
        if !stopped {
            self.actions.push_back(Action::Stop(term, Stop::Released));
        }
        candidacy.state = KeyState::Drained { fence: term.fence, release_at: now };
        if let Phase::Leaving { waiting_since, .. } = &mut self.phase {
            *waiting_since = now;
        }
    }

    pub(super) fn handle_campaign(&mut self, now: Timestamp, key: KeyId, folder: FolderId) {
        match self.candidacies.get_mut(key.0 as usize) {
            Some(candidacy) if candidacy.wanted => return,
            Some(candidacy) => candidacy.wanted = true,
            None => {
                self.candidacies.push(Candidacy::new(folder, Seen::before_reading(self.liveness)))
            }
        }
        let folders = self.folders.len().max(folder.0 as usize + 1);
        self.folders.resize_with(folders, Folder::default);
        self.has_new_keys = true;
        self.folders[folder.0 as usize].schedule_read(now);
    }

    pub(super) fn handle_withdraw(&mut self, key: KeyId) {
        let candidacy = &mut self.candidacies[key.0 as usize];
        candidacy.wanted = false;
        candidacy.drain(&mut self.actions);
    }

    pub(super) fn handle_step_down(&mut self, now: Timestamp, key: KeyId, cool_off: Duration) {
        let own = self.session.live().map(|live| &live.id);
        let candidacy = &mut self.candidacies[key.0 as usize];
        // a standby gives nothing up, and must stay: the command may have gone to all nodes
        let is_ours = candidacy.seen.holder().is_some_and(|holder| Some(holder) == own);
        if candidacy.state == KeyState::Standby && !is_ours {
            return;
        }
        candidacy.cool_off_until = candidacy.cool_off_until.max(now + cool_off);
        candidacy.drain(&mut self.actions);
    }
}
