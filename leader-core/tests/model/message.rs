//! A request under way, and how the network treats it.

use leader_core::election::{Answer, Attempt, Call};

/// Which of all messages: no two are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Letter {
    pub(crate) node: usize,
    pub(crate) attempt: Attempt,
    /// The second of one request, sent beside the first.
    pub(crate) is_hedge: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) node: usize,
    pub(crate) attempt: Attempt,
    pub(crate) is_hedge: bool,
    pub(crate) call: Call,
    pub(crate) manner: Manner,
    pub(crate) stage: Stage,
    /// Ticks since it was sent; 0 where that decides nothing.
    pub(crate) age: u8,
}

/// How well it fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// It is executed, and its answer is there, within the tick; among the others of the tick in
    /// any order.
    Prompt,
    /// It is executed, and its answer is there, within the ticks that the bounds say; several of one
    /// sender are under way at once, and answered in any order.
    Late,
    /// Its sender is cut off: it may be executed, the answer may come, or neither; a beat within its
    /// tick, a transaction within two.
    Cut,
    /// It is executed within the tick, and its sender never hears of it: not of the answer, and of no
    /// failure before it gives up waiting.
    Deaf,
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
    pub(crate) const fn letter(&self) -> Letter {
        Letter { node: self.node, attempt: self.attempt, is_hedge: self.is_hedge }
    }

    pub(crate) const fn is_watch(&self) -> bool {
        matches!(self.call, Call::Watch(..))
    }

    pub(crate) const fn is_read(&self) -> bool {
        matches!(
            self.call,
            Call::CreateSession | Call::Read(_) | Call::Watch(..) | Call::ReadBeat(_)
        )
    }

    /// How many ticks after it was sent it may still go its way, where its sender is cut off.
    pub(crate) const fn lingers(&self) -> u8 {
        match self.call {
            Call::Beat(_) => 0,
            _ => 1,
        }
    }

    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Answered(_))
    }
}
