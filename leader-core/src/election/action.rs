//! Inputs and outputs of the election.

use std::time::Duration;

use super::id::{Attempt, FolderId, KeyId, SessionId, Term};
use super::request::{Answer, Request};

/// An input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// An answer of the lock service. The answer to an attempt that is not awaited changes nothing.
    Answer(Attempt, Answer),
    /// Campaign for this key. A new key is the next of the [`Layout`](super::Layout).
    Campaign(KeyId, FolderId),
    /// End the campaign for this key, and give the key up if it is led.
    Withdraw(KeyId),
    /// All work of this term has ended; follows [`Action::Drain`].
    Drained(Term),
    /// Give this key to another node, and campaign for it again only after the cool-off. Nothing
    /// happens where another node holds the key.
    StepDown(KeyId, Duration),
    /// Give every key up in an orderly way, and leave within this time. A second one can only shorten
    /// the time.
    Shutdown(Duration),
}

/// An output: the driver has to carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send this request to the lock service.
    Request(Request),
    /// Drop this attempt and its connection: its answer is no longer awaited.
    Cancel(Attempt),
    /// Work for this term may start.
    Start(Term),
    /// Start no new work for this term; hand in [`Event::Drained`] when the running work has ended.
    Drain(Term),
    /// All work of this term must stop. Each start is followed by exactly one stop.
    Stop(Term, Stop),
    /// This process no longer holds the key: it was released, or had been lost before.
    Freed(KeyId),
    /// Another session was seen to lead for the first time; this is one of its keys.
    LeaderSeen(SessionId, KeyId),
    /// This key is marked as another tool's. It is left alone until the mark is gone.
    Conflict(KeyId),
    /// The last action of all: every key was released, or no other can be.
    Leave,
}

/// Reason for which work had to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// The work had drained, and the key is given up.
    Released,
    /// The trust deadline passed before another heartbeat was confirmed. The term may be resumed.
    Lapsed,
    /// The session is gone: it expired, was destroyed, or its agent left.
    SessionLost,
    /// Another session was seen to hold the key, or somebody wrote over the key.
    KeyLost,
    /// The work did not end before the process had to leave. The key is not released: the heartbeat
    /// stops from now on, and another node takes the key.
    Abandoned,
}
