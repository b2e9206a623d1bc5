//! Transactions on keys: which are due, and what their answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::{Action, Stop};
use super::contest::{Contest, Seen, Stand};
use super::folder::Folder;
use super::id::{Fence, FolderId, KeyId, SessionId, Term};
use super::leave::Phase;
use super::request::{Answer, Call, Failure, Read, Refusal, Why};
use super::time::Timestamp;
use super::{CONFIGURATION_RETRY, Election, Pace};

/// What would be asked for a key next.
enum Wish {
    Release(Fence),
    Resume(Fence),
    Take(SessionId),
    Acquire(Read),
}

/// Keys in one transaction of at most 64 operations: an acquisition and a take spend two operations
/// on a key and one or two on beats, a resumption one and one, a release two and none.
const KEYS_ACQUIRED: usize = 31;
const KEYS_RESUMED: usize = 63;
const KEYS_RELEASED: usize = 32;

/// Transactions in flight: more of them make Consul no quicker.
const IN_FLIGHT: usize = 4;

impl Election {
    fn wish(&self, now: Timestamp, contest: &Contest) -> Option<(Timestamp, Wish)> {
        let unwanted = self.phase != Phase::Running || !contest.wanted;
        let stands_at = contest.stands_from.max(contest.retry_at);
        match (&contest.stand, &contest.seen) {
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
        }
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

    /// An acquisition, or a take from `rival`, was answered.
    pub(super) fn handle_asked(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        keys: &[KeyId],
        rival: Option<&SessionId>,
        answer: Answer,
    ) {
        for KeyId(key) in keys {
            let contest = &mut self.contests[*key as usize];
            if let Stand::Asking { moved } = contest.stand {
                contest.stand = Stand::By;
                if moved {
                    // perhaps by this very request; perhaps by somebody since
                    self.folders[contest.folder.0 as usize].read_by(now);
                }
            }
        }
        match answer {
            Answer::Granted(mut fences) => {
                fences.retain(|(key, _)| keys.contains(key));
                self.handle_granted(now, sent, &fences);
            }
            Answer::Refused(refusals) if !refusals.is_empty() => {
                for refusal in refusals {
                    self.handle_refusal(now, rival, refusal);
                }
            }
            // an unknown outcome: only a look at the keys can tell
            Answer::Failed(failure) => self.look_again(now, keys, self.retry(failure)),
            _ => self.look_again(now, keys, self.retry(Failure::Transient)),
        }
    }

    fn handle_granted(&mut self, now: Timestamp, sent: Timestamp, fences: &[(KeyId, Fence)]) {
        let Some(own) = self.session().cloned() else { return };
        let in_time = now < self.trust(sent);
        if in_time {
            self.extend_trust_by_transaction(now, sent);
        }
        for &(key, fence) in fences {
            let running = self.phase == Phase::Running;
            let contest = &mut self.contests[key.0 as usize];
            if contest.stand != Stand::By {
                continue;
            }
            let wanted = running && contest.wanted && contest.stands_from <= now;
            if let Pace::Beats(_) = self.pace {
                contest.seen = Seen::Held(own.clone(), fence.index());
            }
            let term = Term { key, fence, stint: 0 };
            contest.stand = if !wanted {
                Stand::Releasing { fence, release_at: now }
            } else if in_time {
                self.actions.push_back(Action::Start(term));
                Stand::Leading(term)
            } else {
                Stand::Lapsed { term, resume_at: now }
            };
            let folder = contest.folder;
            self.folder_exists(now, folder);
        }
    }

    fn handle_refusal(&mut self, now: Timestamp, rival: Option<&SessionId>, refusal: Refusal) {
        match (refusal.key, refusal.why) {
            // in the lock delay a try costs the service no write
            (Some(KeyId(key)), Why::LockDelay) => {
                self.contests[key as usize].retry_at = now + self.pause();
            }
            (Some(key), Why::Moved) => self.look_again(now, &[key], self.pause()),
            (Some(key), Why::Denied) => self.look_again(now, &[key], CONFIGURATION_RETRY),
            (None, _) => {
                if let Some(rival) = rival.and_then(|rival| self.rivals.get_mut(rival)) {
                    rival.lives(now);
                }
            }
        }
    }

    pub(super) fn handle_resumed(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        keys: &[(KeyId, Fence)],
        answer: &Answer,
    ) {
        let resumed = *answer == Answer::Done && now < self.trust(sent);
        if resumed {
            self.extend_trust_by_transaction(now, sent);
        }
        for &(key, fence) in keys {
            let retry_at = self.retry_transaction(now, sent, key, answer);
            let contest = &mut self.contests[key.0 as usize];
            let Stand::Resuming(mut term) = contest.stand else { continue };
            if term.fence != fence {
                continue;
            }
            match retry_at {
                _ if resumed => {
                    term.stint += 1;
                    self.actions.push_back(Action::Start(term));
                    contest.stand = Stand::Leading(term);
                }
                // it came too late to be believed; or it changed nothing, the beat included
                Some(resume_at) => contest.stand = Stand::Lapsed { term, resume_at },
                None => {
                    contest.stand = Stand::By;
                    self.look_again(now, &[key], Duration::ZERO);
                }
            }
        }
    }

    pub(super) fn handle_released(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        keys: &[(KeyId, Fence)],
        answer: &Answer,
    ) {
        for &(key, fence) in keys {
            let retry_at = self.retry_transaction(now, sent, key, answer);
            let contest = &mut self.contests[key.0 as usize];
            if contest.stand != Stand::Freeing(fence) {
                continue;
            }
            match retry_at {
                Some(release_at) if *answer != Answer::Done => {
                    contest.stand = Stand::Releasing { fence, release_at };
                }
                _ => {
                    contest.stand = Stand::By;
                    self.actions.push_back(Action::Freed(key));
                    self.look_again(now, &[key], Duration::ZERO);
                }
            }
        }
    }

    /// When this key's part of a transaction that was not carried out is tried again; `None` where
    /// it need not be, since the term is no more.
    fn retry_transaction(
        &self,
        now: Timestamp,
        sent: Timestamp,
        key: KeyId,
        answer: &Answer,
    ) -> Option<Timestamp> {
        match answer {
            Answer::Done => Some(now),
            Answer::Refused(refusals) if !refusals.is_empty() => {
                match refusals.iter().find(|refusal| refusal.key == Some(key)).map(|r| r.why) {
                    Some(Why::Moved | Why::LockDelay) => None,
                    Some(Why::Denied) => Some(now + CONFIGURATION_RETRY),
                    // without those that stood against it
                    None => Some(now),
                }
            }
            Answer::Failed(failure) => Some(now.max(sent + self.retry(*failure))),
            _ => Some(now + self.retry(Failure::Transient)),
        }
    }

    pub(super) fn handle_drained(&mut self, now: Timestamp, drained: Term) {
        let contest = &mut self.contests[drained.key.0 as usize];
        let Stand::Draining { term, stopped } = contest.stand else { return };
        if term != drained {
            return;
        }
        if !stopped {
            self.actions.push_back(Action::Stop(term, Stop::Released));
        }
        contest.stand = Stand::Releasing { fence: term.fence, release_at: now };
        if let Phase::Leaving { heard, .. } = &mut self.phase {
            *heard = now;
        }
    }

    pub(super) fn handle_stand(&mut self, now: Timestamp, key: KeyId, folder: FolderId) {
        match self.contests.get_mut(key.0 as usize) {
            Some(contest) if contest.wanted => return,
            Some(contest) => contest.wanted = true,
            None => self.contests.push(Contest::new(folder, Seen::before_reading(self.pace))),
        }
        let folders = self.folders.len().max(folder.0 as usize + 1);
        self.folders.resize_with(folders, Folder::default);
        self.choose_watched();
        self.folders[folder.0 as usize].read_by(now);
    }

    pub(super) fn handle_withdraw(&mut self, key: KeyId) {
        let contest = &mut self.contests[key.0 as usize];
        contest.wanted = false;
        contest.drain(&mut self.actions);
    }

    pub(super) fn handle_step_down(&mut self, now: Timestamp, key: KeyId, cool_off: Duration) {
        let contest = &mut self.contests[key.0 as usize];
        contest.stands_from = contest.stands_from.max(now + cool_off);
        contest.drain(&mut self.actions);
    }

    /// What was seen of these keys no longer holds: their folder is read again, and they are not
    /// asked for before `pause` is over.
    fn look_again(&mut self, now: Timestamp, keys: &[KeyId], pause: Duration) {
        for KeyId(key) in keys {
            let contest = &mut self.contests[*key as usize];
            contest.retry_at = now + pause;
            if let Pace::Beats(_) = self.pace {
                contest.seen = Seen::Unknown;
                self.folders[contest.folder.0 as usize].read_by(now);
            }
        }
    }

    /// How long a key that was refused is left alone: a quarter of a beat.
    fn pause(&self) -> Duration {
        match self.pace {
            Pace::Beats(timing) => timing.beat() / 4,
            Pace::Kernel { retry } => retry,
        }
    }
}
