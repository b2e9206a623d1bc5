//! Transactions on keys: which are due, and in what order.

use std::collections::BTreeMap;

use super::contest::{Contest, Seen, Stand};
use super::id::{Fence, KeyId, SessionId};
use super::leave::Phase;
use super::operation::OPERATIONS;
use super::request::{Call, Read};
use super::time::Timestamp;
use super::{Election, Pace};

/// What would be asked for a key next.
enum Wish {
    Release(Fence),
    Resume(Fence),
    Take(SessionId),
    Acquire(Read),
}

/// Keys in one transaction: an acquisition and a take spend two operations on a key and one or two
/// on beats, a resumption one and one, a release two and none.
const KEYS_ACQUIRED: usize = (OPERATIONS - 2) / 2;
const KEYS_RESUMED: usize = OPERATIONS - 1;
const KEYS_RELEASED: usize = OPERATIONS / 2;

/// Transactions in flight: more of them make Consul no quicker.
const IN_FLIGHT: usize = 4;

impl Election {
    fn wish(&self, now: Timestamp, contest: &Contest) -> Option<(Timestamp, Wish)> {
        let unwanted = self.phase != Phase::Running || !contest.wanted;
        let stands_at = contest.stands_from.max(contest.retry_at);
        let wish = match (&contest.stand, &contest.seen) {
            (Stand::Releasing { fence, release_at }, _) => {
                Some((*release_at, Wish::Release(*fence)))
            }
            (Stand::Lapsed { term, resume_at }, _) => Some((*resume_at, Wish::Resume(term.fence))),
            // Ours, and no term: a late acquisition, or a release that nobody answered. It is
            // acquired again, which moves its index, so that a late release of it fails; or
            // released, where it isn't wanted. Otherwise nobody would ever lead it.
            (Stand::By, Seen::Held(session, index)) if Some(session) == self.session() => {
                if unwanted || contest.stands_from > now {
                    Some((contest.retry_at, Wish::Release(Fence(index.0))))
                } else {
                    Some((contest.retry_at, Wish::Acquire(Read::At(*index))))
                }
            }
            _ if unwanted => None,
            (Stand::By, Seen::Absent) => Some((stands_at, Wish::Acquire(Read::Absent))),
            (Stand::By, Seen::Free(index)) => Some((stands_at, Wish::Acquire(Read::At(*index)))),
            (Stand::By, Seen::Held(rival, _)) => {
                let silent_at = self.rivals.get(rival)?.silent_at(now)?;
                Some((stands_at.max(silent_at), Wish::Take(rival.clone())))
            }
            _ => None,
        };
        // a release carries no beat
        wish.filter(|(_, wish)| self.is_heard() || matches!(wish, Wish::Release(_)))
    }

    fn transactions_free(&self) -> usize {
        let busy = self.pending.values().filter(|pending| pending.call.is_transaction()).count();
        IN_FLIGHT.saturating_sub(busy)
    }

    pub(super) fn wish_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.session.live().is_none() || self.transactions_free() == 0 {
            return None;
        }
        self.contests.iter().filter_map(|contest| Some(self.wish(now, contest)?.0)).min()
    }

    pub(super) fn plan_transactions(&mut self, now: Timestamp) {
        let free = self.transactions_free();
        let Some(session) = self.session().cloned() else { return };
        if free == 0 {
            return;
        }
        let mut releases = Vec::new();
        let mut resumptions = Vec::new();
        let mut acquisitions = Vec::new();
        let mut takes: BTreeMap<SessionId, Vec<KeyId>> = BTreeMap::new();
        for (key, contest) in (0..).map(KeyId).zip(&self.contests) {
            match self.wish(now, contest) {
                Some((due, wish)) if due <= now => match wish {
                    Wish::Release(fence) => releases.push((key, fence)),
                    Wish::Resume(fence) => resumptions.push((key, fence)),
                    Wish::Take(rival) => takes.entry(rival).or_default().push(key),
                    Wish::Acquire(read) => acquisitions.push((key, read)),
                },
                _ => {}
            }
        }
        let session = || session.clone();
        let releases = releases
            .chunks(KEYS_RELEASED)
            .map(|keys| Call::Release { session: session(), keys: keys.to_vec() });
        let resumptions = resumptions
            .chunks(KEYS_RESUMED)
            .map(|keys| Call::Resume { session: session(), keys: keys.to_vec() });
        let takes = takes.iter().flat_map(|(from, keys)| {
            let beat = self.rivals.get(from).and_then(|rival| rival.silent_beat());
            keys.chunks(KEYS_ACQUIRED).filter_map(move |keys| {
                let (session, from) = (session(), from.clone());
                Some(Call::Take { session, from, beat: beat?, keys: keys.to_vec() })
            })
        });
        let acquisitions = acquisitions
            .chunks(KEYS_ACQUIRED)
            .map(|keys| Call::Acquire { session: session(), keys: keys.to_vec() });
        let calls: Vec<Call> =
            releases.chain(resumptions).chain(takes).chain(acquisitions).take(free).collect();
        for call in calls {
            self.send_transaction(now, call);
        }
    }

    fn send_transaction(&mut self, now: Timestamp, call: Call) {
        match &call {
            Call::Acquire { keys, .. } => {
                for (KeyId(key), _) in keys {
                    self.contests[*key as usize].stand = Stand::Asking { moved: false };
                }
            }
            Call::Take { keys, .. } => {
                for KeyId(key) in keys {
                    self.contests[*key as usize].stand = Stand::Asking { moved: false };
                }
            }
            Call::Resume { keys, .. } => {
                for (KeyId(key), _) in keys {
                    let stand = &mut self.contests[*key as usize].stand;
                    if let Stand::Lapsed { term, .. } = *stand {
                        *stand = Stand::Resuming(term);
                    }
                }
            }
            Call::Release { keys, .. } => {
                for (KeyId(key), fence) in keys {
                    self.contests[*key as usize].stand = Stand::Freeing(*fence);
                }
            }
            _ => {}
        }
        if matches!(self.pace, Pace::Beats(_))
            && !matches!(call, Call::Release { .. })
            && let Some(live) = self.session.live_mut()
        {
            live.has_beaten = true;
        }
        let patience = self.patience();
        self.request(now, patience, call);
    }
}
