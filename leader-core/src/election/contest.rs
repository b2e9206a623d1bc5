//! One key: what was last seen of it, and where this process stands with it.

use std::collections::VecDeque;
use std::time::Duration;

use super::action::{Action, Stop};
use super::folder::Folder;
use super::id::{Fence, FolderId, Index, KeyId, SessionId, Term};
use super::leave::Phase;
use super::request::Entry;
use super::time::Timestamp;
use super::{Election, Pace};

/// One key that this process stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Contest {
    pub(super) folder: FolderId,
    pub(super) seen: Seen,
    pub(super) stand: Stand,
    /// Whether anybody wants it led.
    pub(super) wanted: bool,
    /// Stepped down: does not stand again before.
    pub(super) stands_from: Timestamp,
    /// Something failed: not tried again before.
    pub(super) retry_at: Timestamp,
    /// Somebody was quicker the last time: whoever is so twice is not outrun by trying faster.
    pub(super) refused: bool,
}

/// What the lock service was last seen to say of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// Nothing that could be acted on.
    Unknown,
    Absent,
    Free(Index),
    Held(SessionId, Index),
    /// It belongs to another tool.
    Conflict,
}

/// Where this process stands with a key. The diagram is in the [module above](super).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stand {
    By,
    /// An acquisition or a take is on its way; `moved`: the key was seen to change meanwhile.
    Asking {
        moved: bool,
    },
    Leading(Term),
    Lapsed {
        term: Term,
        resume_at: Timestamp,
    },
    /// Lapsed, and the transaction that resumes it is on its way.
    Resuming(Term),
    /// `stopped`: trust ended before the work did.
    Draining {
        term: Term,
        stopped: bool,
    },
    Releasing {
        fence: Fence,
        release_at: Timestamp,
    },
    /// The release is on its way.
    Freeing(Fence),
}

impl Stand {
    /// Work may go on, and beats have to vouch for it.
    pub(super) const fn is_trusted(&self) -> bool {
        matches!(self, Self::Leading(_) | Self::Draining { stopped: false, .. })
    }

    /// A transaction on the key is on its way.
    pub(super) const fn is_under_way(&self) -> bool {
        matches!(self, Self::Asking { .. } | Self::Resuming(_) | Self::Freeing(_))
    }

    /// The term that the service is believed to record, whether trusted or not.
    const fn fence(&self) -> Option<Fence> {
        match self {
            Self::Leading(term)
            | Self::Lapsed { term, .. }
            | Self::Resuming(term)
            | Self::Draining { term, .. } => Some(term.fence),
            Self::Releasing { fence, .. } | Self::Freeing(fence) => Some(*fence),
            Self::By | Self::Asking { .. } => None,
        }
    }
}

impl Seen {
    pub(super) const fn before_reading(pace: Pace) -> Self {
        match pace {
            Pace::Beats(_) => Self::Unknown,
            // nothing to read: the try itself tells
            Pace::Kernel { .. } => Self::Absent,
        }
    }

    pub(super) fn of(entry: Option<Entry>) -> Self {
        match entry {
            None => Self::Absent,
            Some(entry) if entry.conflict => Self::Conflict,
            Some(Entry { session: None, index, .. }) => Self::Free(index),
            Some(Entry { session: Some(session), index, .. }) => Self::Held(session, index),
        }
    }

    pub(super) const fn holder(&self) -> Option<&SessionId> {
        match self {
            Self::Held(session, _) => Some(session),
            Self::Unknown | Self::Absent | Self::Free(_) | Self::Conflict => None,
        }
    }
}

impl Contest {
    pub(super) const fn new(folder: FolderId, seen: Seen) -> Self {
        let start = Timestamp::from_nanos(0);
        Self {
            folder,
            seen,
            stand: Stand::By,
            wanted: true,
            stands_from: start,
            retry_at: start,
            refused: false,
        }
    }

    pub(super) fn lapse(&mut self, now: Timestamp, actions: &mut VecDeque<Action>) {
        match &mut self.stand {
            Stand::Leading(term) => {
                actions.push_back(Action::Stop(*term, Stop::Lapsed));
                self.stand = Stand::Lapsed { term: *term, resume_at: now };
            }
            Stand::Draining { term, stopped } if !*stopped => {
                actions.push_back(Action::Stop(*term, Stop::Lapsed));
                *stopped = true;
            }
            _ => {}
        }
    }

    /// The key is not, or no longer, this process's.
    pub(super) fn lose(&mut self, key: KeyId, why: Stop, actions: &mut VecDeque<Action>) {
        match self.stand {
            Stand::Leading(term) | Stand::Draining { term, stopped: false } => {
                actions.push_back(Action::Stop(term, why));
            }
            // seen free, or the session is gone, before the release was answered
            Stand::Releasing { .. } | Stand::Freeing(_) => actions.push_back(Action::Freed(key)),
            _ => {}
        }
        self.stand = Stand::By;
    }

    pub(super) fn drain(&mut self, actions: &mut VecDeque<Action>) {
        let (term, stopped) = match self.stand {
            Stand::Leading(term) => (term, false),
            Stand::Lapsed { term, .. } | Stand::Resuming(term) => (term, true),
            _ => return,
        };
        actions.push_back(Action::Drain(term));
        self.stand = Stand::Draining { term, stopped };
    }

    /// Takes in what the service says of the key; `index` is how new that is.
    pub(super) fn see(
        &mut self,
        key: KeyId,
        index: Index,
        entry: Option<Entry>,
        own: Option<&SessionId>,
        actions: &mut VecDeque<Action>,
    ) {
        let seen = Seen::of(entry);
        if let Some(fence) = self.stand.fence() {
            let ours = matches!(&seen, Seen::Held(session, at) if Some(session) == own && *at == fence.index());
            if ours || index < fence.index() {
                // a view from before the acquisition says nothing about it
                return;
            }
            // Ours at another index is lost as well: somebody wrote over the key, and the fence
            // that running work names is no longer the key's. It is acquired again.
            self.lose(key, Stop::KeyLost, actions);
        }
        if seen == Seen::Conflict && self.seen != Seen::Conflict {
            actions.push_back(Action::Conflict(key));
        }
        if let Stand::Asking { moved } = &mut self.stand {
            *moved |= self.seen != seen;
        }
        self.seen = seen;
    }
}

impl Election {
    pub(super) fn handle_drained(&mut self, now: Timestamp, drained: Term) {
        let contest = &mut self.contests[drained.key.0 as usize];
        let Stand::Draining { term, stopped } = contest.stand else { return };
        if term != drained {
            return;
        }
        if !stopped {
            self.actions.push_back(Action::Stop(term, Stop::Released));
        }
        contest.stand = Stand::Releasing { fence: term.fence, release_at: now };
        if let Phase::Leaving { heard, .. } = &mut self.phase {
            *heard = now;
        }
    }

    pub(super) fn handle_stand(&mut self, now: Timestamp, key: KeyId, folder: FolderId) {
        match self.contests.get_mut(key.0 as usize) {
            Some(contest) if contest.wanted => return,
            Some(contest) => contest.wanted = true,
            None => self.contests.push(Contest::new(folder, Seen::before_reading(self.pace))),
        }
        let folders = self.folders.len().max(folder.0 as usize + 1);
        self.folders.resize_with(folders, Folder::default);
        self.has_new_keys = true;
        self.folders[folder.0 as usize].read_by(now);
    }

    pub(super) fn handle_withdraw(&mut self, key: KeyId) {
        let contest = &mut self.contests[key.0 as usize];
        contest.wanted = false;
        contest.drain(&mut self.actions);
    }

    pub(super) fn handle_step_down(&mut self, now: Timestamp, key: KeyId, cool_off: Duration) {
        let own = self.session.live().map(|live| &live.id);
        let contest = &mut self.contests[key.0 as usize];
        // a standby has nothing to give: it has to be there for whoever asked all nodes
        let is_ours = contest.seen.holder().is_some_and(|holder| Some(holder) == own);
        if contest.stand == Stand::By && !is_ours {
            return;
        }
        contest.stands_from = contest.stands_from.max(now + cool_off);
        contest.drain(&mut self.actions);
    }
}
