//! The network: requests on their way to Consul, and answers on their way back.

use leader_core::election::{Answer, Attempt, Call, Event, Request, SessionId, Timestamp};

use leader_core::{Lease, Timing};

use crate::bounds::{LOCK_DELAY, Late};
use crate::message::{Manner, Message, Stage};
use crate::support::Mutation;
use crate::world::{Happening, World, ignores_lapses};

impl World {
    pub(crate) fn send(&mut self, id: usize, now: Timestamp, request: Request) {
        let Request { attempt, timeout, call, .. } = request;
        let node = &mut self.nodes[id];
        let call = node.sends(call);
        match call {
            // Never answered: all that an answer could bring is that the session is gone, which a
            // deposed leader of Consul would not tell.
            Call::RenewSession(_) | Call::SweepBeats => return,
            Call::CreateSession if !node.is_cut && !node.is_deaf => {
                let answer = self.create(id);
                return self.handle(id, Some(Event::Answer(attempt, answer)));
            }
            Call::Release { ref keys, .. }
                if keys.iter().any(|(key, _)| node.started.contains_key(key))
                    && !ignores_lapses(self.consul.mutation) =>
            {
                self.violation("L3");
            }
            _ => {}
        }
        let node = &mut self.nodes[id];
        node.awaited.insert(attempt, now + timeout);
        let is_late = self.late != Late::default() && self.late.of.is_none_or(|of| of == id);
        let manner = match is_late {
            _ if node.is_cut => Manner::Cut,
            _ if node.is_deaf => Manner::Deaf,
            true => Manner::Late,
            false => Manner::Prompt,
        };
        // A request that arrives at once may be executed at any time; one that is late is refused
        // in the lock delay, and else could have been there at once.
        let stage = match self.consul.refuse(&call) {
            Some(_) => Stage::Sent,
            None => Stage::Arrived,
        };
        let is_hedge = false;
        let message = Message { node: id, attempt, is_hedge, call, manner, stage, age: 0 };
        let place = self.messages.partition_point(|other| other.letter() < message.letter());
        self.messages.insert(place, message);
    }

    fn create(&mut self, id: usize) -> Answer {
        let node = &mut self.nodes[id];
        node.sessions += 1;
        let name = char::from(b'a' + id as u8);
        let session = SessionId::new(&format!("{name}{}", node.sessions));
        self.consul.create(session.clone());
        Answer::Session(session)
    }

    pub(crate) fn is_awaited(&self, message: &Message) -> bool {
        self.nodes[message.node].awaited.contains_key(&message.attempt)
    }

    /// Whether the service has something to say to it now.
    pub(crate) fn is_executable(&self, message: &Message) -> bool {
        match message.call {
            _ if message.is_answered() => false,
            Call::Watch(folder, index) => self.consul.has_moved_past(folder, index),
            _ => true,
        }
    }

    /// Whether the tick can't end before this has gone its way.
    pub(crate) fn is_due(&self, message: &Message) -> bool {
        let late = match message.manner {
            Manner::Deaf if message.is_watch() => return false,
            Manner::Prompt | Manner::Deaf => Late::default(),
            // what a watch has to say, it says
            Manner::Late if message.is_watch() => Late::default(),
            Manner::Late => self.late,
            Manner::Cut | Manner::Stray => return false,
        };
        match message.is_answered() {
            true => self.nodes[message.node].listens() && message.age >= late.answered,
            false => self.is_executable(message) && message.age >= late.executed,
        }
    }

    /// Executes a request; where nothing stands in the way, its sender hears of it at once.
    pub(crate) fn execute(&mut self, index: usize, stale: bool) {
        let message = &self.messages[index];
        let (id, call) = (message.node, message.call.clone());
        let lease = self.nodes[id].lease;
        let refused = (message.stage == Stage::Sent).then(|| self.consul.refuse(&call)).flatten();
        let led_by_another = self.newest.values().any(|(leader, _)| *leader != id);
        // whoever led has its first session still: no end of a session has freed the key
        let was_given_up = self.newest.values().all(|(leader, _)| {
            let first = format!("{}1", char::from(b'a' + *leader as u8));
            self.nodes[*leader].sessions == 1
                && self.consul.sessions().any(|session| session.as_str() == first)
        });
        let answer = match (refused, &call) {
            (Some(refused), _) => refused,
            (None, Call::CreateSession) => self.create(id),
            (None, Call::ReadBeat(session)) => self.consul.beat(session, lease, stale),
            (None, call) => self.consul.apply(call, lease, self.tick + LOCK_DELAY),
        };
        if self.messages[index].manner == Manner::Deaf {
            self.messages.remove(index);
            return self.sweep();
        }
        let message = &mut self.messages[index];
        message.stage = Stage::Answered(answer);
        let at_once = match message.manner {
            Manner::Prompt => true,
            Manner::Cut => message.is_read(),
            Manner::Late | Manner::Deaf | Manner::Stray => false,
        };
        if at_once && self.nodes[id].listens() {
            self.deliver(index);
            if led_by_another && self.happened.contains(&Happening::Gained) {
                self.happened.extend(match call {
                    Call::Take { .. } => Some(Happening::MovedByTake),
                    Call::Acquire { .. } if was_given_up => Some(Happening::MovedFree),
                    _ => None,
                });
            }
        }
        self.sweep();
    }

    /// The answer reaches the process.
    pub(crate) fn deliver(&mut self, index: usize) {
        let Message { node: id, attempt, call, stage, .. } = self.messages.remove(index);
        let Stage::Answered(answer) = stage else { return };
        // the other one of two is executed some time, and nobody hears of it
        for other in self.messages.iter_mut().filter(|it| (it.node, it.attempt) == (id, attempt)) {
            other.manner = Manner::Stray;
        }
        if let Some(until) = self.nodes[id].awaited.remove(&attempt) {
            let mutation = self.mutation();
            let latest = self.latest_beat(id);
            let node = &mut self.nodes[id];
            let answer = node.is_told(mutation, &call, answer);
            if mutation == Some(Mutation::TrustFromLatest)
                && matches!(call, Call::Beat(_))
                && answer == Answer::Done
            {
                // it is waited for as long as it would be trusted in
                node.trusted_until = latest.max(Some(until)).max(node.trusted_until);
            }
            if mutation == Some(Mutation::TrustFromAnswer)
                && call.session().is_some()
                && matches!(answer, Answer::Done | Answer::Granted(_))
                && !matches!(call, Call::Release { .. } | Call::DestroySession(_))
            {
                let lease = Lease::new(node.lease).expect("a lease within its limits");
                node.trusted_until = Some(node.now(self.tick) + Timing::new(lease).trust());
            }
            let is_of_a_rival = matches!(call, Call::ReadBeat(_));
            let at = match mutation {
                Some(Mutation::CountFromRequest) if is_of_a_rival => self.asked_at(id, until),
                _ => self.nodes[id].now(self.tick),
            };
            self.handle_at(at, id, Some(Event::Answer(attempt, answer)));
        }
        self.sweep();
    }

    /// Until when the latest beat under way would be trusted in.
    fn latest_beat(&self, id: usize) -> Option<Timestamp> {
        let is_beat = |attempt: &Attempt| {
            self.messages.iter().any(|message| {
                (message.node, message.attempt) == (id, *attempt)
                    && matches!(message.call, Call::Beat(_))
            })
        };
        let awaited = self.nodes[id].awaited.iter();
        awaited.filter(|(attempt, _)| is_beat(attempt)).map(|(_, until)| *until).max()
    }

    /// When something was asked that is waited for until then.
    fn asked_at(&self, id: usize, until: Timestamp) -> Timestamp {
        let lease = Lease::new(self.nodes[id].lease).expect("a lease within its limits");
        let trust = Timing::new(lease).trust().as_nanos() as u64;
        Timestamp::from_nanos(until.as_nanos() - trust)
    }

    /// Forgets requests that can change nothing any more.
    pub(crate) fn sweep(&mut self) {
        let Self { nodes, consul, messages, .. } = self;
        messages.retain(|message| {
            let waits = nodes[message.node].awaited.contains_key(&message.attempt);
            let lingers = !message.is_answered()
                && !message.is_read()
                && message.manner != Manner::Prompt
                && !consul.is_hopeless(&message.call);
            waits || lingers
        });
    }
}
