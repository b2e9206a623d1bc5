//! Whether the service answers in time. A process whose writes arrive, but whose answers do not,
//! would show a heartbeat to others and could lead nothing itself. So requests that carry a beat are
//! sent only while answers come in time; the beats of a leader that still has trust are the
//! exception.
//!
//! # Bound on the heartbeats of a process that hears no answers
//!
//! An answer is in time where it leaves a leader trust until its next beat is answered just as late:
//! within [`Timing::rides_out`](crate::Timing::rides_out), seven tenths of the lease. A leader whose
//! answers take longer would lapse after each resumption.
//!
//! * A leader whose answers stop goes on beating until its deadline: at most the trust after its last
//!   answered beat was sent. From then on the service is unreachable, and the process is silent.
//! * For a process that leads nothing and campaigns, the service is unreachable when the first
//!   unanswered transaction fails, at most the trust after the transaction was sent.
//!
//! So the last beat comes within the trust, which is less than a lease, after the first request whose
//! answer was of no use; and another node leads within a lease of that beat.
//!
//! Where reads are answered in time and writes never are, the service is reachable, the process asks
//! for keys, and the service is unreachable again, for ever. The process shows a heartbeat, and it is
//! alive; no other process would be answered either.

use std::time::Duration;

use super::id::FolderId;
use super::leave::Phase;
use super::request::{Answer, Call, Failure};
use super::time::Timestamp;
use super::{Election, Liveness, Pending};

/// Whether answers come in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Reachability {
    #[default]
    Reachable,
    /// A request that carries a beat was not answered, nor any since; `probe_at`: time of the next
    /// probe.
    Unreachable { probe_at: Timestamp },
}

impl Election {
    /// Takes in an answer, or that none came in time.
    pub(super) fn update_reachability(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        call: &Call,
        answer: &Answer,
    ) {
        let Liveness::Beats(timing) = self.liveness else { return };
        if *answer == Answer::Failed(Failure::Transient) {
            let is_news = call.carries_beat() && !self.is_answered_since(sent);
            if is_news && self.reachability == Reachability::Reachable {
                self.reachability = Reachability::Unreachable { probe_at: now };
            }
        } else if now.since(sent) <= timing.rides_out() {
            self.reachability = Reachability::Reachable;
        }
    }

    /// Takes in that trust has ended: answers to beats in flight were of no use.
    pub(super) fn note_lapse(&mut self, now: Timestamp) {
        let is_asked = self.pending.values().any(|pending| pending.call.carries_beat());
        if is_asked && self.is_reachable() {
            self.reachability = Reachability::Unreachable { probe_at: now };
        }
    }

    /// Whether requests that carry a beat may be sent, apart from the beats of a leader.
    pub(super) fn is_reachable(&self) -> bool {
        matches!(self.liveness, Liveness::Kernel { .. })
            || self.reachability == Reachability::Reachable
    }

    pub(super) fn probe_due(&self) -> Option<Timestamp> {
        let Reachability::Unreachable { probe_at } = self.reachability else { return None };
        self.is_watching().then_some(probe_at)
    }

    /// Probes the service with a request that is cheap to answer: a read of this process's own beat.
    pub(super) fn plan_probe(&mut self, now: Timestamp) {
        let Liveness::Beats(timing) = self.liveness else { return };
        let (Some(due), Some(own)) = (self.probe_due(), self.session().cloned()) else { return };
        if due <= now {
            self.reachability = Reachability::Unreachable { probe_at: now + timing.beat() };
            self.request(now, timing.trust(), Call::ReadBeat(own));
        }
    }

    /// Notes the answer, and begins reads and watches anew after an outage: their views may be old,
    /// and one on a connection that died silently would not be answered for a while.
    pub(super) fn note_answer(&mut self, now: Timestamp, answered: &Pending, answer: &Answer) {
        let (sent, is_watch) = (answered.sent, matches!(answered.call, Call::Watch(..)));
        if matches!(answer, Answer::Failed(_)) {
            match self.is_answered_since(sent) {
                _ if is_watch => {}
                false => self.outage = true,
                // other requests are answered: this one's connection was dead, and so may a watch's be
                true => self.renew_watches(now, sent),
            }
            return;
        }
        if let Phase::Leaving { waiting_since, .. } = &mut self.phase {
            *waiting_since = now;
        }
        if !is_watch {
            self.measure(now, sent);
        }
        self.outage |= answered.after_silence && self.is_overtaken_by(sent);
        self.last_answer_at = now;
        if std::mem::take(&mut self.outage) {
            let mut reads = Vec::new();
            for pending in self.pending.values().filter(|pending| pending.sent < sent) {
                if let Call::Read(folders) = &pending.call {
                    reads.extend(folders.iter().copied());
                }
            }
            self.cancel(|pending| match pending.call {
                Call::Read(_) => pending.sent < sent,
                Call::Watch(..) => true,
                _ => false,
            });
            for FolderId(id) in reads {
                self.folders[id as usize].forget_read();
            }
            for folder in &mut self.folders {
                folder.forget_watch(now);
            }
        }
    }

    /// Whether any answer came since then.
    fn is_answered_since(&self, sent: Timestamp) -> bool {
        sent < self.last_answer_at
    }

    /// Begins the watches anew that were begun before this time.
    fn renew_watches(&mut self, now: Timestamp, before: Timestamp) {
        let is_old =
            |pending: &Pending| matches!(pending.call, Call::Watch(..)) && pending.sent < before;
        let old = self.pending.values().filter(|pending| is_old(pending));
        let watched = |pending: &Pending| match pending.call {
            Call::Watch(folder, _) => Some(folder),
            _ => None,
        };
        let folders: Vec<FolderId> = old.filter_map(watched).collect();
        self.cancel(is_old);
        for FolderId(id) in folders {
            self.folders[id as usize].forget_watch(now);
        }
    }

    /// Whether a request that was sent two beats earlier is still not answered. If there was no answer
    /// in between, this was an outage without an error.
    fn is_overtaken_by(&self, sent: Timestamp) -> bool {
        let Liveness::Beats(timing) = self.liveness else { return false };
        self.pending.values().any(|pending| {
            !matches!(pending.call, Call::Watch(..))
                && sent.since(pending.sent) >= timing.beat() * 2
        })
    }

    /// Forgets the time of the last answer once it is two beats ago: no decision needs it then.
    pub(super) fn forget_last_answer(&mut self, now: Timestamp) {
        if let Liveness::Beats(timing) = self.liveness
            && now.since(self.last_answer_at) > timing.beat() * 2
        {
            self.last_answer_at = Timestamp::default();
        }
    }

    /// Updates the lateness of answers: that of this answer, or of earlier ones less one beat.
    fn measure(&mut self, now: Timestamp, sent: Timestamp) {
        let Liveness::Beats(timing) = self.liveness else { return };
        let beats = now.since(sent).as_nanos() / timing.beat().as_nanos().max(1);
        // no request is waited for longer than the trust, which is under seven beats
        let beats = beats.min(7) as u8;
        self.late_by = beats.max(self.late_by.saturating_sub(1));
    }

    /// Time that an answer takes which is no later than the latest ones; zero where the latest came
    /// within a beat.
    pub(super) fn lateness(&self) -> Duration {
        match self.liveness {
            Liveness::Beats(timing) if self.late_by > 0 => {
                timing.beat() * (u32::from(self.late_by) + 1)
            }
            _ => Duration::ZERO,
        }
    }
}
