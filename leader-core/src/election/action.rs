//! What goes into the election and what comes out of it.

use std::time::Duration;

use super::id::{Attempt, FolderId, KeyId, SessionId, Term};
use super::request::{Answer, Request};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The lock service answered. An attempt that is not awaited changes nothing.
    Answer(Attempt, Answer),
    /// Stand for this key. One that is new is the next of the [`Layout`](super::Layout).
    Stand(KeyId, FolderId),
    /// Stand for this key no more, and give it up where it is led.
    Withdraw(KeyId),
    /// No work of this term goes on; the answer to [`Action::Drain`].
    Drained(Term),
    /// Give this key to another node, and stand for it again only after the cool-off. Nothing where
    /// another has it.
    StepDown(KeyId, Duration),
    /// Give everything up, in order, and leave, within so long at the most. Said again, it can
    /// shorten that.
    Shutdown(Duration),
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask the lock service.
    Request(Request),
    /// Nobody waits for this attempt's answer any more: drop it, and its connection.
    Cancel(Attempt),
    /// Work for this term may start.
    Start(Term),
    /// Start no new work for this term; say [`Event::Drained`] when what goes on has ended.
    Drain(Term),
    /// No work for this term may go on. One for each start.
    Stop(Term, Stop),
    /// The key was released, or had been lost before: it is not this process's.
    Freed(KeyId),
    /// Another session is seen to lead, this key for one.
    Meet(SessionId, KeyId),
    /// This key is marked as another tool's: it is left alone until that changes.
    Conflict(KeyId),
    /// Everything was let go, or nothing more can be: the last action of all.
    Leave,
}

/// Why work had to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// It had drained, and the key is given up.
    Released,
    /// The trust deadline passed without a beat that came through. The term may be resumed.
    Lapsed,
    /// The session is gone: it expired, was destroyed, or its agent left.
    SessionLost,
    /// The key was seen in other hands, or rewritten by somebody.
    KeyLost,
    /// It did not end by the time at which the process had to leave. The key is not released: its
    /// beat stands still from now on, and another takes it.
    Abandoned,
}
