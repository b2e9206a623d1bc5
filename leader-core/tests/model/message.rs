//! A request under way, and how the network treats it.

use leader_core::election::{Answer, Attempt, Call};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) node: usize,
    pub(crate) attempt: Attempt,
    pub(crate) call: Call,
    pub(crate) manner: Manner,
    pub(crate) stage: Stage,
}

/// How well it fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// It is executed, and its answer is there, within the tick; among the others of the tick in
    /// any order.
    Prompt,
    /// Its sender is cut off: it may be executed as long as its sender waits, the answer may come
    /// as long, or neither.
    Cut,
    /// It may be executed at any time, long after its sender was told that no answer came, or
    /// never.
    Stray,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Sent,
    /// The lock delay was looked at, and stood not against it.
    Arrived,
    /// Executed; the answer is on its way.
    Answered(Answer),
}

impl Message {
    pub(crate) const fn is_read(&self) -> bool {
        matches!(
            self.call,
            Call::CreateSession | Call::Read(_) | Call::Watch(..) | Call::ReadBeat(_)
        )
    }

    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Answered(_))
    }
}
