//! What the election asks of the lock service, and what the service may answer.

use std::time::Duration;

use super::id::{Attempt, Fence, FolderId, Index, KeyId, SessionId};

/// One call to the lock service. Exactly one [`Answer`] is due, within `timeout` and a little.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// By which its answer is known, and whose number its writes carry.
    pub attempt: Attempt,
    /// How long to wait for the service.
    pub timeout: Duration,
    /// What is asked.
    pub call: Call,
}

/// What is asked of the lock service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A session of this process. Answered by [`Answer::Session`].
    CreateSession,
    /// Answered by [`Answer::Done`].
    RenewSession(SessionId),
    /// Frees what it still holds, after the lock delay. Answered by [`Answer::Done`].
    DestroySession(SessionId),
    /// Show, through the quorum, that the session lives. Answered by [`Answer::Done`].
    Beat(SessionId),
    /// Forget the session's beat key. Answered by [`Answer::Done`].
    DeleteBeat(SessionId),
    /// All of these keys, with a beat, each only where it still stands as it was read. Answered by
    /// [`Answer::Granted`] or [`Answer::Refused`].
    Acquire {
        /// Who shall hold them.
        session: SessionId,
        /// The keys, and how each was read.
        keys: Vec<(KeyId, Read)>,
    },
    /// All of these keys from a silent session, with a beat of our own, only where the silent one
    /// has not beaten since. Answered as [`Call::Acquire`].
    Take {
        /// Who shall hold them.
        session: SessionId,
        /// Who holds them now.
        from: SessionId,
        /// Where the beat of `from` has stood still.
        beat: Index,
        /// The keys.
        keys: Vec<KeyId>,
    },
    /// A beat that succeeds only where each of these keys is still in the term it was in. Answered
    /// by [`Answer::Done`] or [`Answer::Refused`].
    Resume {
        /// Who holds them.
        session: SessionId,
        /// The keys and their terms.
        keys: Vec<(KeyId, Fence)>,
    },
    /// Free these keys, each only in this very term. Answered by [`Answer::Done`] or
    /// [`Answer::Refused`].
    Release {
        /// Who holds them.
        session: SessionId,
        /// The keys and their terms.
        keys: Vec<(KeyId, Fence)>,
    },
    /// Read these folders, consistently and at once. Answered by [`Answer::View`].
    Read(Vec<FolderId>),
    /// Wait until a folder changes after this index, then read it. Answered by [`Answer::View`].
    Watch(FolderId, Index),
    /// Delete the beats that dead sessions left behind. Answered by [`Answer::Done`].
    SweepBeats,
    /// Read the beat of a session: another's, to see whether it lives, or our own, to hear whether
    /// the service answers. Answered by [`Answer::Beat`].
    ReadBeat(SessionId),
}

/// How a key was read, which is how an acquisition must still find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// It did not exist.
    Absent,
    /// It was last written at this index.
    At(Index),
}

/// What the lock service answered to one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The session that was made.
    Session(SessionId),
    /// It was done, as a whole.
    Done,
    /// Every key of the request, with its fence.
    Granted(Vec<(KeyId, Fence)>),
    /// Nothing was done: these parts of the request stood against it.
    Refused(Vec<Refusal>),
    /// The keys of one folder or several.
    View {
        /// How new this view is, at the least: no older than the last beat of this session that it
        /// could show.
        index: Index,
        /// Every key of ours that exists there.
        keys: Vec<(KeyId, Entry)>,
    },
    /// Another session's beat; `None` where it has none, as the sessions of other tools.
    Beat(Option<BeatSeen>),
    /// The session of the request is gone, for certain.
    SessionGone,
    /// No answer, or none that says what was done: a write may have been executed, now or later.
    Failed(Failure),
}

/// A key as it exists in the lock service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its last write.
    pub index: Index,
    /// The session that holds it.
    pub session: Option<SessionId>,
    /// Whether it is marked as another tool's, which a lock must not touch.
    pub conflict: bool,
}

/// Another session's beat, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BeatSeen {
    /// Its last write: moves with each beat.
    pub index: Index,
    /// The lease that it promises to beat within.
    pub lease: Duration,
}

/// One thing that stood against a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The key that it concerns; `None` for the beat of the session that was to be taken from.
    pub key: Option<KeyId>,
    /// What stood against it.
    pub why: Why,
}

/// What stood against a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It is no longer as it was read: held, freed, written or taken by somebody.
    Moved,
    /// The service holds the key back after its last session's death.
    LockDelay,
    /// This process may not write it: a person has to change that.
    Denied,
}

/// Why there is no answer to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It may work when tried again: a timeout, a broken connection, an election.
    Transient,
    /// It will not work before somebody changes something: a token without a right, a bad address.
    Configuration,
}

impl Call {
    /// The session of this process that the call depends on.
    #[must_use]
    pub const fn session(&self) -> Option<&SessionId> {
        match self {
            Self::RenewSession(session)
            | Self::DestroySession(session)
            | Self::Beat(session)
            | Self::DeleteBeat(session)
            | Self::Acquire { session, .. }
            | Self::Take { session, .. }
            | Self::Resume { session, .. }
            | Self::Release { session, .. } => Some(session),
            Self::CreateSession
            | Self::SweepBeats
            | Self::Read(_)
            | Self::Watch(..)
            | Self::ReadBeat(_) => None,
        }
    }

    /// Whether it shows others that this process lives.
    #[must_use]
    pub const fn carries_beat(&self) -> bool {
        matches!(
            self,
            Self::Beat(_) | Self::Acquire { .. } | Self::Take { .. } | Self::Resume { .. }
        )
    }

    /// Whether it is one of the transactions on lock keys.
    #[must_use]
    pub const fn is_transaction(&self) -> bool {
        matches!(
            self,
            Self::Acquire { .. } | Self::Take { .. } | Self::Resume { .. } | Self::Release { .. }
        )
    }
}
