//! The session of this process: its creation, renewal, heartbeat and end.

use std::time::Duration;

use super::action::Stop;
use super::candidacy::KeyState;
use super::id::{KeyId, SessionId};
use super::leave::Phase;
use super::request::{Answer, Call, Failure};
use super::time::Timestamp;
use super::{Election, Liveness};
use crate::policy::Backoff;

/// State of the process's session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Session {
    /// There is none; `failures`: number of failed tries in a row.
    Absent { create_at: Timestamp, failures: u32 },
    /// The creation is in flight.
    Creating { failures: u32 },
    /// The session exists, as far as this process knows.
    Live(Live),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Live {
    pub(super) id: SessionId,
    renew_at: Timestamp,
    renewing: bool,
    beat_at: Timestamp,
    /// Whether its beat key may exist.
    pub(super) has_beaten: bool,
    pub(super) closing: Closing,
}

/// Progress of the session's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Closing {
    NotYet,
    Destroying,
    Destroyed,
    DeletingBeat,
}

impl Default for Session {
    fn default() -> Self {
        Self::Absent { create_at: Timestamp::default(), failures: 0 }
    }
}

impl Session {
    pub(super) const fn live(&self) -> Option<&Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Absent { .. } | Self::Creating { .. } => None,
        }
    }

    pub(super) const fn live_mut(&mut self) -> Option<&mut Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Absent { .. } | Self::Creating { .. } => None,
        }
    }
}

/// First delay between tries to create a session; it doubles up to [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// Interval between checks of the kernel's locks: a lock file that was deleted holds nothing.
const KERNEL_RENEWAL: Duration = Duration::from_secs(1);

/// Minimum timeout of a session's creation and renewal: their answers are of use for much longer than
/// a lease of a second.
const MIN_SESSION_TIMEOUT: Duration = Duration::from_secs(1);

/// Interval between sweeps of dead sessions' beats.
const SWEEP: Duration = Duration::from_secs(3600);

impl Election {
    pub(super) fn session_due(&self) -> Option<Timestamp> {
        match &self.session {
            Session::Absent { create_at, .. } => {
                (self.phase == Phase::Running).then_some(*create_at)
            }
            Session::Live(live) => (!live.renewing).then_some(live.renew_at),
            Session::Creating { .. } => None,
        }
    }

    pub(super) fn plan_session(&mut self, now: Timestamp) {
        if self.session_due().is_none_or(|due| due > now) {
            return;
        }
        let timeout = self.request_timeout().max(MIN_SESSION_TIMEOUT);
        let call = match &mut self.session {
            Session::Live(live) => {
                live.renewing = true;
                Call::RenewSession(live.id.clone())
            }
            Session::Absent { failures, .. } | Session::Creating { failures } => {
                self.session = Session::Creating { failures: *failures };
                Call::CreateSession
            }
        };
        self.request(now, timeout, call);
    }

    pub(super) fn handle_created(&mut self, now: Timestamp, sent: Timestamp, answer: Answer) {
        let Session::Creating { failures } = self.session else { return };
        let renewal = self.renewal();
        self.session = if let Answer::Session(id) = answer {
            for folder in &mut self.folders {
                folder.schedule_read(now);
            }
            Session::Live(Live {
                id,
                renew_at: sent + renewal,
                renewing: false,
                beat_at: now,
                has_beaten: false,
                closing: Closing::NotYet,
            })
        } else {
            let wait = match answer {
                Answer::Failed(Failure::Configuration) => self.retry(Failure::Configuration),
                // one process has one session: there is nobody to be apart from
                _ => Backoff::between(FIRST_RETRY, self.longest_wait()).wait(failures + 1, 0.0),
            };
            Session::Absent { create_at: now + wait, failures: (failures + 1).min(8) }
        };
    }

    pub(super) fn handle_renewed(&mut self, now: Timestamp, sent: Timestamp, answer: &Answer) {
        let next = match answer {
            Answer::Failed(failure) => now + self.retry(*failure),
            _ => sent + self.renewal(),
        };
        if let Some(live) = self.session.live_mut() {
            live.renewing = false;
            live.renew_at = next.max(now);
        }
    }

    /// Maximum delay between tries to create a session: with a short lease a process has to campaign
    /// soon after the service is back.
    fn longest_wait(&self) -> Duration {
        match self.liveness {
            Liveness::Beats(timing) => LAST_RETRY.min(timing.lease().length()),
            Liveness::Kernel { .. } => LAST_RETRY,
        }
    }

    fn renewal(&self) -> Duration {
        match self.liveness {
            Liveness::Beats(timing) => timing.renewal(),
            Liveness::Kernel { .. } => KERNEL_RENEWAL,
        }
    }

    /// Whether any term has trust, which beats must extend.
    pub(super) fn has_trust(&self) -> bool {
        self.candidacies.iter().any(|candidacy| candidacy.state.is_trusted())
    }

    pub(super) fn sweep_due(&self) -> Option<Timestamp> {
        (self.is_watching() && self.has_trust()).then_some(self.sweep_at)
    }

    /// Deletes the beats of dead sessions: a leader does so when it begins to lead, and once an hour.
    pub(super) fn plan_sweep(&mut self, now: Timestamp) {
        if self.sweep_due().is_some_and(|due| due <= now) {
            self.sweep_at = now + SWEEP;
            self.request(now, self.request_timeout(), Call::SweepBeats);
        }
    }

    /// Whether a transaction that begins or resumes a term is in flight.
    fn is_asking(&self) -> bool {
        let begins =
            |state: &KeyState| matches!(state, KeyState::Acquiring { .. } | KeyState::Resuming(_));
        self.candidacies.iter().any(|candidacy| begins(&candidacy.state))
    }

    /// Time of the next beat, while a term has trust or may soon have it: a term whose first answer is
    /// late has little trust left, and a beat must be answered before that is over. A beat does not
    /// wait for the answer to the beat before: where answers are late, several are in flight, as many
    /// as fit into the trust.
    pub(super) fn beat_due(&self) -> Option<Timestamp> {
        let Liveness::Beats(_) = self.liveness else { return None };
        let live = self.session.live()?;
        let beats = self.has_trust() || self.is_reachable() && self.is_asking();
        beats.then_some(live.beat_at)
    }

    /// Notes that a transaction with a beat inside was sent. A leader's own beats go on beside the
    /// transaction, which may be refused as a whole.
    pub(super) fn beat_with_transaction(&mut self, now: Timestamp) {
        let Liveness::Beats(timing) = self.liveness else { return };
        let has_trust = self.has_trust();
        if let Some(live) = self.session.live_mut() {
            live.has_beaten = true;
            if !has_trust {
                live.beat_at = live.beat_at.max(now + timing.beat());
            }
        }
    }

    pub(super) fn plan_beat(&mut self, now: Timestamp) {
        let Liveness::Beats(timing) = self.liveness else { return };
        if self.beat_due().is_none_or(|due| due > now) {
            return;
        }
        if let Some(live) = self.session.live_mut() {
            live.beat_at = now + timing.beat();
            let call = Call::Beat(live.id.clone());
            // a later answer could extend no trust
            self.request(now, timing.trust(), call);
        }
    }

    pub(super) fn handle_beaten(&mut self, now: Timestamp, sent: Timestamp, answer: Answer) {
        if answer == Answer::Done {
            self.extend_trust(now, sent);
        }
    }

    /// Extends trust by a transaction with a beat inside that succeeded and was sent at `sent`.
    pub(super) fn extend_trust_by_transaction(&mut self, now: Timestamp, sent: Timestamp) {
        self.extend_trust(now, sent);
        let Liveness::Beats(timing) = self.liveness else { return };
        if let Some(live) = self.session.live_mut() {
            live.beat_at = live.beat_at.max(sent + timing.beat());
        }
    }

    /// Ends every term: the session is gone.
    pub(super) fn lose_session(&mut self, now: Timestamp) {
        let Some(live) = self.session.live() else { return };
        let gone = live.id.clone();
        self.cancel(|pending| pending.call.session() == Some(&gone));
        self.session = Session::Absent { create_at: now, failures: 0 };
        self.trusted_until = None;
        for (key, candidacy) in (0..).map(KeyId).zip(&mut self.candidacies) {
            candidacy.lose(key, Stop::SessionLost, &mut self.actions);
        }
    }

    /// Ends the session step by step. The beat is deleted last: without it, nobody could take a key
    /// that an unanswered acquisition locked.
    pub(super) fn close_session(&mut self, now: Timestamp) {
        let timeout = self.request_timeout();
        let Some(live) = self.session.live_mut() else { return };
        let call = match live.closing {
            Closing::NotYet => {
                live.closing = Closing::Destroying;
                Call::DestroySession(live.id.clone())
            }
            Closing::Destroyed => {
                live.closing = Closing::DeletingBeat;
                Call::DeleteBeat(live.id.clone())
            }
            Closing::Destroying | Closing::DeletingBeat => return,
        };
        self.request(now, timeout, call);
    }

    pub(super) fn handle_closed(&mut self, answer: &Answer) {
        match self.session.live_mut() {
            Some(live)
                if live.closing == Closing::Destroying
                    && live.has_beaten
                    && *answer == Answer::Done =>
            {
                live.closing = Closing::Destroyed;
            }
            Some(_) => self.session = Session::default(),
            None => {}
        }
    }
}
