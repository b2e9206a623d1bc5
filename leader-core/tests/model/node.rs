//! One process: a real election, the clock it runs by, and what its gate would say.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::election::{
    Answer, Attempt, BeatView, Call, Election, Index, KeyId, SessionId, Term, Timestamp,
};

use crate::canonical::INSTANTS;
use crate::support::Mutation;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// None: it crashed, or has left.
    pub(crate) election: Option<Election>,
    pub(crate) tick: Duration,
    pub(crate) lease: Duration,
    /// Which requests it waits for, and how long by its own clock.
    pub(crate) awaited: BTreeMap<Attempt, Timestamp>,
    /// Terms whose work may go on, by what it said.
    pub(crate) started: BTreeMap<KeyId, Term>,
    pub(crate) trusted_until: Option<Timestamp>,
    /// Work that is to end.
    pub(crate) draining: Vec<Term>,
    pub(crate) attention: Attention,
    pub(crate) is_cut: bool,
    /// It hears no answers.
    pub(crate) is_deaf: bool,
    pub(crate) leaves: bool,
    pub(crate) sessions: u8,
    /// With [`Mutation::CountGoesOn`]: the index of each rival's beat seen first, and last.
    pub(crate) shown: BTreeMap<SessionId, (Index, Index)>,
}

/// Whether the process gets time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Attention {
    Awake,
    /// It does not, while its gate keeps what it said last.
    Frozen,
    /// It does again, and may see the answers that have come before it looks at the clock.
    Thawing,
}

impl Attention {
    pub(crate) const fn is_given(self) -> bool {
        matches!(self, Self::Awake)
    }
}

impl Node {
    pub(crate) fn now(&self, tick: u32) -> Timestamp {
        Timestamp::from_nanos(INSTANTS.start) + self.tick * (tick + 1)
    }

    /// Which term of this key the gate would let work start for.
    pub(crate) fn believes(&self, tick: u32, key: KeyId) -> Option<Term> {
        self.election.as_ref()?;
        let trusted = self.trusted_until.is_some_and(|until| self.now(tick) < until);
        self.started.get(&key).copied().filter(|_| trusted)
    }

    /// Whether it does something of itself.
    pub(crate) fn is_awake(&self) -> bool {
        self.election.is_some() && self.attention.is_given()
    }

    /// Whether an answer can be handed in.
    pub(crate) fn listens(&self) -> bool {
        self.election.is_some() && self.attention != Attention::Frozen
    }

    /// Answer that is handed to the core in place of this one.
    pub(crate) fn is_told(
        &mut self,
        mutation: Option<Mutation>,
        call: &Call,
        answer: Answer,
    ) -> Answer {
        match (call, answer) {
            (Call::ReadBeat(rival), Answer::Beat(Some(seen)))
                if mutation == Some(Mutation::CountGoesOn) =>
            {
                let shown = self.shown.entry(rival.clone()).or_insert((seen.index, seen.index));
                shown.1 = seen.index;
                Answer::Beat(Some(BeatView { index: shown.0, ..seen }))
            }
            (_, answer) => answer,
        }
    }

    /// Call that is sent in place of this one.
    pub(crate) fn sends(&self, call: Call) -> Call {
        match call {
            Call::Take { session, from, beat, keys } => {
                let beat = self.shown.get(&from).map_or(beat, |(_, last)| *last);
                Call::Take { session, from, beat, keys }
            }
            call => call,
        }
    }
}
