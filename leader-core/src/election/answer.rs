//! Answers to transactions, and their effect on each key.

use std::time::Duration;

use super::action::Action;
use super::candidacy::{KeyState, Seen};
use super::id::{Fence, KeyId, SessionId, Term};
use super::leave::Phase;
use super::request::{Answer, Failure, Refusal, RefusalReason};
use super::time::Timestamp;
use super::{CONFIGURATION_RETRY, Election, Liveness};

impl Election {
    /// Takes in the answer to an acquisition, or to a take from `rival`.
    pub(super) fn handle_acquired(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        keys: &[KeyId],
        rival: Option<&SessionId>,
        answer: Answer,
    ) {
        for KeyId(key) in keys {
            let candidacy = &mut self.candidacies[*key as usize];
            if let KeyState::Acquiring { moved } = candidacy.state {
                candidacy.state = KeyState::Standby;
                if moved {
                    // perhaps by this very request, perhaps by another node since
                    self.folders[candidacy.folder.0 as usize].schedule_read(now);
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
            // an unknown outcome: only a read of the keys shows it
            Answer::Failed(failure) => self.reread(now, keys, self.retry(failure)),
            _ => self.reread(now, keys, self.retry(Failure::Transient)),
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
            let candidacy = &mut self.candidacies[key.0 as usize];
            if candidacy.state != KeyState::Standby {
                continue;
            }
            let wanted = running && candidacy.wanted && candidacy.cool_off_until <= now;
            candidacy.lost_last_race = false;
            if let Liveness::Beats(_) = self.liveness {
                candidacy.seen = Seen::Held(own.clone(), fence.index());
            }
            let term = Term { key, fence, resumptions: 0 };
            candidacy.state = if !wanted {
                KeyState::Drained { fence, release_at: now }
            } else if in_time {
                self.actions.push_back(Action::Start(term));
                KeyState::Leading(term)
            } else {
                KeyState::Lapsed { term, resume_at: now }
            };
            let folder = candidacy.folder;
            self.folder_exists(now, folder);
        }
    }

    fn handle_refusal(&mut self, now: Timestamp, rival: Option<&SessionId>, refusal: Refusal) {
        match (refusal.key, refusal.why) {
            // during the lock delay a try costs the service no write
            (Some(KeyId(key)), RefusalReason::LockDelay) => {
                self.candidacies[key as usize].retry_at = now + self.refusal_delay();
            }
            (Some(key), RefusalReason::Moved) => {
                let candidacy = &mut self.candidacies[key.0 as usize];
                let again = std::mem::replace(&mut candidacy.lost_last_race, true);
                let pause = if again { self.refusal_delay() } else { Duration::ZERO };
                self.reread(now, &[key], pause);
            }
            (Some(key), RefusalReason::Denied) => self.reread(now, &[key], CONFIGURATION_RETRY),
            (None, _) => {
                if let Some(rival) = rival.and_then(|rival| self.rivals.get_mut(rival)) {
                    rival.mark_alive(now);
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
            let candidacy = &mut self.candidacies[key.0 as usize];
            let KeyState::Resuming(mut term) = candidacy.state else { continue };
            if term.fence != fence {
                continue;
            }
            match retry_at {
                _ if resumed => {
                    term.resumptions += 1;
                    self.actions.push_back(Action::Start(term));
                    candidacy.state = KeyState::Leading(term);
                }
                // the answer came too late to extend trust, or nothing was written
                Some(resume_at) => candidacy.state = KeyState::Lapsed { term, resume_at },
                None => {
                    candidacy.state = KeyState::Standby;
                    self.reread(now, &[key], Duration::ZERO);
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
            let candidacy = &mut self.candidacies[key.0 as usize];
            if candidacy.state != KeyState::Releasing(fence) {
                continue;
            }
            match retry_at {
                Some(release_at) if *answer != Answer::Done => {
                    candidacy.state = KeyState::Drained { fence, release_at };
                }
                _ => {
                    candidacy.state = KeyState::Standby;
                    self.actions.push_back(Action::Freed(key));
                    self.reread(now, &[key], Duration::ZERO);
                }
            }
        }
    }

    /// Time at which a failed transaction is tried again for this key; `None` where the term is over,
    /// so that there is nothing to try.
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
                    Some(RefusalReason::Moved | RefusalReason::LockDelay) => None,
                    Some(RefusalReason::Denied) => Some(now + CONFIGURATION_RETRY),
                    // without the keys that it failed for
                    None => Some(now),
                }
            }
            Answer::Failed(failure) => Some(now.max(sent + self.retry(*failure))),
            _ => Some(now + self.retry(Failure::Transient)),
        }
    }

    /// Discards the view of these keys: their folders are read again, and no call is sent for the keys
    /// before `pause` is over.
    fn reread(&mut self, now: Timestamp, keys: &[KeyId], pause: Duration) {
        for KeyId(key) in keys {
            let candidacy = &mut self.candidacies[*key as usize];
            candidacy.retry_at = now + pause;
            if let Liveness::Beats(_) = self.liveness {
                candidacy.seen = Seen::Unknown;
                self.folders[candidacy.folder.0 as usize].schedule_read(now);
            }
        }
    }

    /// Delay before the next try for a key that was refused: a quarter of a beat.
    fn refusal_delay(&self) -> Duration {
        match self.liveness {
            Liveness::Beats(timing) => timing.beat() / 4,
            Liveness::Kernel { retry } => retry,
        }
    }
}
