//! Leader election as a state machine without I/O: events in, actions out. Time, answers and
//! randomness are handed in.
//!
//! ```text
//!   handle_event(now, …)   ┌──────────┐   poll_action()
//!  ───────────────────────▶│          │──────────────────▶ Request, Cancel   to the lock service
//!    answers, commands     │ Election │                    Start, Drain, Stop     to the work
//!   handle_timeout(now)    │          │   poll_timeout()
//!  ───────────────────────▶│          │──────────────────▶ time of the next handle_timeout
//!                          └──────────┘
//! ```
//!
//! # How leadership is held
//!
//! The lock service keeps one *session* for each process and gives every *key* to one session at a
//! time. The session decides who holds a key, and has no other purpose. Whether the holder *lives* is
//! shown by its heartbeat (*beat*): a write through the quorum of the service, each eighth of the
//! lease. All durations are in [`Timing`].
//!
//! * A leader trusts that it leads until *sent + trust*, where *sent* is the local time before its
//!   last successful beat was sent; the time of the answer proves nothing.
//! * A standby that has seen the leader's beat stand still for the *silence*, which is longer than
//!   any trust, takes the leader's keys in one transaction that fails if a beat came after all.
//! * Every end of a session without such a take (destroyed, expired, deregistered) is followed by
//!   the lock delay of the service, which is as long as the silence.
//!
//! ```text
//!  leader   beat b sent ├───────── trust ─────────┤ stops     drift
//!                       ┊                         ┊◀────────────────▶┊
//!  standby              └─▶ b seen ├────────────────── silence ──────┊──┤ takes
//! ```
//!
//! So no two processes trust at once: let *b* be the holder's last beat before the take. The holder
//! trusts no longer than sent(*b*) + silence − drift. The taker saw *b* no earlier than *b* was
//! sent, waited for the silence from then on, and the quorum confirmed that no later beat was
//! applied. This rests on two clocks that run at the same rate within that drift, and on nothing
//! else.
//!
//! # One key
//!
//! ```text
//!              free, or its holder silent
//!     ┌─────────┐ ───────────────────────▶ ┌───────────┐
//!  ┌─▶│ Standby │ ◀─────────────────────── │ Acquiring │
//!  │  └─────────┘     refused, unknown     └───────────┘
//!  │       ▲                                  │ granted: Start
//!  │       │ lost: Stop                       ▼
//!  │       ├───────────────────────────── ┌─────────┐  deadline: Stop        ┌────────┐
//!  │       │                              │ Leading │ ─────────────────────▶ │ Lapsed │
//!  │       │                              └─────────┘ ◀── Resuming ◀──────── └────────┘
//!  │       │                                  │   resumed: Start                 │
//!  │       │          step down, leave: Drain ▼                                  │
//!  │       ├───────────────────────────── ┌──────────┐ ◀─────────────────────────┘
//!  │       │ lost: Stop                   │ Draining │
//!  │       │                              └──────────┘
//!  │       │                                  │ drained: Stop
//!  │ freed │ refused: lost before             ▼
//!  │  ┌───────────┐                       ┌─────────┐
//!  └──│ Releasing │ ◀──────────────────── │ Drained │
//!     └───────────┘                       └─────────┘
//! ```
//!
//! # Laws
//!
//! * **L1** For any key, no two nodes hold trust at once.
//! * **L2** Work starts only inside trust.
//! * **L3** Work is told to stop, and has stopped, before the lock is released.
//! * **L4** Each start of work has exactly one stop.
//! * **L5** An answer to an old attempt or an old term changes nothing.
//! * **L6** A spurious wake-up changes nothing, and after a wake-up the next one lies in the
//!   future: no busy loop.
//! * **L7** After shutdown: finitely many actions, then none.
//! * **L8** Same inputs, same outputs.
//! * **L9** While the service serves and one node lives, every key is led again within the lease of
//!   its last leader, whatever died.
//! * **L10** The fence of every term of a key is greater than those before it.

mod action;
mod answer;
mod candidacy;
mod folder;
mod id;
mod layout;
mod leave;
mod operation;
mod reachability;
mod request;
mod rival;
mod session;
mod time;
mod transaction;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use action::{Action, Event, Stop};
pub use folder::{WATCH_WAIT, WATCHES};
pub use id::{Attempt, Fence, FolderId, Index, KeyId, SessionId, Term};
pub use layout::{Layout, Scope};
pub use operation::{OPERATIONS, Operation, Path};
pub use request::{
    Answer, BeatView, Call, Expected, Failure, KeyView, Refusal, RefusalReason, Request,
};
pub use time::Timestamp;

use self::candidacy::{Candidacy, Seen};
use self::folder::Folder;
use self::leave::Phase;
use self::reachability::Reachability;
use self::rival::Rival;
use self::session::Session;
use crate::timing::Timing;

/// Way in which a lock service shows that a holder lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Liveness {
    /// By heartbeats within a lease, as on Consul.
    Beats(Timing),
    /// By the kernel, which frees a dead process's locks, as with lock files: there is no trust to
    /// lose and nothing to watch, and a standby tries again and again.
    Kernel {
        /// Delay between two tries.
        retry: Duration,
    },
}

/// The part of one process in the election of a leader for each of its keys.
///
/// [`handle_event`](Self::handle_event) and [`handle_timeout`](Self::handle_timeout) are the only
/// inputs, [`poll_action`](Self::poll_action) and [`poll_timeout`](Self::poll_timeout) the outputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Election {
    liveness: Liveness,
    phase: Phase,
    session: Session,
    /// Deadline of the trust in all terms. A lapsed term stays lapsed when the deadline moves on.
    trusted_until: Option<Timestamp>,
    candidacies: Vec<Candidacy>,
    folders: Vec<Folder>,
    rivals: BTreeMap<SessionId, Rival>,
    pending: BTreeMap<Attempt, Pending>,
    attempts: u64,
    /// Whether requests have failed since the last answer.
    outage: bool,
    /// Time of the last answer of any kind; 0 once it is two beats ago.
    last_answer_at: Timestamp,
    /// Time of the slowest recent answer, in beats.
    late_by: u8,
    reachability: Reachability,
    /// Time of the next sweep of dead sessions' beats.
    sweep_at: Timestamp,
    chance: u64,
    actions: VecDeque<Action>,
    /// Whether the watched folders must be chosen anew.
    has_new_keys: bool,
    /// Time of the last input, if the actions that follow from the inputs were not yet derived.
    happened: Option<Timestamp>,
}

/// A request whose answer is awaited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    /// The local time **before** it was sent: all trust counts from here.
    sent: Timestamp,
    /// Whether no answer had come for two beats when it was sent.
    after_silence: bool,
    call: Call,
}

/// Delay before a retry after an error that only a person can mend.
const CONFIGURATION_RETRY: Duration = Duration::from_secs(5);

impl Election {
    /// A process that campaigns for every key of the layout, and leads none yet. `seed` feeds the small
    /// random delays.
    #[must_use]
    pub fn new(liveness: Liveness, layout: &Layout, seed: u64) -> Self {
        let seen = Seen::before_reading(liveness);
        Self {
            liveness,
            phase: Phase::Running,
            session: Session::default(),
            trusted_until: None,
            candidacies: layout
                .keys()
                .map(|(key, _)| Candidacy::new(layout.folder_of(key), seen.clone()))
                .collect(),
            folders: vec![Folder::default(); layout.folders().len()],
            rivals: BTreeMap::new(),
            pending: BTreeMap::new(),
            attempts: 0,
            outage: false,
            last_answer_at: Timestamp::default(),
            late_by: 0,
            reachability: Reachability::Reachable,
            sweep_at: Timestamp::default(),
            chance: seed,
            actions: VecDeque::new(),
            has_new_keys: true,
            happened: None,
        }
    }

    /// Takes in an event.
    pub fn handle_event(&mut self, now: Timestamp, event: Event) {
        self.lapse(now);
        match event {
            Event::Answer(attempt, answer) => self.handle_answer(now, attempt, answer),
            Event::Campaign(key, folder) => self.handle_campaign(now, key, folder),
            Event::Withdraw(key) => self.handle_withdraw(key),
            Event::Drained(term) => self.handle_drained(now, term),
            Event::StepDown(key, cool_off) => self.handle_step_down(now, key, cool_off),
            Event::Shutdown(within) => self.handle_shutdown(now, within),
        }
        self.happened = Some(now);
    }

    /// Takes in that time has passed. Call it at the time of [`poll_timeout`](Self::poll_timeout);
    /// calls at other times do no harm.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.lapse(now);
        self.happened = Some(now);
    }

    /// Returns the next action. Call it until there is none: after a `handle_*`, or after several that
    /// came together, which then share transactions.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(now) = self.happened.take() {
            self.plan(now);
        }
        self.actions.pop_front()
    }

    /// Returns the time at which to call [`handle_timeout`](Self::handle_timeout), unless an event
    /// comes before. Call it when no action is left.
    #[must_use]
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        if self.phase == Phase::Left {
            return None;
        }
        [self.trusted_until.filter(|until| *until != Timestamp::NEVER), self.leave_due()]
            .into_iter()
            .chain([
                self.session_due(),
                self.beat_due(),
                self.sweep_due(),
                self.transactions_due(now),
            ])
            .chain([self.folders_due(), self.rivals_due(), self.probe_due()])
            .flatten()
            .min()
    }

    /// Deadline of the trust in the terms whose [`Action::Start`] was not followed by an
    /// [`Action::Stop`].
    #[must_use]
    pub fn trusted_until(&self) -> Option<Timestamp> {
        self.trusted_until.filter(|_| self.has_trust())
    }

    /// Session that was last seen to hold this key.
    #[must_use]
    pub fn holder(&self, key: KeyId) -> Option<&SessionId> {
        self.candidacies[key.0 as usize].seen.holder()
    }

    /// Time at which the latest beat of this session was first seen, if it is a rival whose beat was
    /// read.
    #[must_use]
    pub fn last_beat(&self, session: &SessionId) -> Option<Timestamp> {
        self.rivals.get(session)?.last_beat()
    }

    /// Way in which the lock service shows that a holder lives.
    #[must_use]
    pub const fn liveness(&self) -> Liveness {
        self.liveness
    }

    /// Session of this process; `None` while it has none.
    #[must_use]
    pub fn session(&self) -> Option<&SessionId> {
        self.session.live().map(|live| &live.id)
    }

    /// Ends the trust in every term once the deadline has passed. Comes first in every `handle_*`, so
    /// that no answer of the same instant can move the deadline before.
    fn lapse(&mut self, now: Timestamp) {
        self.forget_last_answer(now);
        if self.trusted_until.is_some_and(|until| now >= until) {
            self.trusted_until = None;
            self.note_lapse(now);
            for candidacy in &mut self.candidacies {
                candidacy.lapse(now, &mut self.actions);
            }
        }
    }

    fn handle_answer(&mut self, now: Timestamp, attempt: Attempt, answer: Answer) {
        let Some(pending) = self.pending.remove(&attempt) else { return };
        self.note_answer(now, &pending, &answer);
        let Pending { sent, call, .. } = pending;
        self.update_reachability(now, sent, &call, &answer);
        if answer == Answer::SessionGone
            && call.session().is_some()
            && call.session() == self.session()
        {
            return self.lose_session(now);
        }
        match call {
            Call::CreateSession => self.handle_created(now, sent, answer),
            Call::RenewSession(_) => self.handle_renewed(now, sent, &answer),
            Call::Beat(_) => self.handle_beaten(now, sent, answer),
            Call::DeleteBeat(_) | Call::DestroySession(_) => self.handle_closed(&answer),
            Call::Acquire { keys, .. } => {
                let keys: Vec<KeyId> = keys.into_iter().map(|(key, _)| key).collect();
                self.handle_acquired(now, sent, &keys, None, answer);
            }
            Call::Take { keys, from, .. } => {
                self.handle_acquired(now, sent, &keys, Some(&from), answer);
            }
            Call::Resume { keys, .. } => self.handle_resumed(now, sent, &keys, &answer),
            Call::Release { keys, .. } => self.handle_released(now, sent, &keys, &answer),
            Call::Read(folders) => self.handle_read(now, &folders, answer),
            Call::Watch(folder, _) => self.handle_watched(now, folder, answer),
            // housekeeping: the next sweep finds what is left
            Call::SweepBeats => {}
            Call::ReadBeat(rival) => self.handle_rival_beat(now, sent, &rival, answer),
        }
    }

    /// Sends everything that is due. Since the requests follow from the whole state, and not from the
    /// last event, a spurious call is harmless.
    fn plan(&mut self, now: Timestamp) {
        if self.phase == Phase::Left {
            return;
        }
        self.plan_session(now);
        if self.session.live().is_some() {
            self.plan_beat(now);
            self.plan_probe(now);
            self.plan_sweep(now);
            self.plan_transactions(now);
            self.plan_folders(now);
            self.plan_rivals(now);
        }
        self.plan_leave(now);
    }

    fn request(&mut self, now: Timestamp, timeout: Duration, call: Call) {
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        let after_silence = self.last_answer_at == Timestamp::default();
        self.pending.insert(attempt, Pending { sent: now, after_silence, call: call.clone() });
        let hedge = match self.liveness {
            // where all answers are late, so is the answer to this request
            Liveness::Beats(timing) if call.is_hedged() => Some(timing.beat().max(self.lateness())),
            _ => None,
        };
        self.actions.push_back(Action::Request(Request { attempt, timeout, hedge, call }));
    }

    /// Cancels the pending requests for which `which` holds.
    fn cancel(&mut self, which: impl Fn(&Pending) -> bool) {
        let actions = &mut self.actions;
        self.pending.retain(|attempt, pending| {
            let cancelled = which(pending);
            if cancelled {
                actions.push_back(Action::Cancel(*attempt));
            }
            !cancelled
        });
    }

    fn trust(&self, sent: Timestamp) -> Timestamp {
        match self.liveness {
            Liveness::Beats(timing) => sent + timing.trust(),
            Liveness::Kernel { .. } => Timestamp::NEVER,
        }
    }

    fn extend_trust(&mut self, now: Timestamp, sent: Timestamp) {
        let until = self.trust(sent);
        // a late answer proves nothing, and would wake the driver in the past
        if now < until {
            self.trusted_until = self.trusted_until.max(Some(until));
        }
    }

    /// Delay before a retry after this failure.
    fn retry(&self, failure: Failure) -> Duration {
        match (failure, self.liveness) {
            (Failure::Configuration, _) => CONFIGURATION_RETRY,
            (Failure::Transient, Liveness::Beats(timing)) => timing.beat(),
            (Failure::Transient, Liveness::Kernel { retry }) => retry,
        }
    }

    /// Timeout of a request: the time for which the answer to a beat could extend trust. Other
    /// requests serve the same decisions, and their answers are as late.
    fn request_timeout(&self) -> Duration {
        match self.liveness {
            Liveness::Beats(timing) => timing.trust(),
            Liveness::Kernel { .. } => Duration::from_secs(1),
        }
    }

    /// Returns a random duration below `bound`, from the seed (splitmix64).
    fn chance(&mut self, bound: Duration) -> Duration {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        Duration::from_nanos(mixed % (bound.as_nanos() as u64).max(1))
    }
}
