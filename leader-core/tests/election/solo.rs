//! One process against a service of a few lines: a closure that answers at once or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::election::{
    Action, Answer, Attempt, BeatView, Call, Election, Event, Failure, Fence, Index, KeyId,
    KeyView, Layout, Liveness, Request, SessionId, Stop, Term, Timestamp,
};
use leader_core::{Lease, Timing};

use crate::script::layout;

/// A beat each second, silence after 7 s, trust for 6.65 s.
pub(crate) const LEASE: u64 = 8;

#[derive(Debug)]
pub(crate) struct Solo {
    pub(crate) election: Election,
    pub(crate) now: Timestamp,
    /// Actions, without the requests.
    pub(crate) did: Vec<(Timestamp, Action)>,
    /// Requests, each with its time.
    pub(crate) asked: Vec<(Timestamp, Request)>,
    /// When each request that was not answered is given up.
    open: BTreeMap<Attempt, Timestamp>,
}

impl Solo {
    /// Just started, over so many keys.
    pub(crate) fn new(keys: usize) -> Self {
        Self::over(&layout(keys))
    }

    /// Just started, over these keys.
    pub(crate) fn over(layout: &Layout) -> Self {
        Self::at(timing(), layout)
    }

    /// Just started, over these keys, with another lease.
    pub(crate) fn at(timing: Timing, layout: &Layout) -> Self {
        let election = Election::new(Liveness::Beats(timing), layout, 7);
        let (did, asked, open) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { election, now: Timestamp::from_nanos(1), did, asked, open }
    }

    /// Leads each of its keys with the fence 100 since the first instant.
    pub(crate) fn leading(keys: usize) -> Self {
        let mut solo = Self::new(keys);
        solo.run_for(0, obedient);
        assert_eq!(solo.count(|action| matches!(action, Action::Start(_))), keys);
        solo
    }

    /// Terms that it has started.
    pub(crate) fn starts(&self) -> Vec<Term> {
        let start = |action: &Action| match action {
            Action::Start(term) => Some(*term),
            _ => None,
        };
        self.did.iter().filter_map(|(_, action)| start(action)).collect()
    }

    /// Terms that it has stopped, each with the reason.
    pub(crate) fn stops(&self) -> Vec<(Term, Stop)> {
        let stop = |action: &Action| match action {
            Action::Stop(term, why) => Some((*term, *why)),
            _ => None,
        };
        self.did.iter().filter_map(|(_, action)| stop(action)).collect()
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn run_for(
        &mut self,
        millis: u64,
        mut service: impl FnMut(&Call) -> Option<Answer>,
    ) {
        let end = self.now + Duration::from_millis(millis);
        self.election.handle_timeout(self.now);
        self.act(&mut service);
        loop {
            let timeout = self.open.iter().map(|(attempt, at)| (*at, Some(*attempt))).min();
            let wake = self.election.poll_timeout(self.now).map(|at| (at, None));
            match timeout.into_iter().chain(wake).min_by_key(|(at, _)| *at) {
                Some((at, attempt)) if at <= end => {
                    self.now = self.now.max(at);
                    match attempt {
                        Some(attempt) => self.hear(attempt, Answer::Failed(Failure::Transient)),
                        None => self.election.handle_timeout(self.now),
                    }
                }
                _ => break,
            }
            self.act(&mut service);
        }
        self.now = end;
    }

    /// No time for so many milliseconds.
    pub(crate) fn sleep(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    pub(crate) fn tell(&mut self, event: Event, mut service: impl FnMut(&Call) -> Option<Answer>) {
        self.election.handle_event(self.now, event);
        self.act(&mut service);
    }

    /// An answer, now; the requests that follow from it stay open.
    pub(crate) fn answer(&mut self, attempt: Attempt, answer: Answer) {
        self.hear(attempt, answer);
        self.act(&mut nobody);
    }

    fn hear(&mut self, attempt: Attempt, answer: Answer) {
        self.open.remove(&attempt);
        self.election.handle_event(self.now, Event::Answer(attempt, answer));
    }

    fn act(&mut self, service: &mut impl FnMut(&Call) -> Option<Answer>) {
        while let Some(action) = self.election.poll_action() {
            match action {
                Action::Request(request) => {
                    let Request { attempt, timeout, ref call, .. } = request;
                    let answer = service(call);
                    self.asked.push((self.now, request));
                    match answer {
                        Some(answer) => {
                            self.election.handle_event(self.now, Event::Answer(attempt, answer));
                        }
                        None => {
                            self.open.insert(attempt, self.now + timeout);
                        }
                    }
                }
                Action::Cancel(attempt) => {
                    self.open.remove(&attempt);
                }
                // for people
                Action::LeaderSeen(..) => {}
                other => self.did.push((self.now, other)),
            }
        }
    }

    /// The requests of this kind that nobody has answered, the oldest first.
    pub(crate) fn open(&self, which: impl Fn(&Call) -> bool) -> Vec<Attempt> {
        let is_open = |attempt: &Attempt| self.open.contains_key(attempt);
        self.asked
            .iter()
            .filter(|(_, request)| which(&request.call) && is_open(&request.attempt))
            .map(|(_, request)| request.attempt)
            .collect()
    }

    pub(crate) fn count(&self, which: impl Fn(&Action) -> bool) -> usize {
        self.did.iter().filter(|(_, action)| which(action)).count()
    }

    /// Forgets the actions and the answered requests so far.
    pub(crate) fn forget(&mut self) {
        self.did.clear();
        self.asked.retain(|(_, request)| self.open.contains_key(&request.attempt));
    }

    pub(crate) fn calls(&self, which: impl Fn(&Call) -> bool) -> Vec<&Call> {
        self.asked.iter().map(|(_, request)| &request.call).filter(|call| which(call)).collect()
    }

    /// Milliseconds since the first instant.
    pub(crate) fn millis(at: Timestamp) -> u128 {
        at.since(Timestamp::from_nanos(1)).as_millis()
    }
}

pub(crate) fn timing() -> Timing {
    Timing::new(Lease::new(Duration::from_secs(LEASE)).expect("a lease"))
}

pub(crate) fn own() -> SessionId {
    SessionId::new("own")
}

pub(crate) fn rival() -> SessionId {
    SessionId::new("rival")
}

pub(crate) const FENCE: Fence = Fence(100);

pub(crate) const fn term(key: u32, resumptions: u32) -> Term {
    Term { key: KeyId(key), fence: FENCE, resumptions }
}

/// The key 0 as held by this session since this index, in a view of the same age.
pub(crate) fn held(by: &SessionId, index: u64) -> Answer {
    let entry = KeyView { index: Index(index), session: Some(by.clone()), conflict: false };
    Answer::View { index: Index(index), keys: vec![(KeyId(0), entry)] }
}

pub(crate) fn free(index: u64) -> Answer {
    let entry = KeyView { index: Index(index), session: None, conflict: false };
    Answer::View { index: Index(index), keys: vec![(KeyId(0), entry)] }
}

pub(crate) fn beat(index: u64) -> Answer {
    let lease = Duration::from_secs(LEASE);
    Answer::Beat(Some(BeatView { index: Index(index), lease }))
}

/// Grants everything; no key exists until it is acquired; watches stay open.
pub(crate) fn obedient(call: &Call) -> Option<Answer> {
    Some(match call {
        Call::CreateSession => Answer::Session(own()),
        Call::Acquire { keys, .. } => {
            Answer::Granted(keys.iter().map(|(key, _)| (*key, FENCE)).collect())
        }
        Call::Take { keys, .. } => Answer::Granted(keys.iter().map(|key| (*key, FENCE)).collect()),
        Call::Read(_) => Answer::View { index: Index(50), keys: Vec::new() },
        Call::Watch(..) => return None,
        Call::ReadBeat(_) => Answer::Beat(None),
        _ => Answer::Done,
    })
}

/// The actions that this holds for, without their times.
pub(crate) fn did(solo: &Solo, which: impl Fn(&Action) -> bool) -> Vec<Action> {
    solo.did.iter().map(|(_, action)| action.clone()).filter(|action| which(action)).collect()
}

pub(crate) const fn is_acquire(call: &Call) -> bool {
    matches!(call, Call::Acquire { .. })
}

/// Answers nothing.
pub(crate) const fn nobody(_: &Call) -> Option<Answer> {
    None
}

/// Answers what is read of beats, and nothing else: a process that hears it goes on writing.
pub(crate) fn audible(call: &Call) -> Option<Answer> {
    matches!(call, Call::ReadBeat(_)).then_some(Answer::Beat(None))
}
