//! Transactions on keys: chooses those that are due, and their order.

use std::collections::BTreeMap;

use super::candidacy::{Candidacy, KeyState, Seen};
use super::id::{Fence, KeyId, SessionId};
use super::leave::Phase;
use super::operation::OPERATIONS;
use super::request::{Call, Expected};
use super::time::Timestamp;
use super::{Election, Liveness};

/// The next call for a key.
enum NextCall {
    Release(Fence),
    Resume(Fence),
    Take(SessionId),
    Acquire(Expected),
}

/// Maximum number of keys in one transaction. An acquisition and a take need two operations per key
/// and one or two for beats; a resumption one per key and one for a beat; a release two per key.
const KEYS_ACQUIRED: usize = (OPERATIONS - 2) / 2;
const KEYS_RESUMED: usize = OPERATIONS - 1;
const KEYS_RELEASED: usize = OPERATIONS / 2;

/// Maximum number of transactions in flight that were sent within the last beat. More do not increase
/// Consul's throughput.
const IN_FLIGHT: usize = 4;

/// Maximum number of transactions in flight where answers are late.
const LATE_IN_FLIGHT: usize = 16;

impl Election {
    fn next_call(&self, now: Timestamp, candidacy: &Candidacy) -> Option<(Timestamp, NextCall)> {
        let unwanted = self.phase != Phase::Running || !candidacy.wanted;
        let campaigns_at = candidacy.cool_off_until.max(candidacy.retry_at);
        let call = match (&candidacy.state, &candidacy.seen) {
            (KeyState::Drained { fence, release_at }, _) => {
                Some((*release_at, NextCall::Release(*fence)))
            }
            (KeyState::Lapsed { term, resume_at }, _) => {
                Some((*resume_at, NextCall::Resume(term.fence)))
            }
            // A key of ours without a term, after a late acquisition or an unanswered release. It is
            // acquired again, which moves its index, so that a late release fails; or it is
            // released, if it is not wanted. Otherwise no node would ever lead it.
            (KeyState::Standby, Seen::Held(session, index)) if Some(session) == self.session() => {
                if unwanted || candidacy.cool_off_until > now {
                    Some((candidacy.retry_at, NextCall::Release(Fence(index.0))))
                } else {
                    Some((candidacy.retry_at, NextCall::Acquire(Expected::At(*index))))
                }
            }
            _ if unwanted => None,
            (KeyState::Standby, Seen::Absent) => {
                Some((campaigns_at, NextCall::Acquire(Expected::Absent)))
            }
            (KeyState::Standby, Seen::Free(index)) => {
                Some((campaigns_at, NextCall::Acquire(Expected::At(*index))))
            }
            (KeyState::Standby, Seen::Held(rival, _)) => {
                let silent_at = self.rivals.get(rival)?.silent_at(now)?;
                Some((campaigns_at.max(silent_at), NextCall::Take(rival.clone())))
            }
            _ => None,
        };
        // a release carries no beat
        call.filter(|(_, call)| self.is_reachable() || matches!(call, NextCall::Release(_)))
    }

    /// Number of transactions that may be sent now.
    fn transactions_free(&self, now: Timestamp) -> usize {
        let (late, young): (Vec<_>, Vec<_>) =
            self.transactions().partition(|sent| self.late_at(*sent) <= now);
        let free = IN_FLIGHT.saturating_sub(young.len());
        free.min(LATE_IN_FLIGHT.saturating_sub(young.len() + late.len()))
    }

    /// Times at which the transactions in flight were sent.
    fn transactions(&self) -> impl Iterator<Item = Timestamp> {
        self.pending.values().filter(|it| it.call.is_transaction()).map(|it| it.sent)
    }

    /// Time at which a transaction that was sent at `sent` makes room for another, answered or not.
    fn late_at(&self, sent: Timestamp) -> Timestamp {
        match self.liveness {
            Liveness::Beats(timing) => sent + timing.beat(),
            Liveness::Kernel { .. } => Timestamp::NEVER,
        }
    }

    pub(super) fn transactions_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.session.live()?;
        let due = self
            .candidacies
            .iter()
            .filter_map(|candidacy| Some(self.next_call(now, candidacy)?.0))
            .min()?;
        if self.transactions_free(now) > 0 {
            return Some(due);
        }
        // an answer makes room, too
        let late =
            self.transactions().map(|sent| self.late_at(sent)).filter(|at| *at > now).min()?;
        Some(due.max(late)).filter(|due| *due != Timestamp::NEVER)
    }

    pub(super) fn plan_transactions(&mut self, now: Timestamp) {
        let free = self.transactions_free(now);
        let Some(session) = self.session().cloned() else { return };
        if free == 0 {
            return;
        }
        let mut releases = Vec::new();
        let mut resumptions = Vec::new();
        let mut acquisitions = Vec::new();
        let mut takes: BTreeMap<SessionId, Vec<KeyId>> = BTreeMap::new();
        for (key, candidacy) in (0..).map(KeyId).zip(&self.candidacies) {
            match self.next_call(now, candidacy) {
                Some((due, call)) if due <= now => match call {
                    NextCall::Release(fence) => releases.push((key, fence)),
                    NextCall::Resume(fence) => resumptions.push((key, fence)),
                    NextCall::Take(rival) => takes.entry(rival).or_default().push(key),
                    NextCall::Acquire(read) => acquisitions.push((key, read)),
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
                    self.candidacies[*key as usize].state = KeyState::Acquiring { moved: false };
                }
            }
            Call::Take { keys, .. } => {
                for KeyId(key) in keys {
                    self.candidacies[*key as usize].state = KeyState::Acquiring { moved: false };
                }
            }
            Call::Resume { keys, .. } => {
                for (KeyId(key), _) in keys {
                    let state = &mut self.candidacies[*key as usize].state;
                    if let KeyState::Lapsed { term, .. } = *state {
                        *state = KeyState::Resuming(term);
                    }
                }
            }
            Call::Release { keys, .. } => {
                for (KeyId(key), fence) in keys {
                    self.candidacies[*key as usize].state = KeyState::Releasing(*fence);
                }
            }
            _ => {}
        }
        if call.carries_beat() {
            self.beat_with_transaction(now);
        }
        let timeout = self.request_timeout();
        self.request(now, timeout, call);
    }
}
