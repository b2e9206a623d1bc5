//! What the answer to a transaction means for each of its keys.

use std::time::Duration;

use super::action::Action;
use super::contest::{Seen, Stand};
use super::id::{Fence, KeyId, SessionId, Term};
use super::leave::Phase;
use super::request::{Answer, Failure, Refusal, Why};
use super::time::Timestamp;
use super::{CONFIGURATION_RETRY, Election, Pace};

impl Election {
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
            contest.refused = false;
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
            (Some(key), Why::Moved) => {
                let contest = &mut self.contests[key.0 as usize];
                let again = std::mem::replace(&mut contest.refused, true);
                let pause = if again { self.pause() } else { Duration::ZERO };
                self.look_again(now, &[key], pause);
            }
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
