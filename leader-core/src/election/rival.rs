//! Rivals: other sessions that hold keys of ours. Measures how long the beat of each has stood still,
//! by observations of this process alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Action;
use super::id::{Index, KeyId, SessionId};
use super::request::{Answer, BeatView, Call};
use super::time::Timestamp;
use super::{Election, Liveness};
use crate::timing::{Lease, Timing};

/// Another session that holds a key of this process's layout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rival {
    read_at: Timestamp,
    /// Number of reads of its beat in flight.
    reads: u8,
    /// `None` before the beat was read, and always for a session without a beat: keys of another
    /// tool's session are never taken.
    silence: Option<Silence>,
}

/// Measurement of how long a beat has stood still.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Silence {
    index: Index,
    /// Timing of the holder, by which it beats and trusts.
    timing: Timing,
    /// Time of the **answer** that first showed this index.
    since: Timestamp,
    /// Time of the latest answer that showed this index.
    last: Timestamp,
    /// Random delay, so that several standbys do not take at the same instant.
    delay: Duration,
}

/// Maximum number of reads of one rival's beat in flight, where answers are late: a measurement
/// survives as many beats without an answer.
const READS: u8 = 4;

/// Maximum random delay of a take.
const MAX_DELAY: Duration = Duration::from_millis(20);

impl Rival {
    /// Time at which the beat will have stood still for the silence; `None` where the last read is too
    /// long ago, so that the beat must be read first.
    pub(super) fn silent_at(&self, now: Timestamp) -> Option<Timestamp> {
        let silence = self.silence.as_ref()?;
        let silent_at = silence.since + silence.timing.silence() + silence.delay;
        let known_until = silence.last + silence.timing.gap();
        (silent_at <= known_until && now <= known_until).then_some(silent_at)
    }

    /// Index of the beat that stands still.
    pub(super) fn silent_beat(&self) -> Option<Index> {
        self.silence.as_ref().map(|silence| silence.index)
    }

    /// Time at which the latest beat was first seen.
    pub(super) fn last_beat(&self) -> Option<Timestamp> {
        self.silence.as_ref().map(|silence| silence.since)
    }

    /// Begins the measurement anew: the rival has beaten after all.
    pub(super) fn mark_alive(&mut self, now: Timestamp) {
        self.silence = None;
        self.read_at = now;
    }

    fn see(&mut self, now: Timestamp, sent: Timestamp, seen: BeatView, delay: Duration) {
        let Ok(lease) = Lease::new(seen.lease) else {
            self.silence = None;
            return;
        };
        let timing = Timing::new(lease);
        let anew = Silence { index: seen.index, timing, since: now, last: now, delay };
        self.silence = Some(match self.silence.take() {
            Some(silence) if now.since(silence.last) > silence.timing.gap() => anew,
            // sent before the answer that showed a later beat, and answered after it
            Some(silence) if seen.index < silence.index && sent < silence.since => silence,
            Some(silence) if silence.index == seen.index && silence.timing == timing => {
                Silence { last: now, ..silence }
            }
            _ => anew,
        });
    }
}

impl Election {
    /// Makes the sessions rivals that are seen to hold keys of ours, and no others.
    pub(super) fn update_rivals(&mut self, now: Timestamp) {
        let own = self.session().cloned();
        let mut holders: BTreeMap<&SessionId, KeyId> = BTreeMap::new();
        for (key, candidacy) in (0..).map(KeyId).zip(&self.candidacies) {
            if let Some(holder) =
                candidacy.seen.holder().filter(|holder| Some(*holder) != own.as_ref())
            {
                holders.entry(holder).or_insert(key);
            }
        }
        let gone: Vec<SessionId> =
            self.rivals.keys().filter(|rival| !holders.contains_key(rival)).cloned().collect();
        for (holder, key) in holders {
            if !self.rivals.contains_key(holder) {
                let rival = Rival { read_at: now, reads: 0, silence: None };
                self.rivals.insert(holder.clone(), rival);
                self.actions.push_back(Action::LeaderSeen(holder.clone(), key));
            }
        }
        for rival in &gone {
            self.rivals.remove(rival);
        }
        self.cancel(
            |pending| matches!(&pending.call, Call::ReadBeat(rival) if gone.contains(rival)),
        );
    }

    pub(super) fn rivals_due(&self) -> Option<Timestamp> {
        if !self.is_watching() {
            return None;
        }
        self.rivals.values().filter(|rival| rival.reads < READS).map(|rival| rival.read_at).min()
    }

    pub(super) fn plan_rivals(&mut self, now: Timestamp) {
        let Liveness::Beats(own) = self.liveness else { return };
        if !self.is_watching() {
            return;
        }
        let due: Vec<(SessionId, Timing)> = self
            .rivals
            .iter()
            .filter(|(_, rival)| rival.reads < READS && rival.read_at <= now)
            .map(|(session, rival)| {
                (session.clone(), rival.silence.as_ref().map_or(own, |silence| silence.timing))
            })
            .collect();
        for (session, timing) in due {
            // whether or not the read before was answered
            if let Some(rival) = self.rivals.get_mut(&session) {
                rival.read_at = now + timing.beat();
                rival.reads += 1;
            }
            self.request(now, timing.trust(), Call::ReadBeat(session));
        }
    }

    pub(super) fn handle_rival_beat(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        session: &SessionId,
        answer: Answer,
    ) {
        let Liveness::Beats(own) = self.liveness else { return };
        let delay = self.chance(MAX_DELAY);
        let Some(rival) = self.rivals.get_mut(session) else { return };
        rival.reads = rival.reads.saturating_sub(1);
        match answer {
            Answer::Beat(Some(seen)) => {
                rival.see(now, sent, seen, delay);
                if let Some(silence) = &rival.silence {
                    rival.read_at = rival.read_at.min(now + silence.timing.beat());
                }
            }
            // Either another tool's session, or one of ours that has released everything and left,
            // which a read of the keys shows.
            Answer::Beat(None) => {
                rival.silence = None;
                rival.read_at = now + own.lease().length();
                for folder in &mut self.folders {
                    folder.schedule_read(now);
                }
            }
            // nothing was seen: the gap bounds how long a measurement goes on without an answer
            _ => {}
        }
    }
}
