//! Another session that holds keys of ours: how long its beat has stood still, by what this process
//! saw itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Action;
use super::id::{Index, KeyId, SessionId};
use super::request::{Answer, BeatSeen, Call};
use super::time::Timestamp;
use super::{Election, Pace};
use crate::timing::{Lease, Timing};

/// A session that holds a key which this process stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rival {
    read_at: Timestamp,
    reading: bool,
    /// None before its beat was read, and always where it has none: a session of another tool is
    /// never taken from.
    count: Option<Count>,
}

/// How long a beat has stood still.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Count {
    index: Index,
    /// The holder's own: it beats, and believes, by this.
    timing: Timing,
    /// When the **answer** came that first showed this index.
    since: Timestamp,
    /// When the latest answer came that showed it.
    last: Timestamp,
    /// Several standbys shall not take at the same instant.
    delay: Duration,
}

const LONGEST_DELAY: Duration = Duration::from_millis(20);

impl Rival {
    /// When the beat will have stood still for the silence, unless too much time has passed since
    /// anything was heard of it: then it has to be read first.
    pub(super) fn silent_at(&self, now: Timestamp) -> Option<Timestamp> {
        let count = self.count.as_ref()?;
        let silent_at = count.since + count.timing.silence() + count.delay;
        let known_until = count.last + count.timing.gap();
        (silent_at <= known_until && now <= known_until).then_some(silent_at)
    }

    /// The beat that stands still.
    pub(super) fn silent_beat(&self) -> Option<Index> {
        self.count.as_ref().map(|count| count.index)
    }

    /// When it was first seen.
    pub(super) fn last_beat(&self) -> Option<Timestamp> {
        self.count.as_ref().map(|count| count.since)
    }

    /// It beat after all.
    pub(super) fn lives(&mut self, now: Timestamp) {
        self.count = None;
        self.read_at = now;
    }

    fn see(&mut self, now: Timestamp, seen: BeatSeen, delay: Duration) {
        let Ok(lease) = Lease::new(seen.lease) else {
            self.count = None;
            return;
        };
        let timing = Timing::new(lease);
        self.count = match self.count.take() {
            Some(count)
                if count.index == seen.index
                    && count.timing == timing
                    && now.since(count.last) <= timing.gap() =>
            {
                Some(Count { last: now, ..count })
            }
            _ => Some(Count { index: seen.index, timing, since: now, last: now, delay }),
        };
    }
}

impl Election {
    /// The sessions that are seen to hold keys of ours, and no others, are rivals.
    pub(super) fn meet_rivals(&mut self, now: Timestamp) {
        let own = self.session().cloned();
        let mut holders: BTreeMap<&SessionId, KeyId> = BTreeMap::new();
        for (key, contest) in (0..).map(KeyId).zip(&self.contests) {
            if let Some(holder) =
                contest.seen.holder().filter(|holder| Some(*holder) != own.as_ref())
            {
                holders.entry(holder).or_insert(key);
            }
        }
        let gone: Vec<SessionId> =
            self.rivals.keys().filter(|rival| !holders.contains_key(rival)).cloned().collect();
        for (holder, key) in holders {
            if !self.rivals.contains_key(holder) {
                let rival = Rival { read_at: now, reading: false, count: None };
                self.rivals.insert(holder.clone(), rival);
                self.actions.push_back(Action::Meet(holder.clone(), key));
            }
        }
        for rival in &gone {
            self.rivals.remove(rival);
        }
        self.cancel(|call| matches!(call, Call::ReadBeat(rival) if gone.contains(rival)));
    }

    pub(super) fn rivals_due(&self) -> Option<Timestamp> {
        if !self.is_watching() {
            return None;
        }
        self.rivals.values().filter(|rival| !rival.reading).map(|rival| rival.read_at).min()
    }

    pub(super) fn plan_rivals(&mut self, now: Timestamp) {
        let Pace::Beats(own) = self.pace else { return };
        if !self.is_watching() {
            return;
        }
        let due: Vec<(SessionId, Timing)> = self
            .rivals
            .iter()
            .filter(|(_, rival)| !rival.reading && rival.read_at <= now)
            .map(|(session, rival)| {
                (session.clone(), rival.count.as_ref().map_or(own, |count| count.timing))
            })
            .collect();
        for (session, timing) in due {
            if let Some(rival) = self.rivals.get_mut(&session) {
                rival.reading = true;
                rival.read_at = now + timing.beat();
            }
            self.request(now, timing.beat(), Call::ReadBeat(session));
        }
    }

    pub(super) fn handle_rival_beat(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        session: &SessionId,
        answer: Answer,
    ) {
        let Pace::Beats(own) = self.pace else { return };
        let delay = self.chance(LONGEST_DELAY);
        let Some(rival) = self.rivals.get_mut(session) else { return };
        rival.reading = false;
        match answer {
            Answer::Beat(Some(seen)) => {
                rival.see(now, seen, delay);
                if let Some(count) = &rival.count {
                    rival.read_at = sent + count.timing.beat();
                }
            }
            // Another tool's session; or one of ours that has let go of everything and left, which
            // the keys themselves tell.
            Answer::Beat(None) => {
                rival.count = None;
                rival.read_at = now + own.lease().length();
                for folder in &mut self.folders {
                    folder.read_by(now);
                }
            }
            // nothing was seen: the count begins anew
            _ => {
                rival.count = None;
                rival.read_at = rival.read_at.max(now);
            }
        }
    }
}
