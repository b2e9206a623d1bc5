//! The session of this process: made, renewed, shown to live by its beat, lost.

use std::time::Duration;

use super::action::Stop;
use super::id::{KeyId, SessionId};
use super::leave::Phase;
use super::request::{Answer, Call, Failure};
use super::time::Timestamp;
use super::{Election, Pace};

/// Where the process stands with its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Session {
    /// There is none; `failures` tries in a row went wrong.
    Absent { create_at: Timestamp, failures: u32 },
    /// One was asked for.
    Creating { failures: u32 },
    /// There is one, as far as anybody said.
    Live(Live),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Live {
    pub(super) id: SessionId,
    renew_at: Timestamp,
    renewing: bool,
    beat_at: Timestamp,
    beating: bool,
    /// Its beat key may exist.
    pub(super) has_beaten: bool,
    pub(super) closing: Closing,
}

/// How far the session's own end has come.
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

const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// How often the kernel's locks are looked at: a lock file that was deleted holds nothing.
const KERNEL_RENEWAL: Duration = Duration::from_secs(1);

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
        let timeout = match self.pace {
            Pace::Beats(timing) => {
                let half = timing.lease().length() / 2;
                half.clamp(Duration::from_secs(1), Duration::from_secs(5))
            }
            Pace::Kernel { .. } => Duration::from_secs(1),
        };
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
                folder.read_by(now);
            }
            Session::Live(Live {
                id,
                renew_at: sent + renewal,
                renewing: false,
                beat_at: now,
                beating: false,
                has_beaten: false,
                closing: Closing::NotYet,
            })
        } else {
            let wait = match answer {
                Answer::Failed(Failure::Configuration) => self.retry(Failure::Configuration),
                _ => self.longest_wait().min(FIRST_RETRY * 2u32.saturating_pow(failures)),
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

    /// A short lease is a wish to stand soon, once the service is back.
    fn longest_wait(&self) -> Duration {
        match self.pace {
            Pace::Beats(timing) => LAST_RETRY.min(timing.lease().length()),
            Pace::Kernel { .. } => LAST_RETRY,
        }
    }

    fn renewal(&self) -> Duration {
        match self.pace {
            Pace::Beats(timing) => timing.renewal(),
            Pace::Kernel { .. } => KERNEL_RENEWAL,
        }
    }

    /// Whether there is work to vouch for.
    fn has_trust(&self) -> bool {
        self.contests.iter().any(|contest| contest.stand.is_trusted())
    }

    pub(super) fn sweep_due(&self) -> Option<Timestamp> {
        (self.is_watching() && self.has_trust()).then_some(self.sweep_at)
    }

    /// A leader looks after what the dead left behind, when it begins to lead and once an hour.
    pub(super) fn plan_sweep(&mut self, now: Timestamp) {
        if self.sweep_due().is_some_and(|due| due <= now) {
            self.sweep_at = now + SWEEP;
            self.request(now, self.patience(), Call::SweepBeats);
        }
    }

    /// A beat is due while there is work to vouch for; what has lapsed is resumed by transactions
    /// that carry a beat themselves.
    pub(super) fn beat_due(&self) -> Option<Timestamp> {
        let live = self.session.live()?;
        let beats = matches!(self.pace, Pace::Beats(_)) && !live.beating && self.has_trust();
        beats.then_some(live.beat_at)
    }

    pub(super) fn plan_beat(&mut self, now: Timestamp) {
        let Pace::Beats(timing) = self.pace else { return };
        if self.beat_due().is_none_or(|due| due > now) {
            return;
        }
        if let Some(live) = self.session.live_mut() {
            live.beating = true;
            // each eighth of the lease, whatever becomes of this one
            live.beat_at = now + timing.beat();
            let call = Call::Beat(live.id.clone());
            self.request(now, timing.beat(), call);
        }
    }

    pub(super) fn handle_beaten(&mut self, now: Timestamp, sent: Timestamp, answer: Answer) {
        if let Some(live) = self.session.live_mut() {
            live.beating = false;
        }
        if answer == Answer::Done {
            self.extend_trust(now, sent);
        }
    }

    /// A transaction that carries a beat went through, having been sent at `sent`.
    pub(super) fn extend_trust_by_transaction(&mut self, now: Timestamp, sent: Timestamp) {
        self.extend_trust(now, sent);
        let Pace::Beats(timing) = self.pace else { return };
        if let Some(live) = self.session.live_mut() {
            live.beat_at = live.beat_at.max(sent + timing.beat());
        }
    }

    /// The session is gone, and with it every term.
    pub(super) fn lose_session(&mut self, now: Timestamp) {
        let Some(live) = self.session.live() else { return };
        let gone = live.id.clone();
        self.cancel(|call| call.session() == Some(&gone));
        self.session = Session::Absent { create_at: now, failures: 0 };
        self.trusted_until = None;
        for (key, contest) in (0..).map(KeyId).zip(&mut self.contests) {
            contest.lose(key, Stop::SessionLost, &mut self.actions);
        }
    }

    /// The session's end is asked for, step by step. The beat goes last: a key that an unanswered
    /// acquisition got can't be taken without it.
    pub(super) fn close_session(&mut self, now: Timestamp) {
        let patience = self.patience();
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
        self.request(now, patience, call);
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
