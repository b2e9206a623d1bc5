//! Processes: started, given events, crashed and shut down; what they ask for is carried out.

use std::time::Duration;

use leader_core::election::{Action, Answer, Call, Election, Event, KeyId, Liveness, Stop};

use super::{Cluster, Due, Incarnation};
use crate::node::PublishedState;

/// Longer than any drain here.
const LEAVES_WITHIN: Duration = Duration::from_secs(60);

impl Cluster {
    /// Hands something in, and does what comes out. `None`: time has passed.
    pub(super) fn handle(&mut self, incarnation: Incarnation, event: Option<Event>) {
        let id = incarnation.node;
        let now = self.nodes[id].now(self.now);
        let Some(mut election) = self.nodes[id].election.take() else { return };
        if let Some(event) = event {
            self.checker.note(|| format!("node {id} ← {event:?}"));
            let unknown = match &event {
                Event::Answer(attempt, answer) => {
                    let known = self.nodes[id].awaited.remove(attempt);
                    if let Some((call, sent)) = &known
                        && !matches!(answer, Answer::Failed(_))
                    {
                        let is_watch = matches!(call, Call::Watch(..));
                        self.checker.heard(id, now);
                        self.checker.took(id, now.since(*sent), is_watch);
                    }
                    known.is_none()
                }
                Event::Drained(_) => {
                    self.checker.heard(id, now);
                    false
                }
                _ => false,
            };
            if unknown {
                self.checker.counters.late_answers += 1;
            }
            let mut idle = unknown.then(|| election.clone());
            election.handle_event(now, event);
            if let Some(idle) = &mut idle {
                idle.handle_timeout(now);
                if *idle != election {
                    self.checker.violation("L5", format_args!("node {id} heeds an old answer"));
                }
            }
            if self.chance.percent(10) {
                // a driver takes in what has come together before it does anything
                self.nodes[id].election = Some(election);
                return self.wake(incarnation, self.now, Duration::from_millis(1));
            }
        } else {
            election.handle_timeout(now);
        }
        let mut actions = Vec::new();
        while let Some(action) = election.poll_action() {
            actions.push(action);
        }
        let mut again = election.clone();
        again.handle_timeout(now);
        if again.poll_action().is_some() || again != election {
            self.checker.violation("L6", format_args!("node {id} changes its mind at one instant"));
        }
        let wake = election.poll_timeout(now);
        if wake.is_some_and(|wake| wake <= now) {
            self.checker
                .violation("L6", format_args!("node {id} wakes at {wake:?}, and it is {now:?}"));
        }
        let trusted_until = election.trusted_until();
        self.nodes[id].election = Some(election);
        for action in actions {
            self.checker.act(id, &self.nodes[id], &action, self.keys.len());
            self.act(incarnation, action);
        }
        self.nodes[id].published.trusted_until = trusted_until;
        self.count_requests(id);
        self.checker.judge(id, &self.nodes, &self.keys);
        if let Some(wake) = wake {
            let at = self.nodes[id].clock.when(wake);
            self.wake(incarnation, at, Duration::from_micros(200));
        }
    }

    /// Has time pass for this node at `at`, or up to `late` after it: no violation.
    fn wake(&mut self, incarnation: Incarnation, at: Duration, late: Duration) {
        let node = &mut self.nodes[incarnation.node];
        node.wake += 1;
        let number = node.wake;
        let late = self.chance.span(late);
        let after = at.saturating_sub(self.now);
        self.schedule(after.saturating_add(late), Due::Wake(incarnation, number));
    }

    fn act(&mut self, incarnation: Incarnation, action: Action) {
        let id = incarnation.node;
        match action {
            Action::Request(request) => self.send(incarnation, request),
            Action::Cancel(attempt) => {
                self.nodes[id].awaited.remove(&attempt);
                self.watches
                    .retain(|watch| watch.incarnation != incarnation || watch.attempt != attempt);
            }
            Action::Start(term) => {
                self.nodes[id].published.started.insert(term.key, term);
                let from = self.released_by.remove(&term.key);
                if from.is_some_and(|from| from != id) {
                    self.checker.counters.moved_by_release += 1;
                }
            }
            Action::Stop(term, why) => {
                self.nodes[id].published.started.remove(&term.key);
                if matches!(why, Stop::KeyLost | Stop::SessionLost) {
                    self.checker.drained(id, term);
                }
            }
            Action::Drain(term) => {
                let longest = if self.chance.percent(20) { 4_000 } else { 50 };
                let span = self.chance.span(Duration::from_millis(longest));
                self.schedule(span, Due::Drained(incarnation, term));
            }
            Action::Freed(_) | Action::Conflict(_) | Action::LeaderSeen(..) => {}
            Action::Leave => self.end(id),
        }
    }

    /// No more of each kind than connections are counted for: of what is asked each beat, as many as
    /// the trust has beats.
    fn count_requests(&mut self, id: usize) {
        let awaited = &self.nodes[id].awaited;
        let count =
            |which: fn(&Call) -> bool| awaited.values().filter(|(call, _)| which(call)).count();
        let folders = self.layout.folders().len();
        let transactions = count(Call::is_transaction);
        // of each rival, and its own
        let beats_read = (self.keys.len() + 1) * 8;
        for (what, count, most) in [
            ("watches", count(|call| matches!(call, Call::Watch(..))), folders),
            ("reads", count(|call| matches!(call, Call::Read(_))), folders),
            ("beats", count(|call| matches!(call, Call::Beat(_))), 8),
            ("renewals", count(|call| matches!(call, Call::RenewSession(_))), 1),
            ("creations", count(|call| matches!(call, Call::CreateSession)), 1),
            ("reads of beats", count(|call| matches!(call, Call::ReadBeat(_))), beats_read),
            ("transactions", transactions, 16),
        ] {
            if count > most {
                self.checker.violation("bounds", format_args!("node {id} awaits {count} {what}"));
            }
        }
    }

    pub(crate) fn start(&mut self, id: usize) {
        let liveness = match self.files {
            None => Liveness::Beats(self.nodes[id].timing),
            Some(_) => Liveness::Kernel { retry: Duration::from_millis(50) },
        };
        let seed = self.chance.number();
        let node = &mut self.nodes[id];
        if node.election.is_some() {
            return;
        }
        node.life += 1;
        node.shutting_down = false;
        node.published = PublishedState::default();
        node.faults.frozen = Duration::ZERO;
        node.election = Some(Election::new(liveness, &self.layout, seed));
        self.checker.born(id);
        self.checker.note(|| format!("node {id} starts"));
        let incarnation = self.incarnation(id);
        self.handle(incarnation, None);
    }

    /// Gone without a word; what it has sent is still under way.
    pub(crate) fn crash(&mut self, id: usize) {
        self.checker.note(|| format!("node {id} crashes"));
        self.end(id);
        if let Some(files) = &mut self.files {
            files.die(id);
        }
    }

    fn end(&mut self, id: usize) {
        let incarnation = self.incarnation(id);
        self.watches.retain(|watch| watch.incarnation != incarnation);
        let node = &mut self.nodes[id];
        node.election = None;
        node.published = PublishedState::default();
        node.awaited.clear();
    }

    pub(crate) fn shut_down(&mut self, id: usize) {
        if self.nodes[id].election.is_some() && !self.is_frozen(id) {
            self.nodes[id].shutting_down = true;
            let local = self.nodes[id].now(self.now);
            self.checker.shut_down(id, local);
            self.tell(id, Event::Shutdown(LEAVES_WITHIN));
        }
    }

    /// Asks something of the process, where it lives and has time.
    pub(crate) fn tell(&mut self, id: usize, event: Event) {
        if self.nodes[id].election.is_some() && !self.is_frozen(id) {
            self.handle(self.incarnation(id), Some(event));
        }
    }

    pub(crate) fn stand(&mut self, id: usize, key: KeyId) {
        self.tell(id, Event::Campaign(key, self.layout.folder_of(key)));
    }

    pub(super) fn is_frozen(&self, id: usize) -> bool {
        self.now < self.nodes[id].faults.frozen
    }
}
