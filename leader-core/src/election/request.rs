//! Requests to the lock service, and its answers.

use std::time::Duration;

use super::id::{Attempt, Fence, FolderId, Index, KeyId, SessionId};

/// One call to the lock service. Exactly one [`Answer`] is due, within `timeout` and a little.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Identifier of the answer, whose number the writes carry.
    pub attempt: Attempt,
    /// Maximum time to wait for the answer.
    pub timeout: Duration,
    /// Delay after which an unanswered request is sent once more, word for word and over another
    /// connection (a hedged request): the first connection may be dead. The first answer counts.
    pub hedge: Option<Duration>,
    /// The call.
    pub call: Call,
}

/// A call to the lock service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Create a session for this process. Answered by [`Answer::Session`].
    CreateSession,
    /// Renew the session's TTL. Answered by [`Answer::Done`].
    RenewSession(SessionId),
    /// End the session; keys that it still holds are free after the lock delay. Answered by
    /// [`Answer::Done`].
    DestroySession(SessionId),
    /// Write a heartbeat (*beat*) of the session through the quorum. Answered by [`Answer::Done`].
    Beat(SessionId),
    /// Delete the session's beat key. Answered by [`Answer::Done`].
    DeleteBeat(SessionId),
    /// Lock all of these keys, together with a beat, if each is still as it was read. Answered by
    /// [`Answer::Granted`] or [`Answer::Refused`].
    Acquire {
        /// Session that locks the keys.
        session: SessionId,
        /// The keys, and how each was read.
        keys: Vec<(KeyId, Expected)>,
    },
    /// Take all of these keys from a silent session, together with a beat of our own, if the silent
    /// session has not beaten since. Answered as [`Call::Acquire`].
    Take {
        /// Session that takes the keys.
        session: SessionId,
        /// Session that holds them now.
        from: SessionId,
        /// Index at which the beat of `from` has stood still.
        beat: Index,
        /// The keys.
        keys: Vec<KeyId>,
    },
    /// Write a beat, if each of these keys is still in the same term. Answered by [`Answer::Done`] or
    /// [`Answer::Refused`].
    Resume {
        /// Session that holds the keys.
        session: SessionId,
        /// The keys and their terms.
        keys: Vec<(KeyId, Fence)>,
    },
    /// Unlock these keys, if each is still in this term. Answered by [`Answer::Done`] or
    /// [`Answer::Refused`].
    Release {
        /// Session that holds the keys.
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
    /// Read the beat of a session: another's, to see whether it lives, or our own, to see whether the
    /// service answers. Answered by [`Answer::Beat`].
    ReadBeat(SessionId),
}

/// State of a key when it was read: a write succeeds only if the key is still in this state
/// (compare-and-set).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// The key did not exist.
    Absent,
    /// The key was last written at this index.
    At(Index),
}

/// Answer of the lock service to one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The session that was made.
    Session(SessionId),
    /// The call was carried out as a whole.
    Done,
    /// Every key of the call was locked, each with its fence.
    Granted(Vec<(KeyId, Fence)>),
    /// Nothing was changed; these are the reasons.
    Refused(Vec<Refusal>),
    /// The keys of one folder or several.
    View {
        /// Minimum index of the view: no older than the last beat of this session that it could show.
        index: Index,
        /// Every key of the layout that exists there.
        keys: Vec<(KeyId, KeyView)>,
    },
    /// The beat of a session; `None` where it has none, as sessions of other tools.
    Beat(Option<BeatView>),
    /// The session of the call certainly does not exist any longer.
    SessionGone,
    /// No answer, or an answer without a result: a write may have been executed, or may be later.
    Failed(Failure),
}

/// A key as it exists in the lock service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyView {
    /// Index of the last write.
    pub index: Index,
    /// Session that holds the key.
    pub session: Option<SessionId>,
    /// Whether the key is marked as another tool's, so that a lock must not touch it.
    pub conflict: bool,
}

/// The beat of a session, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BeatView {
    /// Index of the last write; each beat moves it.
    pub index: Index,
    /// Lease of the session's process, from which the interval of its beats follows.
    pub lease: Duration,
}

/// One reason for which a transaction failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Key that the reason concerns; `None` for the beat of the session to be taken from.
    pub key: Option<KeyId>,
    /// The reason.
    pub why: RefusalReason,
}

/// Reason for which a transaction failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// The key or beat is no longer as it was read: somebody locked, freed, wrote or took it.
    Moved,
    /// The service holds the key back, since the session that held it ended a short time ago.
    LockDelay,
    /// This process has no right to write the key: a person has to grant it.
    Denied,
}

/// Reason for which there is no answer to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A retry may succeed: a timeout, a broken connection, an election among the servers.
    Transient,
    /// No retry succeeds before a person changes something: a token without a right, a bad address.
    Configuration,
}

impl Call {
    /// Session of this process that the call depends on.
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

    /// Whether the call writes a beat of this process.
    #[must_use]
    pub const fn carries_beat(&self) -> bool {
        matches!(
            self,
            Self::Beat(_) | Self::Acquire { .. } | Self::Take { .. } | Self::Resume { .. }
        )
    }

    /// Whether the call is sent once more where the first is not answered. Beats and reads of beats
    /// are repeated anyway, a watch waits by intent, and a second session would stay until it
    /// expires.
    pub(super) const fn is_hedged(&self) -> bool {
        match self {
            Self::CreateSession
            | Self::Beat(_)
            | Self::ReadBeat(_)
            | Self::Watch(..)
            | Self::SweepBeats => false,
            Self::RenewSession(_)
            | Self::DestroySession(_)
            | Self::DeleteBeat(_)
            | Self::Acquire { .. }
            | Self::Take { .. }
            | Self::Resume { .. }
            | Self::Release { .. }
            | Self::Read(_) => true,
        }
    }

    /// Whether the call is a transaction on lock keys.
    #[must_use]
    pub const fn is_transaction(&self) -> bool {
        matches!(
            self,
            Self::Acquire { .. } | Self::Take { .. } | Self::Resume { .. } | Self::Release { .. }
        )
    }
}
